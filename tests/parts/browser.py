"""A real browser: the machine's own Chromium, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.parts.components import requires

# Chromium asks the outside world for updates and lists at every start; and its sandbox refuses to run as root.
QUIET = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, for the whole run."""
    executable = requires("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh visitor who reads Dutch."""
    yield from _visit(browser)


@pytest.fixture
def page_without_javascript(browser: Browser) -> Iterator[Page]:
    """The same, with JavaScript off."""
    yield from _visit(browser, java_script_enabled=False)


def _visit(browser: Browser, **options: Any) -> Iterator[Page]:
    context = browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam", **options)
    yield context.new_page()
    context.close()


def accessibility_faults(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA on this page: rule and element. Needs JavaScript on."""
    result = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [f"{fault['id']}: {node['html']}" for fault in result.response["violations"] for node in fault["nodes"]]

"""The public pages in a real browser: without JavaScript, on a phone and on a desk, in light and in dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from dsr.db.base import transaction
from dsr.services import intake
from tests.parts.browser import accessibility_faults
from tests.parts.form import mailed_code
from tests.parts.site import Site

WIDTHS = (390, 1280)


def _fill_in(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.get_by_role("link", name="Verzoek doen").click()
    page.get_by_label("Inzage in mijn gegevens").check()
    page.get_by_label("Verwijdering").check()
    page.get_by_role("button", name="Verder").click()
    page.get_by_label("Uw toelichting").fill("Ik ben sinds juni geen klant meer.")
    page.get_by_role("button", name="Verder").click()
    page.get_by_label("Uw naam").fill("Hanna Brinkman")
    page.get_by_role("button", name="Verder").click()
    page.get_by_label("Uw e-mailadres").fill("hanna.brinkman@example.org")
    page.get_by_role("button", name="Verder").click()


def test_a_request_from_start_to_status_without_javascript(page_without_javascript: Page, site: Site) -> None:
    page = page_without_javascript
    _fill_in(page, site)
    expect(page.get_by_role("heading", name="Klopt alles?")).to_be_visible()
    page.get_by_role("link", name=re.compile("Wijzig.*Naam")).click()
    page.get_by_label("Uw naam").fill("Hanna de Graaf")
    page.get_by_role("button", name="Verder").click()
    expect(page.get_by_text("Hanna de Graaf")).to_be_visible()
    page.get_by_role("button", name="Verzoek versturen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wij hebben uw verzoek ontvangen")
    expect(page.get_by_text("woensdag 23 december 2026", exact=True)).to_be_visible()
    page.get_by_role("link", name="Bekijk uw verzoek").click()
    page.get_by_label("Code").fill(_code(site, page.url.rpartition("/")[2]))
    page.get_by_role("button", name="Bevestigen").click()
    expect(page.get_by_role("status")).to_have_text("Uw e-mailadres is bevestigd.")


def _code(site: Site, token: str) -> str:
    with site.app.app_context(), transaction(writes=False) as session:
        case = intake.find_case(session, token)
        assert case is not None
        return mailed_code(session, case)


def test_an_error_leads_to_its_field_by_keyboard(page_without_javascript: Page, site: Site) -> None:
    page = page_without_javascript
    _fill_in(page, site)
    page.goto(f"{site.url}/verzoek/e-mail")
    page.get_by_label("Uw e-mailadres").fill("hanna.brinkman")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Fout: Wat is uw e-mailadres? – Polder Hosting")
    page.get_by_role("link", name="Vul een e-mailadres in").press("Enter")
    assert page.url.endswith("#email")
    expect(page.get_by_label("Uw e-mailadres")).to_have_value("hanna.brinkman")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(browser: Browser, site: Site, width: int, scheme: str) -> None:
    context = browser.new_context(
        locale="nl-NL",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    faults = {path: _faults(page, f"{site.url}{path}") for path in ("/", "/status", "/privacy", "/toegankelijkheid")}
    _fill_in(page, site)
    for step in ("rechten", "toelichting", "naam", "e-mail", "controle"):
        faults[step] = _faults(page, f"{site.url}/verzoek/{step}")
    page.get_by_role("button", name="Verzoek versturen").click()
    faults["received"] = _faults(page)
    page.get_by_role("link", name="Bekijk uw verzoek").click()
    faults["status"] = _faults(page)
    assert {place: found for place, found in faults.items() if found} == {}
    assert refused == []
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Bevestigen").click()
    assert _faults(page) == []
    context.close()


def _faults(page: Page, url: str | None = None) -> list[str]:
    if url:
        page.goto(url)
    page.locator("main").wait_for()  # a click may leave us between two pages
    sideways = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*accessibility_faults(page), *(["scrolls sideways"] if sideways else [])]


def test_no_page_scrolls_sideways_on_the_smallest_screen(browser: Browser, site: Site) -> None:
    context = browser.new_context(locale="nl-NL", viewport={"width": 320, "height": 600})
    page = context.new_page()
    _fill_in(page, site)
    seen = {}
    for path in ("/", "/verzoek/rechten", "/verzoek/naam", "/verzoek/controle"):
        page.goto(f"{site.url}{path}")
        seen[path] = page.evaluate("document.documentElement.scrollWidth")
    page.get_by_role("button", name="Verzoek versturen").click()
    page.locator("main").wait_for()
    seen["received"] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in seen.items() if width > 320} == {}
    context.close()

"""What the repository holds, and what it must never hold."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.parts.source import ROOT, name, repository_files

FILE_LIMIT = 2_000_000  # bytes
TOTAL_LIMIT = 20_000_000

# Put together from pieces, so that this file does not match itself.
DOT = r"\."
PACKAGE_HOSTS = re.compile(
    "|".join([f"py{'pi'}{DOT}org", f"python{'hosted'}", f"npm{'js'}{DOT}", f"registry{DOT}npm", f"deb{DOT}{'debian'}"]),
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(rf"/{'work'}/\w|/{'root'}/|/{'home'}/\w|/{'Users'}/\w|{DOT}{DOT}/{'shared'}\b")

LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([\w.-]+)(?:\[[^]]*])?==(\S+)", re.MULTILINE)


@cache
def _texts() -> dict[str, str]:
    return {name(path): text for path in repository_files() if (text := _text(path)) is not None}


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("pattern", [PACKAGE_HOSTS, MACHINE_PATHS], ids=["package hosts", "machine paths"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = [f"{file}: {match[0]}" for file, text in _texts().items() if (match := pattern.search(text))]
    assert found == []


def test_files_are_small() -> None:
    sizes = {name(path): path.stat().st_size for path in repository_files()}
    assert {file: size for file, size in sizes.items() if size > FILE_LIMIT} == {}
    assert sum(sizes.values()) < TOTAL_LIMIT


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"://|^\s*--(?!hash)", text, re.MULTILINE)
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert [entry.split()[0] for entry in requirements if "--hash=sha256:" not in entry] == []


def test_the_lock_files_agree() -> None:
    runtime, development = (dict(PINNED.findall((ROOT / lock).read_text("utf-8"))) for lock in LOCKS)
    assert runtime.items() <= development.items()


def test_what_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}  # type: ignore[index]
    assert asked <= dict(PINNED.findall((ROOT / "requirements.lock").read_text("utf-8"))).keys()

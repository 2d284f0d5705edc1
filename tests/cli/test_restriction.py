"""Of whom data may be used comes out; the list itself never does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dsr.domain.restriction import Ground
from dsr.domain.rights import Right
from dsr.services import restriction
from tests.parts.cast import add_case, add_member, confirm
from tests.parts.installation import install, installed
from tests.parts.store import NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation in which Hanna's details as a customer are restricted."""
    install(tmp_path)
    with installed(tmp_path) as (session, settings):
        case = add_case(session, Right.RESTRICTION)
        confirm(session, case, add_member(session))
        register = settings.register
        restriction.restrict(session, case, Ground.CLAIM, ["customer"], register=register, by=None, now=NOW)
    return tmp_path


@pytest.mark.parametrize(
    ("category", "rest"),
    [
        ((), "naam,adres\nK. Vos,kees@example.org\n"),
        (("--category", "customer"), "naam,adres\nK. Vos,kees@example.org\n"),
        (("--category", "invoice"), "naam,adres\nH. B.,Hanna@Example.org\nK. Vos,kees@example.org\n"),
    ],
)
def test_who_is_restricted_is_left_out(folder: Path, category: tuple[str, ...], rest: str) -> None:
    assert _run(folder, *category) == (0, rest, "")


def test_an_unknown_category_is_told(folder: Path) -> None:
    code, _, told = _run(folder, "--category", "disks")
    assert code == 2
    assert "no category disks" in told


def _run(folder: Path, *options: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "dsr", "restriction", "filter", "--config", str(folder / "config.toml")]
    text = "naam,adres\nH. B.,Hanna@Example.org\nK. Vos,kees@example.org\n"
    done = subprocess.run([*command, *options], input=text, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr

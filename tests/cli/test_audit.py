"""`dsr audit verify` as somebody runs it who wants to know whether the trail can be trusted."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsr.cli import main
from dsr.services import audit
from tests.parts.installation import install, installed

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation with a trail of three entries, anchored at the third."""
    install(tmp_path)
    with installed(tmp_path) as (session, settings):
        for number in range(3):
            audit.record(session, "case-taken", by=audit.COMMAND, now=NOW, number=number)
        audit.anchor(session, settings.path(settings.storage.anchors), now=NOW)
    return tmp_path


def _verify(folder: Path) -> Result:
    return CliRunner().invoke(main, ["audit", "verify", "--config", str(folder / "config.toml")])


def _harm(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "dsr.db") as connection:
        assert connection.execute(statement).rowcount == 1


def test_an_untouched_trail_holds(folder: Path) -> None:
    done = _verify(folder)
    assert done.exit_code == 0
    assert "3 entries, 1 anchors: the chain holds" in done.output


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_entry SET event = 'case-closed' WHERE number = 2",
        "UPDATE audit_entry SET details = '{\"number\": 9}' WHERE number = 2",
        "UPDATE audit_entry SET details = 'no JSON' WHERE number = 2",
        "UPDATE audit_entry SET at = 'yesterday' WHERE number = 2",
        "DELETE FROM audit_entry WHERE number = 2",
        "DELETE FROM audit_entry WHERE number = 3",
    ],
)
def test_a_harmed_trail_is_told_in_a_sentence(folder: Path, harm: str) -> None:
    _harm(folder, harm)
    done = _verify(folder)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "entry" in done.output.lower()

"""The public sample shop on PostgreSQL: two accounts of its own, and a register written by docs/register.md alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text

from dsr import config_file
from dsr.config import Account, Settings
from dsr.connectors.sql import SqlSystem
from dsr.domain.plans import register_decisions
from dsr.services import drawing_up
from tests.parts.shop import data_system
from tests.scenarios.test_chinook import HERE, PERSON, SAMPLE

SCRIPT = SAMPLE.with_name("Chinook_PostgreSql.sql")
ACCOUNTS = """
CREATE ROLE chinook_reader LOGIN;
CREATE ROLE chinook_eraser LOGIN;
GRANT SELECT ON customer, employee, invoice, invoice_line TO chinook_reader;
GRANT SELECT, UPDATE, DELETE ON customer, employee, invoice, invoice_line TO chinook_eraser
"""

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the sample shop is not beside the project")


@pytest.fixture
def chinook(postgresql_url: URL, tmp_path: Path) -> Iterator[Settings]:
    """The shop, filled by its own script."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.connection.cursor().execute(SCRIPT.read_text("utf-8").partition("\\c chinook;")[2])
        for statement in ACCOUNTS.split(";"):
            connection.execute(text(statement))
        yield _settings(tmp_path, postgresql_url)
        for account in ("chinook_reader", "chinook_eraser"):
            connection.execute(text(f"DROP OWNED BY {account}"))
            connection.execute(text(f"DROP ROLE {account}"))
    engine.dispose()


def _settings(folder: Path, url: URL) -> Settings:
    shutil.copy(HERE / "config.toml", folder)
    shutil.copy(HERE / "register-postgresql.toml", folder / "register.toml")
    reader, eraser = Account("chinook_reader"), Account("chinook_eraser")
    system = replace(data_system(url, folder), reader=reader, eraser=eraser)
    return replace(config_file.load(folder / "config.toml"), systems={"shop": system})


def test_the_register_is_short_and_fits_and_keeps_each_invoice_to_its_own_year(chinook: Settings) -> None:
    assert len((HERE / "register-postgresql.toml").read_text().splitlines()) < 60
    system = SqlSystem("shop", chinook)
    remarks = system.remarks()
    assert (remarks.mistakes, remarks.warnings) == ([], [])
    found = _verdicts(chinook, system, email=PERSON)
    assert set(found["invoice"]) == {"erase", "keep"}
    assert found["customer"] == ["keep"]
    assert _verdicts(chinook, system, phone="551239235555") == found
    assert _verdicts(chinook, system, email="andrew@chinookcorp.com") == {"employee": ["refuse"]}
    system.close()


def _verdicts(settings: Settings, system: Any, **whom: str) -> dict[str, list[str]]:
    decisions = register_decisions(settings.register)
    drawn = drawing_up.draw_up(settings, {"shop": system}, whom, decisions, on=date(2030, 6, 1))
    found: dict[str, list[str]] = {}
    for row in sorted(drawn.rows, key=lambda row: row.verdict.value):
        found.setdefault(row.table, []).append(row.verdict.value)
    return found

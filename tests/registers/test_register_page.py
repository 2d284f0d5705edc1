"""docs/register.md, followed to the letter by somebody with a database of their own, without foreign keys."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text

from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.domain.plans import register_decisions
from dsr.domain.register import Category, Period, Recipient, Register, Table
from dsr.domain.retention import RULES
from dsr.services import drawing_up
from tests.parts.registers import load_register
from tests.parts.shop import data_system, shop_url  # noqa: F401 - a fixture
from tests.parts.source import ROOT
from tests.parts.store import NOW

PAGE = (ROOT / "docs" / "register.md").read_text("utf-8")
CLUB = """
CREATE TABLE members (nr INTEGER PRIMARY KEY, name VARCHAR(80), mail VARCHAR(80), mobile VARCHAR(20),
  street VARCHAR(80), town VARCHAR(80), deleted_at TIMESTAMP NULL);
CREATE TABLE bicycles (frame VARCHAR(20) PRIMARY KEY, member INTEGER);
CREATE TABLE repairs (nr INTEGER PRIMARY KEY, frame VARCHAR(20), words VARCHAR(80));
CREATE TABLE invoices (nr INTEGER PRIMARY KEY, member INTEGER, issued_on DATE, paid_on DATE);
CREATE TABLE invoice_lines (invoice INTEGER, line INTEGER, words VARCHAR(80), PRIMARY KEY (invoice, line));
CREATE TABLE logins (nr INTEGER PRIMARY KEY, member INTEGER, at TIMESTAMP NULL, ip VARCHAR(40));
CREATE TABLE newsletter (mail VARCHAR(80) PRIMARY KEY);
CREATE VIEW active_members AS SELECT nr, name, mail FROM members WHERE deleted_at IS NULL;
INSERT INTO members VALUES (1, 'Noor Bakker', 'noor@example.org', '06-12345678', 'Dijk 1', 'Hoorn', NULL),
  (2, 'Tim de Graaf', 'tim@example.org', '+31 6 87654321', 'Kade 2', 'Hoorn', '2024-02-02 10:00:00');
INSERT INTO bicycles VALUES ('NL1', 1), ('NL2', 2);
INSERT INTO repairs VALUES (1, 'NL1', 'band'), (2, 'NL2', 'rem');
INSERT INTO invoices VALUES (10, 1, '2017-05-05', '2017-05-20'), (11, 1, '2023-05-05', '2023-05-20'),
  (12, 2, '2020-01-01', NULL);
INSERT INTO invoice_lines VALUES (10, 1, 'band'), (11, 1, 'rem'), (12, 1, 'bel');
INSERT INTO logins VALUES (1, 1, '2026-01-01 10:00:00', '10.0.0.1'), (2, 2, '2026-01-01 10:00:00', '10.0.0.2');
INSERT INTO newsletter VALUES ('noor@example.org');
"""


@pytest.fixture
def club(shop_url: URL, settings: Settings) -> Any:  # noqa: F811
    """The bicycle club of the page, with the register that stands on it."""
    engine = create_engine(shop_url)
    with engine.begin() as connection:
        for statement in CLUB.strip().split(";\n"):
            connection.execute(text(statement.rstrip(";")))
    engine.dispose()
    register = _written(settings.base)
    system = data_system(shop_url, settings.base)
    settings = replace(settings, systems={"club": system}, register=register)
    systems = open_systems(settings)
    yield settings, systems
    systems["club"].close()


def _written(folder: Path) -> Register:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (folder / "register.toml").write_text("\n".join(block for block in blocks if "[systems." not in block))
    return load_register(folder / "register.toml")


def test_the_register_of_the_page_fits_and_finds_what_the_page_says(club: Any) -> None:
    settings, systems = club
    assert systems["club"].mistakes() == []
    found = _verdicts(settings, systems, email="noor@example.org")
    assert {table: verdicts for table, verdicts in found.items() if verdicts != ["erase"]} == {
        "members": ["keep"],
        "invoices": ["erase", "keep"],
        "invoice_lines": ["erase", "keep"],
    }
    assert sum(map(len, found.values())) == 9


def test_somebody_marked_as_deleted_is_found_by_telephone(club: Any) -> None:
    found = _verdicts(*club, phone="31687654321")
    assert (found["invoices"], found["members"], found["repairs"]) == (["first"], ["keep"], ["erase"])


def _verdicts(settings: Settings, systems: Any, **whom: str) -> dict[str, list[str]]:
    drawn = drawing_up.draw_up(settings, systems, whom, register_decisions(settings.register), on=NOW.date())
    found: dict[str, list[str]] = {}
    for row in sorted(drawn.rows, key=lambda row: str(row.key_values)):
        found.setdefault(row.table, []).append(row.verdict.value)
    return found


def test_the_page_names_every_key_and_every_rule() -> None:
    named = {field.name for kind in (Register, Category, Recipient, Table, Period) for field in fields(kind)}
    named -= {"digest", "categories", "tables"}
    assert {name for name in {*named, *RULES} if not re.search(rf"\b{name}\b", PAGE)} == set()


@pytest.mark.parametrize("rule", RULES)
def test_the_page_tells_the_dates_of_every_rule(rule: str) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{rule}`" in line.split("|")[1]]
    _, _, must, may, _ = line.split("|")
    assert set(re.findall(r"`(\w+)`", must)) == set(RULES[rule].anchors)
    assert set(re.findall(r"`(\w+)`", may)) == set(RULES[rule].optional_anchors)

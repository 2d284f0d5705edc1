"""The public sample shop: invoices of 2021 to 2025, each kept to its own date. Skipped where it is not at hand."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from dsr import config_file
from dsr.connectors.registry import open_systems
from dsr.connectors.sql import SqlSystem
from dsr.db.cases import Case
from dsr.domain.register_draft import draft
from dsr.domain.rights import Right
from dsr.jobs import erasing, work
from dsr.jobs.context import Context
from dsr.services import audit
from tests.parts.erasures import approve, propose
from tests.parts.found import decided
from tests.parts.shop import Clock, Shop, Workplace, identified_case
from tests.parts.store import Store

HERE = Path(__file__).parent / "chinook"
SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "chinook" / "Chinook_Sqlite.sqlite"
PERSON = "luisg@embraer.com.br"

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the sample shop is not beside the project")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("config.toml", "register.toml"):
        shutil.copy(HERE / name, tmp_path)
    shutil.copyfile(SAMPLE, tmp_path / "shop.db")
    return tmp_path


@pytest.fixture
def chinook(folder: Path, sqlite_store: Store) -> Iterator[Workplace]:
    settings = config_file.load(folder / "config.toml")
    systems, clock = open_systems(settings), Clock()
    engine = create_engine(f"sqlite:///{folder / 'shop.db'}")
    yield Workplace(sqlite_store, Shop(engine), clock, Context(sqlite_store.transaction, settings, clock, systems))
    engine.dispose()
    for system in systems.values():
        system.close()


def _preview(folder: Path, on: str, *, status: int = 0, match: str = f"email={PERSON}") -> dict[str, Any]:
    command = [sys.executable, "-m", "dsr", "preview", "--config", str(folder / "config.toml")]
    done = subprocess.run(
        [*command, "--right", "erasure", "--match", match, "--on", on, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _years(folder: Path, customer: int) -> dict[int, int]:
    with sqlite3.connect(folder / "shop.db") as connection:
        query = "SELECT InvoiceId, CAST(substr(InvoiceDate, 1, 4) AS INTEGER) FROM Invoice WHERE CustomerId = ?"
        return dict(connection.execute(query, [customer]))


def _dump(folder: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(folder / "shop.db") as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM [{name}]").fetchall() for name in tables}  # noqa: S608


def test_the_preview_of_every_customer_follows_the_year_of_each_invoice(folder: Path) -> None:
    with sqlite3.connect(folder / "shop.db") as connection:
        people = connection.execute("SELECT CustomerId, Email FROM Customer ORDER BY 1 LIMIT 6").fetchall()
    before = (folder / "shop.db").read_bytes()
    for customer, email in people:
        found = _preview(folder, "2029-06-01", match=f"email={email.upper()}")
        years = _years(folder, customer)
        invoices = [row for row in found["rows"] if row["table"] == "Invoice"]
        assert {row["key"]["InvoiceId"] for row in invoices} == set(years)
        for row in invoices:
            year = years[row["key"]["InvoiceId"]]
            assert row["verdict"] == ("erase" if year == 2021 else "keep")
            assert row["keep_through"] == f"{year + 7}-12-31"
            assert row["may_erase_from"] == f"{year + 8}-01-01"
        assert found["counts"] == {**dict.fromkeys(found["counts"], 0), **Counter(r["verdict"] for r in found["rows"])}
    assert (folder / "shop.db").read_bytes() == before


def test_a_draft_of_the_sample_is_a_register_once_it_is_decided(folder: Path) -> None:
    system = open_systems(config_file.load(folder / "config.toml"))["shop"]
    assert isinstance(system, SqlSystem)
    written = draft("shop", *system.found_tables())
    system.close()
    (folder / "register.toml").write_text(decided(written))
    assert len([line for line in decided(written).splitlines() if line and line[0] != "#"]) < 60
    _, person = next(iter(sorted(_years(folder, 1).items())))
    found = _preview(folder, f"{person + 8}-01-01")
    assert {row["table"] for row in found["rows"]} == {"Customer", "Invoice", "InvoiceLine"}
    assert found["counts"]["erase"] > 1


def test_nobody_is_found_for_an_address_that_is_not_there(folder: Path) -> None:
    found = _preview(folder, "2029-06-01", match="email=nobody@example.org")
    assert found["rows"] == []
    assert set(found["counts"].values()) == {0}


def test_invoices_go_in_the_year_they_may_and_the_buyer_last(chinook: Workplace, folder: Path) -> None:
    # A buyer with invoices of 2021 and of later years.
    with sqlite3.connect(folder / "shop.db") as connection:
        customer, email = connection.execute(
            "SELECT CustomerId, Email FROM Customer JOIN Invoice USING (CustomerId)"
            " WHERE InvoiceDate < '2022-01-01' LIMIT 1"
        ).fetchone()
    years, before = _years(folder, customer), _dump(folder)
    case, handler, approver = identified_case(chinook, Right.ERASURE)
    with chinook.transaction() as session:
        session.get_one(Case, case.id).data_subject.email = email
    chinook.clock.set(date(2029, 6, 1))
    approve(chinook, case, propose(chinook, case, handler.id), approver.id)
    assert work.run_all(chinook.context) == 1
    assert set(_years(folder, customer)) == {number for number, year in years.items() if year > 2021}
    chinook.clock.set(date(2029, 12, 31))
    erasing.erase_due(chinook.context)
    assert set(_years(folder, customer)) == {number for number, year in years.items() if year > 2021}
    chinook.clock.set(date(2030, 1, 1))
    erasing.erase_due(chinook.context)
    assert set(_years(folder, customer)) == {number for number, year in years.items() if year > 2022}
    chinook.clock.set(date(2033, 1, 1))
    erasing.erase_due(chinook.context)
    after = _dump(folder)
    assert _years(folder, customer) == {}
    # Nothing of anybody else changed, in any table.
    for table, rows in before.items():
        expected = [row for row in rows if not _is_of(table, row, customer, years)]
        assert after[table] == expected, table
    with chinook.transaction() as session:
        assert audit.verify(session, folder / "none").faults == ()


def _is_of(table: str, row: tuple[Any, ...], customer: int, invoices: dict[int, int]) -> bool:
    if table == "Customer":
        return bool(row[0] == customer)
    if table == "Invoice":
        return bool(row[1] == customer)
    return table == "InvoiceLine" and row[1] in invoices

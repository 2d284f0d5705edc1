"""The invented database: the same at every start, and what is left of somebody can be seen."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dsr.demo import data, site
from dsr.demo.people import ASKING, VISITOR, email_of
from dsr.demo.view import Held, held_about
from tests.parts.registers import load_register

REGISTER = load_register(site.HERE / site.REGISTER)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "polder.db"
    data.make(file)
    return file


def _rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def _dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_it_is_the_same_at_every_start(database: Path, tmp_path: Path) -> None:
    data.make(tmp_path / "again.db")
    assert _dump(database) == _dump(tmp_path / "again.db")


def test_there_are_some_hundreds_of_customers_with_invented_addresses(database: Path) -> None:
    emails = [str(email) for (email,) in _rows(database, "SELECT email FROM customers")]
    assert 300 < len(emails) == len(set(emails))
    assert {email.rpartition(".")[2] for email in emails} == {"example"}
    assert {email_of(name) for name in (VISITOR, *ASKING)} <= set(emails)


def test_every_invoice_is_the_sum_of_its_lines(database: Path) -> None:
    query = "SELECT total, sum(amount) FROM invoices JOIN invoice_lines ON invoice = number GROUP BY number"
    sums = _rows(database, query)
    assert len(sums) == _rows(database, "SELECT count(*) FROM invoices")[0][0]
    assert [pair for pair in sums if pair[0] != pair[1]] == []


def test_the_visitor_has_some_of_everything(database: Path) -> None:
    held = held_about(email_of(VISITOR), REGISTER, database, database)
    assert {part.table: len(part.rows) for part in held} == {
        "customers": 1,
        "invoices": 10,
        "invoice_lines": 17,
        "tickets": 6,
        "calls": 3,
        "sign_ins": 24,
        "newsletter": 1,
    }
    assert not any(part.gone or part.is_emptied for part in held)


def test_what_stays_of_somebody_is_found_after_their_address_went(database: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.db"
    shutil.copyfile(database, before)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE customers SET email = 'erased@erased.invalid', phone = NULL WHERE id = 4401")
        connection.execute("DELETE FROM sign_ins WHERE customer_id = 4401")
    held = {part.table: part for part in held_about(email_of(VISITOR).upper(), REGISTER, before, database)}
    assert _state(held["customers"]) == (1, 0, True)
    assert _state(held["sign_ins"]) == (0, 24, False)
    assert _state(held["invoices"]) == (10, 0, False)


def _state(part: Held) -> tuple[int, int, bool]:
    return len(part.rows), part.gone, part.is_emptied


def test_nothing_is_shown_about_a_stranger(database: Path) -> None:
    assert held_about("nobody@mailbox.example", REGISTER, database, database) == []


def test_an_invoice_can_be_left_open(database: Path) -> None:
    data.unpaid(database, "Gerrit Hoekstra")
    query = "SELECT name, number / 10000 FROM invoices JOIN customers ON id = customer_id WHERE paid_on IS NULL"
    assert _rows(database, query) == [("Gerrit Hoekstra", 2026)]

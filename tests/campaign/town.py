"""A shop of many people, and what it should look like once an erasure has gone through, worked out on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import text

from tests.parts.shop import SCHEMA, Shop

YEARS = range(2016, 2026)
KEPT_FROM = 2019
"""On 23 November 2026 the books of 2019 and later stay."""

Rows = dict[str, list[tuple[Any, ...]]]
"""Table -> rows, by their first two columns."""


def address_of(person: int) -> str:
    """The address by which a person is found."""
    return f"person{person}@example.org"


def found(shop: Shop, people: int) -> None:
    """Give the empty shop its people, each with ten invoices of two lines, a question and a newsletter."""
    for statement in SCHEMA.strip().split(";\n"):
        shop.run(statement.rstrip(";"))
    with shop.engine.begin() as connection:
        for table, rows in before(range(1, people + 1)).items():
            places = ", ".join(f":c{number}" for number in range(len(rows[0])))
            values = [{f"c{number}": value for number, value in enumerate(row)} for row in rows]
            connection.execute(text(f"INSERT INTO {table} VALUES ({places})"), values)  # noqa: S608 - our own tables


def before(people: Iterable[int]) -> Rows:
    """The rows of these people while nobody has asked anything."""
    rows: Rows = {"customer": [], "invoice": [], "invoice_line": [], "ticket": [], "newsletter": []}
    for person in people:
        rows["customer"].append((person, address_of(person), f"Person {person}", "Sluisweg 3", "0612345678", None))
        for invoice, year in _invoices(person):
            rows["invoice"].append((invoice, person, date(year, 3, 5), date(year, 4, 1), year))
            rows["invoice_line"] += [(invoice, line, "hosting") for line in (1, 2)]
        rows["ticket"].append((person, person, "help"))
        rows["newsletter"].append((address_of(person), date(2020, 1, 1)))
    return rows


def after(people: Iterable[int]) -> Rows:
    """What is left of these people: the books that the tax law keeps, and of the buyer what they need."""
    rows: Rows = {"customer": [], "invoice": [], "invoice_line": [], "ticket": [], "newsletter": []}
    for person in people:
        gone = f"erased-{person}@erased.invalid"
        rows["customer"].append((person, gone, f"Person {person}", "Sluisweg 3", None, None))
        kept = [(invoice, year) for invoice, year in _invoices(person) if year >= KEPT_FROM]
        for invoice, year in kept:
            rows["invoice"].append((invoice, person, date(year, 3, 5), date(year, 4, 1), year))
            rows["invoice_line"] += [(invoice, line, "hosting") for line in (1, 2)]
    return rows


def _invoices(person: int) -> Iterator[tuple[int, int]]:
    return ((100 * person + number, year) for number, year in enumerate(YEARS))


ERASED = sum(map(len, before([1]).values())) - sum(map(len, after([1]).values()))
"""Rows of one person that go."""
KEPT = sum(map(len, after([1]).values()))
"""Rows of one person that stay, one of them in part."""


def look(shop: Shop) -> Rows:
    """Every row of the shop, read past our program."""
    return {table: [_plain(row.values()) for row in shop.rows(table)] for table in before([1])}


def _plain(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_plain_value(value) for value in values)


def _plain_value(value: Any) -> Any:
    """SQLite hands out dates as text; every engine its own kind of amount."""
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return date.fromisoformat(value)
    return int(value) if not isinstance(value, str | date | None) else value


def of_person(person: int, rows: Rows) -> Rows:
    """The rows of one person."""
    invoices = {invoice for invoice, _ in _invoices(person)}
    return {
        "customer": [row for row in rows["customer"] if row[0] == person],
        "invoice": [row for row in rows["invoice"] if row[1] == person],
        "invoice_line": [row for row in rows["invoice_line"] if row[0] in invoices],
        "ticket": [row for row in rows["ticket"] if row[1] == person],
        "newsletter": [row for row in rows["newsletter"] if row[0] == address_of(person)],
    }

"""The firm's own database: customers with invoices since 2017, tickets, calls, sign-ins and a newsletter.

All invented, and the same at every start: `Random` begins with a number of ours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from dsr.demo.people import VISITOR, customers, email_of

FIRST_YEAR, LAST_YEAR = 2017, 2026
LAST_DAY = date(2026, 11, 13)
SEED = 17

SCHEMA = """
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT, street TEXT, postcode TEXT, town TEXT,
  since DATE);
CREATE TABLE invoices (
  number INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), issued_on DATE NOT NULL,
  paid_on DATE, total NUMERIC NOT NULL);
CREATE TABLE invoice_lines (
  invoice INTEGER NOT NULL REFERENCES invoices (number), line INTEGER NOT NULL, description TEXT NOT NULL,
  amount NUMERIC NOT NULL, PRIMARY KEY (invoice, line));
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), opened_on DATE NOT NULL,
  subject TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE calls (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), started_at TIMESTAMP NOT NULL,
  seconds INTEGER NOT NULL, recording TEXT NOT NULL);
CREATE TABLE sign_ins (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), at TIMESTAMP NOT NULL,
  address TEXT NOT NULL);
CREATE TABLE newsletter (email TEXT PRIMARY KEY, since DATE NOT NULL);
CREATE INDEX invoices_customer ON invoices (customer_id);
CREATE INDEX tickets_customer ON tickets (customer_id);
CREATE INDEX calls_customer ON calls (customer_id);
CREATE INDEX sign_ins_customer ON sign_ins (customer_id);
"""

STREETS = ("Sluisweg", "Molenkade", "Ringdijk", "Kerkpad", "Veerstraat", "Wilgenlaan", "Achterom", "Gemaalweg")
TOWNS = ("Polderdam", "Waterveen", "Dijkzicht", "Nieuwesluis")
PRODUCTS = (("Webhosting, 12 maanden", 96), ("Domeinnaam", 12), ("Mailbox 25 GB", 36), ("Back-up", 24))
TICKETS = (
    ("Mail komt niet aan", "Sinds gisteren krijg ik geen mail meer op mijn telefoon."),
    ("Wachtwoord vergeten", "Ik kan niet meer inloggen. Kunt u mij helpen?"),
    ("Factuur klopt niet", "Er staat een mailbox op die ik heb opgezegd."),
    ("Verhuizing", "Ik heb een nieuw adres. Wilt u dat aanpassen?"),
    ("Website traag", "Mijn site doet er lang over. Ligt dat aan mij?"),
)

Row = tuple[Any, ...]


def make(file: Path) -> None:
    """Make the database in `file`, which must not exist."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(SCHEMA)
        numbers = _Numbers()
        for customer_id, name in enumerate(customers(), 4401):
            for table, rows in _customer(customer_id, name, numbers).items():
                _insert(connection, table, rows)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - a table of SCHEMA


class _Numbers:
    """The next number of each kind of row."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, kind: str) -> int:
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]


def _customer(customer_id: int, name: str, numbers: _Numbers) -> dict[str, list[Row]]:
    """All rows of one customer, by table; the visitor is a customer since the first year and has some of everything."""
    chance = Random(SEED * customer_id)  # noqa: S311 - invented people, not secrets
    is_visitor = name == VISITOR
    since = FIRST_YEAR if is_visitor else chance.randint(FIRST_YEAR, LAST_YEAR)
    invoices = [_invoice(customer_id, year, chance, numbers) for year in range(since, LAST_YEAR + 1)]
    return {
        "customers": [_person(customer_id, name, since, chance)],
        "invoices": invoices,
        "invoice_lines": [line for number, *_, total in invoices for line in _lines(number, total)],
        "tickets": [
            _ticket(customer_id, since, chance, numbers) for _ in range(6 if is_visitor else chance.randrange(4))
        ],
        "calls": [_call(customer_id, chance, numbers) for _ in range(3 if is_visitor else chance.randrange(3))],
        "sign_ins": [_sign_in(customer_id, chance, numbers) for _ in range(24 if is_visitor else chance.randrange(9))],
        "newsletter": [(email_of(name), f"{since}-06-01")] if is_visitor or chance.random() < 0.6 else [],
    }


def _person(customer_id: int, name: str, since: int, chance: Random) -> Row:
    phone = f"085 000 {chance.randrange(10_000):04}"
    street, postcode = f"{chance.choice(STREETS)} {chance.randint(1, 140)}", f"19{chance.randint(10, 99)} ZZ"
    return customer_id, name, email_of(name), phone, street, postcode, chance.choice(TOWNS), f"{since}-02-01"


def _invoice(customer_id: int, year: int, chance: Random, numbers: _Numbers) -> Row:
    issued = date(year, chance.randint(1, 10), chance.randint(1, 28))
    paid = issued + timedelta(days=chance.randint(3, 30))
    total = sum(price for _, price in PRODUCTS[: chance.randint(1, len(PRODUCTS))])
    return year * 10_000 + numbers.next(f"invoice of {year}"), customer_id, issued.isoformat(), paid.isoformat(), total


def _lines(number: int, total: int) -> Iterator[Row]:
    for line, (description, price) in enumerate(PRODUCTS, 1):
        if total > 0:
            yield number, line, description, price
        total -= price


def _ticket(customer_id: int, since: int, chance: Random, numbers: _Numbers) -> Row:
    opened = date(chance.randint(since, LAST_YEAR), chance.randint(1, 10), chance.randint(1, 28))
    return numbers.next("ticket"), customer_id, opened.isoformat(), *chance.choice(TICKETS)


def _call(customer_id: int, chance: Random, numbers: _Numbers) -> Row:
    number = numbers.next("call")
    return number, customer_id, _moment(chance, 160), chance.randint(40, 900), f"gesprek-{number:05}.opus"


def _sign_in(customer_id: int, chance: Random, numbers: _Numbers) -> Row:
    return numbers.next("sign-in"), customer_id, _moment(chance, 90), f"198.51.100.{chance.randint(1, 254)}"


def _moment(chance: Random, days: int) -> str:
    """A moment of working hours in the last so many days."""
    day = LAST_DAY - timedelta(days=chance.randrange(days))
    return datetime.combine(day, time(chance.randint(9, 16), chance.randrange(60))).isoformat(" ")


def unpaid(file: Path, name: str) -> None:
    """Leave a customer's newest invoice open."""
    newest = "SELECT max(number) FROM invoices JOIN customers ON customers.id = customer_id WHERE name = ?"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE invoices SET paid_on = NULL WHERE number = ({newest})", [name])  # noqa: S608 - above

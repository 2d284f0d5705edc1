"""What is in the firm's database about somebody: before, and now."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsr.domain.register import Register, Text

SYSTEM = "polder"
_OF_CUSTOMER = {
    "customers": "id = :id",
    "invoices": "customer_id = :id",
    "invoice_lines": "invoice IN (SELECT number FROM invoices WHERE customer_id = :id)",
    "tickets": "customer_id = :id",
    "calls": "customer_id = :id",
    "sign_ins": "customer_id = :id",
    "newsletter": "email = :email",
}


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one table: how many there were, and those that are there now.

    `is_emptied` where a row that is there has lost some of its values.
    """

    label: Text
    table: str
    before: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_emptied: bool

    @property
    def gone(self) -> int:
        """How many rows went."""
        return self.before - len(self.rows)


def held_about(email: str, register: Register, before: Path, now: Path) -> list[Held]:
    """The rows about a customer, by table; nothing for an address that was never in the database.

    A customer is found by the address they had, so that what stays of them is found after it was erased.
    """
    with closing(_open(before)) as then, closing(_open(now)) as today:
        found = then.execute("SELECT id FROM customers WHERE lower(email) = lower(?)", [email]).fetchone()
        if found is None:
            return []
        who = {"id": found[0], "email": email.lower()}
        return [_held(table, register, then, today, who) for table in register.tables[SYSTEM]]


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def _held(
    table: str, register: Register, then: sqlite3.Connection, today: sqlite3.Connection, who: dict[str, Any]
) -> Held:
    category = register.categories[register.tables[SYSTEM][table].category]
    theirs = f"SELECT * FROM {table} WHERE {_OF_CUSTOMER[table]} ORDER BY 1, 2"  # noqa: S608 - names of ours
    before = then.execute(theirs, who).fetchall()
    rows = today.execute(theirs, who)
    columns = tuple(column for column, *_ in rows.description)
    now = tuple(rows)
    return Held(category.label, table, len(before), columns, now, is_emptied=not set(now) <= set(before))

"""One person approved -> erased, against the same done bare.

Bare is: the person's rows read once and changed set-wise in one transaction of the shop, and then the same ledger rows
inserted with one statement and a durable commit in a SQLite database with the settings of ours, beside the shop as ours
is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, create_engine, select

from dsr.db.cases import Case
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.db.sqlite import DRIVER
from tests.bench.byhand import by_hand
from tests.bench.office import Office, address_of
from tests.bench.table import Row, compared
from tests.bench.timing import in_turn, seconds

ROUNDS = 9
MANY = 5_000
KEPT_FROM = date(2019, 1, 1)
"""In November 2026 an invoice of 2019 may go on 1 January 2027."""

_OURS, _BARE = 20_000, 60_000
_OURS_MANY, _BARE_MANY = 40_000, 80_000
"""The first customer of each kind of run; every round takes the next."""

_LEDGER = ("id", "case_id", "plan_id", "system", "category", "table", "verdict", "rule", "law", "keep_through",
           "may_erase_from", "columns_kept", "row_count", "rows_sealed", "state", "erased_at")  # fmt: skip


def rows(office: Office) -> Iterator[Row]:
    """The person of ten rows, and the one with five thousand invoices."""
    with bare_ledger(office) as kept:
        yield from _erased(office, kept, "one person, approved -> erased", _OURS, _BARE)
        for first in (_OURS_MANY, _BARE_MANY):
            add_invoices(office, first, people=ROUNDS + 2)
        yield from _erased(office, kept, f"one person with {MANY:,} invoices, erased", _OURS_MANY, _BARE_MANY)


@contextmanager
def bare_ledger(office: Office) -> Iterator[Connection]:
    """A database with nothing but an empty ledger."""
    engine = create_engine(f"{DRIVER}:///{office.workplace.context.settings.path('bare.db')}")
    with engine.connect().execution_options(writes=True) as connection:
        with connection.begin():
            connection.exec_driver_sql(f"CREATE TABLE ledger ({', '.join(map(repr, _LEDGER))})")
        yield connection
    engine.dispose()


def _erased(office: Office, kept: Connection, work: str, ours_from: int, bare_from: int) -> Iterator[Row]:
    ledger: list[tuple[Any, ...]] = []

    def ours(number: int) -> float:
        case = office.approve_erasure(ours_from + number)
        taken = seconds(office.work)
        ledger[:] = _ledger(office, case)
        return taken

    def bare(number: int) -> float:
        return seconds(lambda: _erase_bare(office, kept, bare_from + number, ledger))

    times = in_turn(ROUNDS, ours, bare)
    _check_equal(office, ours_from + ROUNDS, bare_from + ROUNDS)
    yield compared(work, *times, named="the bare statements", most=3)
    office.approve_erasure(ours_from + ROUNDS + 1)
    yield by_hand(office, times[1])


def _ledger(office: Office, case: Case) -> list[tuple[Any, ...]]:
    with office.workplace.transaction() as session:
        plan = session.scalars(select(CasePlan).where(CasePlan.case_id == case.id)).one()
        assert plan.state == "executed", plan.note
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.case_id == case.id)).all()
        return [tuple(_plain(getattr(entry, column)) for column in _LEDGER) for entry in entries]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bytes) else str(value)


_READ_BARE = (
    "SELECT * FROM orders WHERE customer_id = %s FOR UPDATE",
    "SELECT * FROM invoices WHERE customer_id = %s FOR UPDATE",
    "SELECT * FROM support_tickets WHERE customer_id = %s FOR UPDATE",
)
_CHANGES_BARE = (
    "DELETE FROM orders WHERE customer_id = %s",
    "DELETE FROM support_tickets WHERE customer_id = %s",
    f"DELETE FROM invoices WHERE customer_id = %s AND issued_at < '{KEPT_FROM}'",  # noqa: S608 - a constant
    "UPDATE customers SET email = NULL, phone = NULL, created_at = NULL WHERE id = %s",
)


def _erase_bare(office: Office, kept: Connection, customer: int, ledger: Sequence[tuple[Any, ...]]) -> None:
    with office.bare.transaction():
        found = "SELECT * FROM customers WHERE email = %s FOR UPDATE"
        person = office.bare.execute(found, [address_of(customer)]).fetchone()
        for statement in _READ_BARE:
            office.bare.execute(statement, person[:1]).fetchall()
        for statement in _CHANGES_BARE:
            office.bare.execute(statement, person[:1])
    entry = f"({', '.join('?' * len(_LEDGER))})"
    cells = tuple(cell for entry in ledger for cell in entry)
    with kept.begin():
        kept.exec_driver_sql(f"INSERT INTO ledger VALUES {', '.join([entry] * len(ledger))}", cells)  # noqa: S608 - placeholders


def _check_equal(office: Office, ours: int, bare: int) -> None:
    """Both left the same behind, or the times say nothing."""
    left = "SELECT count(*) FILTER (WHERE issued_at < %s), count(*) > 0 FROM invoices WHERE customer_id = %s"
    emptied = "SELECT email, phone FROM customers WHERE id = %s"
    for customer in (ours, bare):
        assert office.bare.execute(left, [KEPT_FROM, customer]).fetchone() == (0, True)
        assert office.bare.execute(emptied, [customer]).fetchone() == (None, None)


_ADDED = """
INSERT INTO invoices SELECT (SELECT max(id) + 1 FROM invoices) + n, %s + n / %s, 'INV-' || n, 'Customer',
  n || ' Bill Street', 100 + n %% 90000, date '2016-01-01' + (n %% 3500) FROM generate_series(0, %s) n
"""


def add_invoices(office: Office, first: int, *, people: int) -> None:
    """So many customers, from this one on, get so many invoices, of ten years."""
    more = MANY - 5
    office.bare.execute(_ADDED, [first, more, more * people - 1])
    office.bare.execute("VACUUM ANALYZE invoices")

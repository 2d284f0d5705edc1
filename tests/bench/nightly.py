"""The night on which a million kept rows may go, against the same done bare.

Bare is: for each person and system, the rows read and locked by their keys and deleted by them in one transaction of
the shop; then, in a SQLite database with the settings of ours, the ledger entry marked as erased, what went written
down, and a line for the trail, in one durable transaction. All values are at hand before the clock starts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, create_engine, select

from dsr.connectors.base import Found
from dsr.db.base import new_id
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.db.sqlite import DRIVER
from dsr.domain.row_keys import to_json
from dsr.jobs import erasing
from dsr.services.retention import rules_of
from tests.bench.masses import add_invoices, growing_memory
from tests.bench.office import INVOICES, Office
from tests.bench.table import Row, judged
from tests.bench.timing import seconds
from tests.parts import cast

MOST = 2.0
FLAT = 32  # megabytes
EACH = 500
"""Kept rows of one person."""
DAY = date(2026, 1, 1)
_OURS, _BARE = 10_000, 20_000
_NUMBERS = INVOICES * 40


def rows(office: Office, *, quick: bool) -> Iterator[Row]:
    """A million rows of two thousand people; in a quick run a tenth of them."""
    yield _night(office, people=200 if quick else 2_000)


def _night(office: Office, people: int) -> Row:
    kept = people * EACH
    for number, customer in enumerate((_OURS, _BARE)):
        add_invoices(office, kept, first=_NUMBERS + number * kept, customer=customer, people=people, days=1000)
    _keep(office, people)
    with _bare_notes(office) as notes:
        groups = _groups(office, notes, people)
        mine, grown = _erase_ours(office)
        theirs = seconds(lambda: _erase_bare(office, notes, groups))
    _check(office)
    ratio = mine / theirs
    return Row(
        f"the nightly run over {kept:,} kept rows",
        f"{mine:.1f} s, {grown:+.0f} MB",
        f"{theirs:.1f} s (the bare statements)",
        f"{ratio:.2f}x",
        f"<= {MOST:g}x, <= {FLAT} MB",
        judged(ratio <= MOST and grown <= FLAT),
    )


def _erase_ours(office: Office) -> tuple[float, float]:
    """Seconds, and megabytes that the process grew by."""
    with growing_memory() as megabytes:
        taken = seconds(lambda: erasing.erase_due(office.workplace.context))
    return taken, megabytes()


def _keep(office: Office, people: int) -> None:
    """The ledger as erasures of years ago left it: an entry for the invoices of each person, due by now."""
    settings, now = office.workplace.context.settings, office.workplace.clock()
    table, dated_with = settings.register.tables["shop"]["invoices"], rules_of(settings, "shop")
    kept = {"system": "shop", "category": "invoice", "table": "invoices", "verdict": "keep", "rule": "fiscal7"}
    with office.workplace.transaction() as session:
        for customer in range(_OURS, _OURS + people):
            case = cast.add_case(session)
            plan = CasePlan(id=new_id(), case_id=case.id, number=1, state="executed", counts={}, made_at=now)
            plan.digest, plan.register_digest, plan.made_by_id = "", "", office.handler.id
            session.add(plan)
            session.flush()
            found = _invoices(office, customer).to_rows()
            entry = LedgerEntry(id=new_id(), case_id=case.id, plan_id=plan.id, row_count=len(found), **kept)
            entry.may_erase_from, entry.dated_with = DAY, dated_with
            entry.rows = json.dumps([[to_json(row.key), table.fingerprint(row.values)] for row in found])
            session.add(entry)
            session.flush()
            session.expunge_all()


def _invoices(office: Office, customer: int) -> Found:
    """The invoices that were added to a customer."""
    added = "SELECT * FROM invoices WHERE customer_id = %s AND id > %s"
    cursor = office.bare.execute(added, [customer, _NUMBERS])
    columns = tuple(column.name for column in cursor.description or ())
    return Found("invoices", ("id",), columns, cursor.fetchall())


class Group(NamedTuple):
    """What one person has in the bare run: the keys of the rows, the entry of the ledger, and what is noted of it."""

    keys: list[int]
    entry: str
    rows: bytes
    line: str


def _groups(office: Office, notes: Connection, people: int) -> list[Group]:
    """The same entries as ours, for as many other people."""
    with office.workplace.transaction() as session:
        sealed = session.scalars(
            select(LedgerEntry.rows_sealed).where(LedgerEntry.rule == "fiscal7").limit(people)
        ).all()
    groups = []
    for customer, rows in enumerate(sealed, _BARE):
        keys = [row[0] for row in _invoices(office, customer).rows]
        groups.append(Group(keys, str(uuid.uuid4()), bytes(rows or b""), json.dumps({"erased": len(keys), "gone": 0})))
    with notes.begin():
        entries = [(group.entry, group.rows, "kept") for group in groups]
        notes.exec_driver_sql("INSERT INTO ledger (id, rows_sealed, state) VALUES (?, ?, ?)", entries)
    return groups


@contextmanager
def _bare_notes(office: Office) -> Iterator[Connection]:
    """A database with nothing but the entries of a ledger, and room for what is written of them."""
    engine = create_engine(f"{DRIVER}:///{office.workplace.context.settings.path('bare-notes.db')}")
    with engine.connect().execution_options(writes=True) as connection:
        with connection.begin():
            for table in ("ledger (id PRIMARY KEY, rows_sealed, state)", "erased (id, rows_sealed)", "trail (line)"):
                connection.exec_driver_sql(f"CREATE TABLE {table}")
        yield connection
    engine.dispose()


def _erase_bare(office: Office, notes: Connection, groups: Sequence[Group]) -> None:
    for group in groups:
        with office.bare.transaction():
            office.bare.execute("SELECT * FROM invoices WHERE id = ANY(%s) FOR UPDATE", [group.keys]).fetchall()
            office.bare.execute("DELETE FROM invoices WHERE id = ANY(%s)", [group.keys])
        with notes.begin():
            notes.exec_driver_sql("SELECT rows_sealed FROM ledger WHERE id = ?", (group.entry,)).all()
            notes.exec_driver_sql("UPDATE ledger SET rows_sealed = NULL, state = 'erased' WHERE id = ?", (group.entry,))
            notes.exec_driver_sql("INSERT INTO erased VALUES (?, ?)", (group.entry, group.rows))
            notes.exec_driver_sql("INSERT INTO trail VALUES (?)", (group.line,))


def _check(office: Office) -> None:
    """Both erased every row, or the times say nothing."""
    left = office.bare.execute("SELECT count(*) FROM invoices WHERE id > %s", [_NUMBERS]).fetchone()
    assert left == (0,), left

"""After a restore of the controller's database: what was erased since the backup is erased again, by the same checks.

A row is known by its key and its fingerprint; where either differs it is somebody else's, or was changed, and stays.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import TIMEZONE, Settings
from dsr.connectors.base import Erasing, Found, rows_of
from dsr.db.erased import ErasedRows
from dsr.db.notices import Task
from dsr.domain.plans import Columns, Decision, PlanRow, Verdict
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, key_text
from dsr.services import audit, erased
from dsr.services.emptying import erase_rows, yet_to_go
from dsr.services.pointing import keys_pointed_at
from dsr.services.retention import (
    CHANGED,
    NOT_IN_REGISTER,
    STILL_NEEDED,
    Kept,
    found_rows,
    judge_kept,
    judged_tables,
    kept_rows,
    why_left,
)

AGAIN, GONE = "again", "gone"
"""What became of a row: erased again, or gone already; else one of the reasons why a row is left."""


RowNoted = tuple[str, Key, str]
"""The table, key and fingerprint of a row that went."""


class Batch(NamedTuple):
    """What went of one case in one system at one moment."""

    case_id: uuid.UUID
    erased_at: datetime
    parts: Sequence[ErasedRows]

    def rows(self) -> Iterator[RowNoted]:
        """The rows one by one."""
        return _rows(self.parts)


def _rows(parts: Iterable[ErasedRows]) -> Iterator[RowNoted]:
    return ((part.table, key, digest) for part in parts for key, digest in kept_rows(part).items())


def erased_since(session: Session, system: str, since: date) -> list[Batch]:
    """What was erased in a system on a day or later, in the order in which it went."""
    start = datetime.combine(since, time(), TIMEZONE)
    found = session.scalars(
        select(ErasedRows)
        .where(ErasedRows.system == system, ErasedRows.erased_at >= start)
        .order_by(ErasedRows.erased_at, ErasedRows.case_id)
    )
    grouped = groupby(found, key=lambda rows: (rows.case_id, rows.erased_at))
    return [Batch(case_id, moment, list(parts)) for (case_id, moment), parts in grouped]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: `AGAIN`, `GONE`, or why it was left."""

    table: str
    key: str
    result: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one table that went alike, as noted and as found; `columns_left` is None where whole rows went."""

    table: str
    columns_left: Columns | None
    noted: Kept
    found: Found


def replay(
    erasing: Erasing,
    settings: Settings,
    system: str,
    batch: Batch,
    decisions: Mapping[str, Decision],
    *,
    noted: Set[RowNoted],
    on: date,
) -> list[Outcome]:
    """Erase a batch again in the open transaction: first what stays in part, then rows that point at others first.

    `noted` are the rows of all batches: one that came anew under the same key goes with its own.
    """
    order = list(reversed(judged_tables(settings.register, system)))
    outcomes = [
        Outcome(part.table, key_text(key), NOT_IN_REGISTER)
        for part in batch.parts
        if part.table not in order
        for key in kept_rows(part)
    ]
    known = [part for part in batch.parts if part.table in order]
    parts = list(_read(erasing, settings.register.tables[system], known, noted))
    # Judged before anything goes: the verdict on some depends on others.
    judged = judge_kept(settings, system, rows_of(part.found for part in parts), decisions, on)
    for part in sorted(parts, key=lambda part: (part.columns_left is None, order.index(part.table))):
        outcomes += _erase_again(erasing, settings.register, system, part, judged)
    return outcomes


def _read(
    erasing: Erasing, tables: Mapping[str, Table], batch: Iterable[ErasedRows], noted: Set[RowNoted]
) -> Iterator[_Part]:
    went: dict[tuple[str, Columns | None], dict[Key, str]] = {}
    own = {*_rows(batch)}
    for rows in batch:
        alike = rows.table, _columns_left(tables[rows.table], rows)
        went.setdefault(alike, {}).update(kept_rows(rows))
    for (table, columns), kept in went.items():
        found = yet_to_go(erasing.read(table, [*kept]), tables[table], kept, columns)
        now = {(table, *row) for row in found_rows(found, tables[table]).items()}
        kept |= {key: digest for _, key, digest in now & own}
        yield _Part(table, columns, kept, found.without({key for _, key, _ in (now & noted) - own}))


def _columns_left(table: Table, rows: ErasedRows) -> Columns | None:
    if rows.columns_kept is None:
        return None
    return tuple(dict.fromkeys((*rows.columns_kept, *table.key, *(table.keep_columns or ()))))


def _erase_again(
    erasing: Erasing, register: Register, system: str, part: _Part, judged: Mapping[tuple[str, Key], PlanRow]
) -> list[Outcome]:
    table = register.tables[system][part.table]
    digests = found_rows(part.found, table)
    results = {
        key: _result(judged.get((part.table, key)), part.columns_left, is_same=digests.get(key) == digest)
        for key, digest in part.noted.items()
    }
    going = part.found.only({key for key, result in results.items() if result == AGAIN})
    needed = keys_pointed_at(erasing, register, system, going) if part.columns_left is None else set()
    results |= dict.fromkeys(needed, STILL_NEEDED)
    going = going.only({key for key, result in results.items() if result == AGAIN})
    erase_rows(erasing, system, table, going, part.columns_left)
    return [Outcome(part.table, key_text(key), result) for key, result in results.items()]


def _result(judged: PlanRow | None, left: Columns | None, *, is_same: bool) -> str:
    if judged is None:
        return GONE
    if not is_same:
        return CHANGED
    if judged.verdict is Verdict.ERASE or (judged.columns_kept and {*(left or ())}.issuperset(judged.columns_kept)):
        return AGAIN
    return why_left(judged)


def note(
    session: Session, system: str, batch: Batch, outcomes: Sequence[Outcome], register: Register, *, now: datetime
) -> None:
    """The receipt of a batch, in the trail of its case; what was left becomes a task."""
    counted = Counter(outcome.result for outcome in outcomes)
    again, gone = counted.pop(AGAIN, 0), counted.pop(GONE, 0)
    if again:
        erased.went_again(session, batch.parts, register, now=now)
    audit.record(
        session,
        "erasure-replayed",
        by=audit.COMMAND,
        now=now,
        case_id=batch.case_id,
        system=system,
        again=again,
        gone=gone,
        left=counted.total(),
        reasons=sorted(counted),
    )
    if counted:
        left = {outcome.table for outcome in outcomes if outcome.result in counted}
        tables = [f"{system}.{table}" for table in sorted(left)]
        facts = {"reasons": sorted(counted), "rows": counted.total(), "tables": tables}
        key = f"replay:{now.isoformat()}:{batch.case_id}:{system}"[:96]
        session.add(Task(key=key, case_id=batch.case_id, kind="replay-left", facts=facts, made_at=now))

"""After a restore of the controller's database: what was erased since the backup is erased again, by the same checks.

A row is known by its key and its fingerprint; where either differs it is somebody else's, or was changed, and stays.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import TIMEZONE, Settings
from dsr.connectors.base import Erasing, rows_of
from dsr.db.erased import ErasedRows
from dsr.db.notices import Task
from dsr.domain.plans import READ_ONLY, Decision, PlanRow, Row, Verdict
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import from_json, key_text
from dsr.services import audit, erased
from dsr.services.emptying import empty_rows
from dsr.services.retention import (
    CHANGED,
    NOT_IN_REGISTER,
    STILL_NEEDED,
    is_still_needed,
    judge_kept,
    why_left,
)

AGAIN, GONE = "again", "gone"
"""What became of a row: erased again, or gone already; else one of the reasons why a row is left."""


class Batch(NamedTuple):
    """What went of one case in one system at one moment."""

    case_id: uuid.UUID
    erased_at: datetime
    parts: Sequence[ErasedRows]


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


def replay(
    erasing: Erasing, settings: Settings, system: str, batch: Batch, decisions: Mapping[str, Decision], *, on: date
) -> list[Outcome]:
    """Erase a batch again in the open transaction: first what stays in part, then rows that point at others first."""
    known = settings.register.tables.get(system, {})
    outcomes = [
        Outcome(part.table, key, NOT_IN_REGISTER)
        for part in batch.parts
        if part.table not in known
        for key in _rows(part)
    ]
    emptied = [part for part in batch.parts if part.table in known and part.columns_kept is not None]
    whole = [part for part in batch.parts if part.table in known and part.columns_kept is None]
    for part in emptied:
        outcomes += _empty_again(erasing, settings.register, part)
    return outcomes + _erase_again(erasing, settings, system, whole, decisions, on=on)


def _rows(part: ErasedRows) -> dict[str, list[Any]]:
    """Key as text -> the row as it was noted."""
    return {key_text(from_json(row[0])): row for row in json.loads(part.rows)}


def _empty_again(erasing: Erasing, register: Register, part: ErasedRows) -> list[Outcome]:
    noted = _rows(part)
    wanted = [from_json(row[0]) for row in noted.values()]
    found = {key_text(row.key): row for row in erasing.read(part.table, wanted).to_rows()}
    table = register.tables[part.system][part.table]
    results = {key: _state(table, found.get(key), row) for key, row in noted.items()}
    going = [found[key] for key, result in results.items() if result == AGAIN]
    if going:
        kept = {*(part.columns_kept or ()), *table.key, *(table.keep_columns or ())}
        empty_rows(erasing, part.system, table, going, tuple(kept))
    return [Outcome(part.table, key, result) for key, result in results.items()]


def _state(table: Table, row: Row | None, noted: Sequence[Any]) -> str:
    """Whether a row has to be emptied, is empty or gone, or is not the one that was noted."""
    found = table.fingerprint(row.values) if row else None
    if found is None or (len(noted) > 2 and found == noted[2]):
        return GONE
    if found != noted[1]:
        return CHANGED
    return AGAIN if table.is_erasable else READ_ONLY


def _erase_again(
    erasing: Erasing,
    settings: Settings,
    system: str,
    parts: Sequence[ErasedRows],
    decisions: Mapping[str, Decision],
    *,
    on: date,
) -> list[Outcome]:
    """Rows that went whole: read and judged together, since the verdict on some depends on others."""
    noted: dict[str, dict[str, list[Any]]] = {}
    for part in parts:
        noted.setdefault(part.table, {}).update(_rows(part))
    found = {table: erasing.read(table, [from_json(row[0]) for row in rows.values()]) for table, rows in noted.items()}
    judged = judge_kept(settings, system, rows_of(found.values()), decisions, on)
    outcomes: list[Outcome] = []
    for table in filter(noted.__contains__, reversed(settings.register.nearest_first(system))):
        results = {key: _result(judged.get((table, from_json(row[0]))), row[1]) for key, row in noted[table].items()}
        again = {from_json(noted[table][key][0]) for key, result in results.items() if result == AGAIN}
        going = found[table].only(again)
        if is_still_needed(erasing, settings.register, system, going):
            results |= dict.fromkeys(map(key_text, going.keys), STILL_NEEDED)
        elif going.rows:
            erasing.delete(table, going.keys)
        outcomes += [Outcome(table, key, result) for key, result in results.items()]
    return outcomes


def _result(judged: PlanRow | None, noted: str) -> str:
    if judged is None:
        return GONE
    if judged.fingerprint != noted:
        return CHANGED
    if judged.verdict is Verdict.ERASE:
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

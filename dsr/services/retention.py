"""The ledger of what a law keeps: found when its day has come, and settled once it is erased (GDPR art. 17(3)(b))."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Erasing
from dsr.db.notices import Task
from dsr.db.plans import LedgerEntry
from dsr.domain import plans
from dsr.domain.plans import Key, Row, Verdict, fingerprint
from dsr.domain.register import ErasureGround
from dsr.services import audit
from dsr.services.erasing import key_text

KEPT, ERASED, TASK = "kept", "erased", "task"


@dataclass(frozen=True, slots=True)
class Due:
    """Ledger entries of one case in one system whose day has come."""

    case_id: uuid.UUID
    system: str
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one entry: rows erased, rows already gone, and rows somebody must look at with the reason."""

    erased: int = 0
    gone: int = 0
    left: int = 0
    reason: str | None = None


def due_entries(session: Session, today: date) -> list[Due]:
    """What may be erased today or earlier, per case and system."""
    entries = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.state == KEPT, LedgerEntry.may_erase_from <= today)
        .order_by(LedgerEntry.case_id, LedgerEntry.system)
    )
    groups: dict[tuple[uuid.UUID, str], list[LedgerEntry]] = {}
    for entry in entries:
        groups.setdefault((entry.case_id, entry.system), []).append(entry)
    return [Due(case_id, system, tuple(found)) for (case_id, system), found in groups.items()]


def kept_rows(entry: LedgerEntry) -> dict[str, tuple[Key, str]]:
    """Key as text -> key and fingerprint."""
    return {key_text(tuple(key)): (tuple(key), digest) for key, digest in json.loads(entry.rows or "[]")}


def erase_due(erasing: Erasing, settings: Settings, due: Due, *, on: date) -> dict[uuid.UUID, Settled]:
    """Erase what is due in the open transaction, by the same checks as an approved plan; result per entry.

    A row that changed since, that a rule now keeps longer, or that rows still point at, is left for a person.
    """
    found = {entry.id: erasing.read(entry.table, _keys(entry)) for entry in due.entries}
    verdicts = _verdicts(settings, due.system, found, on)
    settled: dict[uuid.UUID, Settled] = {}
    order = list(reversed(settings.register.nearest_first(due.system)))
    for entry in sorted(due.entries, key=lambda entry: order.index(entry.table)):
        settled[entry.id] = _erase_entry(erasing, settings, entry, found[entry.id], verdicts)
    return settled


def _keys(entry: LedgerEntry) -> list[Key]:
    return [key for key, _ in kept_rows(entry).values()]


def _verdicts(
    settings: Settings, system: str, found: Mapping[uuid.UUID, Sequence[Row]], on: date
) -> dict[tuple[str, str], Verdict]:
    rows = [row for part in found.values() for row in part]
    decisions = {name: plans.Decision(ErasureGround.NOT_NEEDED) for name in settings.register.categories}
    month = settings.procedure.fiscal_year_start_month
    judged = plans.build(settings.register, system, rows, on=on, decisions=decisions, fiscal_year_start_month=month)
    return {(row.table, key_text(row.key_values)): row.verdict for row in judged}


def _erase_entry(
    erasing: Erasing,
    settings: Settings,
    entry: LedgerEntry,
    rows: Sequence[Row],
    verdicts: Mapping[tuple[str, str], Verdict],
) -> Settled:
    expected = kept_rows(entry)
    changed = [row for row in rows if fingerprint(row.values) != expected[key_text(row.key)][1]]
    longer = [row for row in rows if verdicts[row.table, key_text(row.key)] is not Verdict.ERASE]
    gone = len(expected) - len(rows)
    for problem, left in (("changed", changed), ("kept-longer", longer)):
        if left:
            return Settled(gone=gone, left=len(left), reason=problem)
    keys = [row.key for row in rows]
    pointing = _still_needed(erasing, settings, entry, rows)
    if pointing:
        return Settled(gone=gone, left=len(rows), reason="still-needed")
    return Settled(erased=erasing.delete(entry.table, keys) if keys else 0, gone=gone)


def _still_needed(erasing: Erasing, settings: Settings, entry: LedgerEntry, rows: Sequence[Row]) -> bool:
    tables = settings.register.tables[entry.system]
    children = [name for name, table in tables.items() if table.parent == entry.table]
    return any(erasing.count_pointing(child, rows) for child in children)


def settle(session: Session, due: Due, results: Mapping[uuid.UUID, Settled], *, now: datetime) -> None:
    """Record in the ledger and the audit trail what became of the entries; what is left becomes a task."""
    for entry in due.entries:
        result = results[entry.id]
        row = session.merge(entry)
        row.state = TASK if result.left else ERASED
        row.erased_at = None if result.left else now
        if result.left:
            facts = {"reason": result.reason, "rows": result.left, "table": entry.table}
            session.add(
                Task(key=f"ledger:{entry.id}", case_id=entry.case_id, kind="ledger-left", facts=facts, made_at=now)
            )
        else:
            row.rows = None
    _audit(session, due, results, now)


def _audit(session: Session, due: Due, results: Mapping[uuid.UUID, Settled], now: datetime) -> None:
    audit.record(
        session,
        "kept-rows-erased",
        by=audit.WORKER,
        now=now,
        case_id=due.case_id,
        system=due.system,
        erased=sum(result.erased for result in results.values()),
        gone=sum(result.gone for result in results.values()),
        left=sum(result.left for result in results.values()),
    )


def ledger_of(session: Session, case_id: uuid.UUID) -> list[LedgerEntry]:
    """What is or was kept of a case, in the order of the days on which it may go."""
    return list(
        session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.case_id == case_id)
            .order_by(LedgerEntry.may_erase_from, LedgerEntry.table)
        )
    )

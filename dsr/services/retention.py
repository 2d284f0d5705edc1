"""The ledger of what a law keeps: found when its day has come, settled once it is erased (GDPR art. 17(3)(b))."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, tuple_, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Erasing, Found, SystemDown
from dsr.db.base import new_id, table_of
from dsr.db.erased import ErasedRows
from dsr.db.notices import Task
from dsr.db.plans import LedgerEntry
from dsr.domain import verdicts
from dsr.domain.holds import noted_ground
from dsr.domain.ledger import NEEDED, noted_reason, rules_digest
from dsr.domain.plans import OTHERS_NEED, READ_ONLY, Decision, PlanRow, Row, Verdict
from dsr.domain.register import ErasureGround, Register, Table
from dsr.domain.row_keys import Key, as_read, from_json, to_json
from dsr.domain.wording import N_
from dsr.services import audit, holds
from dsr.services.erased import NotedRows, remember

KEPT, ERASED, TASK = "kept", "erased", "task"
CHANGED, KEPT_LONGER, STILL_NEEDED, HELD = "changed", "kept-longer", "still-needed", "held"
REFUSED, NOT_IN_REGISTER = "refused", "not-in-register"
"""Why a row was left for a person on its day."""
LEFT = "ledger-left"
"""The task that asks for that person."""
GROUPS_AT_ONCE = 50
_LEDGER = table_of(LedgerEntry)
_END = (
    update(_LEDGER)
    .where(_LEDGER.c.id == bindparam("entry"))
    .values({name: bindparam(name) for name in ("state", "erased_at", "row_count", "rows_sealed")})
)
Kept = Mapping[Key, str]
"""Kept rows: key -> fingerprint."""


@dataclass(frozen=True)
class Due:
    """Ledger entries of one case in one system whose day has come."""

    case_id: uuid.UUID
    system: str
    entries: tuple[LedgerEntry, ...]

    @cached_property
    def kept(self) -> dict[uuid.UUID, Kept]:
        """The rows by entry, as they were read."""
        return {entry.id: kept_rows(entry) for entry in self.entries}

    @cached_property
    def begun(self) -> dict[uuid.UUID, Kept]:
        """By entry the rows that a night began to empty in part, as they look if it was cut off after that."""
        found = {entry.id: json.loads(entry.rows or "[]") for entry in self.entries}
        return {id_: {from_json(key): now for key, _, *left in rows for now in left} for id_, rows in found.items()}

    def of(self, entries: Sequence[LedgerEntry]) -> Due:
        """Some of them; itself where that is all, so that nothing is read twice."""
        return self if len(entries) == len(self.entries) else replace(self, entries=tuple(entries))


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one entry: rows erased, rows already gone, and the keys of those left, each with the reason.

    `in_part` are those that rows kept longer need, as they look now that all else of them went; `went` is what is to go
    again after a restore.
    """

    erased: int = 0
    gone: int = 0
    left: Mapping[Key, str] = field(default_factory=dict)
    in_part: NotedRows | None = None
    went: Sequence[NotedRows] = ()


def due_entries(session: Session, today: date, *, after: Due | None = None) -> list[Due]:
    """What may be erased today or earlier, per case and system: the next few, since each may have thousands of rows."""
    pair = tuple_(LedgerEntry.case_id, LedgerEntry.system)
    is_due = and_(LedgerEntry.state == KEPT, LedgerEntry.may_erase_from <= today)
    found = select(LedgerEntry.case_id, LedgerEntry.system).where(is_due).distinct()
    if after:
        found = found.where(pair > tuple_(after.case_id, after.system))
    pairs = session.execute(found.order_by(LedgerEntry.case_id, LedgerEntry.system).limit(GROUPS_AT_ONCE)).all()
    entries: dict[tuple[uuid.UUID, str], list[LedgerEntry]] = {(case_id, system): [] for case_id, system in pairs}
    for entry in session.scalars(
        select(LedgerEntry).where(is_due, LedgerEntry.case_id.in_({case for case, _ in entries}))
    ):
        if (entry.case_id, entry.system) in entries:
            entries[entry.case_id, entry.system].append(entry)
    return [Due(case_id, system, tuple(of_pair)) for (case_id, system), of_pair in entries.items()]


def rules_of(settings: Settings, system: str) -> str:
    """The digest of the rules that date the kept rows of a system now."""
    return rules_digest(settings.register, system, settings.procedure.fiscal_year_start_month)


def kept_rows(noted: LedgerEntry | ErasedRows | NotedRows) -> Kept:
    """Key -> fingerprint of the rows that were noted."""
    return {from_json(row[0]): row[1] for row in json.loads(noted.rows or "[]")}


def found_rows(found: Found, table: Table) -> Kept:
    """Key -> fingerprint of the rows that were found; not where several rows have the same key."""
    return {as_read(key): digest for key, digest in found.fingerprints(table).items()}


def decisions_on(session: Session, case_id: uuid.UUID, register: Register) -> dict[str, Decision]:
    """By what kept rows are judged on their day: nobody needs them any more, but somebody may hold them."""
    decisions = {name: Decision(ErasureGround.NOT_NEEDED) for name in register.categories}
    return holds.decided(session, case_id, None, decisions)


def read_kept(erasing: Erasing, system: str, table: str, keys: Sequence[Key]) -> Found:
    """Kept rows by their keys. SystemDown where the table is empty: it is not believed that everything is gone."""
    found = erasing.read(table, keys)
    if keys and not found.rows and erasing.is_empty(table):
        raise SystemDown(system, N_("table %(table)s is empty; what is kept in it waits"), table=table)
    return found


def judged_tables(register: Register, system: str) -> list[str]:
    """The tables whose rows get a verdict of their own, parents first: not those that are views of another one."""
    tables = register.tables.get(system, {})
    return [name for name in register.nearest_first(system) if not tables[name].view_of] if tables else []


def refused(due: Due) -> dict[uuid.UUID, Settled]:
    """The result per entry where the system refuses: all is left."""
    return {entry.id: left_whole(due.kept[entry.id], REFUSED) for entry in due.entries}


def left_whole(kept: Kept, reason: str) -> Settled:
    """All of an entry is left, for one reason."""
    return Settled(left=dict.fromkeys(kept, reason))


def judge_kept(
    settings: Settings, system: str, rows: Sequence[Row], decisions: Mapping[str, Decision], on: date
) -> dict[tuple[str, Key], PlanRow]:
    """Table and key -> the row as it is judged now."""
    month = settings.procedure.fiscal_year_start_month
    judged = verdicts.judge(settings.register, system, rows, on=on, decisions=decisions, fiscal_year_start_month=month)
    return {(row.table, as_read(row.key_values)): row for row in judged}


def why_left(judged: PlanRow) -> str:
    """Why a row may not go on its day after all."""
    if noted_ground(judged.why):
        return HELD
    if noted_reason(judged) in (NEEDED, OTHERS_NEED):
        return STILL_NEEDED
    return READ_ONLY if judged.why == READ_ONLY else KEPT_LONGER


def as_noted(kept: Kept) -> str:
    """Rows as an entry holds them."""
    return json.dumps([[to_json(key), digest] for key, digest in kept.items()])


def begin(session: Session, due: Due, results: Mapping[uuid.UUID, Settled]) -> None:
    """Note how the rows will look of which a part is left, before the system commits: we may not live to note more."""
    for entry in session.scalars(_stored(due)):
        part = results[entry.id].in_part
        if part and entry.columns_kept is None:
            after = {key: [digest] for key, digest in kept_rows(part).items()}
            rows = due.kept[entry.id].items()
            entry.rows = json.dumps([[to_json(key), digest, *after.get(key, [])] for key, digest in rows])


def settle(
    session: Session, due: Due, results: Mapping[uuid.UUID, Settled], register: Register, *, now: datetime
) -> Due:
    """Record in the ledger and the audit trail what became of the entries; what is left becomes a task.

    Returns what it settled: a worker that led meanwhile, after our lock was lost, may have come first.
    """
    stored = {entry.id: entry for entry in session.scalars(_stored(due)).all()}
    unsettled = [entry for entry in due.entries if _is_as_read(stored.get(entry.id), entry)]
    for entry in unsettled:
        _settle_entry(session, stored[entry.id], due.kept[entry.id], results[entry.id], now)
    settled = [results[entry.id] for entry in unsettled]
    remember(session, due.case_id, due.system, [part for each in settled for part in each.went], register, now=now)
    if settled:
        _audit(session, due, settled, now)
    return due.of(unsettled)


def _stored(due: Due) -> Select[LedgerEntry]:
    ids = [entry.id for entry in due.entries]
    return select(LedgerEntry).where(LedgerEntry.id.in_(ids), LedgerEntry.state == KEPT).with_for_update()


def _is_as_read(stored: LedgerEntry | None, entry: LedgerEntry) -> bool:
    return stored is not None and stored.may_erase_from == entry.may_erase_from


def _settle_entry(session: Session, entry: LedgerEntry, kept: Kept, result: Settled, now: datetime) -> None:
    in_part = result.in_part
    gone = len(kept) - len(result.left) - (in_part.row_count if in_part else 0)
    if in_part:
        session.add(_in_part(entry, in_part))
    if result.left:
        _leave(session, entry, result.left, now)
        if gone:
            session.add(_apart(entry, state=ERASED, erased_at=now, row_count=gone))
    elif gone:
        ended = {"state": ERASED, "erased_at": now, "row_count": gone, "rows_sealed": None}
        session.execute(_END, {"entry": entry.id, **ended})
    else:
        session.delete(entry)


def _leave(session: Session, entry: LedgerEntry, left: Mapping[Key, str], now: datetime) -> None:
    stays = [row for row in json.loads(entry.rows or "[]") if from_json(row[0]) in left]
    entry.row_count, entry.rows = len(left), json.dumps(stays)
    if HELD in left.values():
        entry.may_erase_from, entry.look_on = None, None  # it has no day until the hold is lifted
    else:
        entry.state = TASK
        ask_for_a_look(session, entry, left.values(), now=now)


def _in_part(entry: LedgerEntry, noted: NotedRows) -> LedgerEntry:
    """What others need of rows has no day of its own: it gets theirs when it is looked at."""
    kept = {"verdict": Verdict.KEEP.value, "why": NEEDED, "columns_kept": noted.columns_kept}
    days = {"keep_through": None, "may_erase_from": None, "look_on": None}
    found = _apart(entry, row_count=noted.row_count, **kept, **days)
    found.rows = noted.rows
    return found


def _apart(entry: LedgerEntry, **own: Any) -> LedgerEntry:
    """An entry of its own for a part of the rows of one."""
    shared = {column.name: getattr(entry, column.name) for column in table_of(LedgerEntry).c}
    return LedgerEntry(**{**shared, "id": new_id(), "rows_sealed": None, **own})


def ask_for_a_look(session: Session, entry: LedgerEntry, reasons: Iterable[str], *, now: datetime) -> None:
    """A task for a person: the rows of an entry are left."""
    facts = {"reasons": sorted(set(reasons)), "rows": entry.row_count, "table": f"{entry.system}.{entry.table}"}
    session.add(Task(key=_task_key(entry), case_id=entry.case_id, kind=LEFT, facts=facts, made_at=now))


def drop(session: Session, entry: LedgerEntry, *, now: datetime) -> None:
    """An entry leaves the ledger, and with it the task to look at its rows."""
    asks_for_it = Task.key == _task_key(entry), Task.done_at.is_(None)
    session.execute(update(Task).where(*asks_for_it).values(done_at=now))
    session.delete(entry)


def _task_key(entry: LedgerEntry) -> str:
    return f"ledger:{entry.id}"


def entry_of(session: Session, task: Task) -> LedgerEntry | None:
    """The entry of which a task asks to look at the rows, if it is still there."""
    return session.get(LedgerEntry, uuid.UUID(task.key.partition(":")[2]))


def note_erased_by_hand(session: Session, entry: LedgerEntry, register: Register, *, now: datetime) -> None:
    """A person erased the rows of an entry: forgotten here, and remembered while a backup may bring them back."""
    if entry.rows:
        is_known = entry.table in register.tables.get(entry.system, {})
        columns = verdicts.columns_left(register.tables[entry.system], entry.table) if is_known else None
        gone = NotedRows(entry.table, columns, entry.row_count, entry.rows)
        remember(session, entry.case_id, entry.system, [gone], register, now=now)
    entry.state, entry.erased_at, entry.rows = ERASED, now, None


def _audit(session: Session, due: Due, results: Sequence[Settled], now: datetime) -> None:
    audit.record(
        session,
        "kept-rows-erased",
        by=audit.WORKER,
        now=now,
        case_id=due.case_id,
        system=due.system,
        erased=sum(result.erased for result in results),
        gone=sum(result.gone for result in results),
        left=sum(len(result.left) for result in results),
    )

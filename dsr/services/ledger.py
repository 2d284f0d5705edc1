"""The ledger shown, and looked at again: days for rows that had none, new days where the rules changed."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Erasing, Found, rows_of
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.calendars import local_date
from dsr.domain.ledger import new_day, noted_reason
from dsr.domain.plans import Decision, PlanRow, Verdict
from dsr.domain.register import Register
from dsr.domain.row_keys import Key, to_json
from dsr.services import audit, holds, plans
from dsr.services.pointing import Counts, besides, keys_pointed_at
from dsr.services.retention import (
    CHANGED,
    ERASED,
    KEPT,
    LEFT,
    NOT_IN_REGISTER,
    TASK,
    Due,
    ask_for_a_look,
    judge_kept,
    judged_tables,
    read_kept,
    rules_of,
)

GROUPS_A_RUN = 200
PAGE = 25


@dataclass(frozen=True, slots=True)
class Seen:
    """A kept row as it was noted and as it is judged now; None where it is gone or not in the register.

    `begun` is how it looks where a night that was cut off emptied it in part.
    """

    entry: LedgerEntry
    key: Key
    fingerprint: str
    begun: str | None
    now: PlanRow | None

    @property
    def was_changed(self) -> bool:
        """Whether somebody changed the row since."""
        return self.now is not None and self.now.fingerprint not in (self.fingerprint, self.begun)

    def to_row(self) -> list[Any]:
        """The row as an entry keeps it; one that waited for a change is known by its content of now."""
        if self.now and self.was_changed and self.entry.may_erase_from is None:
            return [to_json(self.key), self.now.fingerprint]
        return [to_json(self.key), self.fingerprint, *([self.begun] if self.begun else [])]


def to_look_at(session: Session, settings: Settings, today: date, *, limit: int | None = GROUPS_A_RUN) -> list[Due]:
    """The kept rows, by case and system, that have no day and were not looked at today, or that other rules dated."""
    outdated = [
        and_(
            LedgerEntry.system == system,
            or_(LedgerEntry.dated_with.is_(None), LedgerEntry.dated_with != rules_of(settings, system)),
        )
        for system in settings.register.tables
    ]
    has_no_day = and_(
        LedgerEntry.may_erase_from.is_(None),
        or_(LedgerEntry.look_on.is_(None), LedgerEntry.look_on <= today),
    )
    found = select(LedgerEntry.case_id, LedgerEntry.system).where(LedgerEntry.state == KEPT, or_(has_no_day, *outdated))
    pairs = session.execute(found.distinct().limit(limit)).all()
    return [Due(case_id, system, _entries(session, case_id, system)) for case_id, system in pairs]


def _entries(session: Session, case_id: uuid.UUID, system: str) -> tuple[LedgerEntry, ...]:
    kept = (LedgerEntry.case_id == case_id, LedgerEntry.system == system, LedgerEntry.state == KEPT)
    return tuple(session.scalars(select(LedgerEntry).where(*kept).order_by(LedgerEntry.table)))


def decisions_of(session: Session, due: Due, settings: Settings) -> dict[str, Decision]:
    """By what the rows are judged again: as when they were planned, with what is held now."""
    plan = session.get_one(CasePlan, due.entries[-1].plan_id)
    return holds.decided(session, due.case_id, None, plans.decisions_of(plan, settings.register))


def look(
    erasing: Erasing,
    settings: Settings,
    due: Due,
    decisions: Mapping[str, Decision],
    known: Mapping[str, Set[Key]],
    *,
    on: date,
) -> list[Seen]:
    """The kept rows of one case in one system, judged together with all that is `known` there of the person: the dates
    of some depend on others."""
    tables = judged_tables(settings.register, due.system)
    noted = [(entry, *row) for entry in due.entries if entry.table in tables for row in due.kept[entry.id].items()]
    keys: dict[str, list[Key]] = {}
    for entry, key, _ in noted:
        keys.setdefault(entry.table, []).append(key)
    kept = [read_kept(erasing, due.system, table, wanted) for table, wanted in keys.items()]
    others = {name: known[name] - {*keys.get(name, ())} for name in tables if name in known}
    besides_these = [erasing.read(name, [*wanted]) for name, wanted in others.items() if wanted]
    found = [_with_needs(erasing, settings.register, due, each, counts=besides(kept)) for each in kept]
    now = judge_kept(settings, due.system, rows_of([*found, *besides_these]), decisions, on)
    return [
        Seen(entry, key, digest, due.begun[entry.id].get(key), now.get((entry.table, key)))
        for entry, key, digest in noted
    ]


def _with_needs(erasing: Erasing, register: Register, due: Due, found: Found, counts: Counts) -> Found:
    """Kept rows, and which of them any other row points at, where of some only a part is left."""
    if all(entry.columns_kept is None for entry in due.entries if entry.table == found.table):
        return found
    first = True if register.tables[due.system][found.table].on_erasure == "empty" else None
    return replace(found, others_need=keys_pointed_at(erasing, register, due.system, found, first=first, counts=counts))


@dataclass(frozen=True, slots=True)
class _Place:
    """What rows share that stand in one entry."""

    plan_id: uuid.UUID
    category: str
    table: str
    verdict: str
    rule: str | None
    law: str | None
    keep_through: date | None
    may_erase_from: date | None
    columns_kept: tuple[str, ...] | None
    why: str | None
    state: str


def changes(seen: Iterable[Seen], today: date) -> Counter[str]:
    """How many rows go earlier or later than noted, got a day, lost it, are gone, or need a person."""
    return Counter(kind for each in seen if (kind := _change(each, today)))


def _change(seen: Seen, today: date) -> str | None:
    if seen.now is None:
        return "gone"
    before, place = seen.entry.may_erase_from, _place(seen, today)
    if place.state == TASK:
        return "left"
    if place.may_erase_from == before:
        return None
    if before is None:
        return "dated"
    if place.may_erase_from is None:
        return "undated"
    return "earlier" if place.may_erase_from < before else "later"


def _place(seen: Seen, today: date) -> _Place:
    """Where a row that is still there belongs now.

    One that somebody changed keeps its day, on which that is found; one without a day was waiting for such a change.
    """
    entry, row = seen.entry, seen.now
    columns = tuple(entry.columns_kept) if entry.columns_kept is not None else None
    as_noted = _Place(
        entry.plan_id,
        entry.category,
        entry.table,
        entry.verdict,
        entry.rule,
        entry.law,
        entry.keep_through,
        entry.may_erase_from,
        columns,
        entry.why,
        entry.state,
    )
    if row is None or row.verdict is Verdict.REFUSE or (seen.was_changed and entry.may_erase_from):
        return as_noted
    if row.verdict is Verdict.ERASE and seen.was_changed:
        return replace(as_noted, state=TASK)
    if row.verdict is Verdict.KEEP and row.columns_kept is not None and columns is None:
        # Its own duty is over: all goes today but what others need of it.
        over = row._replace(verdict=Verdict.ERASE)
        return replace(as_noted, may_erase_from=new_day(entry.may_erase_from, over, today))
    verdict = Verdict.KEEP if row.verdict is Verdict.ERASE else row.verdict
    return replace(
        as_noted,
        verdict=verdict.value,
        rule=row.rule,
        law=row.law,
        keep_through=row.keep_through,
        may_erase_from=new_day(entry.may_erase_from, row, today),
        why=None if row.verdict is Verdict.ERASE else noted_reason(row),
    )


def _fields(place: _Place) -> dict[str, Any]:
    columns = list(place.columns_kept) if place.columns_kept is not None else None
    return {**asdict(place), "columns_kept": columns}


def note(session: Session, due: Due, seen: Sequence[Seen], *, settings: Settings, now: datetime) -> None:
    """Write the new days down, and what changed in the trail; rows that are gone leave the ledger.

    What a worker settled that led meanwhile, after our lock was lost, stays as it is.
    """
    today = local_date(now)
    looked = {"dated_with": rules_of(settings, due.system), "look_on": today + timedelta(days=1)}
    due = due.of(_as_read(session, due, looked))
    ids = {entry.id for entry in due.entries}
    seen = [each for each in seen if each.entry.id in ids]
    changed, lost = changes(seen, today), _lost(due, seen, settings)
    if not changed and not lost:
        return
    for entry in map(partial(session.get_one, LedgerEntry), lost):
        entry.state = TASK
        ask_for_a_look(session, entry, [NOT_IN_REGISTER], now=now)
    replaced = {each.entry.id for each in seen} - lost
    session.execute(delete(LedgerEntry).where(LedgerEntry.id.in_(replaced)))
    for place, rows in _by_place(seen, today).items():
        entry = LedgerEntry(case_id=due.case_id, system=due.system, row_count=len(rows), **looked, **_fields(place))
        entry.rows = json.dumps([each.to_row() for each in rows])
        session.add(entry)
        if place.state == TASK:
            session.flush()
            ask_for_a_look(session, entry, [CHANGED], now=now)
    counts = {kind: changed[kind] for kind in ("earlier", "later", "dated", "undated", "gone", "left")}
    by, case_id = audit.WORKER, due.case_id
    audit.record(session, "ledger-dated-again", by=by, now=now, case_id=case_id, system=due.system, **counts)


def _as_read(session: Session, due: Due, looked: Mapping[str, Any]) -> list[LedgerEntry]:
    """The entries that are still as they were read, now that they were looked at."""
    of_due = LedgerEntry.id.in_([entry.id for entry in due.entries]), LedgerEntry.state == KEPT
    looking = update(LedgerEntry).where(*of_due).values(looked).returning(LedgerEntry.id, LedgerEntry.may_erase_from)
    found = {tuple(row) for row in session.execute(looking)}
    return [entry for entry in due.entries if (entry.id, entry.may_erase_from) in found]


def _lost(due: Due, seen: Iterable[Seen], settings: Settings) -> set[uuid.UUID]:
    """The entries that need a person: no row of them is found any more since the rules changed, by other keys they may
    still be there; or they have no day, and nothing is looked at in their table any more."""
    rules, known = rules_of(settings, due.system), judged_tables(settings.register, due.system)
    found = {each.entry.id for each in seen if each.now is not None}
    of_other_rules = {entry.id for entry in due.entries if entry.dated_with not in (None, rules)}
    out_of_sight = {entry.id for entry in due.entries if entry.may_erase_from is None and entry.table not in known}
    return ({each.entry.id for each in seen} & of_other_rules) - found | out_of_sight


def _by_place(seen: Iterable[Seen], today: date) -> dict[_Place, list[Seen]]:
    found: dict[_Place, list[Seen]] = {}
    for each in seen:
        if each.now is not None:
            found.setdefault(_place(each, today), []).append(each)
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """Which entries of the ledger to show: those with a day, without one, or that wait for a person.

    `since` and `until` are the first and the last day on which they may be erased.
    """

    state: str = "dated"
    system: str | None = None
    category: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What an entry must be."""
        found = [LedgerEntry.state == (TASK if self.state == "task" else KEPT)]
        if self.state != "task":
            has_day = LedgerEntry.may_erase_from.is_not(None)
            found.append(has_day if self.state == "dated" else ~has_day)
        found += [LedgerEntry.system == self.system] if self.system else []
        found += [LedgerEntry.category == self.category] if self.category else []
        found += [LedgerEntry.may_erase_from >= self.since] if self.since else []
        found += [LedgerEntry.may_erase_from <= self.until] if self.until else []
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in the order of their day, each with its case, and the entry after which the next page begins."""

    rows: list[tuple[LedgerEntry, Case]]
    following: uuid.UUID | None


def page(session: Session, shown: Shown, *, after: uuid.UUID | None = None) -> Page:
    """A page of what is kept; the place after which it begins is an entry, so that it costs the same on any page."""
    conditions = shown.conditions
    last = session.get(LedgerEntry, after) if after else None
    if last and last.may_erase_from and shown.state == "dated":
        conditions.append(tuple_(LedgerEntry.may_erase_from, LedgerEntry.id) > (last.may_erase_from, last.id))
    elif last:
        conditions.append(LedgerEntry.id > last.id)
    order = (LedgerEntry.may_erase_from, LedgerEntry.id) if shown.state == "dated" else (LedgerEntry.id,)
    found = select(LedgerEntry, Case).join(Case, Case.id == LedgerEntry.case_id).where(*conditions)
    rows = [(row.LedgerEntry, row.Case) for row in session.execute(found.order_by(*order).limit(PAGE + 1))]
    return Page(rows[:PAGE], rows[PAGE - 1][0].id if len(rows) > PAGE else None)


@dataclass(frozen=True, slots=True)
class Went:
    """Rows of one category in one system: erased since some moment, and those that wait for a person now: left on their
    day, or past it since the system is down or does not fit the register."""

    system: str
    category: str
    erased: int
    waiting: int


def went_since(session: Session, since: datetime, today: date) -> list[Went]:
    """What of the ledger was erased since then, or could not be; nothing where neither is new."""
    erased = _counted(session, LedgerEntry.state == ERASED, LedgerEntry.erased_at > since)
    is_overdue = and_(LedgerEntry.state == KEPT, LedgerEntry.may_erase_from < today)
    of_late = is_overdue & (LedgerEntry.may_erase_from >= local_date(since))
    is_new = or_(exists().where(Task.kind == LEFT, Task.made_at > since), exists().where(of_late))
    if not erased and not session.scalar(select(is_new)):
        return []
    waiting = _counted(session, or_(LedgerEntry.state == TASK, is_overdue))
    return [Went(*place, erased[place], waiting[place]) for place in sorted(erased | waiting)]


def _counted(session: Session, *conditions: ColumnElement[bool]) -> Counter[tuple[str, str]]:
    place = (LedgerEntry.system, LedgerEntry.category)
    found = session.execute(select(*place, func.sum(LedgerEntry.row_count)).where(*conditions).group_by(*place))
    return Counter({(system, category): int(rows) for system, category, rows in found})

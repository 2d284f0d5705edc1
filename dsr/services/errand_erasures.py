"""Erasing where a person does it by hand: the owner is asked, and what they confirm counts as what a database did."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import SystemRefuses
from dsr.connectors.manual import ManualSystem
from dsr.db.cases import Case
from dsr.db.errands import Errand, Item
from dsr.db.plans import CasePlan
from dsr.domain.groups import Part
from dsr.domain.plans import Decision, Verdict
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_
from dsr.services import errand_files, errand_items, errands, executions, ledger_told, notifications, plans, retention
from dsr.services.erasing import Receipt
from dsr.services.errands import ANSWERED, GIVEN_UP, by_hand
from dsr.services.retention import Due, Settled


def systems_for(
    session: Session, approved: executions.Approved, *, settings: Settings, now: datetime
) -> dict[str, ManualSystem]:
    """The systems of an approved plan that a person erases; each owner who has something to erase is asked, once.

    What they answer is noted by `note_erased`.
    """
    case = session.get_one(Case, approved.plan.case_id)
    erased: dict[str, frozenset[Key] | None] = {}
    for name in by_hand(settings).keys() & approved.parts.keys():
        going = [number for _, (number,) in _going(approved.parts[name])]
        erased[name] = None if going else frozenset()
        if going:
            errands.ask_to_erase(session, case, approved.plan.id, name, going, settings=settings, now=now)
    return errand_items.systems_of(session, case, settings, erased)


def _going(part: Part) -> Iterator[tuple[str, Key]]:
    """The items that go, each with its table."""
    groups = (group for group in part.groups if group.judged.verdict is Verdict.ERASE)
    return ((group.judged.table, key) for group in groups for key in group.keys)


def note_erased(session: Session, errand: Errand, *, settings: Settings, now: datetime) -> None:
    """The owner destroyed what an approved plan says: that is the receipt, whatever changed since. It is gone.

    Until when the others stay, the ledger looks at anew.
    """
    plan, case = session.get_one(CasePlan, errand.plan_id), session.get_one(Case, errand.case_id)
    approved = executions.approved_of(case, plan, settings.register)
    erased = Counter(table for table, _ in _going(approved.parts[errand.system]))
    settle(session, approved, errand.system, Receipt(dict(erased), {}, {}), settings=settings, now=now)


def system_for(
    session: Session, due: Due, decisions: Mapping[str, Decision], *, settings: Settings, now: datetime
) -> ManualSystem:
    """The system in which kept items have had their day; its owner is asked, once, for what nobody holds.

    Raises SystemRefuses where a handler gave up.
    """
    case = session.get_one(Case, due.case_id)
    free = [entry for entry in due.entries if entry.category not in decisions or not decisions[entry.category].hold]
    numbers = [key[0] for entry in free for key in due.kept[entry.id]]
    erased: frozenset[Key] | None = frozenset()
    if numbers:
        errand = errands.ask_to_end(session, case, due.system, numbers, settings=settings, now=now)
        if errand.state == GIVEN_UP:
            raise SystemRefuses(due.system, N_("its owner was not waited for"))
        erased = frozenset((number,) for number in errand.items) if errand.state == ANSWERED else None
    return errand_items.systems_of(session, case, settings, {due.system: erased})[due.system]


def holding(session: Session, case_id: uuid.UUID, system: str, *, settings: Settings) -> ManualSystem:
    """A system of which an owner noted items, to look at these. Raises SystemRefuses where nobody answered."""
    case = session.get_one(Case, case_id)
    found = errand_items.systems_of(session, case, settings, {system: frozenset()}).get(system)
    if found is None:
        raise SystemRefuses(system, N_("its owner was not waited for"))
    return found


def kept_until(session: Session, errand: Errand) -> dict[int, date | None]:
    """The items that the plan of an errand keeps, by number, with the last day of each where it has one."""
    plan = session.get(CasePlan, errand.plan_id) if errand.plan_id else None
    part = plans.parts_of(plan).get(errand.system) if plan else None
    kept = (group for group in part.groups if group.judged.verdict is not Verdict.ERASE) if part else ()
    return {number: group.judged.keep_through for group in kept for (number,) in group.keys}


def forget(
    session: Session, case_id: uuid.UUID, system: str, keys: Collection[Key], *, settings: Settings, now: datetime
) -> None:
    """What we noted of items that are gone goes too."""
    numbers = [key[0] for key in keys]
    gone = select(Item).where(Item.case_id == case_id, Item.system == system, Item.number.in_(numbers))
    for item in session.scalars(gone.where(Item.erased_at.is_(None))).all():
        errand_files.forget(session, item, settings, now=now)


def settle(
    session: Session,
    approved: executions.Approved,
    system: str,
    receipt: Receipt,
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """A system has committed: its receipt; and what we noted of its items goes as well."""
    executions.settle(session, approved, system, receipt, now=now)
    if system in by_hand(settings):
        gone = [key for _, key in _going(approved.parts[system])]
        forget(session, approved.plan.case_id, system, gone, settings=settings, now=now)


def settle_kept(
    session: Session, due: Due, results: Mapping[uuid.UUID, Settled], *, settings: Settings, now: datetime
) -> None:
    """The same for what the ledger kept until its day."""
    due = retention.settle(session, due, results, settings.register, now=now)
    changes = ledger_told.changes(due, results, settings)
    notifications.propose_later(session, due.case_id, changes, register=settings.register, now=now)
    if due.system in by_hand(settings):
        gone = [key for entry in due.entries for key in due.kept[entry.id] if key not in results[entry.id].left]
        forget(session, due.case_id, due.system, gone, settings=settings, now=now)

"""Holds on the data of a person: placed, looked at again and lifted by somebody who says why (GDPR art. 17(3)(b), (e)).

Placing and lifting take turns with the receipts of an erasure: a hold comes before the rows of a system go, and then
none of them goes, or after it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select, text, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.base import new_id, table_of
from dsr.db.cases import Case, DataSubject
from dsr.db.holds import Hold, HoldIdentifier
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, LedgerEntry, LedgerIdentifier
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.holds import HoldGround, check_review, ground_of, noted_ground
from dsr.domain.plans import Decision, PlanChanged, Verdict
from dsr.domain.register import Register
from dsr.domain.wording import N_
from dsr.services import audit, notifications, plans
from dsr.services.lookup import digests_of, identifiers_of
from dsr.templating import in_words

_HOLD, _IDENTIFIER, _LEDGER = map(table_of, (Hold, HoldIdentifier, LedgerIdentifier))
_CASE: BindParameter[uuid.UUID] = bindparam("case_id", type_=_HOLD.c.case_id.type)
_IN_LEDGER = select(_LEDGER.c.digest).where(_LEDGER.c.case_id == _CASE)
_IS_KNOWN = _IDENTIFIER.c.digest.in_(bindparam("digests", expanding=True)) | _IDENTIFIER.c.digest.in_(_IN_LEDGER)
_OF_PERSON = (_HOLD.c.case_id == _CASE) | _HOLD.c.id.in_(select(_IDENTIFIER.c.hold_id).where(_IS_KNOWN))
_ON_PERSON = (_HOLD.c.lifted_at.is_(None), _OF_PERSON)
_HELD = select(_HOLD.c.category, _HOLD.c.ground).where(*_ON_PERSON).order_by(_HOLD.c.placed_at.desc())
_TURN = 0x686F6C64  # any number of our own: it names the lock under which holds and receipts take turns


class HoldNotPossible(DomainError):
    """A hold cannot be placed or lifted so; the sentence says why."""


def take_turn(session: Session) -> None:
    """From here to the end of the transaction no hold is placed or lifted, and no other receipt is written."""
    if session.get_bind().dialect.name == "postgresql":  # on SQLite whoever writes is alone
        session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def place_hold(
    session: Session,
    case: Case,
    *,
    ground: HoldGround,
    category: str | None,
    reason: str,
    review_on: date | None,
    by: uuid.UUID,
    settings: Settings,
    now: datetime,
) -> Hold:
    """Keep the rows of a person, of one category or of all, until the hold is lifted; plans that differ become void.

    Raises HoldNotPossible, or ReviewDate.
    """
    if category is not None and category not in settings.register.categories:
        raise HoldNotPossible(N_("Choose a category of the register, or all."))
    if not reason.strip():
        raise HoldNotPossible(N_("Say why the data must stay; only colleagues read it."))
    take_turn(session)
    hold = Hold(
        id=new_id(),
        case_id=case.id,
        category=category,
        ground=ground.value,
        review_on=check_review(review_on, local_date(now)),
        placed_at=now,
        placed_by_id=by,
    )
    hold.reason = reason.strip()
    session.add(hold)
    session.flush()
    session.add_all(HoldIdentifier(digest=digest, hold_id=hold.id) for digest in _digests(session, case))
    _void_plans(session, case, hold, settings=settings, now=now)
    details = {"ground": ground.value, "category": category, "review_on": hold.review_on.isoformat()}
    audit.record(session, "hold-placed", by=by, now=now, case_id=case.id, hold=str(hold.id), **details)
    return hold


def review_hold(session: Session, hold: Hold, review_on: date | None, *, by: uuid.UUID, now: datetime) -> None:
    """The hold is still needed: it stays, until somebody looks again on another day. Raises ReviewDate."""
    _check_running(session, hold)
    hold.review_on = check_review(review_on, local_date(now))
    _end_review(session, hold, now)
    review = hold.review_on.isoformat()
    audit.record(session, "hold-reviewed", by=by, now=now, case_id=hold.case_id, hold=str(hold.id), review_on=review)


def lift_hold(
    session: Session, case: Case, hold: Hold, reason: str, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """The rows need no longer stay; nothing goes by that, but a plan or the ledger may find that it should.

    Raises HoldNotPossible.
    """
    if not reason.strip():
        raise HoldNotPossible(N_("Say why the hold is no longer needed; only colleagues read it."))
    take_turn(session)
    _check_running(session, hold)
    hold.lifted_at, hold.lifted_by_id, hold.lift_reason = now, by, reason.strip()
    _end_review(session, hold, now)
    _void_plans(session, case, hold, settings=settings, now=now)
    _have_looked_at(session, case)
    audit.record(session, "hold-lifted", by=by, now=now, case_id=hold.case_id, hold=str(hold.id))


def _have_looked_at(session: Session, case: Case) -> None:
    """Kept rows that have no day may have one now: the ledger looks at them at once."""
    of_person = select(LedgerIdentifier.case_id).where(LedgerIdentifier.digest.in_(_digests(session, case)))
    has_no_day = (LedgerEntry.state == "kept", LedgerEntry.may_erase_from.is_(None))
    session.execute(update(LedgerEntry).where(*has_no_day, LedgerEntry.case_id.in_(of_person)).values(look_on=None))


def _check_running(session: Session, hold: Hold) -> None:
    session.refresh(hold, with_for_update=True)
    if hold.lifted_at:
        raise HoldNotPossible(N_("This hold has been lifted already."))


def _end_review(session: Session, hold: Hold, now: datetime) -> None:
    for task in session.scalars(select(Task).where(Task.kind == "hold-review", Task.done_at.is_(None))):
        if task.key.startswith(f"hold:{hold.id}:"):
            task.done_at = now


def _digests(session: Session, case: Case) -> set[bytes]:
    kept = session.scalars(select(LedgerIdentifier.digest).where(LedgerIdentifier.case_id == case.id))
    return digests_of(identifiers_of(case)) | set(kept)


def holds_of(session: Session, case_id: uuid.UUID, identifiers: Identifiers | None = None) -> list[Hold]:
    """The running holds on the person of a case, whichever case they were placed on; the oldest first.

    By the identifiers, and by those that the ledger knows for the case once something was erased.
    """
    running = select(Hold).where(*_ON_PERSON).order_by(Hold.placed_at)
    return list(session.scalars(running, _person(case_id, identifiers)))


def _person(case_id: uuid.UUID, identifiers: Identifiers | None) -> dict[str, Any]:
    return {"case_id": case_id, "digests": digests_of(identifiers or {})}


def is_on(session: Session, hold: Hold, case: Case) -> bool:
    """Whether a hold, running or lifted, is on the person of a case."""
    named = select(HoldIdentifier.digest).where(HoldIdentifier.hold_id == hold.id)
    return hold.case_id == case.id or not _digests(session, case).isdisjoint(session.scalars(named))


def running_holds(session: Session) -> list[tuple[Hold, Case]]:
    """Every running hold, with the case it was placed on; those to look at first stand first."""
    found = select(Hold, Case).join(Case, Case.id == Hold.case_id).where(Hold.lifted_at.is_(None))
    return [(row.Hold, row.Case) for row in session.execute(found.order_by(Hold.review_on, Hold.placed_at))]


def _running(*conditions: ColumnElement[bool]) -> Select[Hold]:
    return select(Hold).where(Hold.lifted_at.is_(None), *conditions)


def decided(
    session: Session, case_id: uuid.UUID, identifiers: Identifiers | None, decisions: Mapping[str, Decision]
) -> dict[str, Decision]:
    """Decisions per category with what is held of the person; of several holds the oldest gives the ground."""
    newest_first = session.execute(_HELD, _person(case_id, identifiers))
    held = {category: HoldGround(ground) for category, ground in newest_first}
    return {name: replace(decision, hold=ground_of(held, name)) for name, decision in decisions.items()}


def check_unchanged(
    session: Session, case_id: uuid.UUID, identifiers: Identifiers | None, decisions: Mapping[str, Decision]
) -> None:
    """PlanChanged if what is held is no longer what is in `decisions`; until the transaction ends it stays so."""
    take_turn(session)
    if decided(session, case_id, identifiers, decisions) != decisions:
        raise PlanChanged(N_("A hold was placed or lifted meanwhile."))


def _void_plans(session: Session, case: Case, hold: Hold, *, settings: Settings, now: datetime) -> None:
    """A plan that waits for its approval or its execution is no longer what somebody looked at.

    One that is being carried out is left to who carries it out: a stopped attempt may have been committed. But an owner
    who has something to destroy that is held now must not go on.
    """
    of_person = select(DataSubject.case_id).where(DataSubject.email_index == case.data_subject.email_index)
    states, erasures = (plans.PROPOSED, plans.APPROVED), plans.ERASING
    waiting = (
        CasePlan.state.in_(states),
        CasePlan.right.in_(erasures),
        CasePlan.case_id.in_(of_person),
    )
    found = session.scalars(select(CasePlan).where(*waiting).order_by(CasePlan.id).with_for_update()).all()
    for plan in found:
        if _is_at_stake(plan, hold, settings):
            difference = _difference(plan, hold, settings)
            plans.void(session, plan, in_words(difference, language=settings.procedure.language), now=now)
            notifications.propose_for_erasure(session, plan, settings.register, now=now)


def _is_at_stake(plan: CasePlan, hold: Hold, settings: Settings) -> bool:
    begun = {execution.system for execution in plan.executions if execution.state != "done"}
    by_hand = all(name in settings.systems and settings.systems[name].is_manual for name in begun)
    return not begun or (by_hand and not hold.lifted_at and bool(_changed(plan, hold, begun)))


def _difference(plan: CasePlan, hold: Hold, settings: Settings) -> PlanChanged:
    """What the hold changes in the plan: how many rows of which categories."""
    changed = _changed(plan, hold, plans.parts_of(plan).keys() - plan.systems_done)
    names = _labels(settings.register, changed, settings.procedure.language)
    sentence = (
        N_("A hold was lifted: %(rows)s rows that had to stay may go (%(categories)s).")
        if hold.lifted_at
        else N_("A hold was placed: %(rows)s rows that were to go, whole or in part, stay (%(categories)s).")
    )
    return PlanChanged(sentence, rows=sum(changed.values()), categories=names or "–")


def _changed(plan: CasePlan, hold: Hold, systems: Collection[str]) -> Counter[str]:
    """Category -> rows in these systems that go by the plan and are held, or stay by the plan for this hold."""
    changed: Counter[str] = Counter()
    parts = plans.parts_of(plan)
    for system in systems:
        for group in parts[system].groups:
            row = group.judged
            goes = row.verdict is Verdict.ERASE or row.columns_kept is not None
            if hold.category in (None, row.category) and (noted_ground(row.why) if hold.lifted_at else goes):
                changed[row.category] += group.count
    return changed


def _labels(register: Register, categories: Iterable[str], language: str) -> str:
    known = register.categories
    return ", ".join(known[name].label.in_language(language) if name in known else name for name in categories)


def ask_for_reviews(session: Session, *, now: datetime) -> None:
    """On the review date of a hold somebody is asked to look whether it is still needed, once."""
    due = list(session.scalars(_running(Hold.review_on <= local_date(now))))
    keys = {f"hold:{hold.id}:{hold.review_on}": hold for hold in due}
    known = set(session.scalars(select(Task.key).where(Task.key.in_(keys))))
    for key in keys.keys() - known:
        session.add(Task(key=key, case_id=keys[key].case_id, kind="hold-review", made_at=now))

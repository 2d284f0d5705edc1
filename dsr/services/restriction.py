"""Restriction (art. 18): our own ledger of what may only be stored, the marks in the systems, and the lifting.

Nobody lifts it before the person was told (art. 18(3)): the notice must have left, and its day must have come.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.base import keys, new_id, put_if_new
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.db.restrictions import Marking, Restriction, RestrictionIdentifier
from dsr.domain.answers import Restricted
from dsr.domain.calendars import local_date
from dsr.domain.changes import RowChange, read_change
from dsr.domain.errors import DomainError
from dsr.domain.identifiers import EMAIL
from dsr.domain.notifications import Change
from dsr.domain.register import Register
from dsr.domain.restriction import INVOKED, Ground, has_marks, restrictable
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, notices, notifications, search, work
from dsr.services.identity import status_path
from dsr.services.lookup import identifiers_of, require_identity
from dsr.services.suppression import Line, without

LIFTING, LIFT_TASK = "lifting", "restriction-to-lift"


class NotLiftable(DomainError):
    """The restriction stays: the person was not told yet, or the day has not come."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A restriction whose marks are to be made, or to be taken away: `categories`, and of whom."""

    restriction_id: uuid.UUID
    categories: Collection[str]
    identifiers: Identifiers
    is_lifted: bool


def restrict(
    session: Session,
    case: Case,
    ground: Ground,
    categories: Iterable[str],
    *,
    register: Register,
    by: uuid.UUID | None,
    now: datetime,
) -> Restriction:
    """From now on these categories may only be stored; the worker marks them in the systems.

    What is restricted in this case already is left out. Raises IdentityNotConfirmed, or NotPossible if nothing is left.
    """
    require_identity(session, case)
    held = {name for restriction in in_force(session, case.id) for name in restriction.categories}
    chosen = [name for name in restrictable(register) if name in set(categories) - held]
    if not chosen:
        raise casework.NotPossible(N_("Choose at least one category that is not restricted yet."))
    casework.change(session, case)
    restriction = Restriction(id=new_id(), case_id=case.id, ground=ground.value, categories=chosen, since=now)
    restriction.by_id, restriction.is_final = by, ground is Ground.CONSENT
    session.add(restriction)
    session.flush()
    for kind, value in identifiers_of(case).items():
        session.add(RestrictionIdentifier(digest=_digest(kind, value), restriction_id=restriction.id))
    actor = by or audit.WORKER
    audit.record(session, "restricted", by=actor, now=now, case_id=case.id, article=ground.value, categories=chosen)
    work.ask(session, case.id, "restrict", by=by, now=now)
    return restriction


def _digest(kind: str, value: str) -> bytes:
    return keys().digest(f"restriction:{kind}", value.strip().casefold())


def of_case(session: Session, case_id: uuid.UUID) -> list[Restriction]:
    """Every restriction of a case, lifted or not, oldest first."""
    return list(session.scalars(select(Restriction).where(Restriction.case_id == case_id).order_by(Restriction.since)))


def in_force(session: Session, case_id: uuid.UUID) -> list[Restriction]:
    """The restrictions of a case that were not lifted."""
    return [restriction for restriction in of_case(session, case_id) if restriction.lifted_at is None]


def pending(session: Session, case: Case) -> list[Pending]:
    """The restrictions of a case that are in force, and those lifted of which a system still bears the marks."""
    found = [each for each in of_case(session, case.id) if each.lifted_at is None or _marks_left(each)]
    return [Pending(each.id, each.categories, identifiers_of(case), each.lifted_at is not None) for each in found]


def _marks_left(restriction: Restriction) -> set[str]:
    """The systems that still bear marks."""
    return {marking.system for marking in restriction.markings if marking.unmarked_at is None}


def noted(session: Session, restriction_id: uuid.UUID, system: str) -> Marking | None:
    """What was noted of a restriction in one system."""
    of_system = select(Marking).where(Marking.restriction_id == restriction_id, Marking.system == system)
    return session.scalar(of_system.with_for_update())


def changes_of(marking: Marking | None) -> list[RowChange]:
    """The rows that are marked, or are about to be, with what they held before."""
    return [read_change(each) for each in json.loads(marking.rows)] if marking else []


def note(
    session: Session, restriction_id: uuid.UUID, system: str, changes: Sequence[RowChange], *, now: datetime
) -> None:
    """Write down which rows are about to be marked, before they are: whoever lifts it must know what was there."""
    restriction = session.get_one(Restriction, restriction_id)
    marking = noted(session, restriction_id, system)
    if marking is None:
        marking = Marking(id=new_id(), restriction_id=restriction_id, case_id=restriction.case_id, system=system)
        session.add(marking)
    marking.noted_at, marking.row_count = now, len(changes)
    marking.rows = json.dumps([change.to_record() for change in changes])


def settle(session: Session, restriction_id: uuid.UUID, system: str, *, now: datetime) -> None:
    """A system has committed the marks, or their end: its receipt, once."""
    restriction = session.get_one(Restriction, restriction_id)
    marking = noted(session, restriction_id, system)
    if marking is None:
        return
    details = {"system": system, "rows": marking.row_count}
    if restriction.lifted_at:
        marking.unmarked_at = now
        audit.record(session, "rows-unmarked", by=audit.WORKER, now=now, case_id=marking.case_id, **details)
    else:
        marking.marked_at = now
        audit.record(session, "rows-marked", by=audit.WORKER, now=now, case_id=marking.case_id, **details)


def hand_over(
    session: Session, lifted: Pending, system: str, marked: Sequence[RowChange], *, now: datetime
) -> list[RowChange]:
    """The rows of which the mark may go; what another case of the same person still restricts is noted there instead.

    So the mark stays without a gap, and whoever lifts the last of them knows what was there.
    """
    free = list(marked)
    for other in _others(session, lifted.identifiers, lifted.restriction_id):
        theirs = [change for change in free if change.category in other.categories]
        if theirs:
            known = {(change.table, change.key): change for change in changes_of(noted(session, other.id, system))}
            handed = {(change.table, change.key): change for change in theirs}
            note(session, other.id, system, [*(handed | known).values()], now=now)
            free = [change for change in free if change not in theirs]
    return free


def others_of(session: Session, case: Case, lifted: Restriction) -> list[Restriction]:
    """The restrictions of the person of a case in force, of whatever case, but this one."""
    return _others(session, identifiers_of(case), lifted.id)


def _others(session: Session, identifiers: Identifiers, lifted_id: uuid.UUID) -> list[Restriction]:
    digests = [_digest(kind, value) for kind, value in identifiers.items()]
    named = select(RestrictionIdentifier.restriction_id).where(RestrictionIdentifier.digest.in_(digests))
    others = (Restriction.id.in_(named), Restriction.lifted_at.is_(None), Restriction.id != lifted_id)
    return list(session.scalars(select(Restriction).where(*others).order_by(Restriction.since)))


def finish(session: Session, case: Case, register: Register, *, now: datetime) -> None:
    """All systems know: a restriction that was asked for is fulfilled, and recipients are told."""
    for each in in_force(session, case.id):
        changes = [Change(category) for category in each.categories]
        notifications.propose(
            session, case.id, Right.RESTRICTION, changes, source_id=each.id, register=register, now=now
        )
    judge_recipients(session, case, register, now=now)
    mine = [each for each in in_force(session, case.id) if each.why in INVOKED]
    outcome = Outcome.PARTLY_FULFILLED if _is_left_unmarked(session, mine, register) else Outcome.FULFILLED
    for requested in case.rights:
        if mine and requested.kind is Right.RESTRICTION and requested.outcome is None:
            requested.outcome, requested.decided_at = outcome.value, now
            requested.decided_by_id = mine[-1].by_id


def judge_recipients(session: Session, case: Case, register: Register, *, now: datetime) -> None:
    """Who is to be told of what a case restricts goes by what the newest search found."""
    not_held = search.not_held(session, case, register)
    notifications.judge_by_search(session, case.id, not_held, register=register, now=now)


def _is_left_unmarked(session: Session, restrictions: Sequence[Restriction], register: Register) -> bool:
    """Whether a database was given up that has a mark for what is restricted, and does not bear it."""
    return any(
        has_marks(register, given.system, each.categories) and not _is_marked(each, given.system)
        for each in restrictions
        for given in search.given_up(session, each.case_id)
        if given.system in register.tables
    )


def announce_lifting(
    session: Session,
    case: Case,
    restriction: Restriction,
    reason: str,
    lift_on: date,
    *,
    by: uuid.UUID,
    settings: Settings,
    now: datetime,
) -> None:
    """Tell the person that the restriction will be lifted, why, and from which day (art. 18(3)).

    Raises NotLiftable while the objection it belongs to is not weighed, or NotPossible.
    """
    _check_liftable(case, restriction)
    if not reason.strip():
        raise casework.NotPossible(N_("Give the reason; it is told to the data subject."))
    if lift_on <= local_date(now):
        raise casework.NotPossible(N_("Choose a day after today: the data subject is told before it."))
    casework.change(session, case)
    facts = {
        "reference": case.reference,
        "link": settings.web.base_url + status_path(case),
        "lift_on": lift_on.isoformat(),
    }
    key = f"{LIFTING}:{restriction.id}:{case.version}"
    notices.enqueue(session, LIFTING, key=key, case=case, recipient=case.data_subject.email, facts=facts, now=now)
    _settle_task(session, restriction, now=now)
    restriction.notice_key, restriction.lift_on, restriction.lift_reason = key, lift_on, reason.strip()
    audit.record(session, "lifting-announced", by=by, now=now, case_id=case.id, until=lift_on.isoformat())


def _check_liftable(case: Case, restriction: Restriction) -> None:
    if restriction.lifted_at is not None or restriction.is_final:
        raise NotLiftable(N_("There is nothing to lift."))
    objection = next((right for right in case.rights if right.kind is Right.OBJECTION), None)
    if objection is not None and objection.outcome is None:
        raise NotLiftable(N_("Weigh the objection first."))


def is_told(session: Session, restriction: Restriction) -> bool:
    """Whether the notice that a restriction ends has left."""
    if restriction.notice_key is None:
        return False
    return session.scalar(select(Notice.state).where(Notice.key == restriction.notice_key)) == notices.SENT


def ask_to_lift(session: Session, *, now: datetime) -> None:
    """Ask a handler, once, to lift what the person was told ends today."""
    is_due = Restriction.lift_on <= local_date(now), Restriction.lifted_at.is_(None), Restriction.is_final.is_(False)
    for due in session.scalars(select(Restriction).where(*is_due)):
        if is_told(session, due):
            task = Task(key=_task_key(due), case_id=due.case_id, kind=LIFT_TASK, facts={}, made_at=now)
            put_if_new(session, task, by=("key",))


def _settle_task(session: Session, restriction: Restriction, *, now: datetime) -> None:
    is_open = Task.key == _task_key(restriction), Task.done_at.is_(None)
    session.execute(update(Task).where(*is_open).values(done_at=now))


def _task_key(restriction: Restriction) -> str:
    return f"{LIFT_TASK}:{restriction.id}:{restriction.lift_on}"


def lift(session: Session, case: Case, restriction: Restriction, *, by: uuid.UUID, now: datetime) -> None:
    """Lift a restriction whose notice was sent and whose day has come; the worker takes the marks away.

    Raises NotLiftable.
    """
    _check_liftable(case, restriction)
    if restriction.notice_key is None or restriction.lift_on is None:
        raise NotLiftable(N_("Tell the data subject first, with the reason and the day (art. 18(3))."))
    if not is_told(session, restriction):
        raise NotLiftable(N_("The notice to the data subject has not been sent yet."))
    if local_date(now) < restriction.lift_on:
        raise NotLiftable(
            N_("The data subject was told that this is lifted on %(day)s, not before."), day=restriction.lift_on
        )
    casework.change(session, case)
    _settle_task(session, restriction, now=now)
    restriction.lifted_at, restriction.lifted_by_id = now, by
    session.execute(delete(RestrictionIdentifier).where(RestrictionIdentifier.restriction_id == restriction.id))
    audit.record(session, "restriction-lifted", by=by, now=now, case_id=case.id)
    notifications.propose_lifting(session, case.id, restriction.id, now=now)
    work.ask(session, case.id, "restrict", by=by, now=now)


def may_be_used(session: Session, lines: Iterable[Line], category: str | None = None) -> Iterator[Line]:
    """The lines in which no field is the address of a person of whom something, or this category, is restricted."""
    return without(lines, partial(_digest, EMAIL), partial(_restricted, session, category))


def _restricted(session: Session, category: str | None, digests: Collection[bytes]) -> set[bytes]:
    found = select(RestrictionIdentifier.digest, Restriction.categories).join(Restriction)
    listed = session.execute(found.where(RestrictionIdentifier.digest.in_(digests)))
    return {digest for digest, categories in listed if category is None or category in categories}


def told(session: Session, case: Case, register: Register) -> Iterator[Restricted]:
    """The restrictions of a case as the letter tells them; what is confidential is left out."""
    for each in of_case(session, case.id):
        known = [register.categories[name] for name in each.categories if name in register.categories]
        labels = tuple(category.label.in_language(case.language) for category in known if not category.confidential)
        if labels:
            lifted_on = local_date(each.lifted_at) if each.lifted_at else None
            announced = (each.lift_on, each.lift_reason)
            yield Restricted(labels, local_date(each.since), each.why, each.is_final, *announced, lifted_on)


def systems_unmarked(session: Session, case: Case, register: Register) -> list[str]:
    """The systems in which something that is restricted has no mark yet, though the register names one."""
    return sorted(
        {
            system
            for each in in_force(session, case.id)
            for system in search.without_given_up(session, case.id, register.tables)
            if has_marks(register, system, each.categories) and not _is_marked(each, system)
        }
    )


def systems_marked(session: Session, case: Case) -> list[str]:
    """The systems that still bear marks of what is not restricted any more."""
    lifted = (each for each in of_case(session, case.id) if each.lifted_at)
    left = dict.fromkeys(system for each in lifted for system in _marks_left(each))
    return [*search.without_given_up(session, case.id, left)]


def _is_marked(restriction: Restriction, system: str) -> bool:
    return any(marking.system == system and marking.marked_at for marking in restriction.markings)

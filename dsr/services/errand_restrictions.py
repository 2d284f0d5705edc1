"""Restricting where a person does it by hand: the owner marks it, and takes the mark away once it was lifted.

Our own ledger holds the restriction from its first moment; the letter waits for what the owners say.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.restrictions import Restriction
from dsr.domain.register import Register
from dsr.domain.restriction import RIGHTS, advertising
from dsr.domain.rights import Outcome, Right
from dsr.services import errands, restriction
from dsr.services.errand_changes import kinds_by_hand
from dsr.services.errands import ANSWERED, GIVEN_UP, LAPSED, LIFT, RESTRICT, STOP


def tell_owners(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    """Ask the owners, once each, for what a case restricts, no longer restricts, or wants no advertising from."""
    _ask_to_stop(session, case, settings=settings, now=now)
    for held in restriction.of_case(session, case.id):
        if held.lifted_at is None:
            _ask_to_restrict(session, case, held, settings=settings, now=now)
        else:
            _ask_to_lift(session, case, held, settings=settings, now=now)


def _ask_to_stop(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    for system, names in kinds_by_hand(settings, _stopped(case, settings.register)).items():
        key = f"stop:{case.id}:{system}"
        errands.ask(session, case, system, STOP, key, settings=settings, now=now, categories=names)


def _stopped(case: Case, register: Register) -> list[str]:
    """The kinds of data from which no advertising may come any more."""
    done = (Outcome.FULFILLED, Outcome.PARTLY_FULFILLED)
    if any(right.kind is Right.MARKETING_OBJECTION and right.result in done for right in case.rights):
        return advertising(register)
    withdrawn = any(right.kind is Right.CONSENT_WITHDRAWAL for right in case.rights)
    return advertising(register, by_consent_only=True) if withdrawn else []


def _ask_to_restrict(session: Session, case: Case, held: Restriction, *, settings: Settings, now: datetime) -> None:
    stopped = {
        (errand.system, name)
        for errand in errands.of_case(session, case.id)
        if errand.kind == STOP
        for name in errand.categories
    }
    for system, names in kinds_by_hand(settings, held.categories).items():
        wanted = [name for name in names if (system, name) not in stopped]
        if wanted:
            key = _key(RESTRICT, held, system)
            errands.ask(session, case, system, RESTRICT, key, settings=settings, now=now, categories=wanted)


def _key(kind: str, held: Restriction, system: str) -> str:
    return f"{kind}:{held.id}:{system}"


def of_restriction(session: Session, held: Restriction) -> list[Errand]:
    """What owners were asked to mark for a restriction; once it is lifted, of which to take the mark away."""
    return _of_kind(session, held, LIFT if held.lifted_at else RESTRICT)


def _of_kind(session: Session, held: Restriction, kind: str) -> list[Errand]:
    mine = Errand.case_id == held.case_id, Errand.kind == kind, Errand.key.startswith(_key(kind, held, ""))
    return list(session.scalars(select(Errand).where(*mine).order_by(Errand.system)))


def note_given_up(session: Session, case: Case) -> None:
    """A right for which something that an owner was to mark or to stop was given up, is fulfilled in part only."""
    given_up = {right for errand in _given_up(session, case) for right in _served(session, case, errand)}
    for requested in case.rights:
        if requested.kind in given_up and requested.result is Outcome.FULFILLED:
            requested.outcome = Outcome.PARTLY_FULFILLED.value


def _given_up(session: Session, case: Case) -> list[Errand]:
    found = errands.of_case(session, case.id)
    return [errand for errand in found if errand.kind in (RESTRICT, STOP) and errand.state == GIVEN_UP]


def _served(session: Session, case: Case, errand: Errand) -> list[Right]:
    """The rights that an errand to mark or to stop something is for."""
    if errand.kind == STOP:
        return [Right.MARKETING_OBJECTION, Right.CONSENT_WITHDRAWAL]
    restrictions = restriction.of_case(session, case.id)
    return [RIGHTS[held.why] for held in restrictions if errand.key == _key(RESTRICT, held, errand.system)]


def _ask_to_lift(session: Session, case: Case, held: Restriction, *, settings: Settings, now: datetime) -> None:
    """What another case of the same person still restricts keeps its mark; what was never marked needs nothing."""
    still = {name for other in restriction.others_of(session, case, held) for name in other.categories}
    for errand in _of_kind(session, held, RESTRICT):
        if errand.is_outstanding:
            errand.state = LAPSED
            errands.settle_tasks(session, errand, now=now)
        free = [name for name in errand.done_in if name not in still] if errand.state == ANSWERED else []
        if free and errand.system in settings.systems:
            key = _key(LIFT, held, errand.system)
            errands.ask(session, case, errand.system, LIFT, key, settings=settings, now=now, categories=free)

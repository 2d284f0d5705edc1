"""An objection on grounds of somebody's situation (art. 21(1)): what it is about stops first, and is then weighed.

So does a withdrawn consent (art. 7(3)) stop what rested on it, for good.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from dsr.db.cases import Case, RequestedRight
from dsr.db.identity import IdentityCheck
from dsr.db.plans import CasePlan, Suppression
from dsr.db.restrictions import Restriction, Weighing
from dsr.domain.answers import Stopped
from dsr.domain.plans import Decision, register_decisions
from dsr.domain.register import ErasureGround, Register
from dsr.domain.restriction import Ground, Weighed, advertising, by_consent, objectionable
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, errand_restrictions, plans, restriction


def stop_first(session: Session, case: Case, *, register: Register, now: datetime) -> None:
    """Stop what an objection or a withdrawal is about: advertising at once, all else once the identity is certain.

    Nothing happens where it was stopped already, or where the right was decided.
    """
    if _is_undecided(case, Right.CONSENT_WITHDRAWAL):
        _stop_advertising_by_consent(session, case, register, now)
    check = session.get(IdentityCheck, case.id)
    if not case.is_open or check is None or not check.is_confirmed:
        return
    if _is_undecided(case, Right.OBJECTION):
        _stop(session, case, Ground.OBJECTION, register, now)
    if _is_undecided(case, Right.CONSENT_WITHDRAWAL):
        _stop(session, case, Ground.CONSENT, register, now)


def _is_undecided(case: Case, right: Right) -> bool:
    return any(requested.kind is right and requested.outcome is None for requested in case.rights)


def _stop_advertising_by_consent(session: Session, case: Case, register: Register, now: datetime) -> None:
    index = case.data_subject.email_index
    if advertising(register, by_consent_only=True) and session.get(Suppression, index) is None:
        session.add(Suppression(digest=index, since=now))
        audit.record(session, "advertising-stopped", by=audit.WORKER, now=now, case_id=case.id)


def _stop(session: Session, case: Case, ground: Ground, register: Register, now: datetime) -> None:
    categories = objectionable(register) if ground is Ground.OBJECTION else by_consent(register)
    held = {name for each in restriction.in_force(session, case.id) for name in each.categories}
    if set(categories) - held:
        restriction.restrict(session, case, ground, categories, register=register, by=None, now=now)


def weigh(session: Session, case: Case, result: Weighed, grounds: str, *, by: uuid.UUID, now: datetime) -> None:
    """Record how an objection was weighed, by whom and why; the grounds are told to the data subject.

    Upheld, the processing of these categories stops for good. Refused, the restriction stays until it is lifted, after
    a notice. Raises NotPossible, also where grounds are missing or the objection was weighed before.
    """
    requested = _objection_of(case)
    if session.get(Weighing, case.id) is not None or requested.outcome is not None:
        raise casework.NotPossible(N_("This objection was weighed already."))
    if result is not Weighed.UPHELD and not grounds.strip():
        raise casework.NotPossible(N_("Write down the grounds: without them the objection is upheld (art. 21(1))."))
    outcome = Outcome.FULFILLED if result is Weighed.UPHELD else Outcome.REFUSED
    casework.decide_right(session, case, Right.OBJECTION, outcome, grounds, by=by, now=now)
    session.add(Weighing(case_id=case.id, result=result.value, weighed_at=now, weighed_by_id=by))
    for each in _of_objection(session, case):
        each.is_final = result is Weighed.UPHELD
    errand_restrictions.note_given_up(session, case)
    audit.record(session, "objection-weighed", by=by, now=now, case_id=case.id, result=result.value)


def _objection_of(case: Case) -> RequestedRight:
    for requested in case.rights:
        if requested.kind is Right.OBJECTION:
            return requested
    raise casework.NotPossible(N_("This case does not invoke that right."))


def _of_objection(session: Session, case: Case) -> list[Restriction]:
    return [each for each in restriction.in_force(session, case.id) if each.why is Ground.OBJECTION]


def told(session: Session, case: Case, register: Register) -> Stopped:
    """What the letter tells of what was stopped, and of the weighing."""
    weighing = session.get(Weighing, case.id)
    return Stopped(
        tuple(restriction.told(session, case, register)),
        Weighed(weighing.result) if weighing else None,
        tuple(restriction.systems_unmarked(session, case, register)),
    )


def first_decisions(session: Session, case: Case, register: Register) -> dict[str, Decision]:
    """What to begin an erasure plan with: the register's decisions, and the ground that an upheld objection gives.

    Art. 17(1)(c) for what was objected to, (b) for what rested on a consent that was withdrawn.
    """
    grounds = {Ground.OBJECTION: ErasureGround.OBJECTION, Ground.CONSENT: ErasureGround.CONSENT_WITHDRAWN}
    decided = register_decisions(register)
    for each in restriction.in_force(session, case.id):
        if each.is_final:
            known = [name for name in each.categories if name in register.categories]
            decided |= {name: Decision(grounds[each.why], None, decided[name].outstanding) for name in known}
    return decided


def plan_erasure(session: Session, case: Case, *, register: Register, by: uuid.UUID, now: datetime) -> CasePlan:
    """Ask for a plan to erase what rested on the consent that was withdrawn, and nothing else (art. 17(1)(b)).

    What a law keeps all the same, or other data need, stays. Raises what `plans.propose` raises, or NotPossible.
    """
    withdrawn = by_consent(register)
    if not withdrawn:
        raise casework.NotPossible(N_("The register has no category that rests on consent. Decide the right by hand."))
    consent = {"ground": ErasureGround.CONSENT_WITHDRAWN.value}
    others = {"ground": ErasureGround.NONE.value, "is_asked": False}
    decisions = {
        name: {**consent, "outstanding": decision.outstanding} if name in withdrawn else others
        for name, decision in register_decisions(register).items()
    }
    return plans.propose(session, case, decisions, right=Right.CONSENT_WITHDRAWAL, by=by, now=now)

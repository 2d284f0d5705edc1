"""A right that a handler decides by hand, with the reason; a plan for it that was not carried out is dropped."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.plans import CasePlan, Execution
from dsr.domain.rights import CARRIED_OUT, Outcome, Right
from dsr.domain.wording import N_
from dsr.services import casework, plans


def decide_by_hand(
    session: Session, case: Case, right: Right, outcome: Outcome, reason: str, *, by: uuid.UUID, now: datetime
) -> None:
    """How a right ended. A plan for it goes no further, unless it is being carried out; what it did is told.

    Raises what `casework.decide_right` raises, NotPossible where the outcome is not what was done, or PlanChanged.
    """
    casework.decide_right(session, case, right, outcome, reason, by=by, now=now)
    if all(requested.result is Outcome.WITHDRAWN for requested in case.rights):
        raise casework.NotPossible(
            N_("Nothing of the request is left then. Note under Handling that all of it was withdrawn.")
        )
    plan = plans.current(session, case.id, right)
    if plan and plan.state in plans.DROPPABLE:
        plans.drop(session, plan, by=by, now=now)
    if outcome not in CARRIED_OUT and _has_done_something(session, case.id, right):
        raise casework.NotPossible(N_("A part was carried out already. Choose partly fulfilled, and say what was not."))
    if plan and plan.state == plans.DROPPED and _says_more(session, plan, outcome):
        raise casework.NotPossible(N_("This says more than was carried out. Choose another outcome, and say why."))


def _says_more(session: Session, plan: CasePlan, outcome: Outcome) -> bool:
    """Whether an outcome is more than a dropped plan came to; of what was done otherwise the handler's words tell."""
    if outcome is Outcome.FULFILLED:
        return plan.right == Right.ERASURE or bool(plan.outstanding)
    is_part = outcome is Outcome.PARTLY_FULFILLED and plan.right == Right.ERASURE
    return is_part and not _has_done_something(session, plan.case_id, *plans.ERASING)


def _has_done_something(session: Session, case_id: uuid.UUID, *rights: Right) -> bool:
    """Whether plans of a case for these rights changed a row."""
    of_plans = CasePlan.case_id == case_id, CasePlan.right.in_(rights)
    found = session.scalars(select(Execution).join(CasePlan).where(*of_plans)).all()
    return any(count for each in found for count in [*each.erased.values(), *each.changed.values()])

"""A plan does not wait for the last system: what had not answered gets a further plan, by itself, when it does."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from dsr.connectors.base import Connector
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.plans import Plan
from dsr.domain.rights import Right
from dsr.services import executions, plans
from dsr.services.plans import APPROVED, ASKED, EXECUTED


def waiting(session: Session, case: Case) -> CasePlan | None:
    """The plan that was asked for, or else an approved one that lacks systems; none once the case is over."""
    found = (
        [plan for right in plans.ERASING if (plan := plans.current(session, case.id, right))] if case.is_open else []
    )
    lacking = [plan for plan in found if plan.state in (APPROVED, EXECUTED) and plan.outstanding]
    return next(iter([*(plan for plan in found if plan.state == ASKED), *lacking]), None)


def to_plan(session: Session, plan: CasePlan, systems: Mapping[str, Connector]) -> dict[str, Connector]:
    """The systems to draw up a plan for now: all, or those that the plan before lacked.

    A system of which a handler gave up is not among `systems`, so that nothing waits for it.
    """
    lacking = plan if plan.state != ASKED else _followed(session, plan)
    return {name: system for name, system in systems.items() if lacking is None or name in lacking.outstanding}


def _followed(session: Session, plan: CasePlan) -> CasePlan | None:
    return session.get_one(CasePlan, plan.follows_id) if plan.follows_id else None


def record(
    session: Session, plan_id: uuid.UUID, drawn: Plan, outstanding: Collection[str], *, now: datetime
) -> CasePlan | None:
    """Note what was drawn up; returns the plan to approve, if there is one.

    While something is outstanding nobody is asked to approve a plan without rows. Where all have answered, and the
    last of them hold nothing, no further plan is needed.
    """
    asked = session.get_one(CasePlan, plan_id)
    newest = plans.current(session, asked.case_id, Right(asked.right))
    if newest is not asked or newest.state not in (ASKED, APPROVED, EXECUTED):
        return None
    if not drawn.rows and (outstanding or newest.state != ASKED):
        _note_outstanding(session, newest, outstanding, now=now)
        return None
    plan = newest if newest.state == ASKED else plans.add_further(session, newest, now=now)
    plans.record_plan(session, plan, drawn, outstanding=outstanding, now=now)
    return plan


def _note_outstanding(session: Session, plan: CasePlan, outstanding: Collection[str], *, now: datetime) -> None:
    plan.outstanding = sorted(outstanding)
    if plan.state == EXECUTED:
        session.flush()
        executions.conclude(session, plan, now=now)

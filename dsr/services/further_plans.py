"""A plan does not wait for the last system: what had not answered gets a further plan, by itself, when it does."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from dsr.connectors.base import Connector
from dsr.db.plans import ErasurePlan
from dsr.domain.plans import Plan
from dsr.services import executions, plans
from dsr.services.plans import APPROVED, ASKED, EXECUTED


def to_plan(
    session: Session, plan: ErasurePlan, systems: Mapping[str, Connector]
) -> Mapping[str, Connector] | None:  # fmt: skip
    """The systems to draw up a plan for now: those that were asked for, or that an approved plan lacks; None for none.

    A system of which a handler gave up is not among `systems`, so that nothing waits for it.
    """
    if plan.state == ASKED:
        lacked_by = session.get_one(ErasurePlan, plan.follows_id) if plan.follows_id else None
    elif plan.state in (APPROVED, EXECUTED) and plan.outstanding:
        lacked_by = plan
    else:
        return None
    wanted = systems.keys() if lacked_by is None else systems.keys() & lacked_by.outstanding
    return {name: system for name, system in systems.items() if name in wanted}


def record(
    session: Session, plan_id: uuid.UUID, drawn: Plan, outstanding: Collection[str], *, now: datetime
) -> ErasurePlan | None:
    """Note what was drawn up; returns the plan to approve, if there is one.

    While something is outstanding nobody is asked to approve a plan without rows. Where all have answered, and the
    last of them hold nothing, no further plan is needed.
    """
    asked = session.get_one(ErasurePlan, plan_id)
    newest = plans.current(session, asked.case_id)
    if newest is not asked or newest.state not in (ASKED, APPROVED, EXECUTED):
        return None
    if not drawn.rows and (outstanding or newest.state != ASKED):
        _note_outstanding(session, newest, outstanding, now=now)
        return None
    plan = newest if newest.state == ASKED else plans.add_further(session, newest, now=now)
    plans.record_plan(session, plan, drawn, outstanding=outstanding, now=now)
    return plan


def _note_outstanding(session: Session, plan: ErasurePlan, outstanding: Collection[str], *, now: datetime) -> None:
    plan.outstanding = sorted(outstanding)
    if plan.state == EXECUTED:
        session.flush()
        executions.conclude(session, plan.case_id, now=now)

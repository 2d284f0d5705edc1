"""An erasure as far as its approval, for tests that begin there."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.plans import PlanRow
from dsr.domain.rights import Right
from dsr.domain.row_keys import Key
from dsr.jobs import work
from dsr.services import approvals, plans
from dsr.services.work import of as work_of
from tests.parts.shop import Workplace, identified_case


@pytest.fixture
def approved(workplace: Workplace) -> Case:
    """A case of Hanna whose erasure was agreed on, and is not carried out yet."""
    case, _ = approved_plan(workplace)
    return case


def approved_plan(workplace: Workplace) -> tuple[Case, CasePlan]:
    """The same with the plan."""
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    plan = propose(workplace, case, handler.id)
    approve(workplace, case, plan, approver.id)
    return case, plan


def propose(workplace: Workplace, case: Case, by: uuid.UUID, **decisions: Any) -> CasePlan:
    """Have a plan drawn up."""
    with workplace.transaction() as session:
        plans.propose(session, session.get_one(Case, case.id), decisions, by=by, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        assert (step := work_of(session, case.id)["plan"]).state == "done", step.error
    return newest_plan(workplace, case)


def approve(workplace: Workplace, case: Case, plan: CasePlan, by: uuid.UUID) -> None:
    """A second person agrees, whatever the plan is for."""
    settings = workplace.context.settings
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        approvals.approve_plan(session, found, plan.digest, by=by, settings=settings, now=workplace.clock())


def newest_plan(workplace: Workplace, case: Case) -> CasePlan:
    """As it stands now."""
    with workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        return plan


def judged_in(plan: CasePlan) -> dict[tuple[str, Key], PlanRow]:
    """The rows of a plan by table and key."""
    return {(row.table, row.key_values): row for row in plans.planned_rows(plan)}

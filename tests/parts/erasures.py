"""An erasure as far as its approval, for tests that begin there."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.lifecycle import Status
from dsr.domain.plans import PlanRow
from dsr.domain.rights import Right
from dsr.domain.row_keys import Key
from dsr.jobs import work
from dsr.services import approvals, plans
from dsr.services.work import of as work_of
from tests.parts import cast
from tests.parts.shop import Workplace, identified_case


@pytest.fixture
def approved(workplace: Workplace) -> Case:
    """A case of Hanna whose erasure was agreed on, and is not carried out yet."""
    case, _ = approved_plan(workplace)
    return case


@pytest.fixture
def later(workplace: Workplace, approved: Case) -> Case:
    """Hanna's second request, after her first was carried out and her address emptied in the shop."""
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        first = session.get_one(Case, approved.id)
        case = cast.add_case(session, Right.ACCESS, Right.ERASURE, status=Status.HANDLING)
        case.handler_id, case.data_subject.email_index = first.handler_id, first.data_subject.email_index
        case.data_subject.email_confirmed_at = workplace.clock()
        return case


def approved_plan(workplace: Workplace) -> tuple[Case, CasePlan]:
    """Such a case, and its plan."""
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


def propose_again(workplace: Workplace, case: Case, **decisions: Any) -> CasePlan:
    """Have another plan drawn up, by the handler of the case."""
    assert case.handler_id
    return propose(workplace, case, case.handler_id, **decisions)


def approve(workplace: Workplace, case: Case, plan: CasePlan, by: uuid.UUID) -> None:
    """A second person agrees, whatever the plan is for."""
    settings = workplace.context.settings
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        approvals.approve_plan(session, found, plan.digest, by=by, settings=settings, now=workplace.clock())


def confirm(workplace: Workplace, case: Case) -> None:
    """Its handler knows who asks."""
    with workplace.transaction() as session:
        by = next(member for member in session.scalars(select(cast.StaffMember)) if member.id == case.handler_id)
        cast.confirm(session, session.get_one(Case, case.id), by)


def approve_again(workplace: Workplace, case: Case) -> None:
    """A second request has an approved plan as well, and wants no copy."""
    confirm(workplace, case)
    with workplace.transaction() as session:
        session.get_one(Case, case.id).rights[0].outcome = "refused"
    approve_anew(workplace, case)


def approve_anew(workplace: Workplace, case: Case, **decisions: Any) -> CasePlan:
    """A request has another plan, which is approved."""
    plan = propose_again(workplace, case, **decisions)
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        approver = next(m for m in session.scalars(select(cast.StaffMember)) if m.id != own.handler_id)
    approve(workplace, case, plan, approver.id)
    return plan


def newest_plan(workplace: Workplace, case: Case) -> CasePlan:
    """As it stands now."""
    with workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        return plan


def judged_in(plan: CasePlan) -> dict[tuple[str, Key], PlanRow]:
    """The rows of a plan by table and key."""
    return {(row.table, row.key_values): row for row in plans.planned_rows(plan)}

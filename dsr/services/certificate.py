"""The certificate of an erasure, for the file: read from plans, receipts and the trail, never from memory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.plans import CasePlan, Execution
from dsr.domain.certificates import TableResult, results
from dsr.domain.errors import DomainError
from dsr.domain.groups import Part
from dsr.domain.wording import N_
from dsr.services import errands, plans

DONE = "done"
LATER = ("kept-rows-erased", "erasure-replayed")


class NothingErased(DomainError):
    """There is no receipt of an erasure to certify."""

    def __init__(self) -> None:
        super().__init__(N_("Nothing has been erased for this request, so there is nothing to certify."))


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system: its receipt, and the result per table."""

    execution: Execution
    tables: Sequence[TableResult]


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan of which at least one system has a receipt, with the names of the two people behind it."""

    plan: CasePlan
    made_by: str
    approved_by: str
    systems: Sequence[SystemResult]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was erased for a case: by its plans, and afterwards by the ledger or after a restore."""

    plans: Sequence[PlanResult]
    later: Sequence[AuditEntry]
    outstanding: Sequence[str] = ()
    """The systems that have not answered yet: without them the erasure is not complete."""
    given_up: Sequence[str] = ()
    """The systems that a handler went on without."""


def certificate(session: Session, case: Case) -> Certificate:
    """The certificate of a case. Raises NothingErased."""
    of_erasure = CasePlan.case_id == case.id, CasePlan.right.in_(plans.ERASING)
    found = session.scalars(select(CasePlan).where(*of_erasure).order_by(CasePlan.number)).all()
    certified = [plan for plan in found if any(_is_done(execution) for execution in plan.executions)]
    if not certified:
        raise NothingErased
    people = {staff_id for plan in certified for staff_id in (plan.made_by_id, plan.approved_by_id)}
    names = queries.staff_names(session, people)
    of_case = select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.event.in_(LATER))
    later = session.scalars(of_case.order_by(AuditEntry.number)).all()
    given_up = errands.systems_given_up(session, case.id, errands.SEARCH, errands.ERASE)
    return Certificate([_of_plan(plan, names) for plan in certified], later, found[-1].outstanding, given_up)


def _is_done(execution: Execution) -> bool:
    return execution.state == DONE and not execution.is_given_up


def _results(part: Part, execution: Execution) -> Sequence[TableResult]:
    is_lost = execution.is_lost or execution.state != DONE
    return results(part.groups, is_done=_is_done(execution), is_lost=is_lost)


def _of_plan(plan: CasePlan, names: dict[uuid.UUID, str]) -> PlanResult:
    parts = plans.parts_of(plan)
    systems = [
        SystemResult(execution, _results(parts[execution.system], execution))
        for execution in plan.executions
        if execution.system in parts
    ]
    by: Any = plan.approved_by_id
    return PlanResult(plan, names.get(plan.made_by_id, ""), names.get(by, ""), systems)

"""Erasing in the controller's systems: an approved plan now, and what the ledger kept on its day.

Between our database and theirs there is no common transaction. So the attempt is noted first; what will be found if
they commit is noted second; then they commit; then we write the receipt. After a kill at any point the next run sees
in their database which of the two it is.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass

from dsr import faults
from dsr.connectors.base import ConnectorError, Identifiers
from dsr.db.cases import Case
from dsr.db.plans import ErasurePlan, Execution
from dsr.domain.calendars import local_date
from dsr.domain.plans import Decision, PlanChanged, PlanRow
from dsr.domain.wording import N_
from dsr.jobs.context import Context
from dsr.services import erasing, plans, retention
from dsr.services.lookup import identifiers_of, require_identity

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Approved:
    plan_id: uuid.UUID
    case_id: uuid.UUID
    identifiers: Identifiers
    decisions: dict[str, Decision]
    rows: list[PlanRow]

    def rows_in(self, system: str) -> list[PlanRow]:
        return [row for row in self.rows if row.system == system]


def carry_out_plan(context: Context, case_id: uuid.UUID) -> None:
    """Carry out the approved plan of a case, system by system; nothing happens if it is done already.

    Raises SystemDown (try again), SystemRefuses, or PlanChanged, after which the plan is void.
    """
    approved = _approved(context, case_id)
    if approved is None:
        return
    try:
        for system in dict.fromkeys(row.system for row in approved.rows):
            _erase_in(context, approved, system)
    except PlanChanged as error:
        _void(context, approved, str(error))
        raise
    with context.transaction() as session:
        case, plan = session.get_one(Case, case_id), session.get_one(ErasurePlan, approved.plan_id)
        erasing.finish(session, case, plan, now=context.now())


def _approved(context: Context, case_id: uuid.UUID) -> _Approved | None:
    register = context.settings.register
    with context.transaction() as session:
        case, plan = session.get_one(Case, case_id), plans.current(session, case_id)
        if plan is None or plan.state != plans.APPROVED:
            return None
        require_identity(session, case)
        return _Approved(
            plan.id, case.id, identifiers_of(case), plans.decisions_of(plan, register), plans.rows_of(plan)
        )


def _void(context: Context, approved: _Approved, sentence: str) -> None:
    with context.transaction() as session:
        erasing.void(session, session.get_one(ErasurePlan, approved.plan_id), sentence, now=context.now())


def _erase_in(context: Context, approved: _Approved, system: str) -> None:
    execution_id, prepared = _begin(context, approved, system)
    if execution_id is None:
        return
    today = local_date(context.now())
    with context.systems[system].erasing() as transaction:
        rows = transaction.search(approved.identifiers)
        current = plans.judge(context.settings, system, rows, approved.decisions, on=today)
        attempt = erasing.Attempt(approved.rows_in(system), current, rows, prepared)
        receipt = erasing.carry_out(transaction, attempt, context.settings.register.nearest_first(system))
        with context.transaction() as session:
            erasing.note_prepared(session.get_one(Execution, execution_id), receipt)
        faults.point("erasure-prepared")
    faults.point("customer-database-committed")
    with context.transaction() as session:
        execution = session.get_one(Execution, execution_id)
        case, plan = session.get_one(Case, approved.case_id), session.get_one(ErasurePlan, approved.plan_id)
        erasing.record_receipt(session, case, plan, execution, receipt, now=context.now())
    faults.point("receipt-written")


def _begin(context: Context, approved: _Approved, system: str) -> tuple[uuid.UUID | None, erasing.Fingerprints | None]:
    with context.transaction() as session:
        plan = session.get_one(ErasurePlan, approved.plan_id)
        if plan.register_digest != context.settings.register.digest:
            raise PlanChanged(N_("The register changed after the approval."))
        execution = erasing.begin(session, plan, system, now=context.now())
        if execution.state == "done":
            return None, None
        prepared = json.loads(execution.after) if execution.state == "prepared" and execution.after else None
        session.flush()
        return execution.id, prepared


def erase_due(context: Context) -> int:
    """Erase what the ledger kept until today; returns how many groups of rows were looked at.

    A system that is down, or that refuses, keeps its rows until the next run.
    """
    today = local_date(context.now())
    with context.transaction() as session:
        due = retention.due_entries(session, today)
    for group in due:
        try:
            _erase_group(context, group)
        except ConnectorError as error:
            log.warning("Kept rows could not be erased on their day: %s", error)
    return len(due)


def _erase_group(context: Context, due: retention.Due) -> None:
    with context.systems[due.system].erasing() as transaction:
        results = retention.erase_due(transaction, context.settings, due, on=local_date(context.now()))
    faults.point("kept-rows-erased")
    with context.transaction() as session:
        retention.settle(session, due, results, now=context.now())

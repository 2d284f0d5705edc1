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
from functools import partial

from dsr import faults
from dsr.connectors.base import Identifiers, SystemDown, SystemRefuses
from dsr.db.cases import Case
from dsr.db.plans import ErasurePlan, Execution
from dsr.domain.calendars import local_date
from dsr.domain.plans import Decision, PlanChanged, PlanRow
from dsr.domain.wording import N_
from dsr.jobs.context import Context
from dsr.services import erasing, plans, retention
from dsr.services.lookup import identifiers_of, require_identity
from dsr.templating import in_words

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
        _void(context, approved, in_words(error, language=context.settings.procedure.language))
        raise
    with context.transaction() as session:
        case, plan = session.get_one(Case, case_id), session.get_one(ErasurePlan, approved.plan_id)
        erasing.finish(session, case, plan, approved.rows, now=context.now())


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
    execution_id = _begin(context, approved, system)
    if execution_id is None:
        return
    planned = approved.rows_in(system)
    judge = partial(plans.judge, context.settings, system, decisions=approved.decisions, on=local_date(context.now()))
    with context.systems[system].erasing() as transaction:
        rows = transaction.search(approved.identifiers)
        # Only now that the rows are locked: another attempt that has committed noted before what it would leave.
        prepared = _prepared(context, execution_id)
        attempt = erasing.Attempt(planned, judge(rows), rows, prepared)
        receipt = erasing.carry_out(transaction, attempt, context.settings.register, system)
        with context.transaction() as session:
            erasing.note_prepared(session, session.get_one(Execution, execution_id), receipt)
        faults.point("erasure-prepared")
    faults.point("customer-database-committed")
    with context.transaction() as session:
        execution = session.get_one(Execution, execution_id)
        case = session.get_one(Case, approved.case_id)
        erasing.record_receipt(session, case, execution, planned, receipt, now=context.now())
    faults.point("receipt-written")


def _begin(context: Context, approved: _Approved, system: str) -> uuid.UUID | None:
    """The execution to go on with; None where it is done already."""
    with context.transaction() as session:
        plan = session.get_one(ErasurePlan, approved.plan_id)
        if plan.register_digest != context.settings.register.digest:
            raise PlanChanged(N_("The register changed after the approval."))
        execution = erasing.begin(session, plan, system, now=context.now())
        return execution.id if execution.state != "done" else None


def _prepared(context: Context, execution_id: uuid.UUID) -> erasing.Fingerprints | None:
    with context.transaction(writes=False) as session:
        after = session.get_one(Execution, execution_id).after
        return json.loads(after) if after else None


def erase_due(context: Context) -> int:
    """Erase what the ledger kept until today; returns how many groups of rows were looked at.

    A system that is down keeps its rows until the next run; what a system refuses is left for a person.
    """
    today = local_date(context.now())
    with context.transaction(writes=False) as session:
        due = retention.due_entries(session, today)
    for group in due:
        try:
            _erase_group(context, group)
        except SystemDown as error:
            log.warning("Kept rows wait for the next run: %s", error)
    return len(due)


def _erase_group(context: Context, due: retention.Due) -> None:
    results = _results(context, due)
    faults.point("kept-rows-erased")
    with context.transaction() as session:
        retention.settle(session, due, results, now=context.now())


def _results(context: Context, due: retention.Due) -> dict[uuid.UUID, retention.Settled]:
    if due.system not in context.systems:
        return retention.refused(due)
    try:
        with context.systems[due.system].erasing() as transaction:
            return retention.erase_due(transaction, context.settings, due, on=local_date(context.now()))
    except SystemRefuses as error:
        log.warning("Kept rows are left for a person: %s", error)
        return retention.refused(due)

"""Rectification (art. 16): rows laid out for the handler, a correction that two people agree on, what came of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.notices import Task
from dsr.db.plans import CasePlan
from dsr.db.statements import Statement
from dsr.domain.answers import Corrected, Rectified
from dsr.domain.calendars import local_date
from dsr.domain.changes import RowChange, by_system, digest_of
from dsr.domain.column_types import WrongValue
from dsr.domain.notifications import Change
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import Correction, Made, Sheet, Value, made_of, read_correction, read_form, read_sheet
from dsr.domain.register import Register
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, changing, errand_changes, errands, notifications, plans, reminders, work
from dsr.services.executions import DONE, begin_on
from dsr.services.lookup import identifiers_of, require_identity


class NothingToCorrect(casework.NotPossible):
    """No value was changed."""

    def __init__(self) -> None:
        super().__init__(N_("Change at least one value: nothing is different from what is there."))


class WrongValues(casework.NotPossible):
    """Some columns cannot hold what was typed; `wrong` says why, by field."""

    def __init__(self, wrong: Mapping[str, WrongValue]) -> None:
        super().__init__(N_("Some values cannot be kept as they are typed. Each has its reason beside it."))
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved correction, read once; `parts` holds the changes by system, for those without a receipt."""

    plan_id: uuid.UUID
    register: Register
    identifiers: Identifiers
    parts: Mapping[str, Sequence[RowChange]]


def ask_rows(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> CasePlan:
    """Ask the worker to lay out the rows that can be corrected. Raises what `plans.new_plan` raises."""
    plan = plans.new_plan(session, case, Right.RECTIFICATION, by=by, now=now)
    audit.record(session, "correction-asked", by=by, now=now, case_id=case.id, plan=plan.number)
    work.ask(session, case.id, "rows", by=by, now=now)
    return plan


def current(session: Session, case_id: uuid.UUID) -> CasePlan | None:
    """The newest plan of a case to correct something."""
    return plans.current(session, case_id, Right.RECTIFICATION)


def lay_out(session: Session, case_id: uuid.UUID, sheets: Sequence[Sheet], register: Register) -> None:
    """The worker read the rows: the handler can type now."""
    plan = current(session, case_id)
    if plan is not None and plan.state == plans.ASKED:
        plans.move(session, plan, plans.OPEN, register_digest=register.digest)
        plan.rows = json.dumps([sheet.to_record() for sheet in sheets])


def sheets_of(plan: CasePlan) -> list[Sheet]:
    """The rows that were laid out; none any more once something is proposed."""
    return [read_sheet(each) for each in json.loads(plan.rows)] if plan.state == plans.OPEN else []


def correction_of(plan: CasePlan) -> Correction:
    """What is, or was, to be corrected."""
    is_made = plan.rows is not None and bool(plan.digest)
    return read_correction(json.loads(plan.rows)) if is_made else Correction([])


def propose(
    session: Session, case: Case, typed: Mapping[str, str], *, by: uuid.UUID, settings: Settings, now: datetime
) -> CasePlan:
    """Make a plan of the values that were typed over those laid out, and tell the approvers.

    Raises IdentityNotConfirmed, PlanChanged if the rows must be read anew, WrongValues or NothingToCorrect.
    """
    require_identity(session, case)
    plan = current(session, case.id)
    if plan is None or plan.state != plans.OPEN or plan.register_digest != settings.register.digest:
        raise PlanChanged(N_("These rows are no longer the ones to correct. Have them read anew."))
    correction, wrong = read_form(sheets_of(plan), typed, errand_changes.kinds_by_hand(settings))
    if wrong:
        raise WrongValues(wrong)
    if correction.is_empty:
        raise NothingToCorrect
    casework.change(session, case)
    record = correction.to_record()
    digest = digest_of(plan.register_digest, [*correction.changes, *correction.for_books], record["by_hand"])
    counts = {"change": len(correction.changes), "for_books": len(correction.for_books)}
    plans.move(session, plan, plans.PROPOSED, digest=digest, counts=counts, made_at=now, made_by_id=by)
    plan.rows = json.dumps(record)
    audit.record(session, "correction-proposed", by=by, now=now, case_id=case.id, digest=digest, **counts)
    reminders.tell_approvers(session, case, plan, settings=settings, now=now)
    plans.announce(session, case, plan, settings=settings, now=now)
    return plan


def begin(session: Session, case_id: uuid.UUID, *, settings: Settings, now: datetime) -> Approved | None:
    """Note the attempt on every system of the approved correction that has no receipt; None where there is none.

    Owners who correct something by hand are asked, and what they answered is noted. Raises IdentityNotConfirmed, or
    PlanChanged where the register is another than the approved one.
    """
    plan = next(iter(plans.approved(session, case_id, Right.RECTIFICATION)), None)
    if plan is None:
        return None
    case = session.get_one(Case, case_id)
    require_identity(session, case)
    if plan.register_digest != settings.register.digest:
        raise PlanChanged(N_("The register changed after the approval."))
    correction = correction_of(plan)
    parts = by_system(correction.changes)
    left = begin_on(session, plan, [*parts, *correction.by_hand.systems], now=now)
    session.expire(plan, ["executions"])
    by_hand = [system for system in left if system not in parts]
    asked = errand_changes.ask_to_correct(session, case, plan, by_hand, settings=settings, now=now)
    for system, errand in asked.items():
        _note_by_hand(session, plan, system, errand, now=now)
    _finish_if_done(session, plan, settings.register, now=now)
    open_parts = {system: parts[system] for system in left if system in parts}
    return Approved(plan.id, settings.register, identifiers_of(case), open_parts) if open_parts else None


def _note_by_hand(session: Session, plan: CasePlan, system: str, errand: Errand, *, now: datetime) -> None:
    if not errand.is_outstanding:
        _note_done(session, plan, system, errand_changes.counted(errand), is_observed=True, now=now)
        execution = next(each for each in plan.executions if each.system == system)
        execution.is_left = errand.state == errands.CLOSED


def settle(session: Session, approved: Approved, system: str, *, is_observed: bool, now: datetime) -> None:
    """A system has committed: its receipt, once, and with the last one the end of the plan."""
    plan = plans.locked(session, approved.plan_id)
    _note_done(session, plan, system, changing.counted(approved.parts[system]), is_observed=is_observed, now=now)
    _finish_if_done(session, plan, approved.register, now=now)


def _note_done(
    session: Session, plan: CasePlan, system: str, changed: Mapping[str, int], *, is_observed: bool, now: datetime
) -> None:
    execution = next(each for each in plan.executions if each.system == system)
    if execution.state != DONE:
        execution.state, execution.done_at, execution.is_observed = DONE, now, is_observed
        execution.changed = dict(changed)
        details = {"system": system, "changed": execution.changed, "is_observed": is_observed}
        audit.record(session, "rows-corrected", by=audit.WORKER, now=now, case_id=plan.case_id, **details)


def _finish_if_done(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    if all(each.state == DONE for each in plan.executions):
        finish(session, plan, register, now=now)


def finish(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    """All systems are done: the right has its outcome, recipients are told, and the books get a task."""
    if plan.state != plans.APPROVED:
        return
    plan.state, plan.executed_at = plans.EXECUTED, now
    made = _made(session, plan, register)
    if made.for_books:
        facts = {"tables": sorted({value.table for value in made.for_books}), "values": len(made.for_books)}
        task = Task(key=f"books:{plan.id}", case_id=plan.case_id, kind="books-correction", facts=facts, made_at=now)
        session.add(task)
    plans.decide(session, plan, _outcome(plan, made), now=now)
    changes = [Change(value.category, words=value.line.in_words) for value in made.corrected]
    notifications.propose(
        session, plan.case_id, Right.RECTIFICATION, changes, source_id=plan.id, register=register, now=now
    )
    audit.record(session, "correction-made", by=audit.WORKER, now=now, case_id=plan.case_id, digest=plan.digest)


def _outcome(plan: CasePlan, made: Made) -> Outcome:
    if any(execution.is_left for execution in plan.executions):
        return Outcome.PARTLY_FULFILLED if made.corrected or made.for_books else Outcome.REFUSED
    if made.for_books:
        return Outcome.PARTLY_FULFILLED
    return Outcome.FULFILLED if made.corrected else Outcome.NOT_APPLICABLE


def _made(session: Session, plan: CasePlan, register: Register) -> Made:
    by_hand = errand_changes.made_by_hand(session, plan)
    return made_of(correction_of(plan), by_hand, register)


def add_statement(
    session: Session, case: Case, text: str, *, by: uuid.UUID, settings: Settings, now: datetime
) -> Statement:
    """Keep a statement of the data subject with their data: later copies tell it, and owners put it with the papers.

    Raises IdentityNotConfirmed.
    """
    require_identity(session, case)
    if not text.strip():
        raise casework.NotPossible(N_("Write down the statement of the data subject."))
    casework.change(session, case)
    index = case.data_subject.email_index
    statement = Statement(id=new_id(), case_id=case.id, email_index=index, made_at=now, made_by_id=by)
    statement.text = text.strip()
    session.add(statement)
    errand_changes.ask_to_add(session, case, statement, settings=settings, now=now)
    audit.record(session, "statement-added", by=by, now=now, case_id=case.id, statement=str(statement.id))
    return statement


def has_statement(session: Session, case: Case) -> bool:
    """Whether a statement was made in this case."""
    return session.scalar(select(Statement.id).where(Statement.case_id == case.id).limit(1)) is not None


def statements_of(session: Session, email_index: bytes) -> list[Statement]:
    """The statements of a person, in whichever case they were made, oldest first."""
    of_person = select(Statement).where(Statement.email_index == email_index)
    return list(session.scalars(of_person.order_by(Statement.made_at)))


def told(session: Session, case: Case, register: Register) -> Rectified:
    """The correction as the letter tells it, and whether a statement of the person stands with their data."""
    with_statement = has_statement(session, case)
    plan = current(session, case.id)
    if plan is None or plan.executed_at is None:
        return Rectified(has_statement=with_statement)
    made, tell = _made(session, plan, register), partial(_told, register=register, language=case.language)
    return Rectified(local_date(plan.executed_at), tell(made.corrected), tell(made.for_books), with_statement)


def _told(values: Sequence[Value], register: Register, language: str) -> tuple[Corrected, ...]:
    return tuple(
        Corrected(register.categories[each.category].label.in_language(language), *each.line) for each in values
    )

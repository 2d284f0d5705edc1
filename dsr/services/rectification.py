"""Rectification (art. 16): rows laid out for the handler, a correction that two people agree on, what came of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.cases import Case, RequestedRight
from dsr.db.errands import Errand
from dsr.db.notices import Task
from dsr.db.plans import CasePlan
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
from dsr.services import (
    audit,
    casework,
    changing,
    errand_changes,
    errands,
    notifications,
    plans,
    reminders,
    search,
    statements,
    work,
)
from dsr.services.executions import DONE, begin_on
from dsr.services.lookup import identifiers_of, require_identity


class NothingToCorrect(casework.NotPossible):
    """No value was changed."""

    def __init__(self) -> None:
        super().__init__(N_("Change at least one value: nothing is different from what is there."))


class MoreRows(casework.NotPossible):
    """A system answered while values were typed."""

    def __init__(self) -> None:
        super().__init__(N_("A system has answered meanwhile. Its rows are here now too: look at them as well."))


class WrongValues(casework.NotPossible):
    """Some columns cannot hold what was typed; `wrong` says why, by field."""

    def __init__(self, wrong: Mapping[str, WrongValue]) -> None:
        super().__init__(N_("Some values cannot be kept as they are typed. Each has its reason beside it."))
        self.wrong = wrong


_AGREED = (plans.APPROVED, plans.EXECUTED)


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


def outstanding(session: Session, case_id: uuid.UUID) -> Sequence[str]:
    """The systems that the newest correction does not reach: they had not answered."""
    plan = current(session, case_id)
    return plan.outstanding if plan else ()


def to_lay_out(session: Session, case_id: uuid.UUID) -> CasePlan | None:
    """The plan that rows are to be read for: one that was asked for, or that systems had not answered for."""
    plan = current(session, case_id)
    return plan if plan and _is_to_be_laid_out(plan) else None


def _is_to_be_laid_out(plan: CasePlan) -> bool:
    return plan.state == plans.ASKED or (plan.state in (plans.OPEN, *_AGREED) and bool(plan.outstanding))


def to_read(session: Session, plan: CasePlan, register: Register, systems: Iterable[str]) -> list[str]:
    """The systems with something to correct whose rows are to be read: all, or those that had not answered."""
    return [name for name in systems if is_correctable(register, name) and _lacks(session, plan, name)]


def is_correctable(register: Register, system: str) -> bool:
    """Whether the register lets anything in a system be corrected."""
    return any(table.rectifiable for table in register.tables[system].values())


def lay_out(
    session: Session,
    plan_id: uuid.UUID,
    sheets: Mapping[str, Sequence[Sheet]],
    unanswered: Collection[str],
    *,
    register: Register,
    now: datetime,
) -> None:
    """The worker read rows of these systems: the handler can type now, over what is there.

    What answers later is laid out beside it or, once that was approved, for a further plan.
    """
    plan = plans.locked(session, plan_id)
    if current(session, plan.case_id) is not plan or not _is_to_be_laid_out(plan):
        return
    new = {system: found for system, found in sheets.items() if found and _lacks(session, plan, system)}
    if plan.state != plans.ASKED:
        _tell_later(session, plan, new, now=now)
    if plan.state in _AGREED and new:
        plan = plans.add_further(session, plan, now=now)
    if plan.state == plans.ASKED and (sheets or not unanswered):
        plans.move(session, plan, plans.OPEN, register_digest=register.digest)
        plan.rows = "[]"
    plan.outstanding = sorted(unanswered)
    if plan.state == plans.OPEN:
        added = [sheet.to_record() for found in new.values() for sheet in found]
        plan.rows = json.dumps([*json.loads(plan.rows), *added])
    elif plan.state in _AGREED and not _is_decided(session, plan):
        _conclude(session, plan, register, now=now)


def _lacks(session: Session, plan: CasePlan, system: str) -> bool:
    if plan.state != plans.ASKED:
        return system in plan.outstanding
    return plan.follows_id is None or system in session.get_one(CasePlan, plan.follows_id).outstanding


def _tell_later(session: Session, plan: CasePlan, systems: Iterable[str], *, now: datetime) -> None:
    for system in systems:
        audit.record(session, "rows-laid-out", by=audit.WORKER, now=now, case_id=plan.case_id, system=system)


def _is_decided(session: Session, plan: CasePlan) -> bool:
    """Whether somebody decided the right by hand meanwhile."""
    of_plan = RequestedRight.case_id == plan.case_id, RequestedRight.right == plan.right
    return session.scalar(select(RequestedRight.outcome).where(*of_plan)) is not None


def sheets_of(plan: CasePlan) -> list[Sheet]:
    """The rows that were laid out; none any more once something is proposed."""
    return [read_sheet(each) for each in json.loads(plan.rows)] if plan.state == plans.OPEN else []


def correction_of(plan: CasePlan) -> Correction:
    """What is, or was, to be corrected."""
    is_made = plan.rows is not None and bool(plan.digest)
    return read_correction(json.loads(plan.rows)) if is_made else Correction([])


def standing(plan: CasePlan) -> Correction:
    """What is, or was, to be corrected, but for what was given up after the approval."""
    correction, without = correction_of(plan), given_up_of(plan)
    return replace(correction, changes=[change for change in correction.changes if change.system not in without])


def given_up_of(plan: CasePlan) -> list[str]:
    """The systems that were given up after the approval of a plan."""
    return [execution.system for execution in plan.executions if execution.is_given_up]


def propose(
    session: Session,
    case: Case,
    typed: Mapping[str, str],
    *,
    by: uuid.UUID,
    settings: Settings,
    now: datetime,
    seen: int | None = None,
) -> CasePlan:
    """Make a plan of the values that were typed over those laid out, and tell the approvers.

    `seen` is how many sheets whoever typed had before them. Raises IdentityNotConfirmed, PlanChanged if the rows must
    be read anew, MoreRows, WrongValues or NothingToCorrect.
    """
    require_identity(session, case)
    plan = current(session, case.id)
    if plan is None or plan.state != plans.OPEN or plan.register_digest != settings.register.digest:
        raise PlanChanged(N_("These rows are no longer the ones to correct. Have them read anew."))
    sheets = sheets_of(plan)
    if seen is not None and seen < len(sheets):
        raise MoreRows
    label = partial(called, settings.register, settings.procedure.language)
    correction, wrong = read_form(sheets, typed, errand_changes.kinds_by_hand(settings), label)
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


def begin(session: Session, case_id: uuid.UUID, *, settings: Settings, now: datetime) -> list[Approved]:
    """Note the attempt on every system of the approved corrections that has no receipt; those with such a system.

    Owners who correct something by hand are asked, and what they answered is noted. Raises IdentityNotConfirmed, or
    PlanChanged where the register is another than the approved one.
    """
    found = plans.approved(session, case_id, Right.RECTIFICATION)
    if not found:
        return []
    case = session.get_one(Case, case_id)
    require_identity(session, case)
    begun = [_begin(session, case, plan, settings=settings, now=now) for plan in found]
    return [approved for approved in begun if approved.parts]


def _begin(session: Session, case: Case, plan: CasePlan, *, settings: Settings, now: datetime) -> Approved:
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
    return Approved(plan.id, settings.register, identifiers_of(case), open_parts)


def _note_by_hand(session: Session, plan: CasePlan, system: str, errand: Errand, *, now: datetime) -> None:
    if not errand.is_outstanding:
        _note_done(session, plan, system, errand_changes.counted(errand), is_observed=True, now=now)
        execution = next(each for each in plan.executions if each.system == system)
        execution.is_given_up = errand.state == errands.GIVEN_UP


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


def give_up(session: Session, case: Case, plan: CasePlan, system: str, *, register: Register, now: datetime) -> None:
    """An approved correction ends without a database: nothing counts as changed there, though nobody saw it."""
    execution = next(each for each in plan.executions if each.system == system)
    execution.state, execution.done_at, execution.is_observed, execution.is_given_up = DONE, now, False, True
    _finish_if_done(session, plan, register, now=now)


def finish(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    """All systems are done: recipients are told, the books get a task, and the right has its outcome.

    What had not answered is asked once more first.
    """
    if plan.state != plans.APPROVED:
        return
    plan.state, plan.executed_at = plans.EXECUTED, now
    made = _made(session, plan, register)
    if made.for_books:
        facts = {"tables": sorted({value.table for value in made.for_books}), "values": len(made.for_books)}
        task = Task(key=f"books:{plan.id}", case_id=plan.case_id, kind="books-correction", facts=facts, made_at=now)
        session.add(task)
    changes = [Change(value.category, words=value.line.in_words) for value in made.corrected]
    notifications.propose(
        session, plan.case_id, Right.RECTIFICATION, changes, source_id=plan.id, register=register, now=now
    )
    audit.record(session, "correction-made", by=audit.WORKER, now=now, case_id=plan.case_id, digest=plan.digest)
    session.flush()
    if outstanding(session, plan.case_id):
        work.ask(session, plan.case_id, "rows", now=now)
    _conclude(session, plan, register, now=now)


def _conclude(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    """Decide the right once every system answered and all that was approved is done, by all that was corrected."""
    newest = current(session, plan.case_id) or plan
    is_carried_out = all(each.state == plans.EXECUTED for each in plans.series(session, newest))
    if is_carried_out and not newest.outstanding:
        plans.decide(session, newest, _outcome(session, executed(session, plan.case_id), register), now=now)


def executed(session: Session, case_id: uuid.UUID) -> Sequence[CasePlan]:
    """The corrections of a case that were carried out, the first one first."""
    of_case = CasePlan.case_id == case_id, CasePlan.right == Right.RECTIFICATION.value, CasePlan.state == plans.EXECUTED
    return session.scalars(select(CasePlan).where(*of_case).order_by(CasePlan.number)).all()


def _outcome(session: Session, done: Sequence[CasePlan], register: Register) -> Outcome:
    made = _made_together(session, done, register)
    if any(map(given_up_of, done)) or _is_given_up(session, done[0].case_id, register):
        return Outcome.PARTLY_FULFILLED if made.corrected or made.for_books else Outcome.REFUSED
    if made.for_books:
        return Outcome.PARTLY_FULFILLED
    return Outcome.FULFILLED if made.corrected else Outcome.NOT_APPLICABLE


def _is_given_up(session: Session, case_id: uuid.UUID, register: Register) -> bool:
    """Whether a database was given up in which something could be corrected."""
    systems = (given.system for given in search.given_up(session, case_id))
    return any(is_correctable(register, system) for system in systems if system in register.tables)


def _made(session: Session, plan: CasePlan, register: Register) -> Made:
    return made_of(standing(plan), errand_changes.made_by_hand(session, plan), register)


def _made_together(session: Session, done: Sequence[CasePlan], register: Register) -> Made:
    made = [_made(session, plan, register) for plan in done]
    return Made(
        [value for each in made for value in each.corrected], [value for each in made for value in each.for_books]
    )


def told(session: Session, case: Case, register: Register) -> Rectified:
    """The correction as the letter tells it, and whether a statement of the person stands with their data."""
    with_statement = statements.is_made(session, case)
    done = executed(session, case.id)
    days = [local_date(plan.executed_at) for plan in done if plan.executed_at]
    if not days:
        return Rectified(has_statement=with_statement)
    made, tell = _made_together(session, done, register), partial(_told, register=register, language=case.language)
    return Rectified(max(days), tell(made.corrected), tell(made.for_books), with_statement)


def _told(values: Sequence[Value], register: Register, language: str) -> tuple[Corrected, ...]:
    return tuple(
        Corrected(
            register.categories[each.category].label.in_language(language),
            called(register, language, each),
            each.line.old,
            each.line.new,
        )
        for each in values
    )


def called(register: Register, language: str, value: Value) -> str:
    """What people call what was corrected."""
    table = register.tables.get(value.system or "", {}).get(value.table)
    return table.column_named(value.line.what, language) if table else value.line.what

"""An approved correction (art. 16) as it is carried out: a receipt for each system, the outcome, and what is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.notices import Task
from dsr.db.plans import CasePlan
from dsr.domain.answers import Corrected, Rectified
from dsr.domain.calendars import local_date
from dsr.domain.changes import RowChange, by_system
from dsr.domain.notifications import Change
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import Correction, Line, Made, Value, made_of, read_correction
from dsr.domain.register import Register, Text
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import (
    audit,
    changing,
    errand_changes,
    errands,
    notifications,
    plans,
    search,
    statements,
    work,
)
from dsr.services.executions import DONE, begin_on
from dsr.services.lookup import identifiers_of, require_identity

_ENDED_EARLY = (plans.VOID, plans.DROPPED)


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved correction, read once; `parts` holds the changes by system, for those without a receipt."""

    plan_id: uuid.UUID
    settings: Settings
    identifiers: Identifiers
    parts: Mapping[str, Sequence[RowChange]]


def current(session: Session, case_id: uuid.UUID) -> CasePlan | None:
    """The newest plan of a case to correct something."""
    return plans.current(session, case_id, Right.RECTIFICATION)


def outstanding(session: Session, case_id: uuid.UUID) -> Sequence[str]:
    """The systems that the newest correction does not reach: they had not answered."""
    plan = current(session, case_id)
    return plan.outstanding if plan and plan.state != plans.DROPPED else ()


def correction_of(plan: CasePlan) -> Correction:
    """What is, or was, to be corrected."""
    is_made = plan.rows is not None and bool(plan.digest)
    return read_correction(json.loads(plan.rows)) if is_made else Correction([])


def standing(plan: CasePlan) -> Correction:
    """What is, or was, to be corrected, but for what was given up after the approval.

    Of a plan that was voided or dropped, what one system did before that.
    """
    correction = correction_of(plan)
    if plan.state in _ENDED_EARLY:
        done = [change for change in correction.changes if change.system in plan.systems_done]
        by_hand = [system for system in correction.by_hand.systems if system in plan.systems_done]
        return Correction(done, by_hand=replace(correction.by_hand, systems=by_hand))
    without = given_up_of(plan)
    return replace(correction, changes=[change for change in correction.changes if change.system not in without])


def given_up_of(plan: CasePlan) -> list[str]:
    """The systems that were given up after the approval of a plan."""
    return [execution.system for execution in plan.executions if execution.is_given_up]


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
        raise PlanChanged(N_("The register changed after this plan was made."))
    correction = correction_of(plan)
    parts = by_system(correction.changes)
    left = begin_on(session, plan, [*parts, *correction.by_hand.systems], now=now)
    session.expire(plan, ["executions"])
    by_hand = [system for system in left if system not in parts]
    asked = errand_changes.ask_to_correct(session, case, plan, by_hand, settings=settings, now=now)
    for system, errand in asked.items():
        _note_by_hand(session, plan, system, errand, now=now)
    _finish_if_done(session, plan, settings, now=now)
    open_parts = {system: parts[system] for system in left if system in parts}
    return Approved(plan.id, settings, identifiers_of(case), open_parts)


def _note_by_hand(session: Session, plan: CasePlan, system: str, errand: Errand, *, now: datetime) -> None:
    if not errand.is_outstanding:
        _note_done(session, plan, system, errand_changes.counted(errand), is_observed=True, now=now)
        execution = next(each for each in plan.executions if each.system == system)
        execution.is_given_up = errand.state == errands.GIVEN_UP


def settle(session: Session, approved: Approved, system: str, *, is_observed: bool, now: datetime) -> None:
    """A system has committed: its receipt, once, and with the last one the end of the plan."""
    plan = plans.locked(session, approved.plan_id)
    _note_done(session, plan, system, changing.counted(approved.parts[system]), is_observed=is_observed, now=now)
    _finish_if_done(session, plan, approved.settings, now=now)


def _note_done(
    session: Session, plan: CasePlan, system: str, changed: Mapping[str, int], *, is_observed: bool, now: datetime
) -> None:
    execution = next(each for each in plan.executions if each.system == system)
    if execution.state != DONE:
        execution.state, execution.done_at, execution.is_observed = DONE, now, is_observed
        execution.changed = dict(changed)
        details = {"system": system, "changed": execution.changed, "is_observed": is_observed}
        audit.record(session, "rows-corrected", by=audit.WORKER, now=now, case_id=plan.case_id, **details)


def _finish_if_done(session: Session, plan: CasePlan, settings: Settings, *, now: datetime) -> None:
    if all(each.state == DONE for each in plan.executions):
        finish(session, plan, settings, now=now)


def give_up(session: Session, plan: CasePlan, system: str, *, settings: Settings, now: datetime) -> None:
    """An approved correction ends without a database: nothing counts as changed there, though nobody saw it."""
    execution = next(each for each in plan.executions if each.system == system)
    execution.state, execution.done_at, execution.is_observed, execution.is_given_up = DONE, now, False, True
    _finish_if_done(session, plan, settings, now=now)


def finish(session: Session, plan: CasePlan, settings: Settings, *, now: datetime) -> None:
    """All systems are done: recipients are told, the books get a task, and the right has its outcome.

    What had not answered is asked once more first.
    """
    if plan.state != plans.APPROVED:
        return
    plan.state, plan.executed_at = plans.EXECUTED, now
    register = settings.register
    made = _made(session, plan, register)
    if made.for_books:
        facts = {"tables": sorted({value.place for value in made.for_books}), "values": len(made.for_books)}
        task = Task(key=f"books:{plan.id}", case_id=plan.case_id, kind="books-correction", facts=facts, made_at=now)
        session.add(task)
    _tell_recipients(session, plan, made, settings, now=now)
    audit.record(session, "correction-made", by=audit.WORKER, now=now, case_id=plan.case_id, digest=plan.digest)
    session.flush()
    if outstanding(session, plan.case_id):
        work.ask(session, plan.case_id, "rows", now=now)
    conclude(session, plan, register, now=now)


def void(session: Session, plan: CasePlan, sentence: str, settings: Settings, *, now: datetime) -> None:
    """The plan no longer fits the data: the approval lapses. What one system did before that stays, and is told."""
    plans.void(session, plan, sentence, now=now)
    _tell_recipients(session, plan, _made(session, plan, settings.register), settings, now=now)


def _tell_recipients(session: Session, plan: CasePlan, made: Made, settings: Settings, *, now: datetime) -> None:
    register = settings.register
    changes = dict.fromkeys(map(partial(_change, register), made.corrected))
    notifications.propose(
        session, plan.case_id, Right.RECTIFICATION, changes, source_id=plan.id, register=register, now=now
    )


def _change(register: Register, value: Value) -> Change:
    words = Text.in_both(lambda language: called(register, language, value.line).in_words)
    return Change(value.category, words=words)


def conclude(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    """Decide the right once every system answered and all that was approved is done, by all that was corrected."""
    newest = current(session, plan.case_id) or plan
    is_carried_out = all(each.state == plans.EXECUTED for each in plans.series(session, newest))
    if is_carried_out and not newest.outstanding:
        plans.decide(session, newest, _outcome(session, executed(session, plan.case_id), register), now=now)


def executed(session: Session, case_id: uuid.UUID) -> Sequence[CasePlan]:
    """The corrections of a case that were carried out, or in part before they ended; the first one first."""
    of_case = CasePlan.case_id == case_id, CasePlan.right == Right.RECTIFICATION.value
    found = session.scalars(select(CasePlan).where(*of_case).order_by(CasePlan.number))
    return [
        each for each in found if each.state == plans.EXECUTED or (each.state in _ENDED_EARLY and each.systems_done)
    ]


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
    days = [local_date(each.done_at) for plan in done for each in plan.executions if each.done_at]
    days += [local_date(plan.executed_at) for plan in done if plan.executed_at]
    if not days:
        return Rectified(has_statement=with_statement)
    made, tell = _made_together(session, done, register), partial(_told, register=register, language=case.language)
    return Rectified(max(days), tell(made.corrected), tell(made.for_books), with_statement)


def _told(values: Sequence[Value], register: Register, language: str) -> tuple[Corrected, ...]:
    """The values in words; what was corrected in several rows is told once."""
    lines = ((each.category, called(register, language, each.line)) for each in values)
    told = (
        Corrected(register.categories[category].label.in_language(language), line.what, line.old, line.new)
        for category, line in lines
        if category in register.categories
    )
    return tuple(dict.fromkeys(told))


def lines_by_hand(plan: CasePlan, register: Register, language: str) -> list[Line]:
    """What owners are asked to correct, as people call it; what is to change in several rows once."""
    return list(dict.fromkeys(called(register, language, line) for line in correction_of(plan).by_hand.lines))


def called(register: Register, language: str, line: Line) -> Line:
    """A line that names a column as people call it, its old value written as the new one is."""
    system, _, name = line.of.partition(".")
    table = register.tables.get(system, {}).get(name)
    return Line(table.column_named(line.what, language) if table else line.what, _as_new(line), line.new)


def _as_new(line: Line) -> Any:
    """The old value; SQLite holds a date as text, and an amount without its last zero."""
    if isinstance(line.new, date) and isinstance(line.old, str):
        with suppress(ValueError):
            return date.fromisoformat(line.old)
    if isinstance(line.new, Decimal) and isinstance(line.old, int | float):
        return Decimal(str(line.old)) + 0 * line.new
    return line.old


def is_correctable(register: Register, system: str) -> bool:
    """Whether the register lets anything in a system be corrected."""
    return any(table.rectifiable for table in register.tables[system].values())

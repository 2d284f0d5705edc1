"""Doing what was asked for a case: look up, search, copy, plan, erase. Each step can be repeated.

A step has three parts. What it goes by is read as it is claimed; it is done while no transaction of ours is open; what
came of it is noted as it ends, and there the next step is claimed. So a step costs two transactions of ours.
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.orm import Session, joinedload

from dsr import faults
from dsr.connectors.base import Connector, ConnectorError, Identifiers, SystemDown
from dsr.db.cases import Case
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.plans import Decision, Plan, PlanChanged
from dsr.domain.wording import N_
from dsr.jobs import changing, erasing, restricting
from dsr.jobs.context import Context, Note, left_undone
from dsr.services import (
    approvals,
    copies,
    copy_archive,
    drawing_up,
    errand_items,
    errands,
    further_plans,
    holds,
    kept,
    lookup,
    plans,
    reminders,
    restriction,
    search,
    work,
)
from dsr.services.copy_data import CopyOrder

log = logging.getLogger(__name__)

_WITH_PERSON = list(map(joinedload, (Case.identity_check, Case.data_subject, Case.identifiers, Case.rights)))
"""What a step reads of a case, in one statement."""


class Step(NamedTuple):
    """How a kind of step begins, in the transaction that claims it, and how it is done."""

    begin: Callable[[Context, Session, uuid.UUID], Any]
    do: Callable[[Context, uuid.UUID, Any], Note]


class _Begun(NamedTuple):
    """A step that is ours, and what it goes by, or why it cannot begin."""

    claimed: work.Claimed
    given: Any = None
    fault: Exception | None = None


def run_all(context: Context) -> int:
    """Do everything that is asked for and due; returns how many steps were taken on."""
    done = 0
    begun = _begin_first(context)
    while begun is not None:
        begun = _end(context, begun.claimed, _do(context, begun))
        done += 1
    return done


def _begin_first(context: Context) -> _Begun | None:
    try:
        with context.transaction() as session:
            claimed = work.claim(session, now=context.now())
            return _Begun(claimed, _given(context, session, claimed)) if claimed else None
    except Exception:  # noqa: BLE001 - it shows again, where the claim outlives it
        with context.transaction() as session:
            return _begin(context, session)


def _begin(context: Context, session: Session) -> _Begun | None:
    claimed = work.claim(session, now=context.now())
    if claimed is None:
        return None
    try:
        with session.begin_nested():
            return _Begun(claimed, _given(context, session, claimed))
    except Exception as fault:  # noqa: BLE001 - the step before must end, whatever ails this one
        return _Begun(claimed, fault=fault)


def _given(context: Context, session: Session, claimed: work.Claimed) -> Any:
    return STEPS[claimed.kind].begin(context, session, claimed.case_id)


def _do(context: Context, begun: _Begun) -> Note:
    """Take the step; whatever goes wrong, the other steps go on."""
    if begun.fault:
        return left_undone(begun.fault)
    try:
        return STEPS[begun.claimed.kind].do(context, begun.claimed.case_id, begun.given)
    except Exception as fault:  # noqa: BLE001 - the other steps must go on
        return left_undone(fault)


def _end(context: Context, claimed: work.Claimed, note: Note) -> _Begun | None:
    """Note what came of a step, end it, and begin the next."""
    try:
        with context.transaction() as session:
            _settle(context, session, claimed, note(session))
            following = _begin(context, session)
        faults.point(f"{claimed.kind}-noted")
        return following
    except Exception as fault:  # noqa: BLE001 - nothing was noted; the step has failed
        with context.transaction() as session:
            _settle(context, session, claimed, fault)
            return _begin(context, session)


def _settle(context: Context, session: Session, claimed: work.Claimed, left: Exception | None) -> None:
    if left is None:
        return work.finish(session, claimed)
    if isinstance(left, DomainError) and not isinstance(left, SystemDown):
        return work.refuse(session, claimed, context.in_words(left))
    return work.put_off(session, claimed, context.in_words(_told(claimed, left)), now=context.now())


def _told(claimed: work.Claimed, fault: Exception) -> DomainError:
    if isinstance(fault, DomainError):
        return fault
    # Its words may hold personal data: only its kind and its place are logged.
    place = "".join(traceback.format_tb(fault.__traceback__))
    log.error("The step %s of case %s failed: %s\n%s", claimed.kind, claimed.case_id, type(fault).__name__, place)
    return DomainError(N_("The program failed; it tries again by itself."))


def _claimed(context: Context, session: Session, case_id: uuid.UUID) -> dict[str, Identifiers]:
    """By what the person says to be known in each system."""
    case = session.get_one(Case, case_id)
    return {name: lookup.claimed_by(case, context.settings.register, name) for name in context.systems}


def _look_up(context: Context, case_id: uuid.UUID, claimed: Mapping[str, Identifiers]) -> Note:
    known: dict[str, dict[str, bool]] = {}
    faults: list[ConnectorError] = []
    for name, system in context.systems.items():
        try:
            known[name] = system.lookup(claimed[name])
        except ConnectorError as fault:
            faults.append(fault)

    def note(session: Session) -> Exception | None:
        case = session.get_one(Case, case_id)
        for name, answer in known.items():
            lookup.record_lookup(session, case, name, answer, now=context.now())
        kept.look_up(session, case, now=context.now())
        return search.first_of(faults)

    return note


class _Wanted(NamedTuple):
    """Whose rows are wanted, and of which systems."""

    whom: Identifiers
    systems: Mapping[str, Connector]


def _to_search(context: Context, session: Session, case_id: uuid.UUID) -> _Wanted:
    case = _identified(session, case_id)
    errands.ask_owners(session, case, settings=context.settings, now=context.now())
    systems = _systems(context, session, case)
    wanted = search.to_be_searched(session, case, systems)
    return _Wanted(lookup.identifiers_of(case), {name: systems[name] for name in wanted})


def _search(context: Context, case_id: uuid.UUID, wanted: _Wanted) -> Note:
    searched = search.search_systems(wanted.systems, wanted.whom, context.settings.register)
    say = {name: context.in_words(fault) for name, fault in searched.faults.items()}

    def note(session: Session) -> Exception | None:
        case = session.get_one(Case, case_id)
        search.record_search(session, case, searched, context.settings.register, say=say, now=context.now())
        restriction.judge_recipients(session, case, context.settings.register, now=context.now())
        if plans.lacks(session, case_id, searched.found):
            work.ask(session, case_id, "plan", now=context.now())
        return searched.fault

    return note


class _WantedCopy(NamedTuple):
    """Whose copy is wanted, of which systems."""

    order: CopyOrder
    wanted: _Wanted


def _to_copy(context: Context, session: Session, case_id: uuid.UUID) -> _WantedCopy:
    case = session.get_one(Case, case_id, options=_WITH_PERSON)
    order, systems = copies.begin_copy(session, case, settings=context.settings), _systems(context, session, case)
    given_up = tuple(name for name in context.settings.register.tables if name not in systems)
    return _WantedCopy(replace(order, given_up=given_up), _Wanted(lookup.identifiers_of(case), systems))


def _copy(context: Context, case_id: uuid.UUID, given: _WantedCopy) -> Note:
    (order, (whom, systems)), settings = given, context.settings
    written = copy_archive.write_copy(order, systems, whom, settings=settings, now=context.now())
    faults.point("copy-written")

    def note(session: Session) -> Exception | None:
        case = session.get_one(Case, case_id, options=_WITH_PERSON)
        copies.record_copy(session, case, written, settings=settings, now=context.now())
        return search.fault_of(written.faults)

    return note


class _Asked(NamedTuple):
    """Whose plan is to be drawn up, from which systems, and what was decided per category.

    `plan_id` is the plan that was asked for, or an approved one that lacks these systems.
    """

    plan_id: uuid.UUID
    whom: Identifiers
    systems: Mapping[str, Connector]
    decisions: Mapping[str, Decision]


def _asked_plan(context: Context, session: Session, case_id: uuid.UUID) -> _Asked | None:
    case = _identified(session, case_id)
    plan = further_plans.waiting(session, case)
    if plan is None:
        return None
    systems = further_plans.to_plan(session, plan, _systems(context, session, case))
    whom = lookup.identifiers_of(case)
    decisions = holds.decided(session, case_id, whom, plans.decisions_of(plan, context.settings.register))
    return _Asked(plan.id, whom, systems, decisions)


def _plan(context: Context, case_id: uuid.UUID, asked: _Asked | None) -> Note:
    if asked is None:
        return left_undone(None)
    found, faults = drawing_up.find_in(asked.systems, context.settings.register, asked.whom)
    on = local_date(context.now())
    drawn = drawing_up.draw_up_from(context.settings, found, asked.whom, asked.decisions, on=on)
    return partial(_note_plan, context, asked, drawn, faults)


def _note_plan(
    context: Context, asked: _Asked, drawn: Plan, faults: Mapping[str, ConnectorError], session: Session
) -> Exception | None:
    """Note what was drawn up; a system that is down is tried again, an owner's answer asks for this step again."""
    left = search.fault_of(faults)
    plan = further_plans.record(session, asked.plan_id, drawn, faults, now=context.now())
    if plan is None:
        return left
    try:
        holds.check_unchanged(session, plan.case_id, asked.whom, asked.decisions)
    except PlanChanged as error:
        plans.void(session, plan, context.in_words(error), now=context.now())
        return None
    case = session.get_one(Case, plan.case_id)
    reminders.tell_approvers(session, case, plan, settings=context.settings, now=context.now())
    approvals.announce(session, case, plan, settings=context.settings, now=context.now())
    return left


def _identified(session: Session, case_id: uuid.UUID) -> Case:
    case = session.get_one(Case, case_id)
    lookup.require_identity(session, case)
    return case


def _systems(context: Context, session: Session, case: Case) -> dict[str, Connector]:
    """Every system that was not given up, and what the owners of those without a database answered for this case."""
    databases = search.without_given_up(session, case.id, context.systems)
    return {**databases, **errand_items.systems_of(session, case, context.settings)}


STEPS: dict[str, Step] = {
    "lookup": Step(_claimed, _look_up),
    "search": Step(_to_search, _search),
    "copy": Step(_to_copy, _copy),
    "plan": Step(_asked_plan, _plan),
    "erase": Step(erasing.begin, erasing.carry_out),
    "rows": Step(changing.whose_rows, changing.lay_out_rows),
    "rectify": Step(changing.begin, changing.rectify),
    "restrict": Step(restricting.begin, restricting.restrict),
}

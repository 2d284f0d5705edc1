"""Doing what was asked for a case: look up, search, copy, plan, erase. Each step can be repeated."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy.orm import Session

from dsr.connectors.base import Connector, ConnectorError, SystemDown
from dsr.db.cases import Case
from dsr.db.notices import Work
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.jobs import erasing
from dsr.jobs.context import Context
from dsr.services import copies, errands, lookup, plans, reminders, search, work
from dsr.templating import in_words

log = logging.getLogger(__name__)


def run_all(context: Context) -> int:
    """Do everything that is asked for and due; returns how many steps were taken on."""
    done = 0
    claimed = _claim(context)
    while claimed is not None:
        end = _run(context, claimed)
        with context.transaction() as session:
            end(session, claimed)
            claimed = work.claim(session, now=context.now())
        done += 1
    return done


def _claim(context: Context) -> Work | None:
    # A look first: a transaction that writes holds up everybody else on SQLite.
    with context.transaction(writes=False) as session:
        if not work.is_any_due(session, now=context.now()):
            return None
    with context.transaction() as session:
        return work.claim(session, now=context.now())


def _run(context: Context, claimed: Work) -> Callable[[Session, Work], None]:
    """Take one step; returns how it ends."""
    try:
        STEPS[claimed.kind](context, claimed.case_id)
    except SystemDown as error:
        return _put_off(context, error)
    except DomainError as error:
        return partial(work.refuse, error=in_words(error, language=context.settings.procedure.language))
    except Exception as fault:  # noqa: BLE001 - the other steps must go on
        # Its words may hold personal data: only its kind and its place are logged.
        place = "".join(traceback.format_tb(fault.__traceback__))
        log.error("The step %s of case %s failed: %s\n%s", claimed.kind, claimed.case_id, type(fault).__name__, place)
        return _put_off(context, DomainError(N_("The program failed; it tries again by itself.")))
    return work.finish


def _put_off(context: Context, error: DomainError) -> Callable[[Session, Work], None]:
    sentence = in_words(error, language=context.settings.procedure.language)
    return partial(work.put_off, error=sentence, now=context.now())


def _look_up(context: Context, case_id: uuid.UUID) -> None:
    identifiers = _identifiers(context, case_id)
    faults: list[ConnectorError] = []
    for name, system in context.systems.items():
        try:
            known = system.lookup(identifiers)
        except ConnectorError as fault:
            faults.append(fault)
            continue
        with context.transaction() as session:
            lookup.record_lookup(session, session.get_one(Case, case_id), name, known, now=context.now())
    for first in sorted(faults, key=lambda each: not isinstance(each, SystemDown)):
        raise first


def _search(context: Context, case_id: uuid.UUID) -> None:
    settings = context.settings
    with context.transaction() as session:
        case = _identified_case(session, case_id)
        identifiers = lookup.identifiers_of(case)
        errands.ask_owners(session, case, settings=settings, now=context.now())
        systems = _systems(context, session, case)
        wanted = search.to_be_searched(session, case, systems)
    searched = search.search_systems({name: systems[name] for name in wanted}, identifiers)
    say = {name: in_words(fault, language=settings.procedure.language) for name, fault in searched.faults.items()}
    with context.transaction() as session:
        case = session.get_one(Case, case_id)
        search.record_search(session, case, searched, settings.register, say=say, now=context.now())
    searched.raise_fault()


def _copy(context: Context, case_id: uuid.UUID) -> None:
    with context.transaction() as session:
        case = _identified_case(session, case_id)
        identifiers, systems = lookup.identifiers_of(case), _systems(context, session, case)
    searched = search.search_systems(systems, identifiers)
    with context.transaction() as session:
        case = session.get_one(Case, case_id)
        copies.make_copy(
            session, case, searched.rows, missing=searched.missing, settings=context.settings, now=context.now()
        )
    searched.raise_fault()


def _plan(context: Context, case_id: uuid.UUID) -> None:
    register = context.settings.register
    with context.transaction() as session:
        case = _identified_case(session, case_id)
        asked = plans.current(session, case_id)
        if asked is None or asked.state != plans.ASKED:
            return
        decisions = plans.decisions_of(asked, register)
        identifiers, systems = lookup.identifiers_of(case), _systems(context, session, case)
    context.check_schemas()
    drawn = plans.draw_up(context.settings, systems, identifiers, decisions, on=local_date(context.now()))
    with context.transaction() as session:
        asked = plans.current(session, case_id)
        if asked is not None and asked.state == plans.ASKED:
            plans.record_plan(session, asked, drawn, now=context.now())
            case = session.get_one(Case, case_id)
            reminders.tell_approvers(session, case, asked, settings=context.settings, now=context.now())
            plans.announce(session, case, asked, settings=context.settings, now=context.now())


def _identifiers(context: Context, case_id: uuid.UUID) -> Mapping[str, str]:
    with context.transaction() as session:
        return lookup.identifiers_of(session.get_one(Case, case_id))


def _identified_case(session: Session, case_id: uuid.UUID) -> Case:
    case = session.get_one(Case, case_id)
    lookup.require_identity(session, case)
    return case


def _systems(context: Context, session: Session, case: Case) -> dict[str, Connector]:
    """Every system, and what the owners of those without a database answered for this case."""
    return {**context.systems, **errands.systems_of(session, case, context.settings)}


STEPS: dict[str, Callable[[Context, uuid.UUID], None]] = {
    "lookup": _look_up,
    "search": _search,
    "copy": _copy,
    "plan": _plan,
    "erase": erasing.carry_out_plan,
}

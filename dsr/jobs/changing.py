"""Correcting rows in the controller's systems: laid out for the handler, and changed once that was agreed on.

As with an erasure the attempt is noted first; then they commit; then we write the receipt.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy.orm import Session

from dsr import faults
from dsr.connectors.base import Connector, ConnectorError, Identifiers, SystemDown, SystemRefuses, rows_of
from dsr.db.cases import Case
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import Sheet, sheets
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.jobs.context import Context, Note, left_undone
from dsr.jobs.erasing import by_system
from dsr.services import changing, corrections, drawing_up, executions, plans, rectification, search, work
from dsr.services.lookup import identifiers_of, require_identity
from dsr.services.search import fault_of


class _Wanted(NamedTuple):
    """Whose rows are to be laid out for which plan, and from which systems."""

    plan_id: uuid.UUID
    whom: Identifiers
    systems: Sequence[Connector]


def whose_rows(context: Context, session: Session, case_id: uuid.UUID) -> _Wanted | None:
    """Whom to read the rows of; None while nothing is to be laid out. Raises IdentityNotConfirmed."""
    case = session.get_one(Case, case_id)
    require_identity(session, case)
    plan = rectification.to_lay_out(session, case_id)
    if plan is None:
        return None
    systems = search.without_given_up(session, case_id, context.systems)
    names = rectification.to_read(session, plan, context.settings.register, systems)
    return _Wanted(plan.id, identifiers_of(case), [systems[name] for name in names])


def lay_out_rows(context: Context, _case_id: uuid.UUID, wanted: _Wanted | None) -> Note:
    """Read the rows of a person that can be corrected; a system that is down delays its own part. SeveralPersons."""
    if wanted is None:
        return left_undone(None)
    read: dict[str, list[Sheet]] = {}
    faults: dict[str, ConnectorError] = {}
    for system in wanted.systems:
        try:
            read[system.name] = _sheets(context.settings.register, system, wanted.whom)
        except ConnectorError as fault:
            faults[system.name] = fault

    def note(session: Session) -> Exception | None:
        register, now = context.settings.register, context.now()
        rectification.lay_out(session, wanted.plan_id, read, faults, register=register, now=now)
        return fault_of(faults)

    return note


def _sheets(register: Register, system: Connector, whom: Identifiers) -> list[Sheet]:
    drawing_up.check_schema(system)
    rows = rows_of(system.find(whom))
    drawing_up.check_one_person(register, system.name, rows, whom)
    tables = {row.table for row in rows if register.tables[system.name][row.table].rectifiable}
    types = {table: system.column_types(table) for table in tables}
    return sheets(register, system.name, rows, types)


Approved = Sequence[corrections.Approved] | PlanChanged
"""The corrections to carry out, or why they no longer stand; none where there is nothing (more) to do."""


def begin(context: Context, session: Session, case_id: uuid.UUID) -> Approved:
    """Note the attempt on the approved corrections of a case."""
    try:
        return corrections.begin(session, case_id, settings=context.settings, now=context.now())
    except PlanChanged as error:
        return error


def rectify(context: Context, case_id: uuid.UUID, approved: Approved) -> Note:
    """Carry out approved corrections, system by system; one that is down or refuses delays its own part only."""
    if isinstance(approved, PlanChanged):
        return partial(_void_all, context, case_id, approved)
    parts = [(each, system) for each in approved for system in each.parts]
    return by_system(context, parts, lambda part: _rectify_in(context, *part)) if parts else left_undone(None)


def _rectify_in(context: Context, approved: corrections.Approved, system: str) -> Note:
    try:
        is_observed = _change(context, approved, system)
    except (SystemDown, SystemRefuses) as error:
        return left_undone(error)
    except PlanChanged as error:
        return partial(_void, context, approved.plan_id, error)
    return partial(_settle, context, approved, system, is_observed)


def _change(context: Context, approved: corrections.Approved, system: str) -> bool:
    drawing_up.check_schema(context.systems[system])
    with context.systems[system].erasing() as transaction:
        is_repeated = partial(_is_repeated, context, approved.plan_id, system)
        changes = approved.parts[system]
        is_observed = changing.carry_out(transaction, approved.identifiers, changes, is_repeated)
        faults.point("columns-changed")
    faults.point("columns-committed")
    return is_observed


def _settle(context: Context, approved: corrections.Approved, system: str, is_observed: bool, session: Session) -> None:
    corrections.settle(session, approved, system, is_observed=is_observed, now=context.now())


def _void_all(context: Context, case_id: uuid.UUID, error: PlanChanged, session: Session) -> PlanChanged:
    for plan in plans.approved(session, case_id, Right.RECTIFICATION):
        corrections.void(session, plan, context.in_words(error), context.settings, now=context.now())
    return error


def _void(context: Context, plan_id: uuid.UUID, error: PlanChanged, session: Session) -> PlanChanged:
    """Of one plan; another goes on."""
    plan = plans.locked(session, plan_id)
    if plan.state == plans.APPROVED:
        corrections.void(session, plan, context.in_words(error), context.settings, now=context.now())
    if plans.approved(session, plan.case_id, Right.RECTIFICATION):
        work.ask(session, plan.case_id, "rectify", now=context.now())
    return error


def _is_repeated(context: Context, plan_id: uuid.UUID, system: str) -> bool:
    with context.transaction(writes=False) as session:
        return executions.is_repeated(session, plan_id, system)

"""Correcting rows in the controller's systems: laid out for the handler, and changed once that was agreed on.

As with an erasure the attempt is noted first; then they commit; then we write the receipt.
"""

from __future__ import annotations

import uuid
from functools import partial

from sqlalchemy.orm import Session

from dsr import faults
from dsr.connectors.base import Connector, Identifiers, SystemDown, SystemRefuses, rows_of
from dsr.db.cases import Case
from dsr.domain import rectification as corrections
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import Sheet
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.jobs.context import Context, Note, left_undone
from dsr.jobs.erasing import by_system
from dsr.services import changing, drawing_up, executions, plans, rectification
from dsr.services.lookup import identifiers_of, require_identity


def whose_rows(_context: Context, session: Session, case_id: uuid.UUID) -> Identifiers:
    """Whom to read the rows of. Raises IdentityNotConfirmed."""
    case = session.get_one(Case, case_id)
    require_identity(session, case)
    return identifiers_of(case)


def lay_out_rows(context: Context, case_id: uuid.UUID, whom: Identifiers) -> Note:
    """Read the rows of a person that can be corrected. Raises SystemDown, SystemRefuses or SeveralPersons."""
    register = context.settings.register
    sheets = [sheet for system in context.systems.values() for sheet in _sheets(register, system, whom)]
    return lambda session: rectification.lay_out(session, case_id, sheets, register)


def _sheets(register: Register, system: Connector, whom: Identifiers) -> list[Sheet]:
    rows = rows_of(system.find(whom))
    drawing_up.check_one_person(register, system.name, rows, whom)
    tables = {row.table for row in rows if register.tables[system.name][row.table].rectifiable}
    types = {table: system.column_types(table) for table in tables}
    return corrections.sheets(register, system.name, rows, types)


Approved = rectification.Approved | PlanChanged | None
"""The correction to carry out, or why it no longer stands; None where there is nothing (more) to do."""


def begin(context: Context, session: Session, case_id: uuid.UUID) -> Approved:
    """Note the attempt on the approved correction of a case."""
    try:
        return rectification.begin(session, case_id, settings=context.settings, now=context.now())
    except PlanChanged as error:
        return error


def rectify(context: Context, case_id: uuid.UUID, approved: Approved) -> Note:
    """Carry out an approved correction, system by system; one that is down or refuses delays its own part only."""
    if approved is None:
        return left_undone(None)
    if isinstance(approved, PlanChanged):
        return partial(_void, context, case_id, approved)
    return by_system(context, approved.parts, partial(_rectify_in, context, case_id, approved))


def _rectify_in(context: Context, case_id: uuid.UUID, approved: rectification.Approved, system: str) -> Note:
    try:
        is_observed = _change(context, approved, system)
    except (SystemDown, SystemRefuses) as error:
        return left_undone(error)
    except PlanChanged as error:
        return partial(_void, context, case_id, error)
    return partial(_settle, context, approved, system, is_observed)


def _change(context: Context, approved: rectification.Approved, system: str) -> bool:
    with context.systems[system].erasing() as transaction:
        is_repeated = partial(_is_repeated, context, approved.plan_id, system)
        changes = approved.parts[system]
        is_observed = changing.carry_out(transaction, approved.identifiers, changes, is_repeated)
        faults.point("columns-changed")
    faults.point("columns-committed")
    return is_observed


def _settle(
    context: Context, approved: rectification.Approved, system: str, is_observed: bool, session: Session
) -> None:
    rectification.settle(session, approved, system, is_observed=is_observed, now=context.now())


def _void(context: Context, case_id: uuid.UUID, error: PlanChanged, session: Session) -> PlanChanged:
    for plan in plans.approved(session, case_id, Right.RECTIFICATION):
        plans.void(session, plan, context.in_words(error), now=context.now())
    return error


def _is_repeated(context: Context, plan_id: uuid.UUID, system: str) -> bool:
    with context.transaction(writes=False) as session:
        return executions.is_repeated(session, plan_id, system)

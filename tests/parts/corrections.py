"""A correction as far as its approval, for tests that begin there."""

from __future__ import annotations

import uuid
from typing import Any

from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.services import corrections, rectification
from dsr.services.work import of as work_of
from tests.parts.erasures import approve
from tests.parts.shop import Workplace, identified_case

CUSTOMER = "0.0"
INVOICE = "1.0"
"""The place of a row on the sheets: Hanna herself, and her oldest invoice."""


def opened_case(workplace: Workplace) -> tuple[Case, Any, Any]:
    """A case of Hanna whose rows are laid out, its handler and an approver."""
    case, handler, approver = identified_case(workplace, Right.RECTIFICATION)
    ask_rows(workplace, case, handler.id)
    return case, handler, approver


def ask_rows(workplace: Workplace, case: Case, by: uuid.UUID) -> None:
    """Have the rows laid out."""
    with workplace.transaction() as session:
        rectification.ask_rows(session, session.get_one(Case, case.id), by=by, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        plan = corrections.current(session, case.id)
        assert plan is not None
        assert plan.state == "open", work_of(session, case.id)["rows"].error


def propose(
    workplace: Workplace, case: Case, by: uuid.UUID, typed: dict[str, str], *, seen: int | None = None
) -> CasePlan:
    """Type values over those laid out."""
    settings = workplace.context.settings
    with workplace.transaction() as session:
        found = session.get_one(Case, case.id)
        now = workplace.clock()
        return rectification.propose(session, found, typed, by=by, settings=settings, now=now, seen=seen)


def approved_case(workplace: Workplace, typed: dict[str, str]) -> Case:
    """A case whose correction was agreed on, and is not carried out yet."""
    case, handler, approver = opened_case(workplace)
    approve(workplace, case, propose(workplace, case, handler.id, typed), approver.id)
    return case

"""Rectification (art. 16): rows laid out for the handler, and the correction that is made of what was typed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case, RequestedRight
from dsr.db.plans import CasePlan
from dsr.domain.changes import digest_of
from dsr.domain.column_types import WrongValue
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import Sheet, read_form, read_sheet
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import (
    approvals,
    audit,
    casework,
    errand_changes,
    plans,
    reminders,
    work,
)
from dsr.services.corrections import conclude, current, is_correctable
from dsr.services.lookup import require_identity


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


def ask_rows(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> CasePlan:
    """Ask the worker to lay out the rows that can be corrected. Raises what `plans.new_plan` raises."""
    plan = plans.new_plan(session, case, Right.RECTIFICATION, by=by, now=now)
    audit.record(session, "correction-asked", by=by, now=now, case_id=case.id, plan=plan.number)
    work.ask(session, case.id, "rows", by=by, now=now)
    return plan


def to_lay_out(session: Session, case_id: uuid.UUID) -> CasePlan | None:
    """The plan that rows are to be read for: one that was asked for, or that systems had not answered for."""
    plan = current(session, case_id)
    return plan if plan and _is_to_be_laid_out(plan) else None


def _is_to_be_laid_out(plan: CasePlan) -> bool:
    return plan.state == plans.ASKED or (plan.state in (plans.OPEN, *_AGREED) and bool(plan.outstanding))


def to_read(session: Session, plan: CasePlan, register: Register, systems: Iterable[str]) -> list[str]:
    """The systems with something to correct whose rows are to be read: all, or those that had not answered."""
    return [name for name in systems if is_correctable(register, name) and _lacks(session, plan, name)]


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
        conclude(session, plan, register, now=now)


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
    correction, wrong = read_form(sheets, typed, errand_changes.kinds_by_hand(settings))
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
    approvals.announce(session, case, plan, settings=settings, now=now)
    return plan

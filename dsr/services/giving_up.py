"""Giving up a database that will not answer any more, or an errand: a handler says so, and the letter tells why.

Nothing of what was given up counts as done.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy
from dsr.db.base import put
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.plans import CasePlan, Execution, GivenUp
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import (
    audit,
    casework,
    corrections,
    errand_restrictions,
    errands,
    executions,
    plans,
    restriction,
    search,
    work,
)
from dsr.services.erasing import Receipt
from dsr.services.executions import DONE


def candidates(session: Session, case: Case, settings: Settings) -> list[str]:
    """The databases that can be given up: they were asked in vain, and something of the case waits for them."""
    if not case.is_open or not any(step.error for step in work.of(session, case.id).values()):
        return []
    untold = *restriction.systems_unmarked(session, case, settings.register), *restriction.systems_marked(session, case)
    waited_for = {*_unsearched(session, case), *_unplanned(session, case), *_begun(session, case), *untold}
    return [name for name, system in settings.systems.items() if name in waited_for and not system.is_manual]


def _unsearched(session: Session, case: Case) -> list[str]:
    newest, copy = search.latest(session, case), session.get(AccessCopy, case.id)
    return [*(newest.missing if newest else ()), *(copy.missing if copy and copy.released_at is None else ())]


def _unplanned(session: Session, case: Case) -> list[str]:
    found = (plans.current(session, case.id, right) for right in plans.STEPS)
    return [system for plan in found if plan and plan.state not in plans.LAPSED for system in plan.outstanding]


def _begun(session: Session, case: Case) -> list[str]:
    """Where an approved plan was begun, and no receipt came."""
    without_receipt = CasePlan.state == plans.APPROVED, Execution.state != DONE
    begun = select(Execution.system).join(CasePlan).where(CasePlan.case_id == case.id, *without_receipt)
    return [*session.scalars(begun)]


def give_up_system(
    session: Session, case: Case, system: str, reason: str, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """Go on without a database; the letter tells the data subject so, with the reason. Raises NotPossible."""
    if system not in candidates(session, case, settings):
        raise casework.NotPossible(N_("Nothing waits for this system any more."))
    if not reason.strip():
        raise casework.NotPossible(errands.TOLD_WHY)
    if work.is_taken(session, case.id, now=now):
        raise casework.NotPossible(N_("The program is asking the systems right now. Try again in a moment."))
    casework.change(session, case)
    given = GivenUp(case_id=case.id, system=system, given_up_at=now, given_up_by_id=by)
    given.reason = reason.strip()
    put(session, given, by=("case_id", "system"))
    audit.record(session, "system-given-up", by=by, now=now, case_id=case.id, system=system)
    search.give_up(session, case, system)
    _give_up_plans(session, case, system, settings=settings, now=now)
    _wake(session, case, by=by, now=now)


def _give_up_plans(session: Session, case: Case, system: str, *, settings: Settings, now: datetime) -> None:
    """What approved plans were to do in the system is not waited for."""
    for plan in plans.approved(session, case.id, *plans.STEPS):
        if any(execution.system == system and execution.state != DONE for execution in plan.executions):
            if plan.right == Right.RECTIFICATION:
                corrections.give_up(session, plan, system, settings=settings, now=now)
            else:
                executions.give_up(session, case, plan, system, register=settings.register, now=now)


def give_up_errand(
    session: Session, case: Case, errand: Errand, reason: str, *, by: uuid.UUID, register: Register, now: datetime
) -> None:
    """Go on without what an owner was asked, with a reason. Raises NotPossible."""
    errands.give_up(session, errand, reason, by=by, now=now)
    if errand.kind == errands.SEARCH:
        search.give_up(session, case, errand.system)
        errands.wake_waiting(session, errand, now=now)
    if errand.kind == errands.ERASE:
        _give_up_papers(session, case, errand, register, now=now)
    if errand.kind in (errands.RESTRICT, errands.STOP):
        errand_restrictions.note_given_up(session, case)
    if step := errands.NEXT.get(errand.kind):
        work.ask(session, case.id, step, by=by, now=now)


def _give_up_papers(session: Session, case: Case, errand: Errand, register: Register, *, now: datetime) -> None:
    """What an approved plan was to erase stays there; of what it keeps the owner is asked on its day."""
    plan = session.get(CasePlan, errand.plan_id) if errand.plan_id else None
    if plan is None or plan.state != plans.APPROVED:
        return
    casework.check_open(case)
    for execution in plan.executions:
        if execution.system == errand.system:
            execution.is_given_up = True
    approved = executions.approved_of(case, plan, register)
    executions.settle(session, approved, errand.system, Receipt({}, {}, {}), now=now)


def ask_again(session: Session, case: Case, system: str, *, by: uuid.UUID, now: datetime) -> None:
    """The database is asked again after all; what was done without it stays done. Raises NotPossible."""
    casework.check_open(case)
    casework.change(session, case)
    session.execute(delete(GivenUp).where(GivenUp.case_id == case.id, GivenUp.system == system))
    audit.record(session, "system-asked-again", by=by, now=now, case_id=case.id, system=system)
    search.ask_again(session, case, system, search.DOWN)
    for kind in ("search", *_lack_again(session, case, system)):
        work.ask(session, case.id, kind, by=by, now=now)


def _lack_again(session: Session, case: Case, system: str) -> Iterator[str]:
    """Have what was made without a system wait for it; the steps that do."""
    copy = session.get(AccessCopy, case.id)
    if copy and copy.released_at is None:
        copy.missing = sorted({*copy.missing, system})
        yield "copy"
    for right, step in plans.FURTHER.items():
        plan = plans.current(session, case.id, right)
        if plan and plan.state not in plans.LAPSED:
            plan.outstanding = sorted({*plan.outstanding, system})
            yield step
    if restriction.pending(session, case):
        yield "restrict"


def _wake(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """The steps that were tried in vain are tried again."""
    for kind, step in work.of(session, case.id).items():
        if step.error:
            work.ask(session, case.id, kind, by=by, now=now)

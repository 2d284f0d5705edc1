"""Tasks that a person settles: done in a system or in the books, or not done, with the reason."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import ErasurePlan
from dsr.domain.wording import N_
from dsr.services import audit, casework, executions, plans
from dsr.services.executions import BY_HAND
from dsr.services.notifications import SILENT_TASK
from dsr.services.retention import LEFT

SETTLED_BY_HAND = (BY_HAND, "books-correction", LEFT, "replay-left", SILENT_TASK)
"""The kinds that nothing but a person ends."""


def open_of(session: Session, case_id: uuid.UUID) -> list[Task]:
    """What a person still has to settle in a case, oldest first."""
    mine = (Task.case_id == case_id, Task.kind.in_(SETTLED_BY_HAND), Task.done_at.is_(None))
    return list(session.scalars(select(Task).where(*mine).order_by(Task.made_at, Task.key)))


def find(session: Session, case: Case, task_id: uuid.UUID) -> Task | None:
    """An open task of this case."""
    return next((task for task in open_of(session, case.id) if task.id == task_id), None)


def settle(
    session: Session, case: Case, task: Task, reason: str, *, is_done: bool, by: uuid.UUID, now: datetime
) -> None:
    """Note that a task was done, or why it is not. Raises NotPossible without that reason, or Conflict."""
    if not is_done and not reason.strip():
        raise casework.NotPossible(N_("Say why this is not done."))
    casework.change(session, case)
    task.done_at, task.is_left, task.reason = now, not is_done, reason.strip() or None
    if is_done and task.kind == BY_HAND and case.is_open:
        _count_as_erased(session, case, uuid.UUID(task.facts["plan"]), now)
    state = "done" if is_done else "left"
    audit.record(session, f"task-{state}", by=by, now=now, case_id=case.id, task=task.kind)


def _count_as_erased(session: Session, case: Case, plan_id: uuid.UUID, now: datetime) -> None:
    """The right has the outcome of a plan of which all went, unless a person decided on it otherwise."""
    plan = session.get_one(ErasurePlan, plan_id)
    parts = plans.parts_of(plan).values()
    before = executions.outcome(session, plan, parts)
    if any(right.right == plan.right and right.outcome == before.value for right in case.rights):
        plans.decide(session, plan, executions.outcome(session, plan, parts, is_done_by_hand=True), now=now)

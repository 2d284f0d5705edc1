"""Tasks that a person settles: done in a system or in the books, or not done, with the reason."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan
from dsr.domain.groups import Group
from dsr.domain.notifications import Change
from dsr.domain.plans import READ_ONLY, Verdict
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, executions, notifications, plans
from dsr.services.erased import NotedRows, remember
from dsr.services.executions import BY_HAND
from dsr.services.notifications import SILENT_TASK
from dsr.services.retention import LEFT, entry_of, note_erased_by_hand

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
    session: Session,
    case: Case,
    task: Task,
    reason: str,
    *,
    is_done: bool,
    register: Register,
    by: uuid.UUID,
    now: datetime,
) -> None:
    """Note that a task was done, or why it is not. Raises NotPossible without that reason, or Conflict.

    What was erased by hand counts as erased, for the outcome, the ledger and the recipients (art. 19).
    """
    if not is_done and not reason.strip():
        raise casework.NotPossible(N_("Say why this is not done."))
    casework.change(session, case)
    task.done_at, task.is_left, task.reason = now, not is_done, reason.strip() or None
    if is_done and task.kind == BY_HAND:
        _erased_by_hand(session, case, task, register, now)
    if is_done and task.kind == LEFT:
        _went_by_hand(session, case, task, register, now)
    if is_done:
        audit.record(session, "task-done", by=by, now=now, case_id=case.id, task=task.kind)
    else:
        audit.record(session, "task-left", by=by, now=now, case_id=case.id, task=task.kind)


def _erased_by_hand(session: Session, case: Case, task: Task, register: Register, now: datetime) -> None:
    plan = session.get_one(CasePlan, uuid.UUID(task.facts["plan"]))
    groups = [group for part in plans.parts_of(plan).values() for group in part.groups]
    by_hand = [group for group in groups if _is_asked(task, group)]
    for group in by_hand:
        gone = NotedRows(group.judged.table, None, group.count, group.written)
        remember(session, case.id, group.judged.system, [gone], register, now=now)
    if case.is_open:
        _count_as_erased(session, case, plan, now)
    earlier = [each for each in notifications.of_case(session, case.id) if each.source_id == plan.id]
    told = {change.category for each in earlier for change in notifications.changes_of(each) if not change.is_part}
    went = dict.fromkeys(group.judged.category for group in by_hand)
    stays = (group.judged for group in groups if group.judged.verdict is not Verdict.ERASE and group not in by_hand)
    in_part = {row.category for row in stays}
    changes = [Change(name, is_part=name in in_part) for name in went if name not in told]
    notifications.propose(
        session, case.id, Right.ERASURE, changes, source_id=task.id, completes=plan.id, register=register, now=now
    )


def _is_asked(task: Task, group: Group) -> bool:
    """Whether a group of rows is what a task has erased by hand; a plan that was voided did not reach all of it."""
    return group.judged.why == READ_ONLY and f"{group.judged.system}.{group.judged.table}" in task.facts["tables"]


def _count_as_erased(session: Session, case: Case, plan: CasePlan, now: datetime) -> None:
    """The right has the outcome of an erasure of which all went, unless a person decided on it otherwise."""
    session.flush()
    newest = plans.current(session, case.id, Right(plan.right)) or plan
    before = executions.outcome(session, newest, executions.parts_of_series(plans.series(session, newest)))
    is_decided = any(right.right == plan.right and right.outcome == before.value for right in case.rights)
    if is_decided and executions.is_done_by_hand(session, case.id):
        executions.conclude(session, newest, now=now)


def _went_by_hand(session: Session, case: Case, task: Task, register: Register, now: datetime) -> None:
    entry = entry_of(session, task)
    if entry is not None:
        note_erased_by_hand(session, entry, register, now=now)
        notifications.propose_later(session, case.id, [Change(entry.category)], register=register, now=now)

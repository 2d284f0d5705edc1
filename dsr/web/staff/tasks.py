"""Settling the tasks of a case, on its page."""

from __future__ import annotations

import uuid

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.services import tasks
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff


@staff.post("/cases/<reference>/tasks/<uuid:task_id>")
@allows("case.handle")
def settle_task(reference: str, task_id: uuid.UUID) -> ResponseReturnValue:
    """Note that a task was done, or why it is not."""
    is_done, reason = request.form.get("settled") == "done", request.form.get("task_reason", "")

    def change(session: Session, case: Case) -> None:
        task = tasks.find(session, case, task_id) or abort(404)
        register = settings().register
        tasks.settle(session, case, task, reason, is_done=is_done, register=register, by=me(), now=now())

    return act(reference, change, anchor="tasks")

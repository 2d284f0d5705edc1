"""Telling recipients, on the page of a case: each form, its service, and back to the panel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.notifications import Notification
from dsr.domain.notifications import Answer, Channel, Waiver
from dsr.services import notifications, recipients
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff

Kind = TypeVar("Kind", Answer, Channel, Waiver)


@staff.post("/cases/<reference>/recipients/<uuid:notification_id>/received")
@allows("case.handle")
def say_received(reference: str, notification_id: uuid.UUID) -> ResponseReturnValue:
    """Say whether a recipient got data of this person."""
    has_received = request.form.get("has_received") == "yes"
    return _act(
        reference,
        notification_id,
        lambda session, case, found: notifications.say_received(
            session, case, found, has_received=has_received, by=me(), now=now()
        ),
    )


@staff.post("/cases/<reference>/recipients/<uuid:notification_id>/mailed")
@allows("case.handle")
def tell_recipient(reference: str, notification_id: uuid.UUID) -> ResponseReturnValue:
    """Mail a recipient, once more if need be."""
    return _act(
        reference,
        notification_id,
        lambda session, case, found: recipients.tell_by_mail(
            session, case, found, by=me(), settings=settings(), now=now()
        ),
    )


@staff.post("/cases/<reference>/recipients/<uuid:notification_id>/told")
@allows("case.handle")
def note_told(reference: str, notification_id: uuid.UUID) -> ResponseReturnValue:
    """Note that a recipient was told by telephone, letter or portal."""
    channel = _posted(Channel, "channel")
    return _act(
        reference,
        notification_id,
        lambda session, case, found: notifications.note_told(session, case, found, channel, by=me(), now=now()),
    )


@staff.post("/cases/<reference>/recipients/<uuid:notification_id>/waived")
@allows("case.handle")
def waive(reference: str, notification_id: uuid.UUID) -> ResponseReturnValue:
    """Not tell a recipient, with the reason."""
    waiver, why = _posted(Waiver, "waiver"), request.form.get("why", "")
    return _act(
        reference,
        notification_id,
        lambda session, case, found: notifications.waive(session, case, found, waiver, why, by=me(), now=now()),
    )


@staff.post("/cases/<reference>/recipients/<uuid:notification_id>/answer")
@allows("case.handle")
def note_answer(reference: str, notification_id: uuid.UUID) -> ResponseReturnValue:
    """Note what a recipient said to it."""
    answer, remark = _posted(Answer, "answer"), request.form.get("remark", "")
    return _act(
        reference,
        notification_id,
        lambda session, _case, found: notifications.record_answer(session, found, answer, remark, by=me(), now=now()),
    )


def _posted(kind: type[Kind], name: str) -> Kind:
    try:
        return kind(request.form.get(name, ""))
    except ValueError:
        abort(400)


def _act(
    reference: str, notification_id: uuid.UUID, change: Callable[[Session, Case, Notification], None]
) -> ResponseReturnValue:
    def changed(session: Session, case: Case) -> None:
        change(session, case, notifications.find(session, case, notification_id) or abort(404))

    return act(reference, changed, anchor="recipients")

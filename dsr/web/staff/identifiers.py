"""What the person is found by, on the page of a case: another number, and which of several people this is."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from dsr.services import identifiers
from dsr.web.runtime import now
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff


@staff.post("/cases/<reference>/identifiers")
@allows("case.handle")
def confirm_identifier(reference: str) -> ResponseReturnValue:
    """Record another number of the person, which was checked."""
    kind, typed = request.form.get("kind", ""), request.form.get("number", "")
    return act(
        reference,
        lambda session, case: identifiers.confirm_identifier(session, case, kind, typed, by=me(), now=now()),
        anchor="found-by",
    )


@staff.post("/cases/<reference>/identifiers/forget")
@allows("case.handle")
def forget_identifier(reference: str) -> ResponseReturnValue:
    """Take a number back, or a choice among people."""
    kind = request.form.get("kind", "")
    return act(
        reference,
        lambda session, case: identifiers.forget(session, case, kind, by=me(), now=now()),
        anchor="found-by",
    )


@staff.post("/cases/<reference>/persons")
@allows("case.handle")
def choose_persons(reference: str) -> ResponseReturnValue:
    """Say which of the people who answered this is."""
    place, chosen = request.form.get("place", ""), request.form.getlist("chosen")
    return act(
        reference,
        lambda session, case: identifiers.choose_persons(session, case, place, chosen, by=me(), now=now()),
        anchor="findings",
    )

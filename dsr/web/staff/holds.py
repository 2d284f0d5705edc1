"""Holds: the list of those that run, and placing, keeping and lifting one on the page of a case."""

from __future__ import annotations

import uuid
from datetime import date

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.holds import Hold
from dsr.domain.calendars import local_date
from dsr.domain.holds import HoldGround
from dsr.services import holds
from dsr.web.pages import language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import case_view
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff, staff_page


@staff.get("/holds")
@allows("case.read")
def hold_list() -> ResponseReturnValue:
    """Every running hold, in the order in which somebody must look at them."""
    with transaction(writes=False) as session:
        found = holds.running_holds(session)
        names = queries.staff_names(session, [hold.placed_by_id for hold, _ in found])
        register = settings().register
        rows = [{**case_view.shown_hold(hold, names, register, language()), "case": case} for hold, case in found]
        return staff_page("staff/holds.html", rows=rows, today=local_date(now()))


@staff.post("/cases/<reference>/holds")
@allows("hold.place")
def place_hold(reference: str) -> ResponseReturnValue:
    """Keep the data of this person from going."""
    ground = _ground(request.form.get("ground", ""))

    def change(session: Session, case: Case) -> None:
        holds.place_hold(
            session,
            case,
            ground=ground,
            category=request.form.get("category") or None,
            reason=request.form.get("hold_reason", ""),
            review_on=_day("review_on"),
            by=me(),
            settings=settings(),
            now=now(),
        )

    return act(reference, change, anchor="holds")


def _ground(name: str) -> HoldGround:
    try:
        return HoldGround(name)
    except ValueError:
        abort(400)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


@staff.post("/cases/<reference>/holds/<uuid:hold_id>/review")
@allows("hold.place")
def review_hold(reference: str, hold_id: uuid.UUID) -> ResponseReturnValue:
    """The hold is still needed, until another day."""

    def change(session: Session, case: Case) -> None:
        holds.review_hold(session, _hold(session, case, hold_id), _day("next_review_on"), by=me(), now=now())

    return act(reference, change, anchor="holds")


@staff.post("/cases/<reference>/holds/<uuid:hold_id>/lift")
@allows("hold.place")
def lift_hold(reference: str, hold_id: uuid.UUID) -> ResponseReturnValue:
    """The hold is no longer needed."""

    def change(session: Session, case: Case) -> None:
        reason = request.form.get("lift_reason", "")
        hold = _hold(session, case, hold_id)
        holds.lift_hold(session, case, hold, reason, by=me(), settings=settings(), now=now())

    return act(reference, change, anchor="holds")


def _hold(session: Session, case: Case, hold_id: uuid.UUID) -> Hold:
    """A hold on the person of the case; a page that does not exist otherwise."""
    hold = session.get(Hold, hold_id)
    return hold if hold and holds.is_on(session, hold, case) else abort(404)

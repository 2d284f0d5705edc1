"""What a handler does on the page of a case: each form, its service, and back to the page."""

from __future__ import annotations

import uuid

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.staff import StaffMember
from dsr.domain.errors import DomainError
from dsr.domain.rights import Outcome, Right
from dsr.services import answers, casework, copies, deadlines, deciding, errands, later, lookup, work
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.case import case_page, find_case
from dsr.web.staff.pages import me, say, staff

# A copy is a page of its own, made of other people's data: it may use its own style, and nothing else.
_COPY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


@staff.post("/cases/<reference>/take")
@allows("case.handle")
def take(reference: str) -> ResponseReturnValue:
    """Become the handler."""
    return act(reference, lambda session, case: casework.take_case(session, case, by=me(), now=now()))


@staff.post("/cases/<reference>/hand-over")
@allows("case.handle")
def hand_over(reference: str) -> ResponseReturnValue:
    """Give the case to somebody else."""

    def change(session: Session, case: Case) -> None:
        to = session.get(StaffMember, _posted_id("to")) or abort(404)
        casework.hand_over_case(session, case, to, by=me(), now=now())

    return act(reference, change, anchor="handling")


def _posted_id(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        abort(400)


@staff.post("/cases/<reference>/rights")
@allows("case.handle")
def set_rights(reference: str) -> ResponseReturnValue:
    """Note the rights of a request that came in without naming one."""
    chosen = [_right(name) for name in request.form.getlist("rights")]
    return act(
        reference,
        lambda session, case: casework.set_rights(session, case, chosen, by=me(), now=now()),
        anchor="rights",
    )


@staff.post("/cases/<reference>/rights/add")
@allows("case.handle")
def add_right(reference: str) -> ResponseReturnValue:
    """Note one more right that the request invokes."""
    chosen = _right(request.form.get("added", ""))
    return act(
        reference,
        lambda session, case: casework.add_right(session, case, chosen, by=me(), now=now()),
        anchor="rights",
    )


@staff.post("/cases/<reference>/rights/<right>")
@allows("case.handle")
def decide_right(reference: str, right: str) -> ResponseReturnValue:
    """Decide how a right ended."""
    chosen, reason = _outcome(request.form.get("outcome", "")), request.form.get("reason", "")
    return act(
        reference,
        lambda session, case: deciding.decide_by_hand(session, case, _right(right), chosen, reason, by=me(), now=now()),
        anchor="rights",
    )


def _right(name: str) -> Right:
    try:
        return Right(name)
    except ValueError:
        abort(404)


def _outcome(name: str) -> Outcome:
    try:
        return Outcome(name)
    except ValueError:
        abort(400)


@staff.post("/cases/<reference>/identity")
@allows("case.handle")
def confirm_identity(reference: str) -> ResponseReturnValue:
    """Record the identity check."""
    is_seen = request.form.get("seen_on_file") == "yes" and bool(errands.by_hand(settings()))
    return act(
        reference,
        lambda session, case: lookup.confirm_identity(session, case, by=me(), now=now(), is_seen_on_file=is_seen),
    )


@staff.post("/cases/<reference>/lookup")
@allows("case.handle")
def look_up(reference: str) -> ResponseReturnValue:
    """Ask the systems once more whether they know the address."""
    return act(reference, lambda session, case: work.ask(session, case.id, "lookup", by=me(), now=now()))


@staff.post("/cases/<reference>/search")
@allows("case.handle")
def search(reference: str) -> ResponseReturnValue:
    """Search the systems, once more if need be."""

    def change(session: Session, case: Case) -> None:
        lookup.require_identity(session, case)
        work.ask(session, case.id, "search", by=me(), now=now())

    return act(reference, change, anchor="findings")


@staff.post("/cases/<reference>/copy")
@allows("case.handle")
def make_copy(reference: str) -> ResponseReturnValue:
    """Have the access copy made."""

    def change(session: Session, case: Case) -> None:
        lookup.require_identity(session, case)
        work.ask(session, case.id, "copy", by=me(), now=now())

    return act(reference, change, anchor="copy")


@staff.post("/cases/<reference>/copy/view")
@allows("case.handle")
def view_copy(reference: str) -> ResponseReturnValue:
    """Look at the copy; that somebody did is noted."""
    try:
        with transaction() as session:
            case = find_case(session, reference)
            pieces = copies.view_copy(session, case, by=me(), settings=settings(), now=now())
    except DomainError as error:
        return case_page(reference, error=say(error)), 422
    return Response(pieces, mimetype="text/html", headers={"Content-Security-Policy": _COPY_POLICY})


@staff.post("/cases/<reference>/copy/release")
@allows("case.handle")
def release_copy(reference: str) -> ResponseReturnValue:
    """Lay the copy ready for the data subject."""
    return act(
        reference,
        lambda session, case: copies.release_copy(session, case, by=me(), settings=settings(), now=now()),
        anchor="copy",
    )


@staff.get("/cases/<reference>/letter")
@allows("case.read")
def letter(reference: str) -> ResponseReturnValue:
    """The letter as it was sent or, before that, as it would be sent now."""
    with transaction(writes=False) as session:
        case = find_case(session, reference)
        try:
            return answers.read_letter(session, case)
        except answers.LetterNotThere:
            return answers.compose_letter(session, case, settings=settings(), now=now())


@staff.post("/cases/<reference>/letter")
@allows("case.handle")
def send_letter(reference: str) -> ResponseReturnValue:
    """Send the answer."""
    return act(
        reference,
        lambda session, case: answers.send_answer(session, case, by=me(), settings=settings(), now=now()),
        anchor="letter",
    )


@staff.post("/cases/<reference>/extension")
@allows("case.handle")
def extend(reference: str) -> ResponseReturnValue:
    """Announce two further months, with the reasons."""
    reason = request.form.get("extension_reason", "")
    return act(
        reference,
        lambda session, case: deadlines.extend_deadline(session, case, reason, by=me(), settings=settings(), now=now()),
        anchor="clock",
    )


@staff.post("/cases/<reference>/set-aside")
@allows("case.handle")
def set_aside(reference: str) -> ResponseReturnValue:
    """Put away what is no request."""
    ground = request.form.get("ground", "")
    return act(reference, lambda session, case: casework.set_aside(session, case, ground, by=me(), now=now()))


@staff.post("/cases/<reference>/restore")
@allows("case.handle")
def restore(reference: str) -> ResponseReturnValue:
    """Bring back a case that was set aside."""

    def change(session: Session, case: Case) -> None:
        casework.restore(session, case, by=me(), now=now())
        later.bring_back(session, case, by=me(), now=now())

    return act(reference, change)


@staff.post("/cases/<reference>/withdraw")
@allows("case.handle")
def withdraw(reference: str) -> ResponseReturnValue:
    """Note that the data subject takes the request back."""
    return act(reference, lambda session, case: casework.withdraw(session, case, by=me(), now=now()))


@staff.post("/cases/<reference>/close")
@allows("case.handle")
def close(reference: str) -> ResponseReturnValue:
    """Close an answered case."""
    return act(reference, lambda session, case: casework.close_case(session, case, by=me(), now=now()))

"""The status page: behind a link that only the person has; what was answered needs the receipt code as well.

Opening a page changes nothing (a mail gateway opens links too). A wrong code counts, so the transaction is committed
before the fault is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, Response, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import days_left
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import answers, copies, identity, informed, intake, later
from dsr.services.answers import LetterNotThere
from dsr.services.copies import CopyNotThere
from dsr.services.receipt_codes import ReceiptCodeLocked
from dsr.services.status import follow
from dsr.web.errors import refuse
from dsr.web.pages import gettext, page
from dsr.web.public.words import CHOICES
from dsr.web.runtime import now, settings, wake
from dsr.web.security import PUBLIC, UntrustedForm, allows

status = Blueprint("status", __name__)

T = TypeVar("T")

_TOLD = {
    "confirmed": N_("Your e-mail address is confirmed."),
    "mailed": N_("We have sent you a new code. The old one no longer works."),
    "later": N_("We mail you when the last of it is gone. We keep your e-mail address for that."),
    "not-later": N_("We do not mail you about this. We do not keep your e-mail address for it either."),
}
_SEND_AGAIN = N_("Please fill this in once more. If that does not help, allow cookies, or call or mail us.")
_CODES = {
    ReceiptCodeLocked: 429,
    CopyNotThere: 410,
    LetterNotThere: 410,
    identity.CodeLocked: 429,
    identity.TooManyCodes: 429,
}


@status.get("/status")
@allows(PUBLIC)
def find() -> str:
    """Where the link to a request is."""
    return page("public/find-status.html")


@status.get("/status/<token>")
@allows(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """How far a request is."""
    told = _TOLD.get(session.pop("told", None))
    return _show(token, told=gettext(told) if told else "")


@status.post("/status/<token>/code")
@allows(PUBLIC)
def confirm(token: str) -> ResponseReturnValue:
    """Confirm the e-mail address with the six digits."""
    typed = request.form.get("code", "")
    outcome = _attempt(token, lambda store, case: identity.confirm_email(store, case, typed, now=now()))
    return _refuse(token, "code", outcome) if outcome else _tell(token, "confirmed")


@status.post("/status/<token>/nieuwe-code")
@allows(PUBLIC)
def new_code(token: str) -> ResponseReturnValue:
    """Mail a new code."""
    outcome = _attempt(
        token, lambda store, case: identity.request_new_code(store, case, settings=settings(), now=now())
    )
    if outcome:
        return _refuse(token, "code", outcome)
    wake()
    return _tell(token, "mailed")


@status.post("/status/<token>/kopie")
@allows(PUBLIC)
def copy(token: str) -> ResponseReturnValue:
    """Download the copy; the transaction is over before the first byte leaves."""
    typed = request.form.get("receipt_code", "")
    outcome = _attempt(token, lambda store, case: copies.open_copy(store, case, typed, settings=settings(), now=now()))
    return _refuse(token, "receipt_code", outcome) if isinstance(outcome, DomainError) else _download(outcome)


@status.post("/status/<token>/brief")
@allows(PUBLIC)
def letter(token: str) -> ResponseReturnValue:
    """Read our answer."""
    typed = request.form.get("letter_code", "")
    outcome = _attempt(token, lambda store, case: answers.open_letter(store, case, typed, now=now()))
    return _refuse(token, "letter_code", outcome) if isinstance(outcome, DomainError) else outcome


@status.post("/status/<token>/ontvangers")
@allows(PUBLIC)
def recipients(token: str) -> ResponseReturnValue:
    """Read who got data, and who was told what became of them (art. 19)."""
    typed = request.form.get("recipients_code", "")
    outcome = _attempt(
        token, lambda store, case: informed.open_list(store, case, typed, settings=settings(), now=now())
    )
    if isinstance(outcome, DomainError):
        return _refuse(token, "recipients_code", outcome)
    return page("public/recipients.html", token=token, informed=outcome)


@status.post("/status/<token>/bericht")
@allows(PUBLIC)
def later_notice(token: str) -> ResponseReturnValue:
    """Note whether we are to mail when the last of what is kept is gone."""
    typed, is_wanted = request.form.get("later_code", ""), "other" not in request.form
    register = settings().register
    outcome = _attempt(
        token,
        lambda store, case: later.choose(store, case, typed, is_wanted=is_wanted, register=register, now=now()),
    )
    return _refuse(token, "later_code", outcome) if outcome else _tell(token, "later" if is_wanted else "not-later")


@status.errorhandler(UntrustedForm)
def send_again(_error: UntrustedForm) -> ResponseReturnValue:
    """The status page with a new token; nothing was done."""
    try:
        return _show((request.view_args or {})["token"], {"main": gettext(_SEND_AGAIN)}), 400
    except NotFound as missing:
        return refuse(missing)


def _attempt(token: str, verb: Callable[[Session, Case], T]) -> T | DomainError:
    with transaction() as store:
        try:
            return verb(store, _find(store, token))
        except DomainError as fault:
            return fault


def _find(store: Session, token: str) -> Case:
    return intake.find_case(store, token) or abort(404)


def _refuse(token: str, field: str, fault: DomainError) -> ResponseReturnValue:
    return _show(token, {field: fault.say(gettext)}), _CODES.get(type(fault), 400)


def _tell(token: str, what: str) -> ResponseReturnValue:
    session["told"] = what
    return redirect(url_for("status.show", token=token))


def _show(token: str, errors: dict[str, str] | None = None, told: str = "") -> str:
    with transaction(writes=False) as store:
        case = _find(store, token)
        progress = follow(store, case, settings=settings(), now=now())
        own = intake.find_submission(store, session.get("draft"), now=now())
        is_own = own is not None and own.case.id == case.id
    return page(
        "public/status.html",
        token=token,
        progress=progress,
        days_left=days_left(progress.due_on, local_date(now())),
        choices=CHOICES,
        is_own=is_own,
        told=told,
        errors=errors or {},
    )


def _download(copy: copies.Download) -> Response:
    return Response(
        copy.chunks,
        mimetype="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{copy.filename}"',
            "Content-Length": str(copy.size),
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )

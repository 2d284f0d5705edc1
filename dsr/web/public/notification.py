"""What a recipient of data is told: behind the link of a mail, and a code that is mailed when they ask for it.

Opening the link changes nothing and tells nothing about anybody (a mail gateway opens links too).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.notifications import Notification
from dsr.domain.errors import DomainError
from dsr.domain.notifications import Answer, Change
from dsr.domain.wording import N_
from dsr.services import casework, mailboxes, notifications, recipients
from dsr.services.identity import CodeLocked, TooManyCodes
from dsr.web.errors import typed
from dsr.web.pages import gettext, language, page
from dsr.web.runtime import now, settings, wake
from dsr.web.security import PUBLIC, UntrustedForm, allows

notification = Blueprint("notification", __name__)

T = TypeVar("T")

_MAILED = N_("We have sent you a code. It works for half an hour.")
_SEND_AGAIN = N_("Please send this once more. If that does not help, allow cookies, or call or mail us.")
_ANSWERS = {
    Answer.DONE: N_("It is done"),
    Answer.NOT_HELD: N_("We do not have these data"),
    Answer.CANNOT: N_("We cannot do this"),
}
_CODES = {CodeLocked: 429, TooManyCodes: 429}


@notification.get("/melding/<token>")
@allows(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """What became of the data; before the code, that there is something to read."""
    return _show(token, told=gettext(_MAILED) if session.pop("told", "") == "mailed" else "")


@notification.post("/melding/<token>/stuur-code")
@allows(PUBLIC)
def mail_code(token: str) -> ResponseReturnValue:
    """Mail a code to the recipient."""
    fault = _attempt(token, lambda store, found: recipients.mail_code(store, found, settings=settings(), now=now()))
    if isinstance(fault, DomainError):
        return _refuse(token, fault)
    wake()
    session["told"] = "mailed"
    return redirect(url_for("notification.show", token=token), 303)


@notification.post("/melding/<token>/code")
@allows(PUBLIC)
def enter(token: str) -> ResponseReturnValue:
    """Open the page with the code."""
    code = request.form.get("code", "")
    entered = _attempt(token, lambda store, found: recipients.enter(store, found, code, settings=settings(), now=now()))
    if isinstance(entered, DomainError):
        return _refuse(token, entered)
    session["recipient"] = entered
    return redirect(url_for("notification.show", token=token), 303)


@notification.post("/melding/<token>/antwoord")
@allows(PUBLIC)
def answer(token: str) -> ResponseReturnValue:
    """Take the answer of who typed the code in this browser."""
    remark = request.form.get("remark", "")
    given = next((each for each in Answer if each == request.form.get("answer")), None)
    if given is None:
        return _show(token, {"answer": gettext(N_("Choose your answer"))}, typed(), status=422)

    def take(store: Session, found: Notification) -> None:
        if not _has_entered(store, found):
            raise mailboxes.SessionOver
        recipients.answer(store, found, given, remark, now=now())

    fault = _attempt(token, take)
    if isinstance(fault, mailboxes.SessionOver):
        return _show(token, {"code": fault.say(gettext)}, typed(), status=401)
    if isinstance(fault, casework.NotPossible):
        return _show(token, {"remark": fault.say(gettext)}, typed(), status=422)
    return redirect(url_for("notification.show", token=token), 303)


@notification.post("/melding/<token>/sluiten")
@allows(PUBLIC)
def leave(token: str) -> ResponseReturnValue:
    """Close the page for whoever uses this browser next."""
    with transaction() as store:
        mailboxes.leave(store, session.pop("recipient", None))
    return redirect(url_for("notification.show", token=token), 303)


@notification.errorhandler(UntrustedForm)
def send_again(_error: UntrustedForm) -> ResponseReturnValue:
    """The same page with what was typed, and a new token."""
    return _show((request.view_args or {})["token"], {"main": gettext(_SEND_AGAIN)}, typed(), status=400)


def _attempt(token: str, verb: Callable[[Session, Notification], T]) -> T | DomainError:
    with transaction() as store:
        try:
            return verb(store, recipients.find_notification(store, token, settings=settings(), now=now()))
        except DomainError as fault:
            return fault


def _refuse(token: str, fault: DomainError) -> ResponseReturnValue:
    return _show(token, {"code": fault.say(gettext)}, status=_CODES.get(type(fault), 400))


def _has_entered(store: Session, found: Notification) -> bool:
    return recipients.has_entered(store, found, session.get("recipient"), settings=settings(), now=now())


def _show(
    token: str,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    told: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    shown = {"token": token, "errors": errors or {}, "typed": typed or {}, "told": told}
    with transaction(writes=False) as store:
        try:
            found = recipients.find_notification(store, token, settings=settings(), now=now())
        except mailboxes.LinkExpired as fault:
            return page("public/notification-gone.html", sentence=fault.say(gettext)), 410
        is_open = not found.answer and _has_entered(store, found)
        changes = [_labelled(change) for change in notifications.changes_of(found)] if is_open else []
        name = "notification" if is_open else "notification-code"
        case = store.get_one(Case, found.case_id)
        return page(f"public/{name}.html", case=case, row=found, changes=changes, answers=_ANSWERS, **shown), status


def _labelled(change: Change) -> dict[str, object]:
    category = settings().register.categories.get(change.category)
    label = category.label.in_language(language()) if category else change.category
    words = change.words.in_language(language()) if change.words else None
    return {"label": label, "is_part": change.is_part, "words": words}

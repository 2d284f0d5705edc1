"""What a recipient of data is told: behind the link of a mail, and a code that is mailed when they ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.notifications import Notification
from dsr.domain.notifications import Answer, Change
from dsr.domain.wording import N_
from dsr.services import casework, mailboxes, notifications, recipients
from dsr.web import mailed_code
from dsr.web.errors import typed
from dsr.web.pages import gettext, language, page
from dsr.web.runtime import now, settings
from dsr.web.security import PUBLIC, UntrustedForm, allows

notification = Blueprint("notification", __name__)

_ANSWERS = {
    Answer.DONE: N_("It is done"),
    Answer.NOT_HELD: N_("We do not have these data"),
    Answer.CANNOT: N_("We cannot do this"),
}


@notification.get("/melding/<token>")
@allows(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """What became of the data; before the code, that there is something to read."""
    return _show(token, told=gettext(mailed_code.MAILED) if session.pop("told", "") == "mailed" else "")


@notification.post("/melding/<token>/stuur-code")
@allows(PUBLIC)
def mail_code(token: str) -> ResponseReturnValue:
    """Mail a code to the recipient."""
    return mailed_code.mail(
        token,
        recipients.find_notification,
        lambda store, found: recipients.mail_code(store, found, settings=settings(), now=now()),
        _show,
    )


@notification.post("/melding/<token>/code")
@allows(PUBLIC)
def enter(token: str) -> ResponseReturnValue:
    """Open the page with the code."""
    code = request.form.get("code", "")
    return mailed_code.enter(
        token,
        recipients.find_notification,
        lambda store, found: recipients.enter(store, found, code, settings=settings(), now=now()),
        _show,
    )


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

    fault = mailed_code.attempt(token, recipients.find_notification, take)
    if isinstance(fault, mailboxes.SessionOver):
        return _show(token, {"code": fault.say(gettext)}, typed(), status=401)
    if isinstance(fault, casework.NotPossible):
        return _show(token, {"remark": fault.say(gettext)}, typed(), status=422)
    return redirect(url_for("notification.show", token=token), 303)


@notification.post("/melding/<token>/sluiten")
@allows(PUBLIC)
def leave(token: str) -> ResponseReturnValue:
    """Close the page for whoever uses this browser next."""
    return mailed_code.leave(token)


def _has_entered(store: Session, found: Notification) -> bool:
    return recipients.has_entered(store, found, mailed_code.session_token(), settings=settings(), now=now())


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


notification.register_error_handler(UntrustedForm, partial(mailed_code.send_again, _show))

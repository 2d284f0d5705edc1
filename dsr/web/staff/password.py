"""Choosing a password behind the link of a mail. Opening the link changes nothing: a mail gateway opens links too."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from dsr.db.base import transaction
from dsr.services import invitations
from dsr.services import staff as accounts
from dsr.web.pages import page
from dsr.web.runtime import now
from dsr.web.security import PUBLIC, allows
from dsr.web.staff.pages import say, staff


@staff.get("/password/<token>")
@allows(PUBLIC)
def choose_form(token: str) -> ResponseReturnValue:
    """Ask for a password."""
    return _show(token)


@staff.post("/password/<token>")
@allows(PUBLIC)
def choose_password(token: str) -> ResponseReturnValue:
    """Take the password, once, and lead to the sign-in."""
    try:
        with transaction(writes=False) as store:
            invitations.find_invited(store, token, now=now())
        chosen = accounts.hash_password(request.form.get("password", ""))
        with transaction() as store:
            invitations.choose_password(store, token, chosen, now=now())
    except accounts.PasswordRefused as error:
        return _show(token, say(error))
    except invitations.LinkUsed:
        return _show(token)
    return redirect(url_for("staff.sign_in_form"), 303)


def _show(token: str, error: str = "") -> ResponseReturnValue:
    """The form; where the link no longer works, a sentence."""
    sentence = ""
    try:
        with transaction(writes=False) as store:
            invitations.find_invited(store, token, now=now())
    except invitations.LinkUsed as fault:
        sentence = say(fault)
    shown = page("staff/password.html", token=token, errors={"password": error} if error else {}, sentence=sentence)
    return shown, 410 if sentence else 422 if error else 200

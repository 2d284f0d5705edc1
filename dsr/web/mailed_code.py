"""A page behind the link of a mail and a code that is mailed as well: of an owner, or of a recipient of data.

Opening the link changes nothing and tells nothing about anybody (a mail gateway opens links too).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import mailboxes
from dsr.services.identity import CodeLocked, TooManyCodes
from dsr.web.errors import typed
from dsr.web.pages import gettext
from dsr.web.runtime import now, settings, wake
from dsr.web.security import UntrustedForm

Row = TypeVar("Row")
T = TypeVar("T")
Find = Callable[..., Row]
"""Finds what a link is about: find(session, token, *, settings, now)."""
Show = Callable[..., ResponseReturnValue]
"""Writes the page of a token: with errors, what was typed, and a status."""

MAILED = N_("We have sent you a code. It works for half an hour.")
_SEND_AGAIN = N_("Please send this once more. If that does not help, allow cookies, or call or mail us.")
_STATUS = {CodeLocked: 429, TooManyCodes: 429}


def attempt(token: str, find: Find[Row], verb: Callable[[Session, Row], T]) -> T | DomainError:
    """Do something with what a link is about; a fault is committed too, since a wrong code counts."""
    with transaction() as store:
        try:
            return verb(store, find(store, token, settings=settings(), now=now()))
        except DomainError as fault:
            return fault


def mail(token: str, find: Find[Row], verb: Callable[[Session, Row], None], show: Show) -> ResponseReturnValue:
    """Mail a code, and say so."""
    fault = attempt(token, find, verb)
    if isinstance(fault, DomainError):
        return _refuse(token, fault, show)
    wake()
    session["told"] = "mailed"
    return _to_page(token)


def enter(token: str, find: Find[Row], verb: Callable[[Session, Row], str], show: Show) -> ResponseReturnValue:
    """Open the page in this browser with the code that was typed."""
    entered = attempt(token, find, verb)
    if isinstance(entered, DomainError):
        return _refuse(token, entered, show)
    session[str(request.blueprint)] = entered
    return _to_page(token)


def session_token() -> str | None:
    """What says that the code was typed in this browser."""
    return session.get(str(request.blueprint))


def leave(token: str) -> ResponseReturnValue:
    """Close the page for whoever uses this browser next."""
    with transaction() as store:
        mailboxes.leave(store, session.pop(str(request.blueprint), None))
    return _to_page(token)


def send_again(show: Show, _error: UntrustedForm) -> ResponseReturnValue:
    """The same page with what was typed, and a new token."""
    return show((request.view_args or {})["token"], {"main": gettext(_SEND_AGAIN)}, typed(), status=400)


def _refuse(token: str, fault: DomainError, show: Show) -> ResponseReturnValue:
    return show(token, {"code": fault.say(gettext)}, status=_STATUS.get(type(fault), 400))


def _to_page(token: str) -> ResponseReturnValue:
    return redirect(url_for(".show", token=token), 303)

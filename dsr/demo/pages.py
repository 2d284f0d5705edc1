"""The demo's own pages: what this is, the mailbox, the firm's database, and setting the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.demo.clock import LAST_DAY, Clock, NotForward, is_caught_up, keep_signed_in, next_ledger_day, opening_of
from dsr.demo.mailbox import Mailbox
from dsr.demo.people import COLLEAGUES, PASSWORD, VISITOR, email_of
from dsr.demo.view import held_about
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.web.pages import gettext, page
from dsr.web.runtime import now, settings
from dsr.web.security import PUBLIC, allows

EXTENSION = "dsr-demo"
PATIENCE = 5.0
"""Seconds that a page waits for the worker after the clock was set."""
_STEP = 0.05

demo = Blueprint("demo", __name__, url_prefix="/demo")


@dataclass
class Demo:
    """What the pages work with; `tick` tells the worker that the clock was set."""

    clock: Clock
    mailbox: Mailbox
    database: Path
    before: Path
    tick: Callable[[], None] = lambda: None


def _demo() -> Demo:
    found: Demo = current_app.extensions[EXTENSION]
    return found


@demo.get("/")
@allows(PUBLIC)
def about() -> str:
    """What can be tried, and as whom."""
    return _about()


@demo.get("/mailbox")
@allows(PUBLIC)
def mailbox() -> str:
    """The mails that a mail server would have had, newest first."""
    to = request.args.get("to") or None
    return _page("mailbox", mails=_demo().mailbox.newest(to=to), to=to)


@demo.get("/mailbox/<int:number>")
@allows(PUBLIC)
def mail(number: int) -> str:
    """One mail, its links to be followed."""
    return _page("mail", mail=_demo().mailbox.find(number) or abort(404))


@demo.get("/database")
@allows(PUBLIC)
def database() -> str:
    """What the firm's own database holds about somebody, and what it held."""
    email = request.args.get("email", "").strip() or email_of(VISITOR)
    held = held_about(email, settings().register, _demo().before, _demo().database)
    return _page("database", email=email, held=held)


@demo.post("/clock")
@allows(PUBLIC)
def set_clock() -> ResponseReturnValue:
    """Set the clock forward, and wait until the worker has done what the new day asks."""
    try:
        with transaction() as session:
            day = _chosen_day(session, local_date(now()))
            keep_signed_in(session, _demo().clock.set(opening_of(day)))
    except DomainError as error:
        return _about(error.say(gettext)), 422
    _let_worker_catch_up()
    return redirect(_back(), 303)


def _chosen_day(session: Session, today: date) -> date:
    match request.form.get("to"):
        case "next-day":
            return today + timedelta(days=1)
        case "ledger":
            return next_ledger_day(session, today)
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        raise NotForward from None
    if not today < day <= LAST_DAY:
        raise NotForward
    return day


def _let_worker_catch_up() -> None:
    _demo().tick()
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        with transaction(writes=False) as session:
            if is_caught_up(session, now()):
                return
        time.sleep(_STEP)


def _back() -> str:
    """The page that the clock was set on."""
    path = request.form.get("back", "")
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/demo/"


def _about(fault: str = "") -> str:
    return _page(
        "about", fault=fault, colleagues=COLLEAGUES, password=PASSWORD, visitor=VISITOR, visitor_email=email_of(VISITOR)
    )


def _page(name: str, **context: Any) -> str:
    return page(f"demo/{name}.html", endpoint=name, **context)

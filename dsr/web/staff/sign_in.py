"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from dsr.db.base import transaction
from dsr.db.staff import StaffMember
from dsr.domain.errors import DomainError
from dsr.services import staff as accounts
from dsr.services.limits import network
from dsr.web.pages import page
from dsr.web.runtime import now, settings
from dsr.web.security import PUBLIC, STAFF, allows
from dsr.web.staff.pages import home_url, principal, say, staff
from dsr.web.staff.sessions import Principal


@staff.get("/sign-in")
@allows(PUBLIC)
def sign_in_form() -> ResponseReturnValue:
    """Ask for address and password."""
    if current_user.is_authenticated:
        return redirect(home_url())
    return _form()


@staff.post("/sign-in")
@allows(PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Check them, and begin a session with a new token."""
    email = request.form.get("email", "")
    try:
        member = _checked(email, request.form.get("password", ""))
    except accounts.TooManyAttempts as error:
        return _form(error, email), 429
    except accounts.SignInRefused as error:
        return _form(error, email), 422
    with transaction() as store:
        accounts.forget_attempts(store, email, address=network(request.remote_addr))
        token = accounts.sign_in(store, member.id, now=now())
    session.clear()
    session["language"] = member.language
    login_user(Principal(member, accounts.session_digest(token), token, now()))
    return redirect(_wanted() or home_url())


def _checked(email: str, password: str) -> StaffMember:
    with transaction() as store:
        may_try = accounts.count_attempt(store, email, address=network(request.remote_addr), now=now())
    if not may_try:
        raise accounts.TooManyAttempts
    with transaction(writes=False) as store:
        return accounts.check_password(store, email, password)


def _form(error: DomainError | None = None, email: str = "") -> str:
    return page(
        "staff/sign-in.html",
        errors={"email": say(error)} if error else {},
        email=email,
        wanted=_wanted() or "",
        idle_minutes=settings().procedure.idle_minutes,
        form_url=url_for("public.start") if "public" in current_app.blueprints else None,
    )


def _wanted() -> str | None:
    """The page that was asked for before signing in, if it is one of ours."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    is_path = not parts.scheme and not parts.netloc and "\\" not in wanted and wanted.isprintable()
    return wanted if is_path and parts.path.startswith("/staff/") else None


@staff.post("/sign-out")
@allows(STAFF)
def sign_out() -> ResponseReturnValue:
    """End this session, here and on our side."""
    with transaction() as store:
        accounts.sign_out(store, principal().digest, by=principal().staff_member.id, now=now())
    logout_user()
    session.clear()
    return redirect(url_for("staff.sign_in_form"))

"""One's own account, and the accounts of others for an administrator."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.staff import StaffMember
from dsr.domain.errors import DomainError
from dsr.services import invitations
from dsr.services import staff as accounts
from dsr.templating import LANGUAGES
from dsr.web.runtime import now, settings, wake
from dsr.web.security import STAFF, allows
from dsr.web.staff.pages import me, principal, say, staff, staff_page
from dsr.web.staff.words import ROLES


@staff.get("/account")
@allows(STAFF)
def account() -> ResponseReturnValue:
    """Who is signed in, where else, and with which roles."""
    return _account_page()


def _account_page(errors: dict[str, str] | None = None) -> str:
    with transaction(writes=False) as store:
        live = accounts.list_sessions(store, me(), settings=settings(), now=now())
        return staff_page(
            "staff/account.html",
            member=principal().staff_member,
            own_digest=principal().digest,
            sessions=live,
            role_names=ROLES,
            errors=errors or {},
        )


@staff.post("/account/end-sessions")
@allows(STAFF)
def end_own_sessions() -> ResponseReturnValue:
    """End every other session of one's own."""
    with transaction() as store:
        accounts.end_sessions(store, me(), besides=principal().digest, by=me(), now=now())
    return redirect(url_for("staff.account"), 303)


@staff.post("/account/language")
@allows(STAFF)
def choose_language() -> ResponseReturnValue:
    """The language of the pages of staff, from now on."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    with transaction() as store:
        accounts.choose_language(store, _member(store, me()), chosen, now=now())
    session["language"] = chosen
    return redirect(url_for("staff.account"), 303)


@staff.post("/account/password")
@allows(STAFF)
def change_password() -> ResponseReturnValue:
    """A new password, after the old one; every other session ends."""
    own = principal()
    try:
        _check_own_password(own.staff_member.email)
        with transaction() as store:
            member = _member(store, me())
            accounts.change_password(
                store, member, request.form.get("password", ""), keep=own.digest, by=me(), now=now()
            )
    except accounts.PasswordRefused as error:
        return _account_page({"password": say(error)}), 422
    except (accounts.SignInRefused, accounts.TooManyAttempts) as error:
        return _account_page({"old_password": say(error)}), 422
    return redirect(url_for("staff.account"), 303)


def _check_own_password(email: str) -> None:
    with transaction() as store:
        may_try = accounts.count_attempt(store, email, address=f"account:{me()}", now=now())
    if not may_try:
        raise accounts.TooManyAttempts
    with transaction(writes=False) as store:
        accounts.check_password(store, email, request.form.get("old_password", ""))


def _member(store: Session, member_id: uuid.UUID) -> StaffMember:
    return store.get(StaffMember, member_id) or abort(404)


@staff.get("/people")
@allows("staff.administer")
def people() -> ResponseReturnValue:
    """Everybody with an account."""
    return _people_page()


def _people_page(error: str = "") -> str:
    with transaction(writes=False) as store:
        return staff_page(
            "staff/people.html",
            members=accounts.list_staff_members(store),
            role_names=ROLES,
            own_id=me(),
            errors={"name": error} if error else {},
            typed=request.form,
        )


@staff.post("/people")
@allows("staff.administer")
def add_person() -> ResponseReturnValue:
    """A new account; its owner is mailed a link to choose a password."""
    form = request.form
    try:
        with transaction() as store:
            member = accounts.add_staff_member(
                store,
                name=form.get("name", ""),
                email=form.get("email", ""),
                roles=form.getlist("roles"),
                password=None,
                language=form["language"] if form.get("language") in LANGUAGES else settings().procedure.language,
                by=me(),
                now=now(),
            )
            store.flush()
            invitations.invite(store, member, by=me(), settings=settings(), now=now())
    except accounts.AccountRefused as error:
        return _people_page(say(error)), 422
    wake()
    return redirect(url_for("staff.people"), 303)


Change = Callable[[Session, StaffMember], object]


def _change(member_id: uuid.UUID, change: Change) -> ResponseReturnValue:
    try:
        with transaction() as store:
            change(store, _member(store, member_id))
    except DomainError as error:
        return _people_page(say(error)), 422
    return redirect(url_for("staff.people"), 303)


@staff.post("/people/<uuid:member_id>/deactivate")
@allows("staff.administer")
def deactivate(member_id: uuid.UUID) -> ResponseReturnValue:
    """Close an account and end its sessions."""
    return _change(member_id, lambda store, member: accounts.deactivate(store, member, by=me(), now=now()))


@staff.post("/people/<uuid:member_id>/activate")
@allows("staff.administer")
def activate(member_id: uuid.UUID) -> ResponseReturnValue:
    """Open a closed account again."""
    return _change(member_id, lambda store, member: accounts.activate(store, member, by=me(), now=now()))


@staff.post("/people/<uuid:member_id>/end-sessions")
@allows("staff.administer")
def end_sessions(member_id: uuid.UUID) -> ResponseReturnValue:
    """End every session of somebody."""
    return _change(member_id, lambda store, member: accounts.end_sessions(store, member.id, by=me(), now=now()))


@staff.post("/people/<uuid:member_id>/password")
@allows("staff.administer")
def invite(member_id: uuid.UUID) -> ResponseReturnValue:
    """Mail somebody a link to choose a new password; their sessions end."""
    answer = _change(
        member_id, lambda store, member: invitations.invite(store, member, by=me(), settings=settings(), now=now())
    )
    wake()
    return answer

"""People inside: who may do what, and how they sign in.

A password is checked outside any writing transaction: a hash takes time and memory on purpose, and requests must be
able to come in meanwhile. So a sign-in is three steps: `count_attempt`, `check_password`, `sign_in`.
"""

from __future__ import annotations

import secrets
import unicodedata
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Any, cast

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys, new_id
from dsr.db.staff import StaffMember, StaffSession
from dsr.domain.errors import DomainError
from dsr.domain.intake import LIMITS, tidy
from dsr.domain.wording import N_
from dsr.services import audit, limits


class Role(StrEnum):
    """What a staff member is; one account may have several."""

    HANDLER = "handler"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


PERMISSIONS: Mapping[str, frozenset[str]] = {
    Role.HANDLER: frozenset({"case.read", "case.handle", "hold.place"}),
    Role.APPROVER: frozenset({"case.read", "plan.approve", "hold.place"}),
    Role.AUDITOR: frozenset({"case.read", "audit.read"}),
    Role.ADMINISTRATOR: frozenset({"staff.administer"}),
}
"""An administrator manages accounts and sees no case."""

PASSWORD_LENGTH = (15, 128)
ABSOLUTE_LIMIT = timedelta(hours=12)
ATTEMPTS_WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ACCOUNT = 5  # from one network address: who guesses locks out nobody but themselves
ATTEMPTS_PER_ADDRESS = 30
ATTEMPTS_IN_ALL = 100  # at one account, from wherever
_SEEN_EVERY = timedelta(minutes=1)

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_hashing = BoundedSemaphore(2)
UNKNOWN = "$argon2id$v=19$m=65536,t=3,p=1$adPPK17o8LUrpG5Bf3AqOQ$CKEC+Eh3ZGjafBXpJeutU3hEZOsoSKKv2kgNjxdq1Ug"
"""The hash of a password that was thrown away: for somebody unknown the check takes as long as for anybody else."""


class SignInRefused(DomainError):
    """The address, the password or the account is not right; which one is not said."""

    def __init__(self) -> None:
        super().__init__(N_("The e-mail address and the password do not belong together."))


class TooManyAttempts(DomainError):
    """More tries than allowed, for this account or from this network address."""

    def __init__(self) -> None:
        minutes = int(ATTEMPTS_WINDOW.total_seconds() // 60)
        super().__init__(N_("Too many tries. Wait %(minutes)s minutes and try again."), minutes=minutes)


class PasswordRefused(DomainError):
    """A password that is too short or too long."""


class AccountRefused(DomainError):
    """An account that cannot be made or changed like this."""


def permissions_of(staff_member: StaffMember) -> frozenset[str]:
    """What the roles of a staff member allow; nothing once inactive."""
    if not staff_member.is_active:
        return frozenset()
    return frozenset().union(*(PERMISSIONS[role] for role in staff_member.roles))


def add_staff_member(
    session: Session,
    *,
    name: str,
    email: str,
    roles: Collection[str],
    password: str | None,
    language: str = "nl",
    by: uuid.UUID | str,
    now: datetime,
) -> StaffMember:
    """A new account, without a password where its owner is to choose one.

    AccountRefused or PasswordRefused with a sentence when it cannot be.
    """
    _check_name(name)
    if not roles or not set(roles) <= set(PERMISSIONS):
        raise AccountRefused(N_("Choose at least one role."))
    index = _email_index(_checked_email(email))
    if session.scalar(select(StaffMember.id).where(StaffMember.email_index == index)):
        raise AccountRefused(N_("There already is an account with this e-mail address."))
    member = StaffMember(id=new_id(), email_index=index, roles=sorted(roles), language=language, added_at=now)
    member.name, member.email = tidy(name), email.strip()
    member.password_hash = UNKNOWN if password is None else hash_password(password)
    session.add(member)
    audit.record(session, "staff-member-added", by=by, now=now, staff_member=str(member.id), roles=member.roles)
    return member


def _check_name(name: str) -> None:
    count, limit = len(tidy(name)), LIMITS["name"]
    if not count:
        raise AccountRefused(N_("Enter a name."))
    if count > limit:
        sentence = N_("Make your text shorter: at most %(limit)s characters. You now have %(count)s.")
        raise AccountRefused(sentence, limit=limit, count=count)


def _checked_email(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise AccountRefused(N_("Enter an e-mail address such as name@example.org.")) from None


def _email_index(email: str) -> bytes:
    return keys().digest("staff-email", email.strip().casefold())


def hash_password(password: str) -> str:
    """Argon2id of a password of 15 to 128 characters, of any kind; PasswordRefused otherwise."""
    shortest, longest = PASSWORD_LENGTH
    exact = _exact(password)
    if len(exact) < shortest:
        raise PasswordRefused(N_("Choose a password of at least %(count)s characters."), count=shortest)
    if len(exact) > longest:
        raise PasswordRefused(N_("Choose a password of at most %(count)s characters."), count=longest)
    with _hashing:
        return _hasher.hash(exact)


def _exact(password: str) -> str:
    """One form for what different keyboards send for the same characters; nothing is trimmed or cut off."""
    return unicodedata.normalize("NFC", password)


def count_attempt(session: Session, email: str, *, address: str, now: datetime) -> bool:
    """Count a try at an account from a network address; False when there were too many."""
    counted = {
        _tries(email, address): ATTEMPTS_PER_ACCOUNT,
        _tries(email): ATTEMPTS_IN_ALL,
        f"sign-in:address:{address}": ATTEMPTS_PER_ADDRESS,
    }
    allowed = [limits.allow(session, what, limit, ATTEMPTS_WINDOW, now=now) for what, limit in counted.items()]
    return all(allowed)


def forget_attempts(session: Session, email: str, *, address: str) -> None:
    """Start counting anew for whoever knew the password."""
    limits.forget(session, _tries(email, address))


def _tries(email: str, address: str = "") -> str:
    return f"sign-in:account:{_email_index(email).hex()}:{address}"


def check_password(session: Session, email: str, password: str) -> StaffMember:
    """The active staff member with this address and password; SignInRefused otherwise. Reads only."""
    member = session.scalar(select(StaffMember).where(StaffMember.email_index == _email_index(email)))
    is_right = _matches(member.password_hash if member else UNKNOWN, password)
    if member is None or not is_right or not member.is_active:
        raise SignInRefused
    return member


def _matches(password_hash: str, password: str) -> bool:
    # Nothing longer than a password can be is worth hashing.
    exact = _exact(password[: 4 * PASSWORD_LENGTH[1]])
    with _hashing:
        try:
            _hasher.verify(password_hash, exact)
        except VerifyMismatchError:
            return False
        return True


def sign_in(session: Session, staff_member_id: uuid.UUID, *, now: datetime) -> str:
    """A new session for somebody whose password was checked; returns its token, of which we keep the digest."""
    token = secrets.token_urlsafe(32)
    digest = session_digest(token)
    session.add(StaffSession(digest=digest, staff_member_id=staff_member_id, started_at=now, seen_at=now))
    audit.record(session, "staff-member-signed-in", by=staff_member_id, now=now)
    return token


def session_digest(token: str) -> bytes:
    """What we keep of a session's token."""
    return keys().digest("staff-session", token)


def find_session(session: Session, token: str, *, settings: Settings, now: datetime) -> StaffSession | None:
    """The session of a token, unless it was ended, sat idle too long, is over 12 hours old or its owner is inactive."""
    found = session.get(StaffSession, session_digest(token))
    return found if found and found.staff_member.is_active and is_live(found, settings, now) else None


def is_live(staff_session: StaffSession, settings: Settings, now: datetime) -> bool:
    """Whether a session may still be used; `idle_minutes` comes from the configuration."""
    idle = timedelta(minutes=settings.procedure.idle_minutes)
    return (
        staff_session.ended_at is None
        and now <= staff_session.seen_at + idle
        and now < staff_session.started_at + ABSOLUTE_LIMIT
    )


def needs_touch(staff_session: StaffSession, now: datetime) -> bool:
    """Whether the time a session was last used is out of date; written once a minute, not at every page."""
    return now >= staff_session.seen_at + _SEEN_EVERY


def touch(session: Session, digest: bytes, *, now: datetime) -> None:
    """Note that a session is in use; one that was ended meanwhile stays ended."""
    in_use = update(StaffSession).where(StaffSession.digest == digest, StaffSession.ended_at.is_(None))
    session.execute(in_use.values(seen_at=now))


def sign_out(session: Session, digest: bytes, *, by: uuid.UUID, now: datetime) -> None:
    """End one session of one's own; nothing happens to anybody else's."""
    if _end(session, by, StaffSession.digest == digest, now=now):
        audit.record(session, "staff-member-signed-out", by=by, now=now)


def end_sessions(
    session: Session, staff_member_id: uuid.UUID, *, besides: bytes | None = None, by: uuid.UUID | str, now: datetime
) -> int:
    """End every session of a staff member, at once, except the one with digest `besides`; returns how many."""
    ended = _end(session, staff_member_id, StaffSession.digest != (besides or b""), now=now)
    audit.record(session, "sessions-ended", by=by, now=now, staff_member=str(staff_member_id), count=ended)
    return ended


def _end(session: Session, staff_member_id: uuid.UUID, which: ColumnElement[bool], *, now: datetime) -> int:
    running = StaffSession.staff_member_id == staff_member_id, StaffSession.ended_at.is_(None)
    ended = session.execute(update(StaffSession).where(*running, which).values(ended_at=now))
    return cast("CursorResult[Any]", ended).rowcount


def list_sessions(
    session: Session, staff_member_id: uuid.UUID, *, settings: Settings, now: datetime
) -> list[StaffSession]:
    """The live sessions of a staff member, the newest first."""
    own = select(StaffSession).where(StaffSession.staff_member_id == staff_member_id, StaffSession.ended_at.is_(None))
    found = session.scalars(own.order_by(StaffSession.started_at.desc()))
    return [each for each in found if is_live(each, settings, now)]


def list_staff_members(session: Session) -> list[StaffMember]:
    """Everybody with an account, active ones first, then by name."""
    return sorted(session.scalars(select(StaffMember)), key=lambda member: (not member.is_active, member.name))


def deactivate(session: Session, member: StaffMember, *, by: uuid.UUID | str, now: datetime) -> None:
    """Close an account; its sessions end at once, and a link to choose a password works no more.

    AccountRefused for one's own.
    """
    if member.id == by:
        raise AccountRefused(N_("You cannot close your own account. Ask another administrator."))
    member.is_active, member.link_digest, member.link_until = False, None, None
    audit.record(session, "staff-member-deactivated", by=by, now=now, staff_member=str(member.id))
    end_sessions(session, member.id, by=by, now=now)


def activate(session: Session, member: StaffMember, *, by: uuid.UUID | str, now: datetime) -> None:
    """Open a closed account again."""
    member.is_active = True
    audit.record(session, "staff-member-activated", by=by, now=now, staff_member=str(member.id))


def change_password(
    session: Session,
    member: StaffMember,
    password: str,
    *,
    keep: bytes | None = None,
    by: uuid.UUID | str,
    now: datetime,
) -> None:
    """Set a new password and end the other sessions; `keep` is the digest of the session in use."""
    member.password_hash = hash_password(password)
    audit.record(session, "password-changed", by=by, now=now, staff_member=str(member.id))
    end_sessions(session, member.id, besides=keep, by=by, now=now)


def choose_language(session: Session, member: StaffMember, language: str, *, now: datetime) -> None:
    """The language of a staff member's pages and mails, chosen by themselves."""
    member.language = language
    audit.record(session, "language-chosen", by=member.id, now=now, language=language)

"""Choosing a password by a link that is mailed: nobody but its owner ever knows the password of an account.

An administrator who could set it could sign in as the second person, and approve a plan of their own.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys
from dsr.db.staff import StaffMember
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, notices, staff

LINK_LIFETIME = timedelta(days=3)


class LinkUsed(DomainError):
    """The link was used, is too old, or another one was sent since."""

    def __init__(self) -> None:
        super().__init__(N_("This link no longer works. Ask your administrator for a new one."))


def invite(session: Session, member: StaffMember, *, by: uuid.UUID, settings: Settings, now: datetime) -> None:
    """Mail somebody a link to choose a password; the one they had no longer works, nor does an earlier link."""
    if not member.is_active:
        raise staff.AccountRefused(N_("This account is closed. Open it again first."))
    token = secrets.token_urlsafe(32)
    member.password_hash, member.link_digest, member.link_until = staff.UNKNOWN, _digest(token), now + LINK_LIFETIME
    staff.end_sessions(session, member.id, by=by, now=now)
    link = f"{settings.web.base_url}/staff/password/{token}"
    notices.enqueue(
        session,
        "staff-password",
        key=f"staff-password:{member.id}:{now.isoformat()}",
        recipient=member.email,
        facts={"link": link, "until": local_date(member.link_until).isoformat()},
        language=member.language,
        now=now,
    )
    audit.record(session, "password-link-sent", by=by, now=now, staff_member=str(member.id))


def _digest(token: str) -> bytes:
    return keys().digest("staff-password-link", token)


def find_invited(session: Session, token: str, *, now: datetime) -> StaffMember:
    """Whose link this is. Raises LinkUsed."""
    return _checked(session.scalar(_of_link(token)), now)


def _of_link(token: str) -> Select[StaffMember]:
    return select(StaffMember).where(StaffMember.link_digest == _digest(token))


def _checked(found: StaffMember | None, now: datetime) -> StaffMember:
    if found is None or not found.is_active or found.link_until is None or found.link_until <= now:
        raise LinkUsed
    return found


def choose_password(session: Session, token: str, password_hash: str, *, now: datetime) -> None:
    """The owner of the mailbox chose a password; the link is used. Raises LinkUsed, also where another was faster."""
    member = _checked(session.scalar(_of_link(token).with_for_update()), now)
    member.password_hash, member.link_digest, member.link_until = password_hash, None, None
    audit.record(session, "password-changed", by=member.id, now=now, staff_member=str(member.id))

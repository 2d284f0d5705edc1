"""People without an account: a link in a mail, a code mailed to the same address, and a session of two hours.

A link is known here by its digest only; it leads to the code, never past it. An address is known by its digest too.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dsr.db.base import keys
from dsr.db.mailboxes import MailboxCode, MailboxSession
from dsr.domain import codes
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import limits
from dsr.services.identity import CODE_TRIES, CodeExpired, CodeLocked, TooManyCodes, WrongCode

CODE_LIFETIME = timedelta(minutes=30)
CODES_A_DAY = 10
SESSION_LIFETIME = timedelta(hours=2)
LINK_LIFETIME = timedelta(days=30)


class LinkExpired(DomainError):
    """A link that is too old, or that another one took the place of."""

    def __init__(self) -> None:
        super().__init__(N_("This link no longer works. Did you get a newer e-mail about it? Then use that one."))


class SessionOver(DomainError):
    """The code was typed too long ago, or in another browser."""

    def __init__(self) -> None:
        super().__init__(N_("Your code was used too long ago. Ask for a new one, and send this once more."))


def index_of(email: str) -> bytes:
    """What a mailbox is known by; upper and lower case are the same."""
    return keys().digest("mailbox", email.strip().casefold())


def link_digest(token: str) -> bytes:
    """What we keep of a link."""
    return keys().digest("mailed-link", token)


def new_code(session: Session, mailbox: bytes, *, now: datetime) -> str:
    """A code of six digits to mail there; the one before is void. Raises TooManyCodes."""
    if not limits.allow(session, f"mailbox-code:{mailbox.hex()}", CODES_A_DAY, timedelta(days=1), now=now):
        raise TooManyCodes
    code = f"{secrets.randbelow(1_000_000):06}"
    digest, expires_at = _code_digest(mailbox, code), now + CODE_LIFETIME
    session.merge(MailboxCode(mailbox=mailbox, digest=digest, expires_at=expires_at, attempts=0))
    return code


def enter(session: Session, mailbox: bytes, code: str, *, now: datetime) -> str:
    """The token of a new session, for who types the code. WrongCode, CodeLocked or CodeExpired.

    A wrong try counts, so commit all the same.
    """
    known = session.scalar(select(MailboxCode).where(MailboxCode.mailbox == mailbox).with_for_update())
    if known is None or known.expires_at <= now:
        raise CodeExpired
    if known.attempts >= CODE_TRIES:
        raise CodeLocked
    if not hmac.compare_digest(known.digest, _code_digest(mailbox, code)):
        known.attempts += 1
        raise WrongCode(CODE_TRIES - known.attempts)
    session.delete(known)
    token = secrets.token_urlsafe(32)
    session.add(MailboxSession(digest=_session_digest(token), mailbox=mailbox, ends_at=now + SESSION_LIFETIME))
    return token


def has_entered(session: Session, mailbox: bytes, token: str | None, *, now: datetime) -> bool:
    """Whether this is a running session of who reads mail there."""
    entered = session.get(MailboxSession, _session_digest(token)) if token else None
    return entered is not None and entered.ends_at > now and entered.mailbox == mailbox


def stay(session: Session, token: str | None, *, now: datetime) -> None:
    """Somebody is at work: their session lasts on."""
    entered = session.get(MailboxSession, _session_digest(token)) if token else None
    if entered:
        entered.ends_at = now + SESSION_LIFETIME


def leave(session: Session, token: str | None) -> None:
    """End a session."""
    if token:
        session.execute(delete(MailboxSession).where(MailboxSession.digest == _session_digest(token)))


def _code_digest(mailbox: bytes, typed: str) -> bytes:
    return keys().digest("mailbox-code", f"{mailbox.hex()}:{codes.read(typed)}")


def _session_digest(token: str) -> bytes:
    return keys().digest("mailbox-session", token)

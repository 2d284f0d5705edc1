"""The owners of systems without a database: the link from a mail, the code behind it, and a session of two hours.

An owner has no account. A link is known here by its digest only; it leads to the code, never past it.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dsr.config import Owner, Settings
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.errands import Errand, OwnerCode, OwnerSession
from dsr.domain import codes
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, limits, notices
from dsr.services.identity import CODE_TRIES, CodeExpired, CodeLocked, TooManyCodes, WrongCode

OWNER = "owner"
CODE_LIFETIME = timedelta(minutes=30)
CODES_A_DAY = 10
SESSION_LIFETIME = timedelta(hours=2)
LINK_LIFETIME = timedelta(days=30)


class LinkExpired(DomainError):
    """A link that is too old, or that another one took the place of."""

    def __init__(self) -> None:
        super().__init__(N_("This link no longer works. Did you get a newer e-mail about it? Then use that one."))


class OwnerGone(DomainError):
    """The owner of an errand is no longer in the configuration."""

    def __init__(self) -> None:
        super().__init__(N_("Somebody else looks after this now. You do not have to do anything."))


def owner_index(email: str) -> bytes:
    """What an owner is known by; upper and lower case are the same."""
    return keys().digest("owner", email.strip().casefold())


def owners(settings: Settings) -> dict[bytes, Owner]:
    """Everybody who looks after a system, once each."""
    return {owner_index(system.owner.email): system.owner for system in settings.systems.values() if system.owner}


def owner_of(errand: Errand, settings: Settings) -> Owner | None:
    """Who is to do an errand; None where the configuration has them no longer."""
    return owners(settings).get(errand.owner_index)


def link_token(errand: Errand) -> str:
    """The secret of the link that is out for an errand."""
    return keys().token("errand", f"{errand.id}:{errand.link_number}")


def link_digest(token: str) -> bytes:
    """What we keep of a link."""
    return keys().digest("errand-link", token)


def errand_path(errand: Errand) -> str:
    """The path of the page of an errand."""
    return f"/opdracht/{link_token(errand)}"


def renew_link(errand: Errand, *, now: datetime) -> None:
    """A new link for an errand; the one before leads nowhere."""
    errand.link_number += 1
    errand.link_digest, errand.link_until = link_digest(link_token(errand)), now + LINK_LIFETIME


def find_errand(session: Session, token: str, *, settings: Settings, now: datetime) -> Errand:
    """The errand behind a link. Raises LinkExpired, or OwnerGone."""
    errand = session.scalar(select(Errand).where(Errand.link_digest == link_digest(token)))
    if errand is None or errand.link_until <= now:
        raise LinkExpired
    if owner_of(errand, settings) is None:
        raise OwnerGone
    return errand


def mail_code(session: Session, errand: Errand, *, settings: Settings, now: datetime) -> None:
    """Mail the owner of an errand a code; the one before is void. Raises OwnerGone, or TooManyCodes."""
    owner = owner_of(errand, settings)
    if owner is None:
        raise OwnerGone
    if not limits.allow(session, f"owner-code:{errand.owner_index.hex()}", CODES_A_DAY, timedelta(days=1), now=now):
        raise TooManyCodes
    code = f"{secrets.randbelow(1_000_000):06}"
    digest, expires_at = _code_digest(errand, code), now + CODE_LIFETIME
    session.merge(OwnerCode(owner_index=errand.owner_index, digest=digest, expires_at=expires_at, attempts=0))
    notices.enqueue(
        session,
        "owner-code",
        key=f"owner-code:{secrets.token_hex(16)}",
        case=session.get_one(Case, errand.case_id),
        recipient=owner.email,
        facts={"link": settings.web.base_url + errand_path(errand), "code": code},
        language=settings.procedure.language,
        now=now,
    )


def enter(session: Session, errand: Errand, code: str, *, now: datetime) -> str:
    """The token of a new session, for who types the code. WrongCode, CodeLocked or CodeExpired.

    A wrong try counts, so commit all the same.
    """
    known = session.scalar(
        select(OwnerCode).where(OwnerCode.owner_index == errand.owner_index).with_for_update()
    )  # fmt: skip
    if known is None or known.expires_at <= now:
        raise CodeExpired
    if known.attempts >= CODE_TRIES:
        raise CodeLocked
    if not hmac.compare_digest(known.digest, _code_digest(errand, code)):
        known.attempts += 1
        raise WrongCode(CODE_TRIES - known.attempts)
    session.delete(known)
    token = secrets.token_urlsafe(32)
    ends_at = now + SESSION_LIFETIME
    session.add(OwnerSession(digest=_session_digest(token), owner_index=errand.owner_index, ends_at=ends_at))
    audit.record(
        session, "errand-opened", by=OWNER, now=now, case_id=errand.case_id, system=errand.system, errand=errand.kind
    )
    return token


def has_entered(session: Session, errand: Errand, token: str | None, *, now: datetime) -> bool:
    """Whether this is a running session of the owner of an errand."""
    entered = session.get(OwnerSession, _session_digest(token)) if token else None
    return entered is not None and entered.ends_at > now and entered.owner_index == errand.owner_index


def stay(session: Session, token: str | None, *, now: datetime) -> None:
    """Somebody is at work: their session lasts on."""
    entered = session.get(OwnerSession, _session_digest(token)) if token else None
    if entered:
        entered.ends_at = now + SESSION_LIFETIME


def leave(session: Session, token: str | None) -> None:
    """End a session."""
    if token:
        session.execute(delete(OwnerSession).where(OwnerSession.digest == _session_digest(token)))


def _code_digest(errand: Errand, typed: str) -> bytes:
    return keys().digest("owner-code", f"{errand.owner_index.hex()}:{codes.read(typed)}")


def _session_digest(token: str) -> bytes:
    return keys().digest("owner-session", token)

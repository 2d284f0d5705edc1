"""The owners of systems without a database: the errand behind a link, and the code for it. An owner has no account."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Owner, Settings
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, mailboxes, notices

OWNER = "owner"


class OwnerGone(DomainError):
    """The owner of an errand is no longer in the configuration."""

    def __init__(self) -> None:
        super().__init__(N_("Somebody else looks after this now. You do not have to do anything."))


def owners(settings: Settings) -> dict[bytes, Owner]:
    """Everybody who looks after a system, once each."""
    return {
        mailboxes.index_of(system.owner.email): system.owner for system in settings.systems.values() if system.owner
    }


def owner_of(errand: Errand, settings: Settings) -> Owner | None:
    """Who is to do an errand; None where the configuration has them no longer."""
    return owners(settings).get(errand.owner_index)


def link_token(errand: Errand) -> str:
    """The secret of the link that is out for an errand."""
    return keys().token("errand", f"{errand.id}:{errand.link_number}")


def errand_path(errand: Errand) -> str:
    """The path of the page of an errand."""
    return f"/opdracht/{link_token(errand)}"


def renew_link(errand: Errand, *, now: datetime) -> None:
    """A new link for an errand; the one before leads nowhere."""
    errand.link_number += 1
    errand.link_digest, errand.link_until = mailboxes.link_digest(link_token(errand)), now + mailboxes.LINK_LIFETIME


def find_errand(session: Session, token: str, *, settings: Settings, now: datetime) -> Errand:
    """The errand behind a link. Raises mailboxes.LinkExpired, or OwnerGone."""
    errand = session.scalar(select(Errand).where(Errand.link_digest == mailboxes.link_digest(token)))
    if errand is None or errand.link_until <= now:
        raise mailboxes.LinkExpired
    if owner_of(errand, settings) is None:
        raise OwnerGone
    return errand


def mail_code(session: Session, errand: Errand, *, settings: Settings, now: datetime) -> None:
    """Mail the owner of an errand a code; the one before is void. Raises OwnerGone, or TooManyCodes."""
    owner = owner_of(errand, settings)
    if owner is None:
        raise OwnerGone
    code = mailboxes.new_code(session, errand.owner_index, now=now)
    case = session.get_one(Case, errand.case_id)
    link = settings.web.base_url + errand_path(errand)
    notices.enqueue(
        session,
        "owner-code",
        key=f"owner-code:{secrets.token_hex(16)}",
        case=case,
        recipient=owner.email,
        facts={"reference": case.reference, "link": link, "code": code},
        language=settings.procedure.language,
        now=now,
    )


def enter(session: Session, errand: Errand, code: str, *, now: datetime) -> str:
    """The token of a new session, for who types the code. WrongCode, CodeLocked or CodeExpired.

    A wrong try counts, so commit all the same.
    """
    token = mailboxes.enter(session, errand.owner_index, code, now=now)
    audit.record(
        session, "errand-opened", by=OWNER, now=now, case_id=errand.case_id, system=errand.system, errand=errand.kind
    )
    return token

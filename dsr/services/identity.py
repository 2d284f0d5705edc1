"""Who is asking: the code that confirms an e-mail address, and the digests by which we know a code or an address."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys, put
from dsr.db.cases import Case
from dsr.db.identity import EmailCode
from dsr.domain import codes
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, limits, notices

CODE_LIFETIME = timedelta(days=3)
CODE_TRIES = 5
NEW_CODES_A_DAY = 3


class WrongCode(DomainError):
    """A code that is not the one we mailed; `left` tries remain."""

    def __init__(self, left: int) -> None:
        super().__init__(N_("This is not the code from our e-mail. Tries left: %(left)s."), left=left)
        self.left = left


class CodeLocked(DomainError):
    """Too many wrong codes: only a new one will do."""

    def __init__(self) -> None:
        super().__init__(N_("Too many wrong codes. Ask for a new code, and use that one."))


class CodeExpired(DomainError):
    """The code is too old, or there is none."""

    def __init__(self) -> None:
        super().__init__(N_("This code is too old. Ask for a new code, and use that one."))


class TooManyCodes(DomainError):
    """Enough mails for one day to one address."""

    def __init__(self) -> None:
        super().__init__(N_("We have sent enough codes for today. Look among your unwanted e-mail, or call us."))


def email_digest(address: str) -> bytes:
    """What an address is found by without opening it; upper and lower case are the same."""
    return keys().digest("email", address.strip().casefold())


def receipt_code_digest(typed: str) -> bytes:
    """What we keep of a receipt code, however it was typed."""
    return keys().digest("receipt-code", codes.read(typed))


def status_path(case: Case) -> str:
    """The path of the status page; whoever knows it may see how far a case is, and no more."""
    return f"/status/{keys().token('status', str(case.id))}"


def confirm_email(session: Session, case: Case, code: str, *, now: datetime) -> None:
    """Take the six digits as proof that the person reads mail at the address. Nothing happens the second time.

    WrongCode, CodeLocked, CodeExpired, or TooManyCodes while its mail waits for its turn; a wrong try counts, so
    commit all the same.
    """
    subject = case.data_subject
    if subject.email_confirmed_at:
        return
    known = session.scalar(select(EmailCode).where(EmailCode.case_id == case.id).with_for_update())
    if known is None or known.expires_at <= now:
        raise CodeExpired
    _check_mailed(known, now)
    if known.attempts >= CODE_TRIES:
        raise CodeLocked
    if not hmac.compare_digest(known.digest, _code_digest(case, code)):
        known.attempts += 1
        raise WrongCode(CODE_TRIES - known.attempts)
    subject.email_confirmed_at = now
    session.delete(known)
    audit.record(session, "email-confirmed", by=audit.DATA_SUBJECT, now=now, case_id=case.id)


def request_new_code(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    """Mail a new code; the old one is void. TooManyCodes after three in a day, or while the last one still waits."""
    if case.data_subject.email_confirmed_at:
        return
    if known := session.get(EmailCode, case.id):
        _check_mailed(known, now)
    if not limits.allow(session, f"new-code:{case.id}", NEW_CODES_A_DAY, timedelta(days=1), now=now):
        raise TooManyCodes
    key = f"new-code:{case.id}:{secrets.token_hex(8)}"
    mail_code(session, case, "new-code", key=key, settings=settings, now=now)
    audit.record(session, "code-requested", by=audit.DATA_SUBJECT, now=now, case_id=case.id)


def _check_mailed(code: EmailCode, now: datetime) -> None:
    # As many codes can be guessed at as mails go to an address, however many requests are made in its name.
    if code.made_at > now:
        raise TooManyCodes


def mail_code(
    session: Session, case: Case, kind: str, *, key: str, settings: Settings, now: datetime, **facts: str
) -> None:
    """Mail a new code with the link to the status page. It works from the moment that its mail may go."""
    recipient = case.data_subject.email
    works_from = notices.first_free_moment(session, case, recipient, now=now)
    facts = {**facts, "reference": case.reference, "link": settings.web.base_url + status_path(case)}
    facts["code"] = _issue_code(session, case, works_from)
    notices.enqueue(session, kind, key=key, case=case, recipient=recipient, facts=facts, not_before=works_from, now=now)


def _issue_code(session: Session, case: Case, works_from: datetime) -> str:
    """Six digits, of which we keep the digest."""
    code = f"{secrets.randbelow(1_000_000):06}"
    issued = EmailCode(case_id=case.id, digest=_code_digest(case, code), attempts=0)
    issued.made_at, issued.expires_at = works_from, works_from + CODE_LIFETIME
    put(session, issued, by=("case_id",))
    return code


def _code_digest(case: Case, typed: str) -> bytes:
    return keys().digest("email-code", f"{case.id}:{codes.read(typed)}")

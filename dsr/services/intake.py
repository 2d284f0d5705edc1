"""Taking in a request: the draft while somebody fills in the form, and the case once they send it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import CursorResult, bindparam, delete, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys, new_id, put_new, table_of
from dsr.db.cases import Case, DataSubject, RequestedRight
from dsr.db.drafts import Draft
from dsr.domain import codes
from dsr.domain.deadlines import compute
from dsr.domain.errors import DomainError
from dsr.domain.intake import Answers, Fault, faults, invoked, may_be_told_later
from dsr.domain.lifecycle import Status
from dsr.domain.rights import in_order
from dsr.domain.wording import N_
from dsr.services import audit, casework, identity, later, limits, work

DRAFT_LIFETIME = timedelta(hours=24)
_HOUR = timedelta(hours=1)
_DRAFTS = table_of(Draft)
_FOUND = select(Draft).where(Draft.digest == bindparam("draft"), Draft.saved_at > bindparam("since"))
_TAKEN = delete(_DRAFTS).where(_DRAFTS.c.digest == bindparam("draft"), _DRAFTS.c.saved_at == bindparam("as_of"))


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that was sent: its case and the two secrets that only the person gets to see."""

    case: Case
    receipt_code: str
    status_token: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is ready to be sent, when its draft was saved, and whether the person wants to be told later."""

    submission: Submission
    saved_at: datetime
    is_told_later: bool


class DraftExpired(DomainError):
    """There are no answers to send: they were purged after 24 hours, or never given."""

    def __init__(self) -> None:
        super().__init__(N_("We keep your answers for 24 hours. They are gone now. Please start again."))


class AnswersIncomplete(DomainError):
    """Answers that cannot be sent yet; `faults` says what is wrong, by field."""

    def __init__(self, found: dict[str, Fault]) -> None:
        super().__init__(N_("Check your answers"))
        self.faults = found


class TooManyRequests(DomainError):
    """More requests in an hour than the configuration allows: the person is pointed to post and telephone."""

    def __init__(self) -> None:
        super().__init__(N_("We cannot take your request here at the moment."))


def save_draft(session: Session, token: str | None, answers: Answers, *, now: datetime) -> str:
    """Keep the answers of a form for 24 hours; returns the token that opens them, a new one where there was none."""
    draft = _find_draft(session, token, now=now) if token else None
    if draft is None:
        # A token whose draft is gone may belong to a request that was sent; it must not be mistaken for that one.
        token = secrets.token_urlsafe(32)
        draft = Draft(digest=_draft_digest(token))
        session.add(draft)
    draft.saved_at, draft.answers = now, json.dumps(answers)
    return cast(str, token)


def read_draft(session: Session, token: str | None, *, now: datetime) -> Answers | None:
    """The answers so far, or None where there are none (any more)."""
    draft = _find_draft(session, token, now=now) if token else None
    return _answers(draft) if draft else None


def admit(session: Session, address: str | None, *, settings: Settings, now: datetime) -> None:
    """Count a request from a network address; TooManyRequests above the numbers of the configuration.

    Nothing is lost by it: the draft stays, and the page names post and telephone.
    """
    visitor = f"form:{limits.network(address)}"
    allowed = limits.allow(session, visitor, settings.web.requests_per_address_per_hour, _HOUR, now=now)
    if not (limits.allow(session, "form", settings.web.requests_per_hour, _HOUR, now=now) and allowed):
        raise TooManyRequests


def prepare_request(
    session: Session, draft_token: str, *, settings: Settings, language: str = "nl", now: datetime
) -> Prepared | None:
    """Make the case of a draft, to be opened by `submit_request`; None where there is no draft.

    In a transaction of its own that only reads: one that writes holds up everybody else on SQLite, and is to be short.
    Raises AnswersIncomplete.
    """
    draft = _find_draft(session, draft_token, now=now)
    return _prepare(draft, draft_token, settings=settings, language=language, now=now) if draft else None


def submit_request(
    session: Session,
    draft_token: str,
    prepared: Prepared | None = None,
    *,
    settings: Settings,
    language: str = "nl",
    now: datetime,
) -> Submission:
    """Open a case for the answers of a draft and start its clock; sent twice, it is the same case.

    `prepared` is taken if the draft is still what it was made of. Raises DraftExpired or AnswersIncomplete. The clock
    starts now, whether or not the address is ever confirmed.
    """
    if prepared is None or not _take_draft(session, draft_token, prepared.saved_at):
        draft = _find_draft(session, draft_token, now=now, lock=True)
        if draft is None:
            return find_submission(session, draft_token, now=now) or _no_draft()
        prepared = _prepare(draft, draft_token, settings=settings, language=language, now=now)
        _take_draft(session, draft_token, prepared.saved_at)
    _open_case(session, prepared.submission.case, settings=settings, now=now)
    if prepared.is_told_later:
        later.note(session, prepared.submission.case, by=audit.DATA_SUBJECT, now=now)
    return prepared.submission


def find_submission(session: Session, draft_token: str | None, *, now: datetime) -> Submission | None:
    """The request that this draft became, for a day: whoever sent it can see its receipt code until then."""
    if draft_token is None:
        return None
    case = session.scalar(select(Case).where(Case.submission_digest == _submission_digest(draft_token)))
    if case is None or case.received_at <= now - DRAFT_LIFETIME:
        return None
    return Submission(case, _receipt_code(draft_token), keys().token("status", str(case.id)))


def find_case(session: Session, status_token: str) -> Case | None:
    """The case of a status link."""
    return session.scalar(select(Case).where(Case.status_token_digest == keys().digest("status-token", status_token)))


def check(answers: Answers) -> dict[str, Fault]:
    """What is wrong with the answers, by field; a malformed e-mail address included."""
    found = faults(answers)
    if "email" not in found and (fault := check_email(answers["email"])):
        found["email"] = fault
    return found


def check_email(address: str) -> Fault | None:
    """What is wrong with an e-mail address, if anything. Nobody is asked whether it exists."""
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return Fault(N_("Enter an e-mail address such as name@example.org"))
    return None


def _find_draft(session: Session, token: str, *, now: datetime, lock: bool = False) -> Draft | None:
    fresh = {"draft": _draft_digest(token), "since": now - DRAFT_LIFETIME}
    return session.scalar(_FOUND.with_for_update() if lock else _FOUND, fresh)


def _no_draft() -> Submission:
    raise DraftExpired


def _draft_digest(token: str) -> bytes:
    return keys().digest("draft", token)


def _submission_digest(token: str) -> bytes:
    return keys().digest("submission", token)


def _receipt_code(token: str) -> str:
    # Derived from the visitor's own token, so that nobody inside can tell it, and sending twice gives the same one.
    return codes.spell(keys().digest("receipt-code-of-draft", token)[:12])


def _answers(draft: Draft) -> Answers:
    answers: Answers = json.loads(draft.answers)
    return answers


def _take_draft(session: Session, token: str, saved_at: datetime) -> bool:
    """Whether the draft was there as it was saved then; it is gone with this transaction."""
    as_read = {"draft": _draft_digest(token), "as_of": saved_at}
    return cast("CursorResult[Any]", session.execute(_TAKEN, as_read)).rowcount == 1


def _prepare(draft: Draft, draft_token: str, *, settings: Settings, language: str, now: datetime) -> Prepared:
    answers = _answers(draft)
    if found := check(answers):
        raise AnswersIncomplete(found)
    submission = _new_case(draft_token, settings=settings, language=language, now=now)
    case = submission.case
    case.data_subject = _data_subject(case, answers)
    case.rights = [
        RequestedRight(
            id=new_id(), case_id=case.id, right=right.value, position=position, outcome=None, decided_at=None
        )
        for position, right in enumerate(in_order(invoked(answers)), start=1)
    ]
    return Prepared(submission, draft.saved_at, answers.get("later", False) and may_be_told_later(answers))


def _open_case(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    put_new(session, case)
    put_new(session, case.data_subject)
    rights = [right.right for right in case.rights]
    audit.record(session, "request-received", by=audit.DATA_SUBJECT, now=now, case_id=case.id, rights=rights)
    casework.stop_advertising(session, case, by=audit.DATA_SUBJECT, now=now)
    put_new(session, *case.rights)
    casework.stop_first(session, case, by=audit.DATA_SUBJECT, now=now)
    key, due_on = f"acknowledgement:{case.id}", case.next_legal_on.isoformat()
    identity.mail_code(session, case, "acknowledgement", key=key, settings=settings, now=now, due_on=due_on)
    work.ask(session, case.id, "lookup", now=now)


def _new_case(draft_token: str, *, settings: Settings, language: str, now: datetime) -> Submission:
    case_id, clock = new_id(), compute(now, (), settings.procedure.holiday_profile)
    receipt_code, status_token = _receipt_code(draft_token), keys().token("status", str(case_id))
    case = Case(
        id=case_id,
        status=Status.RECEIVED.value,
        version=1,
        channel="form",
        reference=f"{clock.received_local_date.year}-{codes.spell(secrets.token_bytes(8))}",
        language=language,
        received_at=now,
        received_on=clock.received_local_date,
        due_on=clock.due_on,
        next_legal_on=clock.next_legal_on,
        register_digest=settings.register.digest,
        status_token_digest=keys().digest("status-token", status_token),
        receipt_code_digest=identity.receipt_code_digest(receipt_code),
        submission_digest=_submission_digest(draft_token),
    )
    return Submission(case, receipt_code, status_token)


def _data_subject(case: Case, answers: Answers) -> DataSubject:
    email = _in_ascii(answers["email"])
    subject = DataSubject(case_id=case.id, email_index=identity.email_digest(email))
    subject.name, subject.email = answers["name"], email
    subject.customer_number = answers.get("customer_number") or None
    subject.details = answers.get("details") or None
    return subject


def _in_ascii(address: str) -> str:
    """The address as mail finds it. Of other letters databases have ideas of their own: to some, İ is i."""
    if address.isascii():
        return address
    return str(validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email)

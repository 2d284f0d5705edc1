"""The outbox: every mail is a row in the transaction of what it tells, and leaves later, at least once.

The worker claims one mail for a while (`LEASE`), writes it down, hands it to the mail server outside any transaction,
and notes how that went. Whoever lost its claim meanwhile can note nothing: the number of the attempt is its proof.
A mail is written once, so that every attempt sends the same bytes under the same Message-ID.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys, new_id, put_if_new
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.mail import messages
from dsr.mail.delivery import DeliveryFailed, Mail
from dsr.services import audit

QUEUED, SENDING, SENT, FAILED = "queued", "sending", "sent", "failed"
UNSENT = (QUEUED, SENDING)

LEASE = timedelta(minutes=3)
"""Longer than one delivery can take; a worker that died is followed up after it."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 240))
TRIES = 48
"""With these waits: a mail server may be away for a week."""
UNCONFIRMED_A_DAY = 3
_LAST = (
    select(Notice.next_try_at)
    .where(Notice.recipient_index == bindparam("recipient"))
    .order_by(Notice.next_try_at.desc())
    .limit(UNCONFIRMED_A_DAY)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours to send until the lease ends, and the number that proves it."""

    notice_id: uuid.UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to go: to whom, and its bytes."""

    recipient: str
    mail: bytes


def enqueue(
    session: Session,
    kind: str,
    *,
    key: str,
    case: Case | None = None,
    recipient: str,
    facts: Mapping[str, Any],
    language: str | None = None,
    not_before: datetime | None = None,
    now: datetime,
) -> None:
    """Put a mail in the outbox; with a key that is there already nothing happens.

    `facts` are what the notice of this `kind` asks for, a `link`, and the `reference` where there is a case. The
    language is the case's unless it is given. `not_before` is its first free moment, where that was asked already.
    TypeError if the facts are not those of the kind.
    """
    messages.check(kind, facts)
    language = language or (case.language if case else "nl")
    notice = Notice(id=new_id(), key=key, kind=kind, case_id=case.id if case else None, language=language, made_at=now)
    notice.recipient, notice.facts = recipient, json.dumps(dict(facts))
    notice.recipient_index = _index(recipient)
    if kind in messages.STAFF_KINDS | messages.OWNER_KINDS | messages.RECIPIENT_KINDS:
        not_before = now
    notice.next_try_at = not_before or first_free_moment(session, case, recipient, now=now)
    put_if_new(session, notice, by=("key",))


def _index(recipient: str) -> bytes:
    return keys().digest("recipient", recipient.strip().casefold())


def first_free_moment(session: Session, case: Case | None, recipient: str, *, now: datetime) -> datetime:
    """When the next mail may go to this address: now, unless nobody confirmed it and it got three within a day.

    Who fills in somebody else's address cannot flood them; and no mail is dropped for it, it waits.
    """
    # Confirmed in this case: who types the address of somebody who confirmed theirs in another may flood them too.
    if case is not None and case.data_subject.email_confirmed_at is not None:
        return now
    recent = session.scalars(_LAST, {"recipient": _index(recipient)}).all()
    return now if len(recent) < UNCONFIRMED_A_DAY else max(now, recent[-1] + timedelta(days=1))


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether there is a mail to claim: a look that takes no lock."""
    return bool(session.scalar(select(exists().where(Notice.state.in_(UNSENT), Notice.next_try_at <= now))))


def claim(session: Session, *, now: datetime) -> Claim | None:
    """The mail that waits longest, leased to whoever asks; None if there is none. One that had all its tries fails."""
    due = select(Notice).where(Notice.state.in_(UNSENT), Notice.next_try_at <= now)
    notice = session.scalar(due.order_by(Notice.next_try_at, Notice.made_at).limit(1).with_for_update(skip_locked=True))
    if notice is None:
        return None
    if notice.attempt >= TRIES:
        _give_up(session, notice, notice.error or "no answer", now=now)
        return None
    notice.state, notice.attempt, notice.next_try_at = SENDING, notice.attempt + 1, now + LEASE
    return Claim(notice.id, notice.attempt)


def render(session: Session, claimed: Claim, *, settings: Settings, mail: Mail, now: datetime) -> Letter | None:
    """The claimed mail, written down at its first attempt; None if the claim is lost.

    Raises DeliveryFailed if there is no sending it as it is.
    """
    notice = _held(session, claimed)
    if notice is None:
        return None
    if notice.message is None:
        message = messages.write(
            notice.kind, json.loads(notice.facts), controller=settings.controller, language=notice.language
        )
        notice.message_id = f"<{notice.id}@{mail.domain}>"
        notice.message = mail.compose(
            message, recipient=notice.recipient, message_id=notice.message_id, now=now
        ).decode()
    return Letter(notice.recipient, notice.message.encode())


def note_sent(session: Session, claimed: Claim, *, now: datetime) -> bool:
    """The mail server took it; False if the claim was lost, then whoever has it now will say so."""
    notice = _held(session, claimed)
    if notice is None:
        return False
    notice.state, notice.sent_at, notice.error = SENT, now, None
    _wipe(notice)
    audit.record(session, "notice-sent", by=audit.WORKER, now=now, case_id=notice.case_id, kind=notice.kind)
    return True


def note_failure(session: Session, claimed: Claim, fault: DeliveryFailed, *, now: datetime) -> None:
    """The mail did not go: it is tried again later or, where that is of no use, becomes a task for staff."""
    notice = _held(session, claimed)
    if notice is None:
        return
    if fault.is_permanent or notice.attempt >= TRIES:
        _give_up(session, notice, fault.code, now=now)
        return
    notice.state, notice.error = QUEUED, fault.code
    notice.next_try_at = now + WAITS[min(notice.attempt, len(WAITS)) - 1]


def oldest_unsent_at(session: Session, *, now: datetime) -> datetime | None:
    """Since when the mail that waits longest has been in the outbox; those that may not go yet are left out."""
    waiting = select(func.min(Notice.made_at)).where(Notice.state.in_(UNSENT))
    return session.scalar(waiting.where((Notice.attempt > 0) | (Notice.next_try_at <= now)))


def _held(session: Session, claimed: Claim) -> Notice | None:
    held = select(Notice).where(
        Notice.id == claimed.notice_id, Notice.attempt == claimed.attempt, Notice.state == SENDING
    )
    return session.scalar(held.with_for_update())


def _give_up(session: Session, notice: Notice, code: str, *, now: datetime) -> None:
    notice.state, notice.error = FAILED, code
    _wipe(notice)
    audit.record(
        session, "notice-failed", by=audit.WORKER, now=now, case_id=notice.case_id, kind=notice.kind, code=code
    )
    is_to_staff = notice.kind in messages.STAFF_KINDS
    task = Task(key=f"notice:{notice.id}", case_id=notice.case_id, made_at=now)
    task.kind, task.facts = "mail-failed", {"notice": notice.kind, "code": code}
    if is_to_staff:
        # Told on the pages only: a mail about a mail that does not arrive would come back as the next task.
        task.kind, task.told_at = "staff-mail-failed", now
    session.add(task)


def _wipe(notice: Notice) -> None:
    notice.recipient = notice.facts = notice.message = None

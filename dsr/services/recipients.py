"""A recipient without an account: the mail with a link, the code for it, and the answer (GDPR art. 19)."""

from __future__ import annotations

import secrets
import uuid
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys, put_if_new
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.db.notifications import Notification
from dsr.domain.calendars import local_date
from dsr.domain.intake import LIMITS
from dsr.domain.notifications import About, Answer, Channel, State, is_reminder_due, is_silent
from dsr.domain.wording import N_
from dsr.services import audit, casework, mailboxes, notices, notifications

RECIPIENT = "recipient"
KIND = "notification"


def tell_by_mail(
    session: Session, case: Case, notification: Notification, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """Mail a recipient a link to what it is told; an earlier link leads nowhere. Raises NotPossible or Conflict."""
    if email_of(notification, settings) is None:
        raise casework.NotPossible(N_("The register has no e-mail address of this recipient. Tell them yourself."))
    notifications.check(notification, State.PROPOSED, State.MAILED, State.TOLD)
    if notification.answer:
        raise casework.Conflict
    notifications.move(session, case, notification, State.MAILED, now=now)
    _send(session, notification, by=by, settings=settings, now=now)


def tell_of_ledger(session: Session, *, settings: Settings, now: datetime) -> None:
    """Mail whoever was told of a request by mail that what was kept after it is gone: nobody has to decide on that.

    On the day after, when all of it is known. Once: where the mail did not arrive, the handler tells them.
    """
    later = (Notification.about == About.LATER.value, Notification.state == State.PROPOSED.value)
    is_over = Notification.changed_on < local_date(now)
    unmailed = select(Notification).where(*later, is_over, Notification.link_number == 0)
    for each in session.scalars(unmailed.with_for_update()).all():
        earlier = [known for known in notifications.of_case(session, each.case_id) if known.recipient == each.recipient]
        if email_of(each, settings) and any(map(notifications.was_mailed, earlier)):
            each.state = State.MAILED.value
            _send(session, each, by=audit.WORKER, settings=settings, now=now)
            notifications.settle_tasks(session, each.case_id, now=now)


def _send(
    session: Session, notification: Notification, *, by: uuid.UUID | str, settings: Settings, now: datetime
) -> None:
    case_id, recipient = notification.case_id, notification.recipient
    audit.record(session, "recipient-mailed", by=by, now=now, case_id=case_id, recipient=recipient)
    notification.channel = Channel.MAIL.value
    notification.link_number += 1
    notification.link_digest = mailboxes.link_digest(_token(notification))
    notification.link_until = now + mailboxes.LINK_LIFETIME
    until = local_date(notification.link_until).isoformat()
    _mail(session, KIND, _key(notification), notification, settings=settings, now=now, until=until)


def remind_silent(session: Session, *, settings: Settings, now: datetime) -> None:
    """Remind who was mailed and says nothing, twice at most; then a handler decides whether it is left at that.

    Who hears that a restriction ended has nothing to answer.
    """
    today = local_date(now)
    mailed = (Notification.state == State.TOLD.value, Notification.channel == Channel.MAIL.value)
    asked = (Notification.answer.is_(None), Notification.about != About.LIFTED.value)
    for each in session.scalars(select(Notification).where(*mailed, *asked)).all():
        told_on = local_date(each.told_at or now)
        if is_silent(today, told_on):
            _ask_handler(session, each, now=now)
        elif email_of(each, settings) and is_reminder_due(today, told_on=told_on, reminded_on=each.reminded_on):
            _remind(session, each, told_on, settings=settings, now=now)


def _ask_handler(session: Session, silent: Notification, *, now: datetime) -> None:
    kind, facts = notifications.SILENT_TASK, {"recipient": silent.recipient}
    task = Task(key=f"{kind}:{silent.id}:{silent.link_number}", case_id=silent.case_id, kind=kind, facts=facts)
    task.made_at = now
    put_if_new(session, task, by=("key",))


def _remind(session: Session, silent: Notification, told_on: date, *, settings: Settings, now: datetime) -> None:
    silent.reminded_on, silent.link_until = local_date(now), now + mailboxes.LINK_LIFETIME
    key, until = f"notification-reminder:{silent.id}:{silent.reminded_on}", local_date(silent.link_until).isoformat()
    facts = {"until": until, "told_on": told_on.isoformat()}
    _mail(session, "notification-reminder", key, silent, settings=settings, now=now, **facts)
    case_id, recipient = silent.case_id, silent.recipient
    audit.record(session, "recipient-reminded", by=audit.WORKER, now=now, case_id=case_id, recipient=recipient)


def _key(notification: Notification) -> str:
    """The key of the newest mail to a recipient."""
    return f"{KIND}:{notification.id}:{notification.link_number}"


def note_delivery(session: Session, notice_id: uuid.UUID, *, now: datetime) -> None:
    """A recipient is told once the mail server has taken the mail, and is still to be told if it never will.

    Nothing happens for mails of another kind, or that another one took the place of.
    """
    notice = session.get_one(Notice, notice_id)
    if notice.kind != KIND or notice.state in notices.UNSENT:
        return
    notification = session.get_one(Notification, uuid.UUID(notice.key.split(":")[1]), with_for_update=True)
    if notification.stage is not State.MAILED or notice.key != _key(notification):
        return
    if notice.state == notices.SENT:
        notifications.record_told(session, notification, Channel.MAIL, by=audit.WORKER, now=now)
    else:
        notification.state = State.PROPOSED.value
        about = f"{notification.id}:{notification.link_number}"
        notifications.ask_to_tell(session, notification.case_id, about, now=now)


def email_of(notification: Notification, settings: Settings) -> str | None:
    """Where a recipient reads mail; None where the register does not say, or no longer."""
    recipient = settings.register.recipients.get(notification.recipient)
    return recipient.email if recipient and not recipient.confidential else None


def path_of(notification: Notification) -> str:
    """The path of the page of a notification."""
    return f"/melding/{_token(notification)}"


def _token(notification: Notification) -> str:
    return keys().token("notification", f"{notification.id}:{notification.link_number}")


def find_notification(session: Session, token: str, *, settings: Settings, now: datetime) -> Notification:
    """The notification behind a link. Raises mailboxes.LinkExpired."""
    found = session.scalar(select(Notification).where(Notification.link_digest == mailboxes.link_digest(token)))
    if found is None or found.link_until is None or found.link_until <= now or email_of(found, settings) is None:
        raise mailboxes.LinkExpired
    return found


def mail_code(session: Session, notification: Notification, *, settings: Settings, now: datetime) -> None:
    """Mail the recipient a code; the one before is void. Raises TooManyCodes."""
    code = mailboxes.new_code(session, _mailbox_of(notification, settings), now=now)
    key = f"notification-code:{secrets.token_hex(16)}"
    _mail(session, "notification-code", key, notification, settings=settings, now=now, code=code)


def enter(session: Session, notification: Notification, code: str, *, settings: Settings, now: datetime) -> str:
    """The token of a new session, for who types the code. WrongCode, CodeLocked or CodeExpired; commit all the same."""
    token = mailboxes.enter(session, _mailbox_of(notification, settings), code, now=now)
    audit.record(
        session,
        "notification-opened",
        by=RECIPIENT,
        now=now,
        case_id=notification.case_id,
        recipient=notification.recipient,
    )
    return token


def has_entered(
    session: Session, notification: Notification, token: str | None, *, settings: Settings, now: datetime
) -> bool:
    """Whether this is a running session of the recipient."""
    return mailboxes.has_entered(session, _mailbox_of(notification, settings), token, now=now)


def answer(session: Session, notification: Notification, given: Answer, remark: str, *, now: datetime) -> None:
    """What the recipient says, once. Raises NotPossible, or Conflict where there is an answer already."""
    session.refresh(notification, with_for_update=True)
    if notification.answer:
        raise casework.Conflict
    if len(remark) > LIMITS["details"]:
        raise casework.NotPossible(N_("Make it shorter: at most %(limit)s characters."), limit=LIMITS["details"])
    notifications.record_answer(session, notification, given, remark, by=RECIPIENT, now=now)


def _mailbox_of(notification: Notification, settings: Settings) -> bytes:
    return mailboxes.index_of(email_of(notification, settings) or "")


def _mail(
    session: Session,
    kind: str,
    key: str,
    notification: Notification,
    *,
    settings: Settings,
    now: datetime,
    **facts: str,
) -> None:
    case = session.get_one(Case, notification.case_id)
    notices.enqueue(
        session,
        kind,
        key=key,
        case=case,
        recipient=email_of(notification, settings) or "",
        facts={"reference": case.reference, "link": settings.web.base_url + path_of(notification), **facts},
        language=settings.procedure.language,
        now=now,
    )

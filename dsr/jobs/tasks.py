"""What the worker does by itself, each a few transactions around one service. All of it can be repeated."""

from __future__ import annotations

from dsr import faults
from dsr.jobs.context import Context
from dsr.mail.delivery import DeliveryFailed, Mail
from dsr.services import audit, errand_reminders, holds, housekeeping, notices, recipients, reminders, restriction
from dsr.services.notices import Claim, Letter


def deliver(context: Context, mail: Mail) -> None:
    """Send the mail that is due, one by one; a fault that will pass ends the run, the next one goes on."""
    while (claimed := _claim(context)) is not None:
        if not _send(context, mail, claimed):
            break


def remind(context: Context) -> None:
    """The reminders of the day, to staff and to data subjects."""
    with context.transaction() as session:
        reminders.remind(session, settings=context.settings, now=context.now())


def tell_tasks(context: Context) -> None:
    """What came up since the last time, for staff, and for owners who are to stop."""
    with context.transaction() as session:
        errand_reminders.stop_owners(session, settings=context.settings, now=context.now())
        holds.ask_for_reviews(session, now=context.now())
        restriction.ask_to_lift(session, now=context.now())
        reminders.tell_tasks(session, settings=context.settings, now=context.now())


def purge(context: Context) -> None:
    """What has had its time goes."""
    with context.transaction() as session:
        housekeeping.purge(session, settings=context.settings, now=context.now())


def anchor(context: Context) -> None:
    """The head of the audit chain, kept outside the database."""
    settings = context.settings
    with context.transaction(writes=False) as session:
        audit.anchor(session, settings.path(settings.storage.anchors), now=context.now())


def beat(context: Context) -> None:
    """A sign of life."""
    with context.transaction() as session:
        housekeeping.beat(session, now=context.now())


def _claim(context: Context) -> Claim | None:
    # A look first: a transaction that writes holds up everybody else on SQLite.
    with context.transaction(writes=False) as session:
        if not notices.is_any_due(session, now=context.now()):
            return None
    with context.transaction() as session:
        return notices.claim(session, now=context.now())


def _send(context: Context, mail: Mail, claimed: Claim) -> bool:
    """Whether this mail is dealt with, for good or ill."""
    try:
        letter = _write_down(context, mail, claimed)
        if letter is None:
            return True
        faults.point("mail-rendered")
        mail.deliver(letter.recipient, letter.mail)
    except DeliveryFailed as fault:
        with context.transaction() as session:
            notices.note_failure(session, claimed, fault, now=context.now())
            recipients.note_delivery(session, claimed.notice_id, now=context.now())
        return fault.is_permanent
    faults.point("mail-accepted")
    with context.transaction() as session:
        notices.note_sent(session, claimed, now=context.now())
        recipients.note_delivery(session, claimed.notice_id, now=context.now())
    faults.point("attempt-noted")
    return True


def _write_down(context: Context, mail: Mail, claimed: Claim) -> Letter | None:
    with context.transaction() as session:
        return notices.render(session, claimed, settings=context.settings, mail=mail, now=context.now())

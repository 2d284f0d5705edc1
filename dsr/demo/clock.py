"""The demo's clock: it runs on by itself and can be set forward. Never back, for what was done stays done."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dsr.config import TIMEZONE
from dsr.db.notices import Heartbeat
from dsr.db.plans import LedgerEntry
from dsr.db.staff import StaffSession
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import notices, reminders, retention
from dsr.web.runtime import utc_now

LAST_DAY = date(2059, 12, 31)
_OPENING = time(9)


class NotForward(DomainError):
    """The clock can only be set to a later day, and not beyond the calendars we know."""

    def __init__(self) -> None:
        super().__init__(N_("Choose a later day: the demo’s clock only goes forward."))


class NothingKept(DomainError):
    """The ledger has no day to go to."""

    def __init__(self) -> None:
        super().__init__(N_("Nothing waits in the ledger. Carry out an erasure first."))


class Clock:
    """The time in the demo. How far it is ahead of the real one stands in a file, so that it survives a stop."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = timedelta(seconds=float(file.read_text()) if file.exists() else 0)

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def start(self, moment: datetime) -> None:
        """Begin at a moment of our choosing."""
        self._ahead = moment - utc_now()
        self._file.write_text(str(self._ahead.total_seconds()))

    def set(self, moment: datetime) -> timedelta:
        """Set the clock forward; returns by how much. An earlier moment changes nothing."""
        step = max(moment - self(), timedelta())
        self.start(self() + step)
        return step


def opening_of(day: date) -> datetime:
    """Nine in the morning in Amsterdam."""
    return datetime.combine(day, _OPENING, TIMEZONE)


def next_ledger_day(session: Session, today: date) -> date:
    """The next day on which kept rows may be erased. Raises NothingKept."""
    kept = select(func.min(LedgerEntry.may_erase_from)).where(LedgerEntry.state == retention.KEPT)
    day = session.scalar(kept.where(LedgerEntry.may_erase_from > today))
    if day is None:
        raise NothingKept
    return day


def keep_signed_in(session: Session, step: timedelta) -> None:
    """Whoever is signed in stays so: for them no time passed."""
    for staff_session in session.scalars(select(StaffSession).where(StaffSession.ended_at.is_(None))):
        staff_session.started_at += step
        staff_session.seen_at += step


def is_caught_up(session: Session, now: datetime) -> bool:
    """Whether the worker has done what the new day asks: reminders, mail, the ledger."""
    reminded_at = session.scalar(select(Heartbeat.ran_at).where(Heartbeat.job == reminders.DAILY))
    return (
        reminded_at is not None
        and local_date(reminded_at) == local_date(now)
        and not notices.is_any_due(session, now=now)
        and not retention.due_entries(session, local_date(now))
    )

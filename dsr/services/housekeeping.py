"""Keeping the house: what has had its time is purged, and somebody outside can see that the worker lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import CodeAttempt
from dsr.db.base import Base
from dsr.db.cases import DataSubject
from dsr.db.drafts import Draft
from dsr.db.erased import ErasedRows
from dsr.db.identity import EmailCode
from dsr.db.mailboxes import MailboxCode, MailboxSession
from dsr.db.notices import Heartbeat
from dsr.db.staff import StaffMember, StaffSession
from dsr.domain.calendars import local_date
from dsr.services import copies, errand_files, notices
from dsr.services.intake import DRAFT_LIFETIME
from dsr.services.staff import ABSOLUTE_LIMIT

WORKER = "worker"
SILENT_AFTER = timedelta(minutes=3)
MAIL_LATE_AFTER = timedelta(hours=1)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the worker lives, and since when the oldest unsent mail waits."""

    is_worker_alive: bool
    worker_seen_at: datetime | None
    oldest_unsent_at: datetime | None
    is_mail_late: bool

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look."""
        return self.is_worker_alive and not self.is_mail_late


def purge(session: Session, *, settings: Settings, now: datetime) -> None:
    """Delete drafts, codes, sign-ins and counts that have had their time, and the files of expired copies."""
    expired: dict[type[Base], ColumnElement[bool]] = {
        Draft: Draft.saved_at <= now - DRAFT_LIFETIME,
        EmailCode: EmailCode.expires_at <= now,
        MailboxCode: MailboxCode.expires_at <= now,
        MailboxSession: MailboxSession.ends_at <= now,
        StaffSession: or_(StaffSession.ended_at <= now - _A_DAY, StaffSession.started_at <= now - ABSOLUTE_LIMIT),
        CodeAttempt: CodeAttempt.window_start <= now - _A_DAY,
        ErasedRows: ErasedRows.purge_on <= local_date(now),
    }
    for table, has_expired in expired.items():
        session.execute(delete(table).where(has_expired))
    copies.purge_copies(session, settings, now)
    errand_files.purge(session, settings, now)


def check_keys(session: Session) -> None:
    """KeySetError if the database was written with another key set: what we would add could not be read beside it."""
    rows: tuple[StaffMember | DataSubject | None, ...] = (
        session.scalar(select(StaffMember).limit(1)),
        session.scalar(select(DataSubject).limit(1)),
    )
    _ = [row.name for row in rows if row]  # to read is to open


def beat(session: Session, *, now: datetime) -> None:
    """Note that the worker lives."""
    session.merge(Heartbeat(job=WORKER, ran_at=now))


def health(session: Session, now: datetime) -> Health:
    """How the program is doing. Reads only."""
    beat_ = session.get(Heartbeat, WORKER)
    seen_at = beat_.ran_at if beat_ else None
    oldest = notices.oldest_unsent_at(session, now=now)
    return Health(
        is_worker_alive=seen_at is not None and now - seen_at <= SILENT_AFTER,
        worker_seen_at=seen_at,
        oldest_unsent_at=oldest,
        is_mail_late=oldest is not None and now - oldest > MAIL_LATE_AFTER,
    )

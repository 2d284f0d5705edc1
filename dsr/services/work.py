"""What the worker must do for a case: asked for in a request, done outside it, tried again while a system is down."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from dsr.db.base import put
from dsr.db.notices import Work

LEASE = timedelta(minutes=10)
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))


def ask(session: Session, case_id: uuid.UUID, kind: str, *, by: uuid.UUID | None = None, now: datetime) -> None:
    """Ask the worker for a step of a case; asking again puts it at the front."""
    asked = Work(case_id=case_id, kind=kind, state="queued", attempts=0, error=None)
    asked.next_try_at, asked.lease_until, asked.asked_by_id = now, None, by
    put(session, asked, by=("case_id", "kind"))


def of(session: Session, case_id: uuid.UUID) -> dict[str, Work]:
    """The steps asked for a case, by kind."""
    return {work.kind: work for work in session.scalars(select(Work).where(Work.case_id == case_id))}


def is_waiting(session: Session, case_id: uuid.UUID, kind: str) -> bool:
    """Whether a step is still to be done, or being done."""
    waiting = select(Work.id).where(Work.case_id == case_id, Work.kind == kind, Work.state == "queued")
    return session.scalar(waiting) is not None


def is_any_due(session: Session, *, now: datetime) -> bool:
    """Whether there is a step to claim; a look, so that an idle worker writes nothing."""
    return session.scalar(select(Work.id).where(*_due(now)).limit(1)) is not None


def claim(session: Session, *, now: datetime) -> Work | None:
    """One step to do now, leased to whoever claims it; None when there is nothing to do."""
    waiting = select(Work.id).where(*_due(now)).order_by(Work.next_try_at).limit(1).with_for_update(skip_locked=True)
    claimed = update(Work).where(Work.id == waiting.scalar_subquery())
    return session.scalar(
        claimed.values(lease_until=now + LEASE, attempts=Work.attempts + 1)
        .returning(Work)
        .execution_options(synchronize_session=False)
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_free = or_(Work.lease_until.is_(None), Work.lease_until < now)
    return Work.state == "queued", Work.next_try_at <= now, is_free


def release_all(session: Session) -> None:
    """Give up every lease: whoever held one is dead. Only for the one worker, or the leader, as it starts."""
    session.execute(update(Work).where(Work.lease_until.is_not(None)).values(lease_until=None))


def finish(session: Session, work: Work) -> None:
    """The step is done."""
    _settle(session, work, state="done", lease_until=None, error=None)


def put_off(session: Session, work: Work, error: str, *, now: datetime) -> None:
    """The step could not be done now; it is tried again by itself."""
    wait = WAITS[min(work.attempts, len(WAITS)) - 1]
    _settle(session, work, next_try_at=now + wait, lease_until=None, error=error[:400])


def refuse(session: Session, work: Work, error: str) -> None:
    """The step cannot be done as it is; somebody must look and ask again."""
    _settle(session, work, state="refused", lease_until=None, error=error[:400])


def _settle(session: Session, work: Work, **values: object) -> None:
    # Not if it was asked anew or claimed by another meanwhile: then the lease is no longer ours.
    session.execute(
        update(Work)
        .where(Work.id == work.id, Work.lease_until == work.lease_until)
        .values(**values)
        .execution_options(synchronize_session=False)
    )

"""What the worker must do for a case: asked for in a request, done outside it, tried again while a system is down."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BindParameter, Update, bindparam, or_, select, update
from sqlalchemy.orm import Session

from dsr.db.base import put, table_of
from dsr.db.notices import Work

LEASE = timedelta(minutes=10)
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))


class Claimed(NamedTuple):
    """A step that is ours to take until the lease ends."""

    id: uuid.UUID
    case_id: uuid.UUID
    kind: str
    attempts: int
    lease_until: datetime


_WORK = table_of(Work)
_NOW: BindParameter[datetime] = bindparam("now", type_=_WORK.c.next_try_at.type)
_IS_FREE = or_(_WORK.c.lease_until.is_(None), _WORK.c.lease_until < _NOW)
_DUE = select(_WORK.c.id).where(_WORK.c.state == "queued", _WORK.c.next_try_at <= _NOW, _IS_FREE)
_FIRST = _DUE.order_by(_WORK.c.next_try_at).limit(1).with_for_update(skip_locked=True)
_CLAIM = (
    update(_WORK)
    .where(_WORK.c.id == _FIRST.scalar_subquery())
    .values(lease_until=bindparam("until"), attempts=_WORK.c.attempts + 1)
    .returning(*[_WORK.c[column] for column in Claimed._fields])
)
# Not if it was asked anew or claimed by another meanwhile: then the lease is no longer ours.
_OURS = update(_WORK).where(_WORK.c.id == bindparam("work"), _WORK.c.lease_until == bindparam("lease"))
_ENDED = _OURS.values(state=bindparam("to"), error=bindparam("why"), lease_until=None)
_PUT_OFF = _ENDED.values(next_try_at=bindparam("again"))


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


def is_taken(session: Session, case_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether a step of a case is being done now; until the transaction ends none is claimed."""
    steps = session.scalars(select(Work).where(Work.case_id == case_id).with_for_update()).all()
    return any(step.lease_until and step.lease_until > now for step in steps)


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """One step to do now, leased to whoever claims it; None when there is nothing to do."""
    claimed = session.execute(_CLAIM, {"now": now, "until": now + LEASE}).first()
    return Claimed(*claimed) if claimed else None


def release_all(session: Session) -> None:
    """Give up every lease: whoever held one is dead. Only for the one worker, or the leader, as it starts."""
    session.execute(update(Work).where(Work.lease_until.is_not(None)).values(lease_until=None))


def finish(session: Session, work: Claimed) -> None:
    """The step is done."""
    _settle(session, _ENDED, work, to="done", why=None)


def put_off(session: Session, work: Claimed, error: str, *, now: datetime) -> None:
    """The step could not be done now; it is tried again by itself."""
    wait = WAITS[min(work.attempts, len(WAITS)) - 1]
    _settle(session, _PUT_OFF, work, to="queued", why=error[:400], again=now + wait)


def refuse(session: Session, work: Claimed, error: str) -> None:
    """The step cannot be done as it is; somebody must look and ask again."""
    _settle(session, _ENDED, work, to="refused", why=error[:400])


def _settle(session: Session, statement: Update, work: Claimed, **values: object) -> None:
    session.execute(statement, {"work": work.id, "lease": work.lease_until, **values})

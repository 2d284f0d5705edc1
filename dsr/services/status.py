"""How far a request is, as the person who made it may see it: steps and dates, and nothing about who we know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy, Letter
from dsr.db.cases import Case, RequestedRight
from dsr.db.identity import IdentityCheck
from dsr.db.plans import Search
from dsr.domain.calendars import local_date
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import later
from dsr.services.deadlines import clock_of
from dsr.services.restriction import of_case

STAGES = ("received", "identity", "collecting", "checking", "answered")


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the five steps; `state` is done, now or later, `on` the day it was done where that is known."""

    name: str
    state: str
    on: date | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A right that was invoked; `state` is waiting, busy, copy-ready, stopped, answered or withdrawn."""

    right: Right
    state: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class WaitingCopy:
    """A copy that can be downloaded: bytes, last day, and how many times more."""

    size: int
    last_on: date
    times_left: int


@dataclass(frozen=True, slots=True)
class Lifting:
    """The end of a restriction, as announced (art. 18(3))."""

    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What the status page tells."""

    reference: str
    status: Status
    stages: tuple[Stage, ...]
    asked: tuple[Asked, ...]
    received_at: datetime
    due_on: date
    standing_still_since: date | None
    extension_reason: str | None
    is_confirmed: bool
    copy: WaitingCopy | None
    copy_is_gone: bool
    letter_sent_on: date | None
    lifting: tuple[Lifting, ...] = ()
    told_gone_on: date | None = None
    """The day of the mail that the last of what was kept is gone."""

    @property
    def current(self) -> str:
        """The step we are at: the one in progress, else the last one done."""
        busy = [stage.name for stage in self.stages if stage.state == "now"]
        return busy[0] if busy else [stage.name for stage in self.stages if stage.state == "done"][-1]


def follow(session: Session, case: Case, *, settings: Settings, now: datetime) -> Progress:
    """How far a case is."""
    clock = clock_of(case, settings)
    released = session.get(AccessCopy, case.id)
    waiting = _waiting(released, settings, local_date(now)) if released else None
    return Progress(
        reference=case.reference,
        status=_status(case),
        stages=_stages(session, case),
        asked=tuple(_asked(right, case, copy_is_ready=waiting is not None) for right in case.rights),
        received_at=case.received_at,
        due_on=clock.next_legal_on,
        standing_still_since=clock.suspended_since,
        extension_reason=_extension_reason(case) if clock.extension_accepted else None,
        is_confirmed=case.data_subject.email_confirmed_at is not None,
        copy=waiting,
        copy_is_gone=bool(released and released.released_at and waiting is None),
        letter_sent_on=_letter_sent_on(session, case),
        lifting=tuple(Lifting(each.lift_on, each.lift_reason) for each in of_case(session, case.id) if each.lift_on),
        told_gone_on=later.told_on(session, case),
    )


def _status(case: Case) -> Status:
    """How a case stands; one that was closed without an answer was withdrawn before."""
    status = Status(case.status)
    return Status.WITHDRAWN if status is Status.CLOSED and not case.answered_at else status


def _stages(session: Session, case: Case) -> tuple[Stage, ...]:
    days = _days(session, case)
    if case.answered_at:
        return tuple(Stage(name, "done", days.get(name)) for name in STAGES)
    if _status(case) is Status.WITHDRAWN:
        return tuple(Stage(name, "done", day) for name, day in days.items())
    at = next(position for position, name in enumerate(STAGES) if name not in days)
    # Nobody has begun with a case that was only received.
    busy = "later" if case.status == Status.RECEIVED else "now"
    states = ["done"] * at + [busy] + ["later"] * (len(STAGES) - at - 1)
    return tuple(Stage(name, state, days.get(name)) for name, state in zip(STAGES, states, strict=True))


def _days(session: Session, case: Case) -> dict[str, date]:
    """The day of each step that is done, up to the first that is not."""
    days = {"received": case.received_on}
    check = session.get(IdentityCheck, case.id)
    if check and check.is_confirmed:
        days["identity"] = local_date(check.checked_at)
        searches = session.scalars(select(Search).where(Search.case_id == case.id).order_by(Search.searched_at))
        if whole := next((search for search in searches if not search.missing), None):
            days["collecting"] = local_date(whole.searched_at)
    if case.answered_at:
        days["answered"] = local_date(case.answered_at)
    return days


def _asked(right: RequestedRight, case: Case, *, copy_is_ready: bool) -> Asked:
    if right.kind is Right.MARKETING_OBJECTION and right.decided_at:
        return Asked(right.kind, "stopped", local_date(right.decided_at))
    if case.answered_at:
        # What the answer is stands in the letter, behind the receipt code.
        return Asked(right.kind, "answered", local_date(case.answered_at))
    if _status(case) is Status.WITHDRAWN:
        return Asked(right.kind, "withdrawn")
    if right.kind is Right.ACCESS and copy_is_ready:
        return Asked(right.kind, "copy-ready")
    return Asked(right.kind, "waiting" if case.status == Status.RECEIVED else "busy")


def _waiting(copy: AccessCopy, settings: Settings, today: date) -> WaitingCopy | None:
    times_left = settings.procedure.copy_downloads - copy.downloads
    if copy.released_at is None or copy.purged_at or copy.expires_on is None:
        return None
    if copy.expires_on < today or times_left < 1:
        return None
    return WaitingCopy(copy.size, copy.expires_on, times_left)


def _extension_reason(case: Case) -> str | None:
    reason: str | None = next(event.reason for event in case.events if event.kind == "extension" and event.reason)
    return reason


def _letter_sent_on(session: Session, case: Case) -> date | None:
    sent = select(Letter.sent_at).where(Letter.case_id == case.id, Letter.kind == "answer")
    sent_at = session.scalar(sent)
    return local_date(sent_at) if sent_at else None

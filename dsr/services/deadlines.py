"""The clock of a case: the law's arithmetic on its receipt and its events."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case, ClockEvent
from dsr.domain.deadlines import AnswerSent, Clock, Event, Extension, Suspension, compute


def clock_of(case: Case, settings: Settings) -> Clock:
    """The dates of a case, with the steps that led to each."""
    return compute(case.received_at, [_event(event) for event in case.events], settings.procedure.holiday_profile)


def promise(settings: Settings, *, now: datetime) -> date:
    """The last day to answer a request that is made now."""
    return compute(now, (), settings.procedure.holiday_profile).next_legal_on


def recompute(session: Session, case: Case, settings: Settings) -> Clock:
    """Set the dates that are kept for sorting, from the events as they are now."""
    session.flush()
    session.expire(case, ["events"])
    clock = clock_of(case, settings)
    case.due_on, case.next_legal_on = clock.due_on, clock.next_legal_on
    return clock


def _event(event: ClockEvent) -> Event:
    match event.kind:
        case "suspension":
            return Suspension(
                asked_at=event.started_at,
                answered_at=event.ended_at,
                reason=event.facts["reason"],
                valid_ground=event.facts["valid_ground"],
                without_undue_delay=event.facts["without_undue_delay"],
            )
        case "extension":
            return Extension(event.started_at, reasons_given=event.reason is not None)
        case _:
            return AnswerSent(event.started_at)

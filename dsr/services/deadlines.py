"""The clock of a case: the law's arithmetic on its receipt and its events."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import new_id
from dsr.db.cases import Case, ClockEvent
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import AnswerSent, Clock, Event, Extension, Suspension, compute
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, casework, identity, notices


class ExtensionRefused(DomainError):
    """Two further months cannot be announced (any more): the sentence says why."""


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


def why_no_extension(case: Case, clock: Clock, today: date) -> ExtensionRefused | None:
    """Why the deadline cannot be extended today, if it cannot: once only, and announced within the first month."""
    if not case.is_open:
        return ExtensionRefused(N_("This case is no longer open."))
    if clock.extension_accepted:
        return ExtensionRefused(N_("The deadline has been extended already."))
    if today > clock.extension_notice_latest:
        latest = clock.extension_notice_latest
        return ExtensionRefused(N_("An extension had to be announced by %(latest_on)s."), latest_on=latest)
    return None


def extend_deadline(
    session: Session, case: Case, reason: str, *, by: uuid.UUID, settings: Settings, now: datetime
) -> Clock:
    """Announce two further months with the reasons for them (GDPR art. 12(3), third sentence).

    ExtensionRefused when it is too late, was done before, or the reasons are missing; casework.Conflict.
    """
    if refusal := why_no_extension(case, clock_of(case, settings), local_date(now)):
        raise refusal
    if not reason.strip():
        raise ExtensionRefused(N_("Give the reasons for the extension; they are told to the data subject."))
    casework.change(session, case)
    announced = ClockEvent(id=new_id(), case_id=case.id, kind="extension", started_at=now)
    announced.reason = reason.strip()
    session.add(announced)
    clock = recompute(session, case, settings)
    due_on = clock.next_legal_on.isoformat()
    audit.record(session, "deadline-extended", by=by, now=now, case_id=case.id, due_on=due_on)
    link = settings.web.base_url + identity.status_path(case)
    notices.enqueue(
        session,
        "extension",
        key=f"extension:{case.id}",
        case=case,
        recipient=case.data_subject.email,
        facts={"reference": case.reference, "due_on": due_on, "link": link},
        now=now,
    )
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

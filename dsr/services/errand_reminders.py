"""Reminding the owners of systems: half-way, then every day once it is late, and never more than one mail a day.

Who has something to destroy that is to stay after all is told so at once.

What is late, or has no owner any more, is a task for a handler too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dsr.config import Owner, Settings
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.plans import CasePlan
from dsr.domain import lifecycle
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import days_left
from dsr.domain.errands import is_reminder_due
from dsr.services import audit, errands, mailboxes, notices, owners, plans
from dsr.services.errands import ERASE, LAPSED, LATE_TASK, OPEN, OWNERLESS_TASK


def remind_owners(session: Session, *, settings: Settings, now: datetime) -> None:
    """One mail for each owner of whom something is due; a second call on the same day does nothing."""
    today, known = local_date(now), owners.owners(settings)
    waiting: dict[bytes, list[Errand]] = defaultdict(list)
    for errand in session.scalars(select(Errand).where(Errand.state == OPEN).order_by(Errand.due_on, Errand.key)).all():
        if errands.is_needed(session, errand):
            _escalate(session, errand, today, has_owner=errand.owner_index in known, now=now)
            waiting[errand.owner_index].append(errand)
    for index, theirs in waiting.items():
        if index in known and any(_is_due(errand, today) for errand in theirs):
            _remind(session, known[index], theirs, settings=settings, now=now)


def stop_owners(session: Session, *, settings: Settings, now: datetime) -> None:
    """Tell owners who may be about to destroy something by a plan that lapsed: it stays."""
    known = owners.owners(settings)
    of_plans = select(Errand).join(CasePlan, CasePlan.id == Errand.plan_id).join(Case, Case.id == Errand.case_id)
    has_lapsed = or_(CasePlan.state != plans.APPROVED, Case.status.not_in(lifecycle.OPEN))
    for errand in session.scalars(of_plans.where(Errand.state == OPEN, Errand.kind == ERASE, has_lapsed)).all():
        _stop(session, errand, known.get(errand.owner_index), settings=settings, now=now)


def _stop(session: Session, errand: Errand, owner: Owner | None, *, settings: Settings, now: datetime) -> None:
    errand.state, language = LAPSED, settings.procedure.language
    errands.settle_tasks(session, errand, now=now)
    if owner is None:
        return
    case = session.get_one(Case, errand.case_id)
    notices.enqueue(
        session,
        "errand-stopped",
        key=f"errand-stopped:{errand.id}",
        case=case,
        recipient=owner.email,
        facts={
            "reference": case.reference,
            "link": settings.web.base_url + owners.errand_path(errand),
            "system": settings.labels(language).get(errand.system, errand.system),
        },
        language=language,
        now=now,
    )


def _is_due(errand: Errand, today: date) -> bool:
    return is_reminder_due(today, asked_on=errand.asked_on, due_on=errand.due_on, reminded_on=errand.reminded_on)


def _escalate(session: Session, errand: Errand, today: date, *, has_owner: bool, now: datetime) -> None:
    if not has_owner:
        errands.tell_staff(session, errand, OWNERLESS_TASK, now=now)
    elif today > errand.due_on:
        errands.tell_staff(session, errand, LATE_TASK, now=now)


def _remind(session: Session, owner: Owner, theirs: Sequence[Errand], *, settings: Settings, now: datetime) -> None:
    today, language = local_date(now), settings.procedure.language
    for errand in theirs:
        errand.reminded_on, errand.link_until = today, now + mailboxes.LINK_LIFETIME
    notices.enqueue(
        session,
        "errand-reminder",
        key=f"errand-reminder:{theirs[0].owner_index.hex()[:32]}:{today}",
        recipient=owner.email,
        facts={
            "link": settings.web.base_url + owners.errand_path(theirs[0]),
            "errands": [_told(session, errand, today, settings, language) for errand in theirs],
        },
        language=language,
        now=now,
    )
    for errand in theirs:
        audit.record(session, "errand-reminded", by=audit.WORKER, now=now, case_id=errand.case_id, system=errand.system)


def _told(session: Session, errand: Errand, today: date, settings: Settings, language: str) -> dict[str, str | int]:
    return {
        "reference": session.get_one(Case, errand.case_id).reference,
        "system": settings.labels(language).get(errand.system, errand.system),
        "on": errand.due_on.isoformat(),
        "days": days_left(errand.due_on, today),
    }

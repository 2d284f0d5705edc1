"""Telling people in time: staff of legal dates that come near or went by, a person of an address not confirmed yet.

What is due on a day is worked out from the cases themselves, so that after any pause everything is caught up with: of
several reminders that one case has missed, the last is told and the others are recorded as superseded.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, insert, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case, DataSubject, RequestedRight
from dsr.db.notices import Heartbeat, Reminder, Task
from dsr.db.plans import CasePlan
from dsr.db.staff import StaffMember
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import REMINDER_DAYS, days_left
from dsr.domain.lifecycle import OPEN
from dsr.domain.rights import Right
from dsr.services import audit, ledger, notices, notifications, recipients
from dsr.services.errand_reminders import remind_owners
from dsr.services.identity import status_path
from dsr.services.staff import Role

TOLD, SUPERSEDED = "told", "superseded"
OVERDUE, CONFIRMATION = "overdue", "confirmation"
DAILY = "reminders"
TASKS_IN_A_DIGEST = 25


@dataclass(frozen=True, slots=True)
class _Due:
    """What one case is to be reminded of today; all but the last were missed."""

    case: Case
    reminders: Sequence[tuple[str, date]]

    @property
    def missed(self) -> list[date]:
        return [day for _, day in self.reminders[:-1]]

    def rows(self) -> list[dict[str, Any]]:
        states = [SUPERSEDED] * len(self.missed) + [TOLD]
        days = zip(self.reminders, states, strict=True)
        return [{"case_id": self.case.id, "kind": kind, "on": day, "state": state} for (kind, day), state in days]

    def facts(self, today: date) -> dict[str, Any]:
        last_day = self.case.next_legal_on
        return {
            "reference": self.case.reference,
            "on": last_day.isoformat(),
            "days": days_left(last_day, today),
        }


def remind(session: Session, *, settings: Settings, now: datetime) -> None:
    """Send the reminders of today, once a day and never twice, however often this is called."""
    today = local_date(now)
    last = session.scalar(select(Heartbeat).where(Heartbeat.job == DAILY).with_for_update())
    if last and local_date(last.ran_at) >= today:
        return
    remind_staff(session, since=last.ran_at if last else now - timedelta(days=1), settings=settings, now=now)
    remind_unconfirmed(session, settings=settings, now=now)
    remind_owners(session, settings=settings, now=now)
    notifications.tell_late(session, now=now)
    recipients.tell_of_ledger(session, settings=settings, now=now)
    recipients.remind_silent(session, settings=settings, now=now)
    session.merge(Heartbeat(job=DAILY, ran_at=now))


def remind_staff(session: Session, *, since: datetime, settings: Settings, now: datetime) -> None:
    """One digest per staff member: open cases 7, 3 and 1 days before their next legal date, and daily once it is past.

    It goes to the handler of a case or, where there is none, to all handlers. What the ledger erased `since` the last
    one, or could not, is told to all of them.
    """
    today, handlers = local_date(now), _active(session, Role.HANDLER)
    went = ledger.went_since(session, since, today)
    digests: dict[uuid.UUID, list[_Due]] = {member: [] for member in handlers if went}
    for due in _due(session, today) if handlers else ():
        session.execute(insert(Reminder), due.rows())
        for member in _told(due.case, handlers):
            digests.setdefault(member.id, []).append(due)
    for staff_id, found in digests.items():
        member = handlers[staff_id]
        facts = {
            "cases": [due.facts(today) for due in found],
            "missed": sorted({day.isoformat() for due in found for day in due.missed}),
            "tasks": _task_facts(_open_tasks(session, member)),
            "ledger": [_ledger_facts(each, settings, member.language) for each in went],
        }
        _tell(session, member, "staff-digest", today.isoformat(), facts, settings=settings, now=now)


def _ledger_facts(went: ledger.Went, settings: Settings, language: str) -> dict[str, Any]:
    category, system = settings.register.categories.get(went.category), settings.systems.get(went.system)
    return {
        "what": category.label.in_language(language) if category else went.category,
        "where": (system.label.in_language(language) if system else "") or went.system,
        "erased": went.erased,
        "waiting": went.waiting,
    }


def reminders_of(case: Case, today: date) -> list[tuple[str, date]]:
    """The reminders of a case up to today, oldest first: what for, and the day staff should have it."""
    last_day = case.next_legal_on
    near = [(f"{days}-days", last_day - timedelta(days=days)) for days in REMINDER_DAYS]
    late = [(OVERDUE, last_day + timedelta(days=days)) for days in range(1, (today - last_day).days + 1)]
    return [(kind, day) for kind, day in [*near, *late] if case.received_on < day <= today]


def remind_unconfirmed(session: Session, *, settings: Settings, now: datetime) -> None:
    """Ask a person once to confirm their address, some days after the request (`confirmation_reminder_days`)."""
    day = local_date(now) - timedelta(days=settings.procedure.confirmation_reminder_days)
    for case in session.scalars(select(Case).where(_waits_for_confirmation(day))).all():
        session.add(Reminder(case_id=case.id, kind=CONFIRMATION, on=case.received_on, state=TOLD))
        notices.enqueue(
            session,
            "confirmation-reminder",
            key=f"confirmation-reminder:{case.id}",
            case=case,
            recipient=case.data_subject.email,
            facts={"reference": case.reference, "link": settings.web.base_url + status_path(case)},
            now=now,
        )


def tell_tasks(session: Session, *, settings: Settings, now: datetime) -> None:
    """Mail staff what came up since the last time, together: to the handler of the case, else to all handlers."""
    handlers = _active(session, Role.HANDLER)
    new = select(Task, Case).outerjoin(Case, Case.id == Task.case_id)
    new = new.where(Task.told_at.is_(None), Task.done_at.is_(None)).order_by(Task.made_at)
    told: dict[uuid.UUID, list[tuple[Task, Case | None]]] = defaultdict(list)
    for task, case in session.execute(new) if handlers else ():
        task.told_at = now
        for member in _told(case, handlers):
            told[member.id].append((task, case))
    for staff_id, tasks in told.items():
        facts = {"tasks": _task_facts(tasks)}
        _tell(session, handlers[staff_id], "staff-task", now.isoformat(), facts, settings=settings, now=now)


def tell_approvers(session: Session, case: Case, plan: CasePlan, *, settings: Settings, now: datetime) -> None:
    """Mail every approver who may decide on this erasure plan: not who made it, where two people must agree."""
    may_decide_alone = settings.procedure.approval == "single"
    facts = {"reference": case.reference, "link": f"{settings.web.base_url}/staff/cases/{case.reference}"}
    for member in _active(session, Role.APPROVER).values():
        if member.id != plan.made_by_id or may_decide_alone:
            _tell(session, member, "plan-to-approve", str(plan.id), facts, settings=settings, now=now)


def _due(session: Session, today: date) -> list[_Due]:
    is_near = Case.status.in_(OPEN) & (Case.next_legal_on <= today + timedelta(days=max(REMINDER_DAYS)))
    noted = set(session.execute(select(Reminder.case_id, Reminder.kind, Reminder.on).join(Case).where(is_near)))
    cases = session.scalars(select(Case).where(is_near).order_by(Case.next_legal_on, Case.reference))
    found = (
        _Due(case, [each for each in reminders_of(case, today) if (case.id, *each) not in noted]) for case in cases
    )
    return [due for due in found if due.reminders]


def _waits_for_confirmation(day: date) -> ColumnElement[bool]:
    """Open cases of that day or before whose address nobody confirmed, though a right waits for it."""
    waits = exists().where(RequestedRight.case_id == Case.id, RequestedRight.right != Right.MARKETING_OBJECTION.value)
    is_unconfirmed = exists().where(DataSubject.case_id == Case.id, DataSubject.email_confirmed_at.is_(None))
    is_told = exists().where(Reminder.case_id == Case.id, Reminder.kind == CONFIRMATION)
    return and_(Case.status.in_(OPEN), Case.received_on <= day, waits, is_unconfirmed, ~is_told)


def _active(session: Session, role: Role) -> dict[uuid.UUID, StaffMember]:
    active = session.scalars(select(StaffMember).where(StaffMember.is_active))
    return {member.id: member for member in active if role in member.roles}


def _told(case: Case | None, handlers: Mapping[uuid.UUID, StaffMember]) -> list[StaffMember]:
    handler = handlers.get(case.handler_id) if case and case.handler_id else None
    return [handler] if handler else list(handlers.values())


def _open_tasks(session: Session, member: StaffMember) -> list[tuple[Task, Case | None]]:
    is_theirs = Case.handler_id.is_(None) | (Case.handler_id == member.id)
    tasks = select(Task, Case).outerjoin(Case, Case.id == Task.case_id).where(Task.done_at.is_(None), is_theirs)
    return list(session.execute(tasks.order_by(Task.made_at).limit(TASKS_IN_A_DIGEST)))


def _task_facts(tasks: Iterable[tuple[Task, Case | None]]) -> list[dict[str, Any]]:
    return [{"kind": task.kind, "reference": case.reference if case else None} for task, case in tasks]


def _tell(
    session: Session,
    member: StaffMember,
    kind: str,
    when: str,
    facts: Mapping[str, Any],
    *,
    settings: Settings,
    now: datetime,
) -> None:
    notices.enqueue(
        session,
        kind,
        key=f"{kind}:{member.id}:{when}",
        recipient=member.email,
        facts={"link": f"{settings.web.base_url}/staff/", **facts},
        language=member.language,
        now=now,
    )
    audit.record(session, f"{kind}-written", by=audit.WORKER, now=now, staff_member=str(member.id))

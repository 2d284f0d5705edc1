"""The named reads. Those of the queue cost the same with a hundred open cases as with a hundred thousand."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, selectinload

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case, DataSubject, RequestedRight
from dsr.db.identity import IdentityCheck
from dsr.db.notices import Task, Work
from dsr.db.notifications import Notification
from dsr.db.plans import CasePlan
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import OPEN
from dsr.domain.notifications import OUTSTANDING
from dsr.domain.rights import Right

PAGE = 25
COUNT_LIMIT = 1000
"""A count stops here: more than this is "many", and counting on would take longer than the page."""

Group = Literal["late", "week", "later"]
Place = tuple[date, uuid.UUID]
"""Where a page of the queue ended: the next legal date and the id of its last case."""

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which open cases to show. `handler` is a staff member's id, "nobody", or None for all."""

    handler: uuid.UUID | Literal["nobody"] | None = None
    right: Right | None = None
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of cases in the order of their next legal date, and where the next page begins, if there is one."""

    cases: list[Case]
    following: Place | None


def queue(session: Session, shown: QueueFilter, *, today: date, after: Place | None = None) -> QueuePage:
    """The page of open cases that comes after `after`; their rights and data subjects come with two more reads."""
    ids = [row.id for row in session.execute(_in_order(shown, today, after, PAGE + 1))]
    loaded = select(Case).where(Case.id.in_(ids[:PAGE])).order_by(Case.next_legal_on, Case.id)
    cases = list(session.scalars(loaded.options(selectinload(Case.rights), selectinload(Case.data_subject))))
    last = cases[-1] if len(ids) > PAGE else None
    return QueuePage(cases, (last.next_legal_on, last.id) if last else None)


def count_open(session: Session, shown: QueueFilter, *, today: date) -> int:
    """How many open cases there are, at most COUNT_LIMIT."""
    found = [
        select(Case.id).where(Case.status == literal(status.value), *_conditions(shown, today, None)).limit(COUNT_LIMIT)
        for status in sorted(OPEN)
    ]
    counts = [select(func.count()).select_from(each.subquery()).scalar_subquery() for each in found]
    return min(session.scalar(select(sum(counts[1:], start=counts[0]))) or 0, COUNT_LIMIT)


def _in_order(shown: QueueFilter, today: date, after: Place | None, limit: int) -> Select[tuple[date, uuid.UUID]]:
    # One range of the index for each state, merged: IN over the states would read and sort every open case.
    ranges = [
        select(Case.next_legal_on.label("day"), Case.id.label("id"))
        .where(Case.status == literal(status.value), *_conditions(shown, today, after))
        .order_by(Case.next_legal_on, Case.id)
        .limit(limit)
        .subquery()
        for status in sorted(OPEN)
    ]
    merged = union_all(*(select(each.c.day, each.c.id) for each in ranges)).subquery()
    return select(merged.c.day, merged.c.id).order_by(merged.c.day, merged.c.id).limit(limit)


def _conditions(shown: QueueFilter, today: date, after: Place | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if shown.handler == "nobody":
        found.append(Case.handler_id.is_(None))
    elif shown.handler is not None:
        found.append(Case.handler_id == shown.handler)
    if shown.right is not None:
        invoked = (RequestedRight.case_id == Case.id) & (RequestedRight.right == shown.right.value)
        found.append(exists().where(invoked))
    if shown.group in ("late", "week"):
        found.append(Case.next_legal_on < (today if shown.group == "late" else today + _WEEK))
    if shown.group in ("week", "later"):
        found.append(Case.next_legal_on >= (today if shown.group == "week" else today + _WEEK))
    if after is not None:
        found.append(tuple_(Case.next_legal_on, Case.id) > after)
    return found


def group_of(day: date, today: date) -> Group:
    """The group of the queue that a next legal date falls in: late, within seven days, or later."""
    return "late" if day < today else "week" if day < today + _WEEK else "later"


def count_plans_to_approve(session: Session) -> int:
    """How many erasure plans wait for a second person, at most COUNT_LIMIT."""
    waiting = select(CasePlan.id).where(CasePlan.state == "proposed").limit(COUNT_LIMIT).subquery()
    return session.scalar(select(func.count()).select_from(waiting)) or 0


def plan_states(session: Session, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The state of the newest erasure plan of each case that has one."""
    plans = select(CasePlan.case_id, CasePlan.state).where(CasePlan.case_id.in_(case_ids))
    return {row.case_id: row.state for row in session.execute(plans.order_by(CasePlan.number))}


def identified(session: Session, case_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The cases of which the identity check is recorded as confirmed."""
    checks = select(IdentityCheck.case_id).where(IdentityCheck.case_id.in_(case_ids), IdentityCheck.is_confirmed)
    return set(session.scalars(checks))


def open_work(session: Session, case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Work]]:
    """What the worker still has to do for each case."""
    found: dict[uuid.UUID, list[Work]] = {}
    for work in session.scalars(select(Work).where(Work.case_id.in_(case_ids), Work.state == "queued")):
        found.setdefault(work.case_id, []).append(work)
    return found


def staff_names(session: Session, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """The names of staff members by id."""
    wanted = {staff_id for staff_id in ids if staff_id}
    return {each.id: each.name for each in session.scalars(select(StaffMember).where(StaffMember.id.in_(wanted)))}


def answers_since(session: Session, since: datetime) -> Sequence[tuple[datetime, date | None]]:
    """When cases were answered since an instant, with the last day each had."""
    answered = select(Case.answered_at, Case.due_on).where(Case.answered_at >= since)
    return [(row.answered_at, row.due_on) for row in session.execute(answered)]


def case_by_reference(session: Session, reference: str) -> Case | None:
    """The case with a reference, in whatever state it is."""
    return session.scalar(select(Case).where(Case.reference == reference))


def has_outstanding_notifications(session: Session, case_id: uuid.UUID) -> bool:
    """Whether a recipient still has to be told, or reasoned away (art. 19)."""
    is_outstanding = Notification.case_id == case_id, Notification.state.in_(OUTSTANDING)
    return bool(session.scalar(select(exists().where(*is_outstanding))))


def has_to_be_erased_by_hand(session: Session, case_id: uuid.UUID) -> bool:
    """Whether something can only be read here, and nobody erased it in the system itself or said why not."""
    is_open = Task.case_id == case_id, Task.kind == "erase-by-hand", Task.done_at.is_(None)
    return bool(session.scalar(select(exists().where(*is_open))))


def cases_of(session: Session, email_index: bytes) -> list[Case]:
    """The cases of one e-mail address, in whatever state, the newest first; at most a page."""
    of_address = select(Case).join(Case.data_subject).where(DataSubject.email_index == email_index)
    loaded = of_address.options(selectinload(Case.rights), selectinload(Case.data_subject))
    return list(session.scalars(loaded.order_by(Case.received_at.desc()).limit(PAGE)))


def timeline(session: Session, case_id: uuid.UUID, *, before: int | None = None, limit: int = 50) -> list[AuditEntry]:
    """The newest entries of a case, or those before entry number `before`."""
    entries = select(AuditEntry).where(AuditEntry.case_id == case_id)
    if before is not None:
        entries = entries.where(AuditEntry.number < before)
    return list(session.scalars(entries.order_by(AuditEntry.number.desc()).limit(limit)))


def count_timeline(session: Session, case_id: uuid.UUID) -> int:
    """How many entries a case has."""
    return session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.case_id == case_id)) or 0

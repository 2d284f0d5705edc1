"""Telling recipients (GDPR art. 19): proposed once a right was carried out, told or reasoned away by the handler."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.base import new_id, put_if_new
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.notifications import Notification
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.domain.calendars import local_date
from dsr.domain.notifications import (
    OUTSTANDING,
    TELL_WITHIN,
    About,
    Answer,
    Change,
    Channel,
    State,
    Waiver,
    by_recipient,
    first_state,
    together,
)
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import audit, casework

TASK, LATE_TASK, SILENT_TASK = "recipients-to-tell", "recipients-late", "recipient-silent"


def propose(
    session: Session,
    case_id: uuid.UUID,
    right: Right,
    changes: Iterable[Change],
    *,
    source_id: uuid.UUID,
    completes: uuid.UUID | None = None,
    register: Register,
    now: datetime,
) -> None:
    """One notification for each recipient of what was erased, corrected or restricted; a second call does nothing.

    `source_id` is the plan or decision that was carried out, or the task that `completes` a plan. The handler gets one
    task for all of them.
    """
    if session.scalar(select(exists().where(Notification.source_id == source_id))):
        return
    made = [
        _propose(session, case_id, right, name, told, source_id=source_id, register=register, now=now)
        for name, told in by_recipient(register, changes).items()
    ]
    for each in made if right is Right.ERASURE else ():
        _overtake(session, each, completes=completes, now=now)
    if any(each.stage in OUTSTANDING for each in made):
        ask_to_tell(session, case_id, source_id, now=now)


def _overtake(session: Session, erasure: Notification, *, completes: uuid.UUID | None, now: datetime) -> None:
    """Who was not told yet of what came before hears of it with this erasure, by the same day: what an earlier plan
    erased, unless this is the rest of it; that these data were restricted no longer matters."""
    same = [each for each in of_case(session, erasure.case_id) if each.recipient == erasure.recipient]
    untold = [each for each in same if each is not erasure and _is_untold(each)]
    erased = [each for each in untold if each.kind is Right.ERASURE]
    _write(erasure, _told_together(erased, erasure, completes))
    gone = {change.category for change in changes_of(erasure) if not change.is_part}
    for each in untold:
        is_stop = each.kind is Right.RESTRICTION and gone.issuperset(told.category for told in changes_of(each))
        if is_stop or each in erased:
            erasure.state, erasure.due_on = each.state, each.due_on
            _judge(session, each, State.OVERTAKEN, now=now)


def _told_together(before: Iterable[Notification], erasure: Notification, completes: uuid.UUID | None) -> list[Change]:
    own = changes_of(erasure)
    whole = {change.category for change in own}
    earlier = ((each.source_id, change) for each in before for change in changes_of(each))
    kept = [change for source_id, change in earlier if source_id != completes or change.category not in whole]
    return together([*kept, *own])


def judge_by_search(
    session: Session, case_id: uuid.UUID, not_held: Collection[str], *, register: Register, now: datetime
) -> None:
    """Nobody is told of a restriction of what we do not hold: they would learn of a person they got no data of."""
    for each in of_case(session, case_id):
        if each.kind is not Right.RESTRICTION or each.about != About.RIGHT:
            continue
        is_held = not {change.category for change in changes_of(each)}.issubset(not_held)
        recipient = register.recipients.get(each.recipient)
        was_judged = recipient is None or first_state(recipient) is not State.PROPOSED
        if _is_untold(each) and not is_held:
            _judge(session, each, State.NOT_RECEIVED, now=now)
        elif each.stage is State.NOT_RECEIVED and is_held and not was_judged:
            _judge(session, each, State.PROPOSED, now=now)
            ask_to_tell(session, case_id, each.id, now=now)
    settle_tasks(session, case_id, now=now)


def _judge(session: Session, notification: Notification, to: State, *, now: datetime) -> None:
    notification.state = to.value
    case_id, recipient = notification.case_id, notification.recipient
    audit.record(session, "recipient-judged", by=audit.WORKER, now=now, case_id=case_id, recipient=recipient, state=to)


def _is_untold(notification: Notification) -> bool:
    """Whether a recipient is still to be told what a right came to, and no mail went out."""
    waits = notification.stage in OUTSTANDING and notification.link_number == 0
    return waits and notification.about == About.RIGHT


def ask_to_tell(session: Session, case_id: uuid.UUID, about: object, *, now: datetime) -> None:
    """The task that asks to tell recipients, unless it is still open."""
    session.flush()
    asks_for_it = Task.case_id == case_id, Task.kind == TASK, Task.done_at.is_(None)
    if not session.scalar(select(exists().where(*asks_for_it))):
        task = Task(key=f"{TASK}:{about}", case_id=case_id, kind=TASK, facts={}, made_at=now)
        put_if_new(session, task, by=("key",))


def propose_later(
    session: Session, case_id: uuid.UUID, changes: Iterable[Change], *, register: Register, now: datetime
) -> None:
    """What a law kept went on its day: tell the recipients of that too, but who got no data of this person.

    Whoever was told by mail of the request is mailed by the program; for the others the handler gets a task. What goes
    on one day is told together, also where it was in several systems.
    """
    to_tell = by_recipient(register, changes)
    earlier = of_case(session, case_id) if to_tell else []
    for each in earlier:
        if each.recipient in to_tell and _waits_since_today(each, now):
            _write(each, together([*changes_of(each), *to_tell.pop(each.recipient)]))
    unjudged = (State.ASKED, State.OVERTAKEN)
    judged = {each.recipient: each.stage for each in earlier if each.stage not in unjudged}
    facts: dict[str, Any] = {"source_id": new_id(), "register": register, "about": About.LATER, "now": now}
    made = [
        _propose(session, case_id, Right.ERASURE, name, told, **facts)
        for name, told in to_tell.items()
        if judged.get(name) is not State.NOT_RECEIVED
    ]
    for each in made:
        if each.stage is State.ASKED and each.recipient in judged:
            each.state = State.PROPOSED.value
    mailed = {each.recipient for each in earlier if was_mailed(each)}
    if any(each.stage in OUTSTANDING and each.recipient not in mailed for each in made):
        ask_to_tell(session, case_id, facts["source_id"], now=now)


def _waits_since_today(notification: Notification, now: datetime) -> bool:
    """Whether what went today waits to be told, and more can be added to it."""
    waits = notification.stage in (*OUTSTANDING, State.LEFT_OUT) and notification.link_number == 0
    return waits and notification.about == About.LATER and notification.changed_on == local_date(now)


def _write(notification: Notification, changes: Iterable[Change]) -> None:
    notification.changes = json.dumps([asdict(change) for change in changes])


def was_mailed(notification: Notification) -> bool:
    """Whether a recipient was told by mail."""
    return notification.stage is State.TOLD and notification.channel == Channel.MAIL


def propose_lifting(session: Session, case_id: uuid.UUID, restriction_id: uuid.UUID, *, now: datetime) -> None:
    """A restriction ended: whoever was told of it is told of that as well."""
    source_id = new_id()
    of_it = [each for each in of_case(session, case_id) if each.source_id == restriction_id]
    told = [each for each in of_it if each.stage in (State.MAILED, State.TOLD)]
    for before in told:
        made = Notification(id=new_id(), case_id=case_id, source_id=source_id, recipient=before.recipient)
        made.right, made.about, made.state = before.right, About.LIFTED.value, State.PROPOSED.value
        made.changes = before.changes
        _add(session, made, now=now)
    if told:
        ask_to_tell(session, case_id, source_id, now=now)


def _propose(
    session: Session,
    case_id: uuid.UUID,
    right: Right,
    name: str,
    changes: list[Change],
    *,
    source_id: uuid.UUID,
    register: Register,
    about: About = About.RIGHT,
    now: datetime,
) -> Notification:
    made = Notification(id=new_id(), case_id=case_id, source_id=source_id, right=right.value, recipient=name)
    made.state, made.about = first_state(register.recipients[name]).value, about.value
    _write(made, changes)
    return _add(session, made, now=now)


def _add(session: Session, made: Notification, *, now: datetime) -> Notification:
    made.made_at, made.changed_on, made.due_on = now, local_date(now), local_date(now + TELL_WITHIN)
    session.add(made)
    details = {"recipient": made.recipient, "state": made.stage}
    audit.record(session, "notification-made", by=audit.WORKER, now=now, case_id=made.case_id, **details)
    return made


def propose_for_erasure(session: Session, plan: CasePlan, register: Register, *, now: datetime) -> None:
    """The notifications that follow from what the receipts of a plan say was erased."""
    if register.recipients:
        changes = _erased(session, plan.id, register)
        propose(session, plan.case_id, Right.ERASURE, changes, source_id=plan.id, register=register, now=now)


def _erased(session: Session, plan_id: uuid.UUID, register: Register) -> list[Change]:
    # The register may have changed since, where that is why the plan lapsed: what it no longer names has no recipients.
    receipts = select(Execution.system, Execution.erased, Execution.changed).where(Execution.plan_id == plan_id)
    erased = {
        mapped.category
        for system, gone, changed in session.execute(receipts)
        for table, count in [*gone.items(), *changed.items()]
        if count and (mapped := register.tables.get(system, {}).get(table))
    }
    kept = set(session.scalars(select(LedgerEntry.category).where(LedgerEntry.plan_id == plan_id)))
    return [Change(name, is_part=name in kept) for name in register.categories if name in erased]


def tell_late(session: Session, *, now: datetime) -> None:
    """Tell the handler, once, where recipients should have been told by now."""
    is_late = Notification.state.in_(OUTSTANDING), Notification.due_on < local_date(now)
    late = select(Notification.case_id, Notification.source_id).where(*is_late).distinct()
    for case_id, source_id in session.execute(late).all():
        task = Task(key=f"{LATE_TASK}:{source_id}", case_id=case_id, kind=LATE_TASK, facts={}, made_at=now)
        put_if_new(session, task, by=("key",))


def of_case(session: Session, case_id: uuid.UUID) -> list[Notification]:
    """The notifications of a case, oldest first."""
    mine = select(Notification).where(Notification.case_id == case_id)
    return list(session.scalars(mine.order_by(Notification.made_at, Notification.right, Notification.recipient)))


def changes_of(notification: Notification) -> list[Change]:
    """What the recipient is to be told, category by category."""
    return [Change.from_record(change) for change in json.loads(notification.changes)]


def find(session: Session, case: Case, notification_id: uuid.UUID) -> Notification | None:
    """A notification of this case."""
    found = session.get(Notification, notification_id)
    return found if found and found.case_id == case.id else None


def say_received(
    session: Session, case: Case, notification: Notification, *, has_received: bool, by: uuid.UUID, now: datetime
) -> None:
    """The handler says whether a recipient that gets data on occasion only got data of this person."""
    check(notification, State.ASKED)
    to = State.PROPOSED if has_received else State.NOT_RECEIVED
    move(session, case, notification, to, now=now)
    audit.record(
        session, "recipient-judged", by=by, now=now, case_id=case.id, recipient=notification.recipient, state=to
    )


def note_told(
    session: Session, case: Case, notification: Notification, channel: Channel, *, by: uuid.UUID, now: datetime
) -> None:
    """The handler told a recipient outside the program."""
    check(notification, State.PROPOSED)
    move(session, case, notification, State.TOLD, now=now)
    record_told(session, notification, channel, by=by, now=now)


def record_told(
    session: Session, notification: Notification, channel: Channel, *, by: uuid.UUID | str, now: datetime
) -> None:
    """That a recipient knows of it, and how."""
    notification.state, notification.told_at, notification.channel = State.TOLD.value, now, channel.value
    audit.record(
        session,
        "recipient-told",
        by=by,
        now=now,
        case_id=notification.case_id,
        recipient=notification.recipient,
        channel=channel,
    )


def waive(
    session: Session, case: Case, notification: Notification, waiver: Waiver, why: str, *, by: uuid.UUID, now: datetime
) -> None:
    """Not tell a recipient, because that is impossible or takes disproportionate effort; the person reads why."""
    check(notification, State.PROPOSED)
    if not why.strip():
        raise casework.NotPossible(N_("Say why; the data subject reads it in the letter."))
    notification.waiver, notification.why = waiver.value, why.strip()
    move(session, case, notification, State.WAIVED, now=now)
    audit.record(
        session, "recipient-waived", by=by, now=now, case_id=case.id, recipient=notification.recipient, waiver=waiver
    )


def record_answer(
    session: Session, notification: Notification, answer: Answer, remark: str, *, by: uuid.UUID | str, now: datetime
) -> None:
    """What a recipient said; a later answer replaces an earlier one."""
    check(notification, State.MAILED, State.TOLD)
    if notification.stage is State.MAILED:  # who answers knows of it, whatever we heard of the mail
        record_told(session, notification, Channel.MAIL, by=audit.WORKER, now=now)
    notification.answer, notification.answered_at = answer.value, now
    notification.remark = remark.strip() or None
    asks_for_it = Task.key.startswith(f"{SILENT_TASK}:{notification.id}:"), Task.done_at.is_(None)
    session.execute(update(Task).where(*asks_for_it).values(done_at=now))
    audit.record(
        session,
        "recipient-answered",
        by=by,
        now=now,
        case_id=notification.case_id,
        recipient=notification.recipient,
        answer=answer,
    )


def check(notification: Notification, *states: State) -> None:
    """Conflict unless a notification is in one of these states."""
    if notification.stage not in states:
        raise casework.Conflict


def move(session: Session, case: Case, notification: Notification, to: State, *, now: datetime) -> None:
    """Bring a notification to another state; Conflict if somebody else changed the case meanwhile."""
    casework.change(session, case)
    notification.state = to.value
    settle_tasks(session, case.id, now=now)


def settle_tasks(session: Session, case_id: uuid.UUID, *, now: datetime) -> None:
    """Once nobody is left to be told, the tasks that asked for it are over."""
    session.flush()
    if not queries.has_outstanding_notifications(session, case_id):
        is_ours = Task.case_id == case_id, Task.kind.in_((TASK, LATE_TASK)), Task.done_at.is_(None)
        session.execute(update(Task).where(*is_ours).values(done_at=now))

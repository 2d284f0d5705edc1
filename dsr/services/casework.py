"""What a handler does with a case. Every change is compare-and-set: of two people acting at once one wins.

A form carries the version of the case that it was filled in on; the handler of the form calls `check_version` first.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.base import new_id
from dsr.db.cases import Case, RequestedRight
from dsr.db.identity import IdentityCheck
from dsr.db.plans import Suppression
from dsr.db.staff import StaffMember
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import Status, check_move
from dsr.domain.rights import CARRIED_OUT, Outcome, Right, in_order, needs_identity
from dsr.domain.wording import N_
from dsr.services import audit, staff, work

SET_ASIDE_GROUNDS = ("spam", "duplicate", "no-request")


class Conflict(DomainError):
    """Somebody else changed the case between the reading of it and this change."""

    def __init__(self) -> None:
        super().__init__(N_("Somebody else changed this case in the meantime. Look at it again before you go on."))


class NotPossible(DomainError):
    """What was asked cannot be done with the case as it stands; the sentence says why."""


def check_version(case: Case, version: int) -> None:
    """Conflict if the case is no longer what the form was filled in on."""
    if case.version != version:
        raise Conflict


def change(session: Session, case: Case, **values: Any) -> None:
    """Set columns of a case if nobody changed it since it was read; Conflict otherwise."""
    session.flush()
    as_read = update(Case).where(Case.id == case.id, Case.status == case.status, Case.version == case.version)
    changing = as_read.values(version=case.version + 1, **values).execution_options(synchronize_session=False)
    if cast("CursorResult[Any]", session.execute(changing)).rowcount != 1:
        raise Conflict
    session.refresh(case, [*values, "version"])


def move(session: Session, case: Case, to: Status, *, by: uuid.UUID | str, now: datetime, **values: Any) -> None:
    """Bring a case to another state, with `values` for other columns; IllegalTransition or Conflict otherwise."""
    before = Status(case.status)
    change(session, case, status=check_move(before, to).value, **values)
    audit.record(session, "status-changed", by=by, now=now, case_id=case.id, before=before, after=to)


def take_case(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """Become the handler of a case that nobody handles; its first reading starts the identity check."""
    if case.handler_id is not None:
        raise Conflict
    check_open(case)
    change(session, case, handler_id=by)
    audit.record(session, "case-taken", by=by, now=now, case_id=case.id)
    if case.status == Status.RECEIVED:
        move(session, case, _after_reading(case), by=by, now=now)


def _after_reading(case: Case) -> Status:
    waits = not case.rights or any(needs_identity(right.kind) for right in case.rights)
    return Status.IDENTIFYING if waits else Status.HANDLING


def check_open(case: Case) -> None:
    """NotPossible once a case was answered, closed, withdrawn or set aside."""
    if not case.is_open:
        raise NotPossible(N_("This case is no longer open."))


def hand_over_case(session: Session, case: Case, to: StaffMember, *, by: uuid.UUID, now: datetime) -> None:
    """Give a case to another handler."""
    check_open(case)
    if "case.handle" not in staff.permissions_of(to):
        raise NotPossible(N_("Choose somebody who handles cases."))
    change(session, case, handler_id=to.id)
    audit.record(session, "case-handed-over", by=by, now=now, case_id=case.id, to=str(to.id))


def set_rights(session: Session, case: Case, rights: Collection[Right], *, by: uuid.UUID, now: datetime) -> None:
    """Note which rights a request invokes that came in without naming one."""
    check_open(case)
    if case.rights:
        raise NotPossible(N_("The rights of this case are known already."))
    if not rights:
        raise NotPossible(N_("Choose at least one right."))
    change(session, case)
    for position, right in enumerate(in_order(rights), 1):
        session.add(RequestedRight(id=new_id(), case_id=case.id, right=right.value, position=position))
    session.flush()
    session.refresh(case, ["rights"])
    stop_advertising(session, case, by=by, now=now)
    stop_first(session, case, by=by, now=now)
    audit.record(session, "rights-noted", by=by, now=now, case_id=case.id, rights=[*map(str, in_order(rights))])


def stop_advertising(session: Session, case: Case, *, by: uuid.UUID | str, now: datetime) -> None:
    """Art. 21(3): advertising stops at once, for whoever asks; nothing is disclosed by that."""
    for requested in case.rights:
        if requested.kind is Right.MARKETING_OBJECTION:
            session.merge(Suppression(digest=case.data_subject.email_index, since=now))
            requested.outcome, requested.decided_at = Outcome.FULFILLED.value, now
            audit.record(session, "advertising-stopped", by=by, now=now, case_id=case.id)


def add_right(session: Session, case: Case, right: Right, *, by: uuid.UUID, now: datetime) -> None:
    """Note one more right that the request turns out to invoke; the identity is checked for it if it was not yet."""
    check_open(case)
    if any(requested.kind is right for requested in case.rights):
        raise NotPossible(N_("This case invokes that right already."))
    change(session, case)
    order = in_order([right, *(requested.kind for requested in case.rights)])
    for requested in case.rights:
        requested.position = order.index(requested.kind) + 1
    session.add(RequestedRight(id=new_id(), case_id=case.id, right=right.value, position=order.index(right) + 1))
    session.flush()
    session.refresh(case, ["rights"])
    audit.record(session, "rights-noted", by=by, now=now, case_id=case.id, rights=[right.value])
    if right is Right.MARKETING_OBJECTION:
        stop_advertising(session, case, by=by, now=now)
    elif case.status == Status.HANDLING and not _is_identified(session, case):
        move(session, case, Status.IDENTIFYING, by=by, now=now)
        work.ask(session, case.id, "lookup", by=by, now=now)
    stop_first(session, case, by=by, now=now)


def stop_first(session: Session, case: Case, *, by: uuid.UUID | str, now: datetime) -> None:
    """What an objection or a withdrawn consent is about stops before it is weighed or erased: the worker sees to it.

    So it does to the owners of mailing lists that are in no database.
    """
    stopping = (Right.OBJECTION, Right.CONSENT_WITHDRAWAL)
    is_stopping = any(right.kind in stopping and right.outcome is None for right in case.rights)
    if is_stopping or any(right.kind is Right.MARKETING_OBJECTION for right in case.rights):
        work.ask(session, case.id, "restrict", by=by if isinstance(by, uuid.UUID) else None, now=now)


def decide_right(
    session: Session, case: Case, right: Right, outcome: Outcome, reason: str, *, by: uuid.UUID, now: datetime
) -> None:
    """How a right ended. The reason is told to the data subject; it may be left out if all was done or withdrawn."""
    check_open(case)
    requested = next((each for each in case.rights if each.kind is right), None)
    if requested is None:
        raise NotPossible(N_("This case does not invoke that right."))
    if outcome not in (Outcome.FULFILLED, Outcome.WITHDRAWN) and not reason.strip():
        raise NotPossible(N_("Give the reason; it is told to the data subject."))
    if outcome in CARRIED_OUT and needs_identity(right):
        _check_identity(session, case)
    change(session, case)
    requested.outcome, requested.decided_at, requested.decided_by_id = outcome.value, now, by
    requested.reason = reason.strip() or None
    audit.record(session, "right-decided", by=by, now=now, case_id=case.id, right=right, outcome=outcome)


def _is_identified(session: Session, case: Case) -> bool:
    check = session.get(IdentityCheck, case.id)
    return check is not None and check.is_confirmed


def _check_identity(session: Session, case: Case) -> None:
    if not _is_identified(session, case):
        raise NotPossible(N_("Record the identity check first; before it nothing is done for this right."))


def set_aside(session: Session, case: Case, ground: str, *, by: uuid.UUID, now: datetime) -> None:
    """Put away what is no request (spam, a duplicate); `restore` brings it back."""
    if ground not in SET_ASIDE_GROUNDS:
        raise NotPossible(N_("Choose why this case is set aside."))
    move(session, case, Status.SET_ASIDE, by=by, now=now)
    audit.record(session, "case-set-aside", by=by, now=now, case_id=case.id, ground=ground)


def restore(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """Bring back a case that was set aside; its clock never stopped."""
    move(session, case, Status.RECEIVED, by=by, now=now)


def withdraw(session: Session, case: Case, *, by: uuid.UUID | str, now: datetime) -> None:
    """Note that the data subject takes the request back; rights that were decided keep their outcome."""
    move(session, case, Status.WITHDRAWN, by=by, now=now)
    for requested in case.rights:
        if requested.outcome is None:
            requested.outcome, requested.decided_at = Outcome.WITHDRAWN.value, now


def close_case(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """Close a case that was answered or withdrawn, once the recipients were told (art. 19)."""
    if case.status not in (Status.ANSWERED, Status.WITHDRAWN):
        raise NotPossible(N_("This case cannot be closed yet: the answer has not been sent."))
    if queries.has_to_be_erased_by_hand(session, case.id):
        raise NotPossible(N_("This case cannot be closed yet: something still has to be erased in a system itself."))
    if queries.has_outstanding_notifications(session, case.id):
        raise NotPossible(N_("This case cannot be closed yet: recipients still have to be told, or reasoned away."))
    move(session, case, Status.CLOSED, by=by, now=now, closed_on=local_date(now))

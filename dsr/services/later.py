"""Telling a person that the last of what was kept is gone: only who asked for it, once, and then they are forgotten.

What is confidential does not count: neither its being kept nor its going may be told.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.later import LaterNotice
from dsr.db.plans import CasePlan, LedgerEntry, LedgerIdentifier
from dsr.domain.calendars import local_date
from dsr.domain.identifiers import EMAIL
from dsr.domain.lifecycle import Status
from dsr.domain.register import Register
from dsr.domain.wording import N_
from dsr.services import audit, casework, notices, plans
from dsr.services.identity import status_path
from dsr.services.lookup import digests_of
from dsr.services.receipt_codes import check_receipt_code
from dsr.services.retention import ERASED


def is_wanted(session: Session, case: Case) -> bool:
    """Whether the person asked to be told."""
    return session.get(LaterNotice, case.id) is not None


def told_on(session: Session, case: Case) -> date | None:
    """The day on which the person was told that the last of it is gone."""
    written = AuditEntry.case_id == case.id, AuditEntry.event == "later-notice-written"
    at = session.scalar(select(func.max(AuditEntry.at)).where(*written))
    return local_date(at) if at else None


def want(session: Session, case: Case, *, register: Register, by: uuid.UUID | str, now: datetime) -> None:
    """Note that the person wants to be told. Raises casework's Conflict, or NotPossible where nothing is kept."""
    if not session.scalar(select(exists().where(_is_kept(register), LedgerEntry.case_id == case.id))):
        raise casework.NotPossible(N_("We keep nothing of you after this request, so there is nothing to tell later."))
    casework.change(session, case)
    if not is_wanted(session, case):
        note(session, case, by=by, now=now)


def note(session: Session, case: Case, *, by: uuid.UUID | str, now: datetime) -> None:
    """Note the wish of somebody who has none yet; on a new request nobody knows whether anything will be kept."""
    _note(session, case.id, case.data_subject.email, case.language, now)
    audit.record(session, "later-notice-asked", by=by, now=now, case_id=case.id)


def drop(session: Session, case: Case, *, by: uuid.UUID | str, now: datetime) -> None:
    """The person does not want to be told any more: the address kept for it goes. Raises casework's Conflict."""
    casework.change(session, case)
    wish = session.get(LaterNotice, case.id)
    if wish:
        session.delete(wish)
        audit.record(session, "later-notice-dropped", by=by, now=now, case_id=case.id)


def choose(
    session: Session, case: Case, receipt_code: str, *, is_wanted: bool, register: Register, now: datetime
) -> None:
    """The person says so themselves, with their receipt code.

    Raises what `want` raises, WrongReceiptCode or ReceiptCodeLocked; commit all the same: a try counts.
    """
    check_receipt_code(session, case, receipt_code, now=now)
    if is_wanted:
        want(session, case, register=register, by=audit.DATA_SUBJECT, now=now)
    else:
        drop(session, case, by=audit.DATA_SUBJECT, now=now)


def hand_on(session: Session, earlier: Collection[uuid.UUID], to: uuid.UUID, *, now: datetime) -> None:
    """What was kept after earlier requests is, all or in part, kept after this one: who asked to be told still is."""
    still_kept = set(session.scalars(select(LedgerEntry.case_id).where(LedgerEntry.case_id.in_(earlier), _IS_HERE)))
    for wish in session.scalars(select(LaterNotice).where(LaterNotice.case_id.in_(earlier))).all():
        _hand_over(session, wish, to, now=now)
        if wish.case_id not in still_kept:
            session.delete(wish)


def _hand_over(session: Session, wish: LaterNotice, to: uuid.UUID, *, now: datetime) -> None:
    if session.get(LaterNotice, to) is None:
        _note(session, to, wish.email, wish.language, wish.asked_at)
        audit.record(session, "later-notice-asked", by=audit.WORKER, now=now, case_id=to)


def bring_back(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """A case that was set aside is taken up again: so is the wish that went while it was."""
    of_wish = AuditEntry.case_id == case.id, AuditEntry.event.startswith("later-notice")
    newest = session.scalar(select(AuditEntry.event).where(*of_wish).order_by(AuditEntry.number.desc()).limit(1))
    if newest == "later-notice-needless":
        note(session, case, by=by, now=now)


def _note(session: Session, case_id: uuid.UUID, email: str | None, language: str, asked_at: datetime) -> None:
    wish = LaterNotice(case_id=case_id, language=language, asked_at=asked_at)
    wish.email = email
    session.add(wish)
    session.flush()


_IS_HERE = LedgerEntry.state != ERASED


def _may_be_told(register: Register) -> ColumnElement[bool]:
    return LedgerEntry.category.not_in([name for name, each in register.categories.items() if each.confidential])


def _is_kept(register: Register) -> ColumnElement[bool]:
    return _IS_HERE & _may_be_told(register)


def _due(session: Session, register: Register) -> Iterator[tuple[LaterNotice, Case]]:
    """Who asked to be told, where the case is over, nothing is left and no plan may leave something yet."""
    is_left = exists().where(LedgerEntry.case_id == LaterNotice.case_id, _is_kept(register))
    is_at_work = exists().where(CasePlan.case_id == LaterNotice.case_id, CasePlan.state == plans.APPROVED)
    is_over = Case.status.in_((Status.ANSWERED, Status.WITHDRAWN, Status.CLOSED, Status.SET_ASIDE))
    wishes = select(LaterNotice, Case).join(Case, Case.id == LaterNotice.case_id)
    for wish, case in session.execute(wishes.where(is_over, ~is_left, ~is_at_work)).all():
        if case.status != Status.ANSWERED or not _may_leave_more(session, case):
            yield wish, case


def _may_leave_more(session: Session, case: Case) -> bool:
    """Whether a plan is still to be decided on, or a system still to answer."""
    newest = [plan for right in plans.ERASING if (plan := plans.current(session, case.id, right))]
    return any(plan.state in plans.UNDECIDED or (plan.state == plans.EXECUTED and plan.outstanding) for plan in newest)


def _pass_on(session: Session, wish: LaterNotice, case: Case, register: Register, *, now: datetime) -> None:
    """Have the wish hold for earlier requests after which something is kept: of a confirmed address only."""
    if case.data_subject.email_confirmed_at is None:
        return
    of_person = select(LedgerIdentifier.case_id).where(LedgerIdentifier.digest.in_(digests_of({EMAIL: wish.email})))
    kept = select(LedgerEntry.case_id).where(_is_kept(register), LedgerEntry.case_id.in_(of_person)).distinct()
    for earlier in session.scalars(kept.where(LedgerEntry.case_id != case.id)).all():
        _hand_over(session, wish, earlier, now=now)


def is_any_due(session: Session, register: Register) -> bool:
    """Whether there is somebody to tell."""
    return any(True for _ in _due(session, register))


def tell(session: Session, *, settings: Settings, now: datetime) -> None:
    """Mail who asked for it, on the day on which the last of it went; the address kept for it goes with the mail.

    Where nothing was kept, our answer told so, and the address goes without one. What is kept after earlier requests
    of the same person is told of when that goes.
    """
    was_kept = _may_be_told(settings.register)
    for wish, case in _due(session, settings.register):
        session.delete(wish)
        _pass_on(session, wish, case, settings.register, now=now)
        if not session.scalar(select(exists().where(was_kept, LedgerEntry.case_id == case.id))):
            audit.record(session, "later-notice-needless", by=audit.WORKER, now=now, case_id=case.id)
            continue
        notices.enqueue(
            session,
            "kept-erased",
            key=f"kept-erased:{case.id}",
            case=case,
            recipient=wish.email,
            facts={"reference": case.reference, "link": settings.web.base_url + status_path(case)},
            language=wish.language,
            now=now,
        )
        audit.record(session, "later-notice-written", by=audit.WORKER, now=now, case_id=case.id)

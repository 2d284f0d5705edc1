"""A second person agrees to a plan, or gives it back; where one person works alone, that one does so, later."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.plans import PlanChanged
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import audit, notices, plans, work
from dsr.services.identity import status_path
from dsr.services.lookup import require_identity

SINGLE_WAIT = timedelta(hours=72)
FRESH = timedelta(minutes=15)


class SamePerson(DomainError):
    """Who made a plan may not approve it."""


class CopyFirst(DomainError):
    """The access copy must be made before its source is erased."""


class TooEarly(DomainError):
    """One person works alone here: an erasure waits."""


class SignInAgain(DomainError):
    """One person works alone here: an erasure needs a sign-in of a moment ago."""


def approve_plan(
    session: Session,
    case: Case,
    digest: str,
    *,
    by: uuid.UUID,
    settings: Settings,
    now: datetime,
    signed_in_at: datetime | None = None,
) -> CasePlan:
    """A second person agrees to the plan with this digest; the worker carries it out at once.

    Where one person works alone, that person may agree after 72 hours and a sign-in of a moment ago (`signed_in_at`).
    Raises PlanChanged, SamePerson, TooEarly, SignInAgain, CopyFirst or IdentityNotConfirmed.
    """
    require_identity(session, case)
    plan = plans.waiting(session, case.id)
    if plan is None or plan.digest != digest:
        raise PlanChanged(N_("This plan is no longer the one to approve. Look at the newest plan."))
    right = Right(plan.right)
    if settings.procedure.approval == "two-people" and plan.made_by_id == by:
        raise SamePerson(N_("You made this plan. Somebody else must approve it."))
    if settings.procedure.approval == "single":
        _check_alone(plan, signed_in_at, now)
    if right in plans.ERASING:
        _check_copy(session, case)
    plans.move(session, plan, plans.APPROVED, approved_at=now, approved_by_id=by)
    audit.record(
        session,
        "plan-approved",
        by=by,
        now=now,
        case_id=case.id,
        digest=digest,
        approval=settings.procedure.approval,
    )
    work.ask(session, case.id, plans.STEPS[right], by=by, now=now)
    if plan.outstanding:
        work.ask(session, case.id, plans.FURTHER[right], by=by, now=now)  # what has answered meanwhile
    return plan


def waits_until(plan: CasePlan, settings: Settings, now: datetime) -> datetime | None:
    """Where one person works alone: when that person may agree, as long as it is not then yet."""
    ends_at = plan.made_at + SINGLE_WAIT
    return ends_at if settings.procedure.approval == "single" and now < ends_at else None


def _check_alone(plan: CasePlan, signed_in_at: datetime | None, now: datetime) -> None:
    if now < plan.made_at + SINGLE_WAIT:
        raise TooEarly(N_("With one person, a plan waits 72 hours after it was made."))
    if signed_in_at is None or now - signed_in_at > FRESH:
        raise SignInAgain(N_("Sign out and in again first, and approve within a quarter of an hour."))


def _check_copy(session: Session, case: Case) -> None:
    wants_copy = any(right.kind is Right.ACCESS and right.outcome is None for right in case.rights)
    copy = session.get(AccessCopy, case.id)
    if wants_copy and copy is None:
        raise CopyFirst(N_("Make the copy first: what is erased cannot be copied any more."))
    if wants_copy and copy and copy.missing:  # what answers later is copied together with all the rest
        raise CopyFirst(N_("The copy still lacks a part. Wait for it: what is erased cannot be copied any more."))


def return_plan(session: Session, case: Case, note: str, *, by: uuid.UUID, now: datetime) -> None:
    """The second person does not agree and says why. Raises PlanChanged if there is nothing to return."""
    plan = plans.waiting(session, case.id)
    if plan is None:
        raise PlanChanged(N_("This plan is no longer the one to approve. Look at the newest plan."))
    plans.move(session, plan, plans.RETURNED)
    plan.note = note
    audit.record(session, "plan-returned", by=by, now=now, case_id=case.id, plan=plan.number)


def announce(session: Session, case: Case, plan: CasePlan, *, settings: Settings, now: datetime) -> None:
    """Where one person works alone: tell the address on file, so that somebody can say that this is not theirs."""
    if settings.procedure.approval == "single":
        facts = {
            "link": settings.web.base_url + status_path(case),
            "reference": case.reference,
            "not_before": local_date(plan.made_at + SINGLE_WAIT).isoformat(),
            "is_final": plan.right in plans.ERASING,
        }
        key, recipient = f"erasure-planned:{plan.id}", case.data_subject.email
        notices.enqueue(session, "erasure-planned", key=key, case=case, recipient=recipient, facts=facts, now=now)

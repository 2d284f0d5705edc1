"""Errands for the owners of systems without a database: asked by the program, mailed, and seen to by a handler."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.calendars import local_date
from dsr.domain.plans import CURRENT_VALUE, DATE_MISSING, EVENT
from dsr.domain.register import Table
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, holds, notices, plans, search, work
from dsr.services.mailboxes import LINK_LIFETIME, index_of, link_digest
from dsr.services.owners import errand_path, link_token, owner_of, renew_link
from dsr.services.retention import KEPT

SEARCH, ERASE, AGAIN, DATES = "search", "erase", "again", "dates"
CORRECT, RESTRICT, LIFT, STOP = "correct", "restrict", "lift", "stop"
CHANGING = (CORRECT, RESTRICT, STOP)
"""What the letter waits for."""
TOLD = (SEARCH, ERASE, *CHANGING)
"""Where nobody did it, the letter says so, and why."""
NEXT = {CORRECT: "rectify"}
"""The step of the worker that notes what an owner answered."""
OPEN, DECLINED, ANSWERED, GIVEN_UP, LAPSED = "open", "declined", "answered", "given-up", "lapsed"
LATE_TASK, DECLINED_TASK, OWNERLESS_TASK = "errand-late", "errand-declined", "errand-without-owner"


def by_hand(settings: Settings) -> dict[str, Mapping[str, Table]]:
    """The systems without a database that hold a category, each with its tables of items."""
    tables = settings.register.tables
    return {name: tables[name] for name, system in settings.systems.items() if system.is_manual and name in tables}


def concerns_owners(case: Case) -> bool:
    """Whether a case asks what we hold, so that somebody has to look: not where advertising has to stop."""
    return any(right.kind in (Right.ACCESS, Right.PORTABILITY, *plans.ERASING) for right in case.rights)


def ask_owners(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    """Ask the owner of each system without a database to look the person up, once."""
    for system in by_hand(settings) if concerns_owners(case) else ():
        ask(session, case, system, SEARCH, f"search:{case.id}:{system}", settings=settings, now=now)


def ask_to_erase(
    session: Session,
    case: Case,
    plan_id: uuid.UUID,
    system: str,
    items: Collection[int],
    *,
    settings: Settings,
    now: datetime,
) -> Errand:
    """Ask the owner of a system to erase what an approved plan says, once."""
    key = f"erase:{plan_id}:{system}"
    return ask(session, case, system, ERASE, key, settings=settings, now=now, plan_id=plan_id, items=items)


def ask_to_end(
    session: Session, case: Case, system: str, items: Collection[int], *, settings: Settings, now: datetime
) -> Errand:
    """Ask the owner of a system to erase items whose day has come, once."""
    numbers = hashlib.sha256(json.dumps(sorted(items)).encode()).hexdigest()[:16]
    key = f"end:{case.id}:{system}:{numbers}"
    return ask(session, case, system, ERASE, key, settings=settings, now=now, items=items)


def ask(
    session: Session,
    case: Case,
    system: str,
    kind: str,
    key: str,
    *,
    settings: Settings,
    now: datetime,
    plan_id: uuid.UUID | None = None,
    items: Collection[int] = (),
    categories: Collection[str] = (),
) -> Errand:
    """The errand with this key, made and mailed if it is not there."""
    known = session.scalar(select(Errand).where(Errand.key == key))
    if known:
        return known
    configured = settings.systems[system]
    today = local_date(now)
    errand = Errand(
        id=new_id(),
        key=key,
        case_id=case.id,
        plan_id=plan_id,
        system=system,
        kind=kind,
        asked_at=now,
        asked_on=today,
        due_on=today + timedelta(days=configured.days),
        owner_index=index_of(configured.owner.email if configured.owner else ""),
        link_number=1,
        link_until=now + LINK_LIFETIME,
        items=sorted(items),
        categories=[*categories],
        state=OPEN,
    )
    errand.link_digest = link_digest(link_token(errand))
    session.add(errand)
    audit.record(session, "errand-asked", by=audit.WORKER, now=now, case_id=case.id, system=system, errand=kind)
    _mail(session, case, errand, settings=settings, now=now)
    return errand


def _mail(session: Session, case: Case, errand: Errand, *, settings: Settings, now: datetime) -> None:
    owner = owner_of(errand, settings)
    if owner is None:
        return
    language = settings.procedure.language
    notices.enqueue(
        session,
        "errand",
        key=f"errand:{errand.id}:{errand.link_number}",
        case=case,
        recipient=owner.email,
        facts={
            "reference": case.reference,
            "link": settings.web.base_url + errand_path(errand),
            "system": settings.labels(language).get(errand.system, errand.system),
            "work": errand.kind,
            "due_on": errand.due_on.isoformat(),
        },
        language=language,
        now=now,
    )


def of_case(session: Session, case_id: uuid.UUID) -> list[Errand]:
    """The errands of a case, oldest first."""
    return list(session.scalars(select(Errand).where(Errand.case_id == case_id).order_by(Errand.asked_at, Errand.key)))


def awaited(session: Session, case_id: uuid.UUID, settings: Settings) -> list[str]:
    """The systems without a database whose owners still have to look a person up."""
    asked = [errand for errand in of_case(session, case_id) if errand.kind == SEARCH and errand.is_outstanding]
    return [errand.system for errand in asked if errand.system in by_hand(settings)]


def systems_given_up(session: Session, case_id: uuid.UUID, *kinds: str) -> list[str]:
    """The databases that a handler gave up for a case, and the systems of the errands of these kinds that were."""
    databases = [given.system for given in search.given_up(session, case_id)]
    found = (errand for errand in of_case(session, case_id) if errand.kind in kinds and errand.state == GIVEN_UP)
    return list(dict.fromkeys([*databases, *(errand.system for errand in found)]))


def others_of(session: Session, errand: Errand) -> list[Errand]:
    """What else waits for the owner of an errand, the most urgent first."""
    theirs = select(Errand).where(
        Errand.owner_index == errand.owner_index, Errand.state == OPEN, Errand.id != errand.id
    )
    found = session.scalars(theirs.order_by(Errand.due_on, Errand.asked_at))
    return [other for other in found if is_needed(session, other)]


def is_needed(session: Session, errand: Errand) -> bool:
    """Whether it is still to be done: a search ends with its case, and what a plan said with either of them.

    What a law kept goes on its day, long after the case was closed, unless somebody holds it, and a date that is
    missing is asked for until there is one, or another rule. A restriction ends by a
    lifting, by which lapses what still waits for it.
    """
    if not errand.is_outstanding:
        return False
    is_open = session.get_one(Case, errand.case_id).is_open
    if errand.plan_id:
        return is_open and session.get_one(CasePlan, errand.plan_id).state == plans.APPROVED
    if errand.kind == ERASE:
        return not holds.holds_of(session, errand.case_id)
    if errand.kind == DATES:
        return bool(undated(session, errand.case_id, errand.system))
    if errand.kind in (RESTRICT, LIFT, AGAIN):
        return True
    return is_open


def undated(session: Session, case_id: uuid.UUID, system: str) -> list[LedgerEntry]:
    """What the ledger keeps for a case in a system, and cannot date.

    Nobody gave the day that its rule counts from, or that day has not come: an invoice that is to be paid.
    """
    kept = LedgerEntry.case_id == case_id, LedgerEntry.system == system, LedgerEntry.state == KEPT
    waits = LedgerEntry.why.in_((DATE_MISSING, CURRENT_VALUE, EVENT))
    return list(session.scalars(select(LedgerEntry).where(*kept, waits)))


def send_again(
    session: Session, case: Case, errand: Errand, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """Mail the owner once more, with a new link; one who could not do it is asked anew. Raises NotPossible."""
    _check_outstanding(errand)
    if owner_of(errand, settings) is None:
        raise casework.NotPossible(N_("The owner is no longer in the configuration. Choose another one."))
    _ask_anew(session, errand, settings=settings, now=now)
    audit.record(session, "errand-sent-again", by=by, now=now, case_id=case.id, system=errand.system)
    _mail(session, case, errand, settings=settings, now=now)


def hand_over(
    session: Session, case: Case, errand: Errand, to: bytes, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """Give an errand to another owner of the configuration. Raises NotPossible."""
    _check_outstanding(errand)
    errand.owner_index = to
    if owner_of(errand, settings) is None:
        raise casework.NotPossible(N_("Choose an owner from the list."))
    _ask_anew(session, errand, settings=settings, now=now)
    audit.record(session, "errand-handed-over", by=by, now=now, case_id=case.id, system=errand.system)
    _mail(session, case, errand, settings=settings, now=now)


def _ask_anew(session: Session, errand: Errand, *, settings: Settings, now: datetime) -> None:
    today = local_date(now)
    errand.state, errand.reason, errand.reminded_on, errand.asked_on = OPEN, None, None, today
    errand.due_on = today + timedelta(days=settings.systems[errand.system].days)
    renew_link(errand, now=now)
    settle_tasks(session, errand, now=now)


def ask_again(
    session: Session, case: Case, errand: Errand, *, by: uuid.UUID, settings: Settings, now: datetime
) -> None:
    """Ask the owner to look once more; what they found stays. Raises NotPossible."""
    casework.check_open(case)
    if errand.kind != SEARCH or errand.is_outstanding:
        raise casework.NotPossible(N_("This errand cannot be asked again."))
    plan = plans.current(session, case.id)
    if plan and plan.state in (plans.ASKED, plans.PROPOSED, plans.APPROVED):
        raise casework.NotPossible(N_("An erasure plan rests on this answer. Have the plan returned first."))
    errand.answered_at, errand.answered_by = None, None
    _ask_anew(session, errand, settings=settings, now=now)
    search.ask_again(session, case, errand.system)
    copy = session.get(AccessCopy, case.id)
    if copy and errand.system not in copy.missing:
        copy.missing = [*copy.missing, errand.system]
    audit.record(session, "errand-sent-again", by=by, now=now, case_id=case.id, system=errand.system)
    _mail(session, case, errand, settings=settings, now=now)


TOLD_WHY = N_("Give the reason; it is told to the data subject.")
_WHY = N_("Give the reason; only colleagues read it.")


def give_up(session: Session, errand: Errand, reason: str, *, by: uuid.UUID, now: datetime) -> None:
    """Go on without what an owner was asked; `giving_up` sees to what waited for it. Raises NotPossible."""
    _check_outstanding(errand)
    if not reason.strip():
        raise casework.NotPossible(TOLD_WHY if errand.kind in TOLD else _WHY)
    errand.state, errand.reason, errand.answered_at, errand.answered_by = GIVEN_UP, reason.strip(), now, str(by)
    settle_tasks(session, errand, now=now)
    audit.record(session, "errand-given-up", by=by, now=now, case_id=errand.case_id, system=errand.system)


def _check_outstanding(errand: Errand) -> None:
    if not errand.is_outstanding:
        raise casework.NotPossible(N_("This errand has been done already."))


def wake_waiting(session: Session, errand: Errand, *, now: datetime) -> None:
    """What waited for an answer goes on: the search, a plan that could not be drawn up, a copy that lacked this."""
    steps = work.of(session, errand.case_id)
    waits = ["search", *(["plan"] if plans.lacks(session, errand.case_id, [errand.system]) else [])]
    if lacks(session, errand):
        waits.append("copy")
    for kind in waits:
        work.ask(session, errand.case_id, kind, by=steps[kind].asked_by_id if kind in steps else None, now=now)


def lacks(session: Session, errand: Errand) -> bool:
    """Whether a copy was made without this system and waits for it, or is being written without this answer."""
    copy = session.get(AccessCopy, errand.case_id)
    is_made_without = copy is not None and copy.released_at is None and errand.system in copy.missing
    return is_made_without or work.is_waiting(session, errand.case_id, "copy")


def settle_tasks(session: Session, errand: Errand, *, now: datetime) -> None:
    """What staff were told about an errand is over."""
    for task in session.scalars(select(Task).where(Task.case_id == errand.case_id, Task.done_at.is_(None))):
        if task.facts.get("errand") == str(errand.id):
            task.done_at = now


def tell_staff(session: Session, errand: Errand, kind: str, *, now: datetime) -> None:
    """Something about an errand that a handler must look at, once for each time it was asked."""
    key = f"{kind}:{errand.id}:{errand.link_number}"
    if session.scalar(select(Task.id).where(Task.key == key)) is None:
        facts = {"errand": str(errand.id), "system": errand.system}
        session.add(Task(key=key, case_id=errand.case_id, kind=kind, facts=facts, made_at=now))

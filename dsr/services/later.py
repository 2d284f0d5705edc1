"""Telling a person that the last of what was kept is gone: only who asked for it, once, and then they are forgotten."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.later import LaterNotice
from dsr.db.plans import LedgerEntry
from dsr.services import audit, casework, notices
from dsr.services.identity import status_path
from dsr.services.retention import ERASED


def is_wanted(session: Session, case: Case) -> bool:
    """Whether the person asked to be told."""
    return session.get(LaterNotice, case.id) is not None


def want(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """Note that the person wants to be told. Raises casework's Conflict."""
    casework.change(session, case)
    if not is_wanted(session, case):
        wish = LaterNotice(case_id=case.id, language=case.language, asked_at=now)
        wish.email = case.data_subject.email
        session.add(wish)
        audit.record(session, "later-notice-asked", by=by, now=now, case_id=case.id)


def drop(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    """The person does not want to be told any more: the address kept for it goes. Raises casework's Conflict."""
    casework.change(session, case)
    wish = session.get(LaterNotice, case.id)
    if wish:
        session.delete(wish)
        audit.record(session, "later-notice-dropped", by=by, now=now, case_id=case.id)


def tell(session: Session, *, settings: Settings, now: datetime) -> None:
    """Mail who asked for it, on the day on which the last of it went; the address kept for it goes with the mail."""
    of_case = LedgerEntry.case_id == LaterNotice.case_id
    all_gone = exists().where(of_case) & ~exists().where(of_case, LedgerEntry.state != ERASED)
    for wish in session.scalars(select(LaterNotice).where(all_gone)).all():
        case = session.get_one(Case, wish.case_id)
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
        session.delete(wish)
        audit.record(session, "later-notice-written", by=audit.WORKER, now=now, case_id=case.id)

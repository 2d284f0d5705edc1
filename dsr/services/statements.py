"""What a person says of their data where the controller disagrees, or may not rewrite a record (art. 16)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.statements import Statement
from dsr.domain.wording import N_
from dsr.services import audit, casework, errand_changes
from dsr.services.lookup import require_identity


def add(session: Session, case: Case, text: str, *, by: uuid.UUID, settings: Settings, now: datetime) -> Statement:
    """Keep a statement of the data subject with their data: later copies tell it, and owners put it with the papers.

    Raises IdentityNotConfirmed.
    """
    require_identity(session, case)
    if not text.strip():
        raise casework.NotPossible(N_("Write down the statement of the data subject."))
    casework.change(session, case)
    index = case.data_subject.email_index
    statement = Statement(id=new_id(), case_id=case.id, email_index=index, made_at=now, made_by_id=by)
    statement.text = text.strip()
    session.add(statement)
    errand_changes.ask_to_add(session, case, statement, settings=settings, now=now)
    audit.record(session, "statement-added", by=by, now=now, case_id=case.id, statement=str(statement.id))
    return statement


def is_made(session: Session, case: Case) -> bool:
    """Whether a statement was made in this case."""
    return session.scalar(select(Statement.id).where(Statement.case_id == case.id).limit(1)) is not None


def of_person(session: Session, email_index: bytes) -> list[Statement]:
    """The statements of a person, in whichever case they were made, oldest first."""
    of_person = select(Statement).where(Statement.email_index == email_index)
    return list(session.scalars(of_person.order_by(Statement.made_at)))

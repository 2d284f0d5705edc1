"""The second secret of a download or a letter: the code that was on the screen when the request was sent."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.services import audit, limits
from dsr.services.identity import receipt_code_digest

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


class WrongReceiptCode(DomainError):
    """Not the code of this case."""

    def __init__(self) -> None:
        super().__init__(N_("This is not the receipt code of this request. Look at the code that you wrote down."))


class ReceiptCodeLocked(DomainError):
    """Too many wrong codes in a short time; not even the right one will do for a while."""

    def __init__(self) -> None:
        super().__init__(N_("Too many wrong codes. Try again in 15 minutes, or call us."))


def check_receipt_code(session: Session, case: Case, typed: str, *, now: datetime) -> None:
    """Whether this is the code of the case. Raises WrongReceiptCode or ReceiptCodeLocked.

    A wrong try counts, so commit all the same.
    """
    tried = f"receipt-code:{case.id}"
    if not limits.allow(session, tried, TRIES, LOCKED_FOR, now=now):
        _flag(session, case, now=now)
        raise ReceiptCodeLocked
    if not hmac.compare_digest(case.receipt_code_digest, receipt_code_digest(typed)):
        raise WrongReceiptCode
    limits.forget(session, tried)


def _flag(session: Session, case: Case, *, now: datetime) -> None:
    """Somebody may be guessing: a task for staff, one a day."""
    key = f"receipt-code-tried:{case.id}:{local_date(now)}"
    if session.scalar(select(Task.id).where(Task.key == key)) is None:
        session.add(Task(key=key, case_id=case.id, kind="receipt-code-tried", made_at=now))
        audit.record(session, "receipt-code-locked", by=audit.DATA_SUBJECT, now=now, case_id=case.id)

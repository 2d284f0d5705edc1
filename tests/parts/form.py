"""Requests as the form sends them, for tests of what comes after."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.notices import Notice
from dsr.domain.intake import Answers
from dsr.domain.rights import Right
from dsr.services import intake
from tests.parts.store import NOW

HANNA: Answers = {
    "rights": [Right.ACCESS.value, Right.ERASURE.value],
    "details": "Ik ben sinds juni geen klant meer.",
    "name": "Hanna Brinkman",
    "customer_number": "4471",
    "email": "hanna.brinkman@example.org",
}


def submit(session: Session, settings: Settings, answers: Answers = HANNA, now: datetime = NOW) -> intake.Submission:
    """Send a request, as if somebody had filled in the form."""
    token = intake.save_draft(session, None, answers, now=now)
    return intake.submit_request(session, token, settings=settings, now=now)


def mailed_code(session: Session, case: Case) -> str:
    """The six digits of the newest mail that carries a code."""
    kinds = Notice.kind.in_(("acknowledgement", "new-code"))
    found = select(Notice).where(Notice.case_id == case.id, kinds).order_by(Notice.made_at.desc(), Notice.kind.desc())
    code: str = json.loads(session.scalars(found).first().facts)["code"]  # type: ignore[union-attr]
    return code

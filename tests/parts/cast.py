"""The people of the tests and their requests, put straight into the database: for tests that begin in the middle."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from sqlalchemy.orm import Session

from dsr.db.base import keys, new_id
from dsr.db.cases import Case, DataSubject, RequestedRight
from dsr.db.identity import IdentityCheck
from dsr.db.plans import CasePlan
from dsr.db.staff import StaffMember
from dsr.domain import deadlines
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right, in_order
from dsr.services import staff
from tests.parts.store import NOW

PASSWORD = "vijf kikkers in de sloot"


def add_member(session: Session, name: str = "Noor Bakker", *roles: str, email: str | None = None) -> StaffMember:
    """A staff member, a handler unless told otherwise; the password is PASSWORD."""
    address = email or f"{name.split(maxsplit=1)[0].lower()}@polder.example"
    index = keys().digest("staff-email", address)
    member = StaffMember(id=new_id(), email_index=index, roles=list(roles) or ["handler"], added_at=NOW)
    member.name, member.email, member.password_hash = name, address, _password_hash()
    session.add(member)
    session.flush()
    return member


@cache
def _password_hash() -> str:
    return staff.hash_password(PASSWORD)


def add_case(
    session: Session,
    *rights: Right,
    name: str = "Hanna Brinkman",
    received_at: datetime = NOW,
    status: Status = Status.RECEIVED,
    handler: StaffMember | None = None,
    next_legal_on: date | None = None,
) -> Case:
    """A case as the form would make it; `next_legal_on` is computed unless given."""
    clock = deadlines.compute(received_at)
    case = Case(
        id=new_id(),
        reference=_reference(),
        status=status.value,
        language="nl",
        received_at=received_at,
        received_on=clock.received_local_date,
        due_on=next_legal_on or clock.due_on,
        next_legal_on=next_legal_on or clock.next_legal_on,
        handler_id=handler.id if handler else None,
        register_digest="0" * 64,
        status_token_digest=secrets.token_bytes(32),
        receipt_code_digest=secrets.token_bytes(32),
    )
    session.add(case)
    session.flush()
    _add_data_subject(session, case, name)
    for position, right in enumerate(in_order(rights), 1):
        session.add(RequestedRight(id=new_id(), case_id=case.id, right=right.value, position=position))
    session.flush()
    session.refresh(case)
    return case


def _reference() -> str:
    sign = uuid.uuid4().hex.upper()
    return f"2026-{sign[:4]}-{sign[4:8]}"


def _add_data_subject(session: Session, case: Case, name: str) -> None:
    email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
    person = DataSubject(case_id=case.id, email_index=hashlib.sha256(email.encode()).digest())
    person.name, person.email = name, email
    session.add(person)


def confirm(session: Session, case: Case, by: StaffMember) -> None:
    """Record a confirmed identity check, however it came about."""
    check = IdentityCheck(case_id=case.id, method="email", is_confirmed=True, checked_at=NOW, checked_by_id=by.id)
    session.add(check)
    session.flush()


def add_plan(
    session: Session, case_id: uuid.UUID, by: uuid.UUID, state: str = "executed", rows: str = "{}"
) -> CasePlan:
    """A plan for the erasure of a case, as far as that state."""
    plan = CasePlan(id=new_id(), case_id=case_id, number=1, state=state, counts={}, made_at=NOW, made_by_id=by)
    plan.digest, plan.register_digest, plan.rows = "0" * 64, "0" * 64, rows
    session.add(plan)
    session.flush()
    return plan


def references(cases: Sequence[Case]) -> list[str]:
    """The references of cases, in their order."""
    return [case.reference for case in cases]

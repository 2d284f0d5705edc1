"""Staff of the cast at the application: members, cases, and signing in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services.staff import Role
from tests.parts.cast import PASSWORD, add_case, add_member
from tests.parts.web import Visitor

SIGN_IN = "/staff/sign-in"
PEOPLE = {
    Role.HANDLER: "Noor Bakker",
    Role.APPROVER: "Tim de Graaf",
    Role.AUDITOR: "Anna Visser",
    Role.ADMINISTRATOR: "Yara El Idrissi",
}


@contextmanager
def store(app: Flask) -> Iterator[Session]:
    """A transaction beside the application."""
    with app.app_context(), transaction() as session:
        yield session


def add(app: Flask, role: str = Role.HANDLER) -> str:
    """A staff member with one role; returns the address to sign in with."""
    with store(app) as session:
        return str(add_member(session, PEOPLE[Role(role)], role).email)


def sign_in(visitor: Visitor, email: str) -> None:
    """Sign in as a staff member of the cast."""
    answer = visitor.send(SIGN_IN, email=email, password=PASSWORD)
    assert answer.status_code == 302, answer.text


def case_of(app: Flask, *rights: Right, status: Status = Status.RECEIVED) -> str:
    """A case; returns its reference."""
    with store(app) as session:
        return add_case(session, *(rights or (Right.ACCESS,)), status=status).reference

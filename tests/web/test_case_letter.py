"""What the handler is told about a letter before it goes."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from dsr.db.cases import Case
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Outcome, Right
from tests.parts.staff import add, case_of, sign_in, store
from tests.parts.web import Clock, Visitor

WARNING = "Een weigering, ook van een deel, moest uiterlijk 23 december 2026 gemeld zijn"


def test_a_refusal_after_the_first_month_is_warned_of(app: Flask, visitor: Visitor, clock: Clock) -> None:
    reference = case_of(app, Right.OBJECTION, status=Status.HANDLING)
    with store(app) as session:
        (right,) = session.scalars(select(Case).where(Case.reference == reference)).one().rights
        right.outcome, right.reason = Outcome.REFUSED.value, "Wij hebben uw adres nodig voor de levering."
    email = add(app)
    sign_in(visitor, email)
    assert WARNING not in visitor.see(f"/staff/cases/{reference}").text
    clock.move(timedelta(days=31))
    sign_in(visitor, email)
    assert WARNING in visitor.see(f"/staff/cases/{reference}").text

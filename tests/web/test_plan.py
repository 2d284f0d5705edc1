"""The form in which a handler decides per category what an erasure does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from dsr.app import create_app
from dsr.config import Settings
from dsr.db.base import new_id, transaction
from dsr.db.cases import Case
from dsr.db.plans import CasePlan, Execution, Search
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Decision
from dsr.domain.register import ErasureGround
from dsr.domain.rights import Right
from dsr.keys import Keys
from dsr.services import approvals, plans
from dsr.services.plans import decisions_of
from tests.parts.cast import add_case, add_member, add_plan, confirm
from tests.parts.staff import add, sign_in
from tests.parts.store import NOW
from tests.parts.web import Clock, Visitor
from tests.web.test_register import REGISTER


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=REGISTER)


@pytest.fixture
def page(app: Flask, visitor: Visitor) -> str:
    """The plan of a case in which rows of two categories were found; its handler is signed in."""
    sign_in(visitor, add(app))
    with app.app_context(), transaction() as session:
        handler = session.scalars(select(StaffMember)).one()
        case = add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
        confirm(session, case, handler)
        found = [{"category": name, "system": "shop", "table": "disks", "rows": 1} for name in ("disk", "site")]
        session.add(Search(case_id=case.id, searched_at=NOW, findings=found))
        return f"/staff/cases/{case.reference}/plan"


def test_of_what_is_not_ours_there_is_nothing_to_decide(visitor: Visitor, page: str) -> None:
    shown = visitor.see(f"{page}?lang=nl").text
    assert "Niet aan ons om te wissen: het antwoord verwijst naar de klant." in shown
    assert '<select id="ground.disk"' in shown
    assert '<select id="ground.site"' not in shown


def test_a_step_of_the_register_is_outstanding_until_the_handler_clears_it(
    app: Flask, visitor: Visitor, page: str
) -> None:
    assert "U krijgt eerst een eindfactuur." in visitor.see(f"{page}?lang=nl").text
    sent = {"ground.disk": "a", "outstanding.disk": "", "ground.site": "a", "version": "1"}
    assert visitor.send(page, **sent).status_code == 303
    with app.app_context(), transaction(writes=False) as session:
        decided = decisions_of(session.scalars(select(CasePlan)).one(), REGISTER)
    assert decided["disk"] == Decision(ErasureGround.NOT_NEEDED)


def test_who_works_alone_reads_from_when_and_is_refused_where_they_decide(
    app: Flask, settings: Settings, key_set: Keys, clock: Clock
) -> None:
    alone = replace(settings, procedure=replace(settings.procedure, approval="single"))
    visitor = Visitor(create_app(alone, key_set, clock=clock).test_client())
    with app.app_context(), transaction() as session:
        me = add_member(session, "Noor Bakker", "handler", "approver")
        email = str(me.email)
        case = add_case(session, Right.RECTIFICATION, status=Status.HANDLING, handler=me)
        confirm(session, case, me)
        plan = plans.new_plan(session, case, Right.RECTIFICATION, by=me.id, now=NOW)
        plans.move(session, plan, plans.PROPOSED, digest="d")
        page = f"/staff/cases/{case.reference}/rectification"
    sign_in(visitor, email)
    shown = visitor.see(f"{page}?lang=nl").text
    assert "U beslist hier alleen over: vanaf donderdag 26 november 2026, 10.00 uur" in shown
    assert "Goedkeuren en wijzigen" not in shown
    clock.move(approvals.SINGLE_WAIT)
    sign_in(visitor, email)
    version = re.search(r'name="version" value="(\d+)"', visitor.see(page).text)
    assert version
    refused = visitor.send(page.replace("rectification", "approve"), page, version=version[1], digest="d")
    assert refused.status_code == 422
    assert "Goedkeuren en wijzigen" in refused.text


def test_who_decides_by_hand_reads_that_the_plan_is_dropped(app: Flask, visitor: Visitor, page: str) -> None:
    case = page.removesuffix("/plan")
    with app.app_context(), transaction() as session:
        found = session.scalars(select(Case)).one()
        approver = str(add_member(session, "Tim de Graaf", "approver").email)
        plan = add_plan(session, found.id, found.handler_id or new_id(), plans.RETURNED)
        plan.outstanding, found.data_subject.email_confirmed_at = [], NOW
        done = {"state": "done", "started_at": NOW, "done_at": NOW}
        session.add(Execution(plan_id=plan.id, system="shop", erased={"disks": 1}, **done))
    shown = visitor.see(f"{case}?lang=nl").text
    assert "of besluit hieronder waarom niet" in shown
    assert "Het plan hiervoor gaat dan niet door" in shown
    assert "Verklaring van wissen" in shown, "what was done before can be certified"
    sent = {"outcome": "partly-fulfilled", "reason": "Uw contract loopt nog.", "version": "1"}
    assert visitor.send(f"{case}/rights/erasure", case, **sent).status_code == 303
    shown = visitor.see(f"{case}?lang=nl").text
    assert "besliste zelf; plan 1 gaat niet door." in shown
    assert "Het plan hiervoor gaat dan niet door" not in shown
    tim = Visitor(app.test_client())
    sign_in(tim, approver)  # by the link in a mail of before
    assert "Er wacht geen plan meer op goedkeuring." in tim.see(f"{case}/approve?lang=nl").text
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    assert tim.send(f"{case}/approve", case, version=version[1], digest="d").status_code == 422

"""A plan that was voided after one system had its receipt, and the next one: the answer tells of both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from dsr.config import DataSystem
from dsr.connectors.registry import open_systems
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.rights import Outcome
from dsr.jobs import work
from dsr.services import answers, corrections
from tests.parts.corrections import CUSTOMER, ask_rows, opened_case, propose
from tests.parts.erasures import approve, approve_anew, approved_plan
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Workplace

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
CLUB = """
[tables.zclub.member]
category = "ticket"
key = ["id"]
match = { email = "email" }
rectifiable = ["street"]
"""
MEMBER = "2.0"


@pytest.fixture
def with_club(workplace: Workplace) -> Workplace:
    """The shop, and a club that is erased after it."""
    settings = workplace.context.settings
    club = DataSystem(engine="sqlite", path=str(settings.base / "zclub.db"))
    _in_club(workplace, "CREATE TABLE member (id INTEGER PRIMARY KEY, email VARCHAR(80), street VARCHAR(80))")
    _in_club(workplace, "INSERT INTO member VALUES (1, 'hanna@example.org', 'Kade 1')")
    file = settings.base / "register.toml"
    file.write_text(REGISTER + CLUB)
    settings = replace(settings, systems={**settings.systems, "zclub": club})
    settings = replace(settings, register=load_register(file))
    context = replace(workplace.context, settings=settings, systems=open_systems(settings))
    return replace(workplace, context=context)


def _in_club(workplace: Workplace, statement: str) -> None:
    engine = create_engine(f"sqlite:///{workplace.context.settings.base / 'zclub.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("change", ["UPDATE member SET street = 'Dam 1'", "DELETE FROM member"])
def test_what_a_plan_that_was_voided_halfway_kept_is_told_with_the_next(with_club: Workplace, change: str) -> None:
    approved, plan = approved_plan(with_club)
    _in_club(with_club, change)
    work.run_all(with_club.context)
    with with_club.transaction() as session:
        voided = session.get_one(CasePlan, plan.id)
        assert (voided.state, voided.systems_done) == ("void", {"shop"})
    approve_anew(with_club, approved)
    work.run_all(with_club.context)
    settings = with_club.context.settings
    with with_club.transaction() as session:
        case = session.get_one(Case, approved.id)
        facts = answers.facts_of(session, case, settings=settings, now=with_club.clock())
        letter = answers.compose_letter(session, case, settings=settings, now=with_club.clock())
    assert [right.outcome for right in facts.rights] == [Outcome.PARTLY_FULFILLED]
    assert {each.what for each in facts.kept} == {"Facturen"}
    assert {each.what for each in facts.not_erased} == {"Facturen", "Klantgegevens (name, address)"}
    assert (facts.systems_without_receipt, facts.tables_without_entry) == ((), ())
    assert "31 december 2031" in letter


def test_what_a_correction_that_was_voided_halfway_did_is_told_with_the_next(with_club: Workplace) -> None:
    case, handler, approver = opened_case(with_club)
    typed = {f"{CUSTOMER}.address": "Dorpsstraat 1", f"{MEMBER}.street": "Dorpsstraat 1"}
    approve(with_club, case, propose(with_club, case, handler.id, typed), approver.id)
    _in_club(with_club, "UPDATE member SET street = 'Dam 1'")
    work.run_all(with_club.context)
    assert with_club.shop.rows("customer")[0]["address"] == "Dorpsstraat 1"
    ask_rows(with_club, case, handler.id)
    again = {f"{MEMBER}.street": "Dorpsstraat 1"}
    approve(with_club, case, propose(with_club, case, handler.id, again), approver.id)
    work.run_all(with_club.context)
    with with_club.transaction() as session:
        own = session.get_one(Case, case.id)
        assert own.rights[0].result is Outcome.FULFILLED
        told = corrections.told(session, own, with_club.context.settings.register)
    assert [(each.old, each.new) for each in told.corrected] == [
        ("Sluisweg 3", "Dorpsstraat 1"),
        ("Dam 1", "Dorpsstraat 1"),
    ]

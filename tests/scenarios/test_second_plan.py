"""A plan that was voided after one system had its receipt, and the next one: the answer tells of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from dsr.config import DataSystem
from dsr.connectors.registry import open_systems
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.answer_check import missing_parts
from dsr.domain.answers import Facts, Tenor
from dsr.domain.rights import Outcome, Right
from dsr.jobs import erasing, work
from dsr.services import answers, casework, certificate, corrections, deciding, kept, tasks
from tests.jobs.test_erasing_holds import lift, place
from tests.parts.corrections import CUSTOMER, ask_rows, opened_case, propose
from tests.parts.erasures import approve, approve_anew, approved_plan, propose_again
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Workplace, identified_case

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
CLUB = """
[tables.zclub.member]
category = "ticket"
key = ["id"]
match = { email = "email" }
rectifiable = ["street"]
"""
MEMBER = "2.0"
HANNA = {"email": "hanna@example.org"}


@pytest.fixture
def with_club(workplace: Workplace) -> Iterator[Workplace]:
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
    yield replace(workplace, context=context)
    for system in context.systems.values():
        system.close()


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
        assert kept.earlier(session, new_id(), HANNA), "a later request finds what is kept"
    approve_anew(with_club, approved)
    work.run_all(with_club.context)
    settings, facts = with_club.context.settings, _facts(with_club, approved)
    with with_club.transaction() as session:
        case = session.get_one(Case, approved.id)
        letter = answers.compose_letter(session, case, settings=settings, now=with_club.clock())
    assert [right.outcome for right in facts.rights] == [Outcome.PARTLY_FULFILLED]
    assert {each.what for each in facts.kept} == {"Facturen"}
    assert {each.what for each in facts.not_erased} == {"Facturen", "Klantgegevens (name, address)"}
    assert (facts.systems_without_receipt, facts.tables_without_entry) == ((), ())
    assert "31 december 2031" in letter


def _facts(workplace: Workplace, case: Case) -> Facts:
    settings = workplace.context.settings
    with workplace.transaction() as session:
        return answers.facts_of(session, session.get_one(Case, case.id), settings=settings, now=workplace.clock())


def test_a_plan_that_was_voided_before_it_did_anything_is_no_receipt(workplace: Workplace) -> None:
    case, _ = approved_plan(workplace)
    work.run_all(workplace.context)
    workplace.shop.run("INSERT INTO newsletter VALUES ('hanna@example.org', '2026-01-01')")
    approve_anew(workplace, case)
    workplace.shop.run("UPDATE newsletter SET since = '2026-02-01'")
    work.run_all(workplace.context)
    assert _facts(workplace, case).systems_without_receipt == ("shop",)
    approve_anew(workplace, case)
    work.run_all(workplace.context)
    assert _facts(workplace, case).systems_without_receipt == ()


def test_what_a_plan_would_have_kept_where_it_did_not_come_is_not_certified(with_club: Workplace) -> None:
    case, *_ = identified_case(with_club, Right.ERASURE)
    hold = place(with_club, case, "ticket")
    approve_anew(with_club, case)
    _in_club(with_club, "UPDATE member SET street = 'Dam 1'")
    work.run_all(with_club.context)
    lift(with_club, case, hold)
    with with_club.transaction() as session:
        (plan,) = certificate.certificate(session, session.get_one(Case, case.id)).plans
    shop, club = plan.systems
    assert sum(table.kept for table in shop.tables) > 0
    assert [(table.kept, table.left) for table in club.tables] == [(0, 1)]


def test_what_the_next_plan_refuses_to_erase_has_no_day_any_more(with_club: Workplace) -> None:
    case, _ = approved_plan(with_club)
    _in_club(with_club, "UPDATE member SET street = 'Dam 1'")
    work.run_all(with_club.context)
    with_club.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    refused = {"ground": "none", "reason": "Vrijheid van meningsuiting."}
    approve_anew(with_club, case, customer=refused)
    work.run_all(with_club.context)
    with with_club.transaction() as session:
        assert {entry.table for entry in kept.own(session, case.id)} == {"invoice", "invoice_line"}


def test_what_went_when_nobody_held_it_any_more_is_told_as_gone(workplace: Workplace) -> None:
    case, *_ = identified_case(workplace, Right.ERASURE)
    hold = place(workplace, case, "ticket")
    approve_anew(workplace, case)
    work.run_all(workplace.context)
    assert "Vragen aan de helpdesk" in {each.what for each in _facts(workplace, case).not_erased}
    lift(workplace, case, hold)
    workplace.clock.now += timedelta(days=1)
    erasing.run_ledger(workplace.context)
    facts = _facts(workplace, case)
    assert "Vragen aan de helpdesk" not in {each.what for each in facts.not_erased}
    (told,) = (each for each in facts.erased if each.what == "Vragen aan de helpdesk")
    assert (told.is_part, told.erased_on) == (False, workplace.clock().date())


@pytest.fixture
def to_read(with_club: Workplace) -> Workplace:
    """Where of the tickets in the shop we can only read."""
    context = with_club.context
    register = context.settings.register
    shop = {**register.tables["shop"], "ticket": replace(register.tables["shop"]["ticket"], read_only=True)}
    register = replace(register, tables={**register.tables, "shop": shop})
    return replace(with_club, context=replace(context, settings=replace(context.settings, register=register)))


@pytest.mark.parametrize("address", ["erased", "typed anew"])
def test_what_a_plan_that_was_voided_halfway_could_only_read_is_to_be_erased_by_hand(
    to_read: Workplace, address: str
) -> None:
    case, first = approved_plan(to_read)
    _in_club(to_read, "UPDATE member SET street = 'Dam 1'")
    work.run_all(to_read.context)
    assert _to_erase_by_hand(to_read, case) == [str(first.id)]
    if address == "typed anew":
        to_read.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    second = approve_anew(to_read, case)
    work.run_all(to_read.context)
    assert _to_erase_by_hand(to_read, case) == [str((first if address == "erased" else second).id)]
    _erase_by_hand(to_read, case)
    facts = _facts(to_read, case)
    assert {each.what for each in facts.erased if not each.is_part} == {"Vragen aan de helpdesk", "Nieuwsbrief"}
    assert [right.outcome for right in facts.rights] == [Outcome.PARTLY_FULFILLED]


def test_what_was_erased_by_hand_is_told_row_by_row(to_read: Workplace) -> None:
    case, _ = approved_plan(to_read)
    work.run_all(to_read.context)
    _erase_by_hand(to_read, case)
    to_read.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    to_read.shop.run("UPDATE ticket SET id = 77 WHERE customer_id = 1")
    approve_anew(to_read, case)
    work.run_all(to_read.context)
    facts = _facts(to_read, case)
    assert {each.what for each in facts.erased if not each.is_part} == {"Nieuwsbrief"}
    assert "Vragen aan de helpdesk" in {each.what for each in facts.not_erased if each.is_part}


def _to_erase_by_hand(workplace: Workplace, case: Case) -> list[str]:
    """The plans of which something is to be erased by hand."""
    with workplace.transaction() as session:
        return [task.facts["plan"] for task in tasks.open_of(session, case.id)]


def _erase_by_hand(workplace: Workplace, case: Case) -> None:
    register, now = workplace.context.settings.register, workplace.clock()
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        for task in tasks.open_of(session, case.id):
            by = own.handler_id or pytest.fail("nobody has the case")
            tasks.settle(session, own, task, "", is_done=True, register=register, by=by, now=now)


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


def _halfway(workplace: Workplace) -> tuple[Case, CasePlan]:
    """A case of which the plan was carried out in the shop, and voided in the club."""
    case, plan = approved_plan(workplace)
    _in_club(workplace, "UPDATE member SET street = 'Dam 1'")
    work.run_all(workplace.context)
    return case, plan


def _decide(workplace: Workplace, case: Case, right: Right, outcome: Outcome, reason: str = "Liever niet.") -> None:
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        by = own.handler_id or pytest.fail("nobody has the case")
        deciding.decide_by_hand(session, own, right, outcome, reason, by=by, now=workplace.clock())


def test_a_plan_that_was_voided_halfway_is_dropped_and_what_it_did_is_told(with_club: Workplace) -> None:
    case, plan = _halfway(with_club)
    _decide(with_club, case, Right.ERASURE, Outcome.PARTLY_FULFILLED, "De club bewaart u op uw verzoek.")
    facts = _facts(with_club, case)
    assert missing_parts(replace(facts, backup_days=0)) == ()
    assert {each.what: each.is_part for each in facts.erased} == {
        "Klantgegevens": True,
        "Facturen": True,
        "Vragen aan de helpdesk": True,  # the club holds one more
        "Nieuwsbrief": False,
    }
    assert facts.tenor is Tenor.PARTLY, "not all but what the law keeps"
    with with_club.transaction() as session:
        own = session.get_one(Case, case.id)
        letter = answers.compose_letter(session, own, settings=with_club.context.settings, now=with_club.clock())
        (certified,) = certificate.certificate(session, own).plans
        assert session.get_one(CasePlan, plan.id).state == "dropped"
    assert "De club bewaart u op uw verzoek." in letter
    assert [sum(table.left for table in system.tables) for system in certified.systems] == [0, 1]


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.WITHDRAWN, Outcome.FULFILLED])
def test_of_a_plan_that_was_voided_halfway_neither_all_nor_nothing_is_told(
    with_club: Workplace, outcome: Outcome
) -> None:
    case, plan = _halfway(with_club)
    with pytest.raises(casework.NotPossible):
        _decide(with_club, case, Right.ERASURE, outcome)
    with with_club.transaction() as session:
        assert session.get_one(CasePlan, plan.id).state == "void"


def test_what_an_earlier_plan_kept_is_told_where_the_next_one_is_dropped(with_club: Workplace) -> None:
    case, _ = _halfway(with_club)
    with_club.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    propose_again(with_club, case)
    _decide(with_club, case, Right.ERASURE, Outcome.PARTLY_FULFILLED)
    facts = _facts(with_club, case)
    assert {each.what for each in facts.kept} == {"Facturen"}
    assert {each.what for each in facts.erased if each.is_part} >= {"Vragen aan de helpdesk", "Klantgegevens"}


@pytest.mark.parametrize("outcome", [Outcome.PARTLY_FULFILLED, Outcome.REFUSED])
def test_of_a_correction_that_was_voided_halfway_the_rest_is_dropped(with_club: Workplace, outcome: Outcome) -> None:
    case, handler, approver = opened_case(with_club)
    typed = {f"{CUSTOMER}.address": "Dorpsstraat 1", f"{MEMBER}.street": "Dorpsstraat 1"}
    approve(with_club, case, propose(with_club, case, handler.id, typed), approver.id)
    _in_club(with_club, "UPDATE member SET street = 'Dam 1'")
    work.run_all(with_club.context)
    is_told = outcome is Outcome.PARTLY_FULFILLED
    with nullcontext() if is_told else pytest.raises(casework.NotPossible):
        _decide(with_club, case, Right.RECTIFICATION, outcome)
    facts = _facts(with_club, case)
    assert [(each.old, each.new) for each in facts.rectified.corrected] == [("Sluisweg 3", "Dorpsstraat 1")]
    assert (missing_parts(facts) == ()) is is_told

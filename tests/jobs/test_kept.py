"""A later request of the same person: what was kept after the first is found, told, and counted once."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.identity import Lookup
from dsr.db.later import LaterNotice
from dsr.db.notices import Task
from dsr.db.plans import LedgerEntry
from dsr.domain.errands import ITEM
from dsr.domain.groups import Group
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Verdict
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.services import answers, audit, kept, retention
from dsr.services import later as for_later
from dsr.services.lookup import identifiers_of
from dsr.services.work import ask
from tests.parts import cast
from tests.parts.erasures import approve_again, approve_anew, confirm
from tests.parts.shop import Workplace

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


def test_a_later_request_finds_what_is_kept_and_nobody_elses_does(workplace: Workplace, later: Case) -> None:
    with workplace.transaction() as session:
        found = kept.earlier(session, later.id, identifiers_of(session.get_one(Case, later.id)))
        assert {each.entry.table for each in found} == {"customer", "invoice", "invoice_line"}
        bram = cast.add_case(session, Right.ACCESS, name="Bram Bos")
        assert kept.earlier(session, bram.id, identifiers_of(bram)) == []


def test_the_ledger_knows_an_address_that_the_shop_no_longer_has(workplace: Workplace, later: Case) -> None:
    with workplace.transaction() as session:
        ask(session, later.id, "lookup", now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        known = {
            each.system: each.is_known for each in session.scalars(select(Lookup).where(Lookup.case_id == later.id))
        }
        of_case = select(AuditEntry.event, AuditEntry.details).where(AuditEntry.case_id == later.id)
        trail = [(event, details.get("system")) for event, details in session.execute(of_case)]
    assert known == {"shop": False, kept.LEDGER: True}
    assert trail == [("identifiers-looked-up", "shop"), ("earlier-request-found", None)]


def test_the_letter_tells_what_is_kept_and_never_that_there_is_nothing(workplace: Workplace, later: Case) -> None:
    def facts() -> answers.Facts:
        with workplace.transaction() as session:
            case = session.get_one(Case, later.id)
            return answers.facts_of(session, case, settings=workplace.context.settings, now=workplace.clock())

    assert facts().still_kept == ()
    confirm(workplace, later)
    told = {each.what: each.until for each in facts().still_kept}
    assert told["Facturen"] == date(2032, 12, 31)
    assert facts().nothing_found is False
    with workplace.transaction() as session:
        case = session.get_one(Case, later.id)
        for_later.note(session, case, by=audit.DATA_SUBJECT, now=workplace.clock())
        letter = answers.compose_letter(session, case, settings=workplace.context.settings, now=workplace.clock())
    assert "Na een ander verzoek van u bewaren wij nog" in letter
    assert "Als alles weg is, laten wij u dat weten." in letter


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_wish_to_be_told_holds_for_what_an_earlier_request_left(
    workplace: Workplace,
    approved: Case,
    later: Case,
    is_confirmed: bool,
) -> None:
    settings, now = workplace.context.settings, workplace.clock()
    with workplace.transaction() as session:
        own = session.get_one(Case, later.id)
        own.status = Status.CLOSED
        own.data_subject.email_confirmed_at = now if is_confirmed else None
        for_later.note(session, own, by=audit.DATA_SUBJECT, now=now)
        for_later.tell(session, settings=settings, now=now)
    with workplace.transaction() as session:
        wishes = {wish.case_id: wish.email for wish in session.scalars(select(LaterNotice))}
    assert wishes == ({approved.id: "hanna@example.org"} if is_confirmed else {})


def test_rows_that_a_new_plan_finds_again_stand_in_the_ledger_once(
    workplace: Workplace,
    approved: Case,
    later: Case,
) -> None:
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    workplace.shop.run("INSERT INTO ticket VALUES (9, 1, 'again')")
    approve_again(workplace, later)
    with workplace.transaction() as session:
        register, now = workplace.context.settings.register, workplace.clock()
        for_later.want(session, session.get_one(Case, approved.id), register=register, by=audit.WORKER, now=now)
        taken_over = session.scalars(select(LedgerEntry).where(LedgerEntry.case_id == approved.id)).first()
        assert taken_over is not None
        retention.ask_for_a_look(session, taken_over, [retention.CHANGED], now=now)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        wishes = {wish.case_id: wish.email for wish in session.scalars(select(LaterNotice))}
        assert wishes == {later.id: "hanna@example.org"}, "who asked to be told of it still is"
        entries = session.scalars(select(LedgerEntry)).all()
        keys = [(entry.table, key) for entry in entries for key in retention.kept_rows(entry)]
        assert len(keys) == len(set(keys)) == 22
        assert sum(entry.row_count for entry in entries) == 22
        assert {entry.case_id for entry in entries} == {later.id}
        taken = session.scalars(select(AuditEntry).where(AuditEntry.event == "ledger-taken-over")).one()
        assert taken.details["rows"] == 22
        first = answers.facts_of(
            session, session.get_one(Case, approved.id), settings=workplace.context.settings, now=now
        )
        assert first.tables_without_entry == (), "the answer to the first request may still be sent"
        assert {each.what for each in first.erased if each.is_part} == {"Klantgegevens", "Facturen"}
        left = session.scalars(select(Task).where(Task.kind == retention.LEFT)).one()
        assert left.done_at == now, "nobody has to look at rows that the newer request decided on"


def test_a_second_plan_of_one_request_leaves_nothing_in_the_ledger_twice(
    workplace: Workplace,
    approved: Case,
) -> None:
    work.run_all(workplace.context)
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    workplace.shop.run("INSERT INTO ticket VALUES (9, 1, 'again')")
    with workplace.transaction() as session:
        for_later.note(session, session.get_one(Case, approved.id), by=audit.DATA_SUBJECT, now=workplace.clock())
    plan = approve_anew(workplace, approved)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        entries = session.scalars(select(LedgerEntry)).all()
        keys = [(entry.table, key) for entry in entries for key in retention.kept_rows(entry)]
        assert len(keys) == len(set(keys)) == 22
        assert {entry.plan_id for entry in entries} == {plan.id}
        assert [wish.case_id for wish in session.scalars(select(LaterNotice))] == [approved.id]


def test_papers_of_an_earlier_request_stay_in_the_ledger(workplace: Workplace, later: Case) -> None:
    """An owner numbers what is found anew for every request."""
    numbered = Group.of(
        ("shop", "invoice", "invoice", Verdict.KEEP, None, None, None, None, None, (ITEM,)), [[[125], ""]]
    )
    with workplace.transaction() as session:
        of_person, now = identifiers_of(session.get_one(Case, later.id)), workplace.clock()
        kept.take_over(session, later.id, of_person, "shop", [numbered], now=now)
        kept_before = [key for entry in session.scalars(select(LedgerEntry)) for key in retention.kept_rows(entry)]
    assert (125,) in kept_before

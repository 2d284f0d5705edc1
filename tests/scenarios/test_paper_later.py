"""What a law keeps on paper, long after the case: another rule, another day; and a restore brings nothing back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from dsr.app import transactions
from dsr.connectors.manual import judged
from dsr.db.errands import Item
from dsr.db.plans import LedgerEntry
from dsr.domain.answer_check import warnings
from dsr.jobs import erasing, replay, schedule
from dsr.jobs.context import Context
from dsr.mail import delivery
from dsr.services import answers, errand_items, errands
from tests.parts.firm import NOOR, TIM, Firm, Person
from tests.parts.paper import PAPER, YARA, Keeper
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER
from tests.parts.starters import words
from tests.scenarios.test_further_plans import approve, plan
from tests.scenarios.test_paper_changes import identified, letter_of

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """Somebody with papers in the binder."""
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor())


@pytest.fixture(autouse=True)
def _closed(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    """Her case is closed: of her papers a quote went, and an invoice is kept through 2031."""
    firm = paper_firm
    identified(firm, hanna, "erasure")
    yara.open()
    yara.note("quote", "Offerte voor een website")
    scan = ("factuur.pdf", b"%PDF een factuur")
    yara.note("paper_invoice", "Factuur 12", scan, document_date="05-03-2024", current_value_ended="2024-04-01")
    yara.done()
    firm.tick()
    plan(firm, hanna)
    approve(firm, hanna)
    yara.send("gewist", items="1", evidence="versnipperd")
    firm.tick()
    letter_of(firm, hanna)
    assert firm.act(NOOR, hanna.reference, "close").status_code == 303


def kept(firm: Firm) -> LedgerEntry:
    with firm.store() as session:
        return session.scalars(select(LedgerEntry).where(LedgerEntry.system == "binder")).one()


def test_another_rule_gives_kept_papers_another_day(paper_firm: Firm, yara: Keeper) -> None:
    firm = paper_firm
    assert kept(firm).may_erase_from == date(2032, 1, 1)
    firm.tick()  # the scan goes with the case; the paper is known by what was noted of it
    procedure = replace(firm.settings.procedure, fiscal_year_start_month=7)
    changed = replace(firm.settings, procedure=procedure)
    context = Context(transactions(firm.app), changed, firm.clock, firm.systems)
    assert erasing.preview_ledger(context)["binder"] == {"earlier": 1}
    erasing.look_again(context)
    assert kept(firm).may_erase_from == date(2031, 7, 1)

    firm.tick()  # by the rules of before
    assert kept(firm).may_erase_from == date(2032, 1, 1)
    firm.come_to(date(2032, 1, 1))
    firm.tick()
    assert "Factuur 12" in yara.open()
    assert yara.send("gewist", items="2", evidence="versnipperd").status_code == 303
    firm.tick()
    assert kept(firm).state == "erased"


def restart(firm: Firm, register: str) -> None:
    """The program starts again, with another register."""
    file = firm.settings.base / "register.toml"
    file.write_text(register)
    firm.settings = replace(firm.settings, register=load_register(file))
    firm.app.extensions["dsr"] = replace(firm.app.extensions["dsr"], settings=firm.settings)
    context = Context(transactions(firm.app), firm.settings, firm.clock, firm.systems)
    firm.jobs = schedule.table(context, delivery.Mail(firm.app, firm.settings))


def test_the_owner_is_asked_for_a_date_that_a_new_rule_counts_from(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    firm.tick()
    paper = PAPER.replace('"fiscal7"', '"oss10"')
    restart(firm, REGISTER + paper)
    asked = len(firm.mails_to(YARA))
    firm.tick()
    assert (kept(firm).why, kept(firm).may_erase_from) == ("date-missing", None)
    assert "er mist een datum" in firm.mails_to(YARA)[asked]
    page = words(yara.open())
    assert "Datums voor: Ordner op kantoor" in page
    assert "Factuur 12" in page
    for wrong in ("", "morgen"):
        assert yara.send("datums", **{"transaction_date-2": wrong}).status_code == 422
    firm.tick()
    assert len(firm.mails_to(YARA)) == asked + 2, "the errand and the code: nobody is asked twice"

    assert all(said in firm.see(NOOR, hanna.reference) for said in ("datum opzoeken", "Alleen collega’s lezen het."))
    assert "Datum van de transactie" in firm.see(NOOR, hanna.reference, f"/errands/{yara.errand().id}")
    assert yara.send("datums", **{"transaction_date-2": "05-03-2014"}).status_code == 303
    assert "5 maart 2014" in firm.see(NOOR, hanna.reference, f"/errands/{yara.errand().id}")
    firm.come_to(date(2026, 11, 24))
    firm.tick()
    assert kept(firm).may_erase_from == date(2026, 11, 24), "its time is over already"
    firm.tick()
    assert "moet er iets weg" in firm.mails_to(YARA)[-1]


def test_the_register_changes_while_an_owner_is_asked_for_dates(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm, asked = paper_firm, len(paper_firm.mails_to(YARA))
    for day, retention in enumerate(
        ('"not-stated"', '{ years = 1, after = { nl = "de offerte", en = "the quote" } }'), 24
    ):
        quotes = PAPER.replace('held_in = ["binder"]', f'retention = {retention}\nheld_in = ["binder"]', 1)
        restart(firm, REGISTER + quotes.replace('"fiscal7"', '"oss10"'))
        firm.come_to(date(2026, 11, day))
        firm.tick()
        assert len(firm.mails_to(YARA)) == asked + 1, "nobody is asked twice for the same date"
    yara.open()
    restart(firm, REGISTER + PAPER.replace('"fiscal7"\nheld_in = ["binder"]', '"oss10"\nheld_in = ["shelf"]'))
    assert yara.send("datums", **{"transaction_date-2": "05-03-2014"}).status_code == 303


def test_the_owner_is_asked_every_year_whether_what_is_kept_was_paid(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    with firm.store() as session:
        item = session.scalars(select(Item).where(Item.category == "paper_invoice")).one()
        item.dates = json.dumps({"document_date": "2024-03-05"})
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.system == "binder")).one()
        digest = firm.settings.register.tables["binder"]["paper_invoice"].fingerprint(
            judged(errand_items.row_of(item)).values
        )
        entry.rows = json.dumps([[[item.number], digest]])
        entry.why, entry.may_erase_from = "current-value", None
    asked = len(firm.mails_to(YARA))
    firm.tick()
    assert len(firm.mails_to(YARA)) == asked, "its plan was carried out this year"
    for year in (2027, 2028):
        firm.come_to(date(year, 1, 4))
        firm.tick()
        assert "er mist een datum" in firm.mails_to(YARA)[-1]
        yara.open()
        assert yara.send("datums", **{"current_value_ended-2": "" if year == 2027 else "2027-12-30"}).status_code == 303
        firm.tick()
    firm.come_to(date(2028, 1, 6))
    firm.tick()
    assert kept(firm).may_erase_from == date(2035, 1, 1)


def test_a_case_and_a_plan_can_be_read_whatever_left_the_register(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    bram = Person(firm, "Bram Bos", "bram@example.org", firm.visitor())
    identified(firm, bram, "erasure")
    yara.find_quote()
    plan(firm, bram)
    with firm.store() as session:
        asked_for = errands.of_case(session, firm.case(session, hanna.reference).id)
    pages = ["", "/plan", "/letter", "/certificate", "/restriction", *(f"/errands/{each.id}" for each in asked_for)]
    for register in (PAPER, REGISTER.replace("shop", "winkel"), REGISTER):  # no database, another one, no paper
        restart(firm, register)
        assert firm.staff(NOOR).see("/staff/ledger").status_code == 200
        assert all(hanna.reference in firm.see(NOOR, hanna.reference, page) for page in pages)
        assert bram.reference in firm.see(TIM, bram.reference, "/approve")
        with firm.store() as session:
            case = firm.case(session, hanna.reference)
            facts = answers.facts_of(session, case, settings=firm.settings, now=firm.clock())
        assert any("No longer in the register" in str(remark) for remark in warnings(facts))
    approve(firm, bram)
    assert "Het register is veranderd nadat dit plan was gemaakt." in firm.see(NOOR, bram.reference)


def test_after_a_restore_the_owner_sees_to_it_that_what_went_stays_gone(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    context = Context(transactions(firm.app), firm.settings, firm.clock, firm.systems)
    today = firm.clock().date()
    asked = len(firm.mails_to(YARA))
    assert replay.ask_owner(context, "binder", today, dry_run=True) == 1
    assert replay.ask_owner(context, "binder", today + timedelta(days=1)) == 0
    firm.tick()
    assert len(firm.mails_to(YARA)) == asked
    assert [replay.ask_owner(context, "binder", today) for _ in range(2)] == [1, 1]
    firm.tick()
    assert len(firm.mails_to(YARA)) == asked + 1
    assert "terugzetten" in firm.mails_to(YARA)[-1]
    page = words(yara.page())
    assert "Opnieuw wissen in: Ordner op kantoor" in page
    assert "1 × Offertes op papier 23 november 2026" in page
    assert "Factuur 12" in page  # it is kept, and not to be destroyed
    assert yara.send("gedaan", done_in="quote", evidence="opnieuw versnipperd").status_code == 303
    told = "Na het terugzetten van Ordner op kantoor: opnieuw gewiste rijen: 1, al weg: 0"
    assert told in firm.see(NOOR, hanna.reference)
    with firm.store() as session:
        asked_for = errands.of_case(session, firm.case(session, hanna.reference).id)
    pages = {each.kind: firm.see(NOOR, hanna.reference, f"/errands/{each.id}") for each in asked_for}
    assert pages.keys() == {"search", "erase", "again"}
    assert "opnieuw versnipperd" in pages["again"]
    assert firm.verify().faults == ()

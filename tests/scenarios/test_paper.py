"""A request to a firm that keeps a part on paper: a mail, a code, what was found, and a letter that says it all."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from zipfile import ZipFile

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from dsr.config import Settings
from dsr.db.plans import LedgerEntry
from dsr.domain.rights import Outcome
from dsr.keys import Keys
from dsr.services import errand_items, plans
from tests.parts.copies import rows_by_column
from tests.parts.firm import NOOR, TIM, Firm, Person, data_of, open_firm
from tests.parts.paper import BINDER, PAPER, YARA, Keeper
from tests.parts.shop import Shop
from tests.parts.smtp import MailServer
from tests.parts.web import Clock

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """A customer of the shop, who once asked for a quote."""
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor())


def identified(firm: Firm, person: Person, *rights: str) -> None:
    """The person asked and is known; the systems are being searched."""
    person.ask(*rights)
    firm.tick()
    person.confirm()
    firm.act(NOOR, person.reference, "take")
    assert firm.act(NOOR, person.reference, "identity").status_code == 303
    firm.tick()


def test_what_is_on_paper_comes_with_the_copy(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "access")
    (mail,) = firm.mails_to(YARA)
    assert hanna.reference in mail
    assert "Ordner op kantoor" in mail
    assert not {"Hanna", "Brinkman", hanna.email} & set(mail.split())
    assert "Hanna" not in yara.page()

    firm.act(NOOR, hanna.reference, "copy")
    firm.tick()
    firm.act(NOOR, hanna.reference, "copy/view")
    refused = firm.act(NOOR, hanna.reference, "copy/release")
    assert refused.status_code == 422
    assert "Ordner op kantoor" in refused.text

    page = yara.open()
    assert f"bij verzoek {hanna.reference}:" in firm.mails_to(YARA)[-1]
    assert "Hanna Brinkman" in page
    assert "hanna@<wbr>example.<wbr>org" in page
    assert "Offertes op papier" in page
    assert yara.note("quote", "Offerte voor een website", ("../offerte.pdf", b"%PDF een offerte")).status_code == 303
    assert "Offerte voor een website" in yara.page()
    assert yara.done().status_code == 303
    assert "Hanna" not in yara.page()
    firm.tick()

    firm.act(NOOR, hanna.reference, "copy/view")
    assert firm.act(NOOR, hanna.reference, "copy/release").status_code == 303
    firm.tick()
    copy = hanna.download(hanna.receipt_code)
    quotes = next(table for table in data_of(copy)["tables"] if table["category"] == "Offertes op papier")
    assert rows_by_column(quotes) == [
        {"item": 1, "description": "Offerte voor een website", "files": "binder-1-offerte.pdf"}
    ]  # fmt: skip
    with ZipFile(io.BytesIO(copy.data)) as archive:
        assert archive.read("binder-1-offerte.pdf") == b"%PDF een offerte"
        assert "Ordner op kantoor" in archive.read("index.html").decode()
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303


def test_what_a_law_keeps_on_paper_stays_and_the_rest_is_destroyed(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    firm.shop.run("UPDATE invoice SET paid_on = issued_on WHERE paid_on IS NULL")
    identified(firm, hanna, "erasure")
    yara.open()
    yara.note("quote", "Offerte voor een website")
    yara.note("paper_invoice", "Factuur 12", document_date="05-03-2024", current_value_ended="2024-04-01")
    yara.note("paper_invoice", "Factuur 3", document_date="2016-03-05", current_value_ended="2016-04-01")
    for of_another in ("datums", "niet-hier", "gewist", "gedaan"):
        yara.send(of_another, evidence="weg", done_in="quote")
        assert yara.errand().is_outstanding
    yara.done()
    firm.tick()

    grounds = {f"ground.{name}": "a" for name in firm.settings.register.categories}
    assert firm.act(NOOR, hanna.reference, "plan", "/plan", **grounds).status_code == 303
    firm.tick()
    approved = approve(firm, hanna.reference)
    assert approved.status_code == 303
    firm.tick()
    assert [row["customer_id"] for row in firm.shop.rows("ticket")] == [2]

    assert "Een eigenaar heeft nog niet geantwoord." in firm.see(NOOR, hanna.reference)
    refused = firm.act(NOOR, hanna.reference, "letter")
    assert refused.status_code == 422
    assert "Ordner op kantoor" in refused.text
    page = yara.page()
    assert "Offerte voor een website" in page
    assert "31 dec 2031" in page
    missed = yara.send("gewist", items=["1"], evidence="versnipperd")
    assert re.search(r"<details open>\s*<summary>Ik kan dit niet doen", missed.text), "where to say why one is left"
    assert missed.status_code == 422
    assert "versnipperd" in missed.text
    assert yara.send("gewist", items=["1", "3"], evidence="x" * 1001).status_code == 422
    assert yara.send("gewist", items=["1", "3"], evidence="versnipperd").status_code == 303
    firm.tick()
    letter = send_letter(firm, hanna)
    assert "Offertes op papier" in letter
    assert "31 december 2031" in letter
    with firm.store() as session:
        case = firm.case(session, hanna.reference)
        assert [item.number for item in errand_items.items_of(session, case.id, "binder")] == [2]
        (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.system == "binder"))
        assert (entry.may_erase_from, entry.row_count) == (date(2032, 1, 1), 1)

    firm.act(NOOR, hanna.reference, "close")
    firm.come_to(date(2032, 1, 1))
    firm.tick()
    assert "Factuur 12" in yara.open()
    assert yara.send("gewist", items=["2"], evidence="versnipperd").status_code == 303
    firm.tick()
    with firm.store() as session:
        (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.system == "binder"))
        assert entry.state == "erased"
        assert errand_items.items_of(session, firm.case(session, hanna.reference).id, "binder") == []
    assert firm.verify().faults == ()


def to_destroy(firm: Firm, hanna: Person, yara: Keeper) -> None:
    """Her quote and an old invoice are to be destroyed; an invoice is kept through 2026."""
    identified(firm, hanna, "erasure")
    yara.open()
    yara.note("quote", "Offerte voor een website")
    for year in ("2016", "2019"):
        yara.note(
            "paper_invoice", f"Factuur van {year}", document_date=f"{year}-02-01", current_value_ended=f"{year}-03-05"
        )
    yara.done()
    firm.tick()
    grounds = {f"ground.{name}": "a" for name in firm.settings.register.categories}
    firm.act(NOOR, hanna.reference, "plan", "/plan", **grounds)
    firm.tick()
    approve(firm, hanna.reference)
    firm.tick()


def test_a_hold_stops_an_owner_who_has_something_of_it_to_destroy(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    to_destroy(firm, hanna, yara)
    for held in ("ticket", "quote"):
        assert "Offerte voor een website" in yara.page()
        fields = {"ground": "dispute", "category": held, "hold_reason": "Zaak 12.", "review_on": "2026-12-31"}
        assert firm.act(NOOR, hanna.reference, "holds", **fields).status_code == 303
    assert "Vernietig niets meer." in yara.page()
    assert "Offerte voor een website" not in yara.page()
    told = len(firm.mails_to(YARA))
    for _ in range(2):
        firm.tick()
    (mail,) = firm.mails_to(YARA)[told:]
    assert "Vernietig er dus niets meer van." in " ".join(mail.split())
    with firm.store() as session:
        plan = plans.current(session, firm.case(session, hanna.reference).id)
        assert plan
        assert (plan.state, "Offertes op papier" in str(plan.note)) == ("void", True)


def test_a_request_that_is_withdrawn_stops_the_owner(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    to_destroy(paper_firm, hanna, yara)
    yara.open()
    told = len(paper_firm.mails_to(YARA))
    paper_firm.tick()
    assert len(paper_firm.mails_to(YARA)) == told, "what is still wanted is not stopped"
    assert paper_firm.act(NOOR, hanna.reference, "withdraw").status_code == 303
    assert "Vernietig niets meer." in yara.page()
    paper_firm.tick()
    assert [
        "Vernietig er dus niets meer van." in " ".join(mail.split()) for mail in paper_firm.mails_to(YARA)[told:]
    ] == [True]
    for _ in range(2):
        page = hanna.status_page()
        assert "Uw verzoek is ingetrokken" in page
        assert not [said for said in ("nu bezig", "uiterlijk") if said in page]
        paper_firm.act(NOOR, hanna.reference, "close")


def test_what_an_owner_destroyed_is_gone_whatever_changed_meanwhile(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    to_destroy(firm, hanna, yara)
    firm.come_to(date(2026, 12, 20))
    firm.tick()
    firm.come_to(date(2027, 1, 4))
    assert "t/m do 31 dec 2026" in yara.open()
    assert yara.send("gewist", items=["1", "2"], evidence="versnipperd").status_code == 303
    with firm.store() as session:
        case = firm.case(session, hanna.reference)
        plan = plans.current(session, case.id)
        assert plan
        assert plan.state == "executed"
        assert [item.number for item in errand_items.items_of(session, case.id, "binder")] == [3]
    firm.tick()
    assert "Factuur van 2019" in yara.open()


def approve(firm: Firm, reference: str) -> TestResponse:
    """Tim looks at the plan and agrees."""
    page = firm.see(TIM, reference, "/approve")
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert digest
    return firm.act(TIM, reference, "approve", "/approve", digest=digest[1], looked="yes")


def send_letter(firm: Firm, person: Person) -> str:
    """The answer as the person reads it."""
    sent = firm.act(NOOR, person.reference, "letter")
    assert sent.status_code == 303, sent.text
    firm.tick()
    return person.read_letter(person.receipt_code).text


def test_what_was_not_destroyed_in_time_is_told(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "erasure")
    yara.find_quote()
    grounds = {f"ground.{name}": "a" for name in firm.settings.register.categories}
    firm.act(NOOR, hanna.reference, "plan", "/plan", **grounds)
    firm.tick()
    approve(firm, hanna.reference)
    firm.tick()
    link = yara.path
    errand = f"errands/{yara.errand().id}"
    given_up = firm.act(NOOR, hanna.reference, f"{errand}/give-up", give_up_reason="De ordner is zoek.")
    assert given_up.status_code == 303
    assert "Offerte voor een website" not in yara.browser.see(link).text
    letter = firm.see(NOOR, hanna.reference, "/letter")
    assert "De ordner is zoek." in letter
    assert "voor een deel gedaan" in letter
    assert "verwijderden wij: Offertes op papier" not in letter
    with firm.store() as session:
        case = firm.case(session, hanna.reference)
        assert [right.result for right in case.rights] == [Outcome.PARTLY_FULFILLED]
        assert [item.number for item in errand_items.items_of(session, case.id, "binder")] == [1]
    assert firm.verify().faults == ()


def test_a_firm_with_nothing_but_paper(
    shop: Shop, settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer
) -> None:
    settings = replace(settings, systems={"binder": BINDER})
    with open_firm(shop, settings, PAPER, key_set, clock=clock, server=smtp_server) as firm:
        hanna = Person(firm, "Hanna Brinkman", "hanna@example.org", firm.visitor())
        hanna.ask("access")
        firm.tick()
        hanna.confirm()
        firm.act(NOOR, hanna.reference, "take")
        assert "eigen administratie" in firm.see(NOOR, hanna.reference)
        assert firm.act(NOOR, hanna.reference, "identity").status_code == 422
        assert firm.mails_to(YARA) == []
        assert firm.act(NOOR, hanna.reference, "identity", seen_on_file="yes").status_code == 303
        firm.tick()
        yara = Keeper(firm)
        yara.open()
        assert yara.nothing().status_code == 303
        firm.tick()
        decided = firm.act(NOOR, hanna.reference, "rights/access", outcome="not-applicable", reason="Niets gevonden.")
        assert decided.status_code == 303
        assert "vonden niets van u" in send_letter(firm, hanna)


def test_the_copy_names_what_was_gone_on_without(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "access")
    path = f"errands/{yara.errand().id}/give-up"
    assert firm.act(NOOR, hanna.reference, path, give_up_reason="De ordner is zoek.").status_code == 303
    firm.act(NOOR, hanna.reference, "copy")
    firm.tick()
    page = firm.act(NOOR, hanna.reference, "copy/view").text
    assert "Wij konden niet zoeken in: Ordner op kantoor." in page
    assert "Klantgegevens" in page

"""What must change where a person keeps the data: corrected, restricted or stopped by the owner, and only then told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from werkzeug.test import TestResponse

from dsr.config import Settings
from dsr.domain.rights import Outcome
from dsr.keys import Keys
from dsr.services import errands, restriction, work
from tests.parts.firm import NOOR, TIM, Firm, Person, open_firm
from tests.parts.paper import BINDER, PAPER, YARA, Keeper
from tests.parts.shop import Shop
from tests.parts.smtp import MailServer
from tests.parts.starters import words
from tests.parts.web import Clock

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
CORRECTION, RESTRICTION = "/rectification", "/restriction"


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """A customer of the shop, who once asked for a quote."""
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor())


def identified(firm: Firm, person: Person, *rights: str, on_paper: bool = False) -> None:
    """The person asked and is known."""
    person.ask(*rights, details="Mijn straat klopt niet.")
    firm.tick()
    person.confirm()
    firm.act(NOOR, person.reference, "take")
    firm.tick()
    seen = {"seen_on_file": "yes"} if on_paper else {}
    assert firm.act(NOOR, person.reference, "identity", **seen).status_code == 303
    firm.tick()


def laid_out(firm: Firm, person: Person) -> str:
    """The page on which the values are typed."""
    assert firm.act(NOOR, person.reference, "rectification/rows", CORRECTION).status_code == 303
    firm.tick()
    return firm.see(NOOR, person.reference, CORRECTION)


def propose(firm: Firm, person: Person, **typed: str) -> TestResponse:
    """Noor proposes what she typed."""
    return firm.act(NOOR, person.reference, "rectification", CORRECTION, **typed)


def approve(firm: Firm, person: Person) -> None:
    """Tim agrees to the correction."""
    digest = re.search(r'name="digest" value="(\w+)"', firm.see(TIM, person.reference, CORRECTION))
    assert digest
    approved = firm.act(TIM, person.reference, "approve", CORRECTION, digest=digest[1], looked="1")
    assert approved.status_code == 303
    firm.tick()


def letter_of(firm: Firm, person: Person) -> str:
    """The answer as the person reads it."""
    sent = firm.act(NOOR, person.reference, "letter")
    assert sent.status_code == 303, sent.text
    firm.tick()
    return words(person.read_letter(person.receipt_code).text)


def outcome_of(firm: Firm, person: Person) -> Outcome | None:
    with firm.store() as session:
        return firm.case(session, person.reference).rights[0].result


def test_the_owner_corrects_too_and_only_then_it_is_told(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    hanna.browser.see("/verzoek/rechten?lang=en")
    identified(firm, hanna, "rectification")
    assert "Ordner op kantoor" in laid_out(firm, hanna)
    wrong = propose(firm, hanna, **{"by-hand.binder": "yes", "line.0.new": "Dorpsstraat 1"})
    assert wrong.status_code == 422
    assert "Zeg wat dit voor waarden zijn" in wrong.text
    assert 'value="Dorpsstraat 1"' in wrong.text
    typed = {"by-hand.binder": "yes", "0.0.address": "Dorpsstraat 1", "line.0.what": "plaats", "line.0.new": "Leiden"}
    assert propose(firm, hanna, **typed).status_code == 303
    assert firm.mails_to(YARA) == []
    approve(firm, hanna)
    assert firm.shop.rows("customer")[0]["address"] == "Dorpsstraat 1"  # the shop does not wait for the binder
    (mail,) = firm.mails_to(YARA)
    assert "verbeterd" in mail
    assert not {"Hanna", "Dorpsstraat"} & set(re.findall(r"\w+", mail))

    refused = firm.act(NOOR, hanna.reference, "letter")
    assert refused.status_code == 422
    assert "De eigenaar zei nog niet dat het gedaan is in: Ordner op kantoor." in refused.text
    assert "Een eigenaar heeft nog niet geantwoord." in firm.see(NOOR, hanna.reference)
    page = words(yara.open())
    assert "plaats Leiden" in page
    assert "adres Sluisweg 3 → wordt Dorpsstraat 1" in page
    assert "schrijf er niet overheen" in page
    missed = yara.send("gedaan", evidence="op de kaart")
    assert missed.status_code == 422
    assert "op de kaart" in missed.text
    assert yara.send("gedaan", done_in="quote", evidence="x" * 1001).status_code == 422
    done = yara.send("gedaan", done_in=["quote", "paper_invoice", "customer"], evidence="op de kaart")
    assert done.status_code == 303
    assert "Dorpsstraat" not in yara.page()
    firm.tick()
    assert "adres Sluisweg 3 → Dorpsstraat 1" in words(firm.see(NOOR, hanna.reference, CORRECTION))
    assert "boekhouding verbeteren Ordner op kantoor" in words(firm.see(NOOR, hanna.reference))
    letter = letter_of(firm, hanna)
    assert "Quotes on paper: plaats was – is now Leiden" in letter
    assert "Quotes on paper: address was Sluisweg 3 is now Dorpsstraat 1" in letter
    assert "Invoices on paper: plaats " in letter
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
    assert firm.verify().faults == ()


def test_a_statement_goes_with_the_papers(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "rectification")
    said = {"statement": "Ik woon daar al sinds mei niet meer."}
    assert firm.act(NOOR, hanna.reference, "rectification/statement", CORRECTION, **said).status_code == 303
    firm.tick()
    assert "Ik woon daar al sinds mei niet meer." in yara.open()
    decided = firm.act(NOOR, hanna.reference, "rights/rectification", outcome="refused", reason="Zo staat het er.")
    assert decided.status_code == 303
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 422
    assert yara.send("gedaan", done_in="quote", evidence="bij de offerte gelegd").status_code == 303
    firm.tick()
    assert "Wij bewaren uw verklaring bij uw gegevens." in letter_of(firm, hanna)
    errand = f"/staff/cases/{hanna.reference}/errands/{yara.errand().id}"
    assert "bij de offerte gelegd" in firm.staff(NOOR).see(errand).text


@pytest.fixture
def office(shop: Shop, settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer) -> Iterator[Firm]:
    """A firm with nothing but a binder."""
    settings = replace(settings, systems={"binder": BINDER})
    with open_firm(shop, settings, PAPER, key_set, clock=clock, server=smtp_server) as firm:
        yield firm


@pytest.mark.parametrize(
    ("answer", "outcome"), [("niet-hier", Outcome.NOT_APPLICABLE), ("give-up", Outcome.REFUSED)]
)  # fmt: skip
def test_with_nothing_but_paper_what_is_not_corrected_is_not_called_so(
    office: Firm, answer: str, outcome: Outcome
) -> None:
    hanna = Person(office, "Hanna Brinkman", "hanna@example.org", office.visitor())
    yara = Keeper(office)
    identified(office, hanna, "rectification", on_paper=True)
    laid_out(office, hanna)
    empty = propose(office, hanna, **{"by-hand.binder": "yes"})
    assert empty.status_code == 422
    line = {"line.0.what": "straat", "line.0.old": "Kade 1", "line.0.new": "Gracht 2"}
    assert propose(office, hanna, **line, **{"by-hand.binder": "yes"}).status_code == 303
    approve(office, hanna)
    yara.open()
    if answer == "niet-hier":
        assert yara.send(answer).status_code == 303
    else:
        path = f"errands/{yara.errand().id}/give-up"
        assert office.act(NOOR, hanna.reference, path, give_up_reason="De ordner is zoek.").status_code == 303
    office.tick()
    assert outcome_of(office, hanna) is outcome
    decided = {"outcome": outcome.value, "reason": "Wij vonden dit niet bij ons."}
    assert office.act(NOOR, hanna.reference, "rights/rectification", **decided).status_code == 303
    letter = letter_of(office, hanna)
    assert "verbeterd" not in letter
    assert ("De ordner is zoek." in letter) is (answer == "give-up")


def test_what_is_restricted_is_marked_by_the_owner_and_freed_after_the_lifting(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    identified(firm, hanna, "restriction")
    chosen = {"ground": "a", "categories": ["quote", "paper_invoice"]}
    assert firm.act(NOOR, hanna.reference, "restriction", RESTRICTION, **chosen).status_code == 303
    firm.tick()
    assert "gevraagd aan de eigenaar" in firm.see(NOOR, hanna.reference, RESTRICTION)
    refused = firm.act(NOOR, hanna.reference, "letter")
    assert refused.status_code == 422
    assert "De eigenaar zei nog niet dat het gedaan is in: Ordner op kantoor." in refused.text
    page = words(yara.open())
    assert "Alleen bewaren in: Ordner op kantoor" in page
    assert "schrijf er niet overheen" not in page
    assert yara.send("gedaan", done_in="quote", evidence="rood vel").status_code == 303
    firm.tick()
    assert "aangetekend door de eigenaar" in firm.see(NOOR, hanna.reference, RESTRICTION)
    assert "Beperkt: Offertes op papier, Facturen op papier" in firm.see(NOOR, hanna.reference)
    held = re.findall(r"restriction/([0-9a-f-]{36})/notice", firm.see(NOOR, hanna.reference, RESTRICTION))[0]
    told = {f"lift_reason.{held}": "Uitgezocht.", f"lift_on.{held}": "2026-12-01"}
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/notice", RESTRICTION, **told).status_code == 303
    firm.tick()
    firm.come_to(date(2026, 12, 1))
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/lift", RESTRICTION).status_code == 303
    firm.tick()
    assert "Offertes op papier" in letter_of(firm, hanna), "nothing in it waits until the mark is gone"
    page = words(yara.open())
    assert "Weer gebruiken in: Ordner op kantoor" in page
    assert "Offertes op papier" in page
    assert "Facturen op papier" not in page
    assert yara.send("gedaan", done_in="quote", evidence="rood vel eruit").status_code == 303
    assert firm.verify().faults == ()


def test_what_the_owner_left_unmarked_is_told_as_done_in_part(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "restriction")
    assert (
        firm.act(NOOR, hanna.reference, "restriction", RESTRICTION, ground="a", categories="quote").status_code == 303
    )
    firm.tick()
    assert outcome_of(firm, hanna) is Outcome.FULFILLED
    path = f"errands/{yara.errand().id}/give-up"
    assert firm.act(NOOR, hanna.reference, path, give_up_reason="De ordner is zoek.").status_code == 303
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
    letter = letter_of(firm, hanna)
    assert "Dat hebben wij voor een deel gedaan." in letter
    assert (
        "Hier is niet gedaan wat er moest gebeuren, of wij weten dat niet zeker. De reden: De ordner is zoek." in letter
    )


def test_a_restriction_does_not_wait_until_the_owner_has_looked(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    identified(paper_firm, hanna, "restriction", "access")
    assert "Beperk de gegevens" in paper_firm.see(NOOR, hanna.reference)
    paper_firm.act(NOOR, hanna.reference, "restriction", RESTRICTION, ground="a", categories=["quote"])
    paper_firm.tick()
    waits_too = f"Opzoeken in: Ordner op kantoor Verzoek {hanna.reference}"
    assert waits_too in words(yara.open())


def test_a_restriction_that_ends_before_it_was_marked_asks_nothing_more(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    identified(paper_firm, hanna, "restriction")
    chosen = {"ground": "a", "categories": ["quote"]}
    paper_firm.act(NOOR, hanna.reference, "restriction", RESTRICTION, **chosen)
    paper_firm.tick()
    with paper_firm.store() as session:
        case = paper_firm.case(session, hanna.reference)
        (held,) = restriction.of_case(session, case.id)
        held.lifted_at = paper_firm.clock()
        work.ask(session, case.id, "restrict", now=paper_firm.clock())
    paper_firm.tick()
    assert "U hoeft niets meer te doen" in yara.page()
    with paper_firm.store() as session:
        assert [(each.kind, each.state) for each in errands.of_case(session, case.id)] == [("restrict", "lapsed")]
    assert "niet meer nodig" in paper_firm.see(NOOR, hanna.reference)


@pytest.fixture
def list_firm(shop: Shop, settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer) -> Iterator[Firm]:
    """A firm whose binder holds a list for advertising."""
    settings = replace(settings, systems={"binder": BINDER})
    register = PAPER.replace('source = { nl = "van uzelf"', 'marketing = true\nsource = { nl = "van uzelf"')
    with open_firm(shop, settings, register, key_set, clock=clock, server=smtp_server) as firm:
        yield firm


@pytest.mark.parametrize("answer", ["niet-hier", "give-up"])
def test_advertising_from_a_list_on_paper_stops_at_once(list_firm: Firm, answer: str) -> None:
    firm = list_firm
    hanna, yara = Person(firm, "Hanna Brinkman", "hanna@example.org", firm.visitor()), Keeper(firm)
    hanna.ask("marketing-objection")
    firm.tick()
    page = words(yara.open())
    assert "Geen reclame meer vanuit: Ordner op kantoor" in page
    assert "Facturen op papier" not in page
    firm.act(NOOR, hanna.reference, "take")
    assert "De eigenaar zei nog niet" in firm.act(NOOR, hanna.reference, "letter").text
    hanna.confirm()
    if answer == "niet-hier":
        assert yara.send(answer).status_code == 303
    else:
        path = f"errands/{yara.errand().id}/give-up"
        assert firm.act(NOOR, hanna.reference, path, give_up_reason="De lijst is zoek.").status_code == 303
    letter = letter_of(firm, hanna)
    assert "Gestopt op 23 november 2026" in letter
    assert ("voor een deel gedaan" in letter) is ("De lijst is zoek." in letter) is (answer == "give-up")
    assert (outcome_of(firm, hanna) is Outcome.FULFILLED) is (answer == "niet-hier")


def test_a_withdrawn_consent_asks_the_owner_of_the_list_once(
    shop: Shop, settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer
) -> None:
    settings = replace(settings, systems={"binder": BINDER})
    register = PAPER.replace('"contract"', '"consent"\nmarketing = true')
    with open_firm(shop, settings, register, key_set, clock=clock, server=smtp_server) as firm:
        hanna = Person(firm, "Hanna Brinkman", "hanna@example.org", firm.visitor())
        identified(firm, hanna, "consent-withdrawal", on_paper=True)
        asked = [mail for mail in firm.mails_to(YARA) if "reclame" in mail or "alleen nog" in mail]
        assert len(asked) == 1


def test_a_hold_and_the_certificate_leave_a_correction_alone(paper_firm: Firm, hanna: Person) -> None:
    identified(paper_firm, hanna, "rectification", "erasure")
    laid_out(paper_firm, hanna)
    assert propose(paper_firm, hanna, **{"0.0.address": "Dorpsstraat 1"}).status_code == 303
    held = {"ground": "dispute", "hold_reason": "Zaak 12.", "review_on": "2026-12-31"}
    assert paper_firm.act(NOOR, hanna.reference, "holds", **held).status_code == 303
    approve(paper_firm, hanna)
    assert paper_firm.shop.rows("customer")[0]["address"] == "Dorpsstraat 1"
    assert "niets te verklaren" in paper_firm.staff(NOOR).see(f"/staff/cases/{hanna.reference}/certificate").text

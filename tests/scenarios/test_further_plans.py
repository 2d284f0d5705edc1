"""An erasure does not wait for the slowest system: the rest goes, and what was outstanding gets a further plan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.rights import Outcome
from dsr.domain.row_keys import Key
from dsr.services import plans
from dsr.services.retention import kept_rows
from tests.parts.firm import NOOR, TIM, Firm, Person
from tests.parts.paper import Keeper
from tests.parts.starters import words
from tests.scenarios.test_paper_changes import identified, letter_of, outcome_of

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
BINDER = "Ordner op kantoor"


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """A customer of the shop, who once asked for a quote."""
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor())


def plan(firm: Firm, person: Person) -> TestResponse:
    """Noor has a plan drawn up, in which all may go."""
    grounds = {f"ground.{name}": "a" for name in firm.settings.register.categories}
    asked = firm.act(NOOR, person.reference, "plan", "/plan", **grounds)
    firm.tick()
    return asked


def approve(firm: Firm, person: Person) -> str:
    """Tim agrees; the page that he saw."""
    page = firm.see(TIM, person.reference, "/approve")
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert digest, page
    agreed = firm.act(TIM, person.reference, "approve", "/approve", digest=digest[1], looked="yes")
    assert agreed.status_code == 303
    firm.tick()
    return words(page)


@contextmanager
def out_of_reach(firm: Firm) -> Iterator[None]:
    """The shop does not answer."""
    shop = Path(firm.settings.systems["shop"].path or "")
    firm.systems["shop"].close()
    away = shop.rename(shop.with_suffix(".away"))
    yield
    away.rename(shop)


def newest(firm: Firm, person: Person) -> CasePlan:
    with firm.store() as session:
        found = plans.current(session, firm.case(session, person.reference).id)
        assert found is not None
        return found


def test_what_answered_goes_and_the_rest_gets_a_further_plan(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "erasure")
    assert "Maak het wisplan" in firm.see(NOOR, hanna.reference)
    assert plan(firm, hanna).status_code == 303
    page = approve(firm, hanna)
    assert f"Nog geen antwoord: {BINDER}." in page
    assert [row["customer_id"] for row in firm.shop.rows("ticket")] == [2]
    assert outcome_of(firm, hanna) is None
    assert f"Deze verklaring zegt niets over wat nog niet heeft geantwoord: {BINDER}." in _certificate(firm, hanna)
    decided = firm.act(NOOR, hanna.reference, "rights/erasure", outcome="fulfilled")
    assert decided.status_code == 303
    refused = firm.act(NOOR, hanna.reference, "letter")
    assert f"De verwijdering reikt nog niet tot dit systeem: {BINDER}." in refused.text

    told = len(firm.mails_to("tim@polder.example"))
    yara.find_quote()
    assert len(firm.mails_to("tim@polder.example")) == told + 1
    assert "toen plan 1 werd opgesteld" in approve(firm, hanna)
    assert yara.send("gewist", items="1", evidence="versnipperd").status_code == 303
    firm.tick()
    assert "Niet compleet" not in _certificate(firm, hanna)
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
    letter = letter_of(firm, hanna)
    assert "Offertes op papier" in letter
    assert "Klantgegevens" in letter
    assert "Facturen" in letter
    assert firm.verify().faults == ()


def _certificate(firm: Firm, person: Person) -> str:
    return words(firm.see(NOOR, person.reference, "/certificate"))


@pytest.mark.parametrize("answer", ["nothing", "given up"])
def test_what_holds_nothing_needs_no_further_plan(paper_firm: Firm, hanna: Person, yara: Keeper, answer: str) -> None:
    firm = paper_firm
    identified(firm, hanna, "erasure")
    plan(firm, hanna)
    approve(firm, hanna)
    assert outcome_of(firm, hanna) is None
    if answer == "nothing":
        yara.open()
        yara.nothing()
    else:
        path = f"errands/{yara.errand().id}/give-up"
        assert firm.act(NOOR, hanna.reference, path, give_up_reason="De ordner is zoek.").status_code == 303
    firm.tick()
    found = newest(firm, hanna)
    assert (found.number, found.outstanding) == (1, [])
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
    assert ("De ordner is zoek." in letter_of(firm, hanna)) is (answer == "given up")


def test_a_further_plan_goes_on_beside_one_that_an_owner_still_carries_out(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    identified(firm, hanna, "erasure")
    yara.find_quote()
    with out_of_reach(firm):
        firm.act(NOOR, hanna.reference, "search")
        firm.tick()
        assert "Maak het wisplan" in firm.see(NOOR, hanna.reference), "the search is tried again meanwhile"
        plan(firm, hanna)
        assert "Nog geen antwoord:" in approve(firm, hanna)
    firm.clock.move(timedelta(minutes=5))
    firm.tick()
    approve(firm, hanna)
    assert [row["customer_id"] for row in firm.shop.rows("ticket")] == [2]
    assert outcome_of(firm, hanna) is None
    yara.open()
    assert yara.send("gewist", items="1", evidence="versnipperd").status_code == 303
    firm.tick()
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED


def test_a_further_plan_that_was_returned_is_made_anew_for_its_part(
    paper_firm: Firm, hanna: Person, yara: Keeper
) -> None:
    firm = paper_firm
    identified(firm, hanna, "erasure")
    plan(firm, hanna)
    approve(firm, hanna)
    yara.find_quote()
    refused = firm.act(TIM, hanna.reference, "return", "/approve", note=" ")
    assert '<details class="pad" open><summary>Terugsturen met een reden' in refused.text
    firm.act(TIM, hanna.reference, "return", "/approve", note="Die offerte loopt nog.")
    assert "Het plan is teruggestuurd" in firm.see(NOOR, hanna.reference)
    plan(firm, hanna)
    found = newest(firm, hanna)
    assert (found.number, found.state, [*plans.parts_of(found)]) == (3, "proposed", ["binder"])
    assert found.follows_id is not None


def given_up(firm: Firm, person: Person, reason: str) -> TestResponse:
    """Noor goes on without the shop."""
    answer = firm.act(NOOR, person.reference, "systems/shop/give-up", system="shop", **{"reason-shop": reason})
    firm.tick()
    return answer


@contextmanager
def shop_away(firm: Firm, hanna: Person, yara: Keeper, since: str) -> Iterator[None]:
    """An erasure as far as it comes without the shop, which is away since then."""
    identified(firm, hanna, "erasure")
    yara.find_quote()
    assert "Systemen waarop wij wachten" not in firm.see(NOOR, hanna.reference)
    if since == "after the plan":
        plan(firm, hanna)
    with out_of_reach(firm):
        if since == "before the plan":
            plan(firm, hanna)
        approve(firm, hanna)
        yara.open()
        yara.send("gewist", items="1", evidence="versnipperd")
        firm.tick()
        yield


@pytest.mark.parametrize("since", ["before the plan", "after the plan"])
def test_a_database_that_is_gone_is_given_up_and_told(
    paper_firm: Firm, hanna: Person, yara: Keeper, since: str
) -> None:
    firm = paper_firm
    with shop_away(firm, hanna, yara, since):
        assert outcome_of(firm, hanna) is None
        assert given_up(firm, hanna, "").status_code == 422
        refused = given_up(firm, hanna, "De winkel is gestopt.\x00" * 400)
        assert refused.status_code == 422
        assert "De winkel is gestopt." in refused.text
        assert given_up(firm, hanna, "De winkel is gestopt.").status_code == 303
        assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
        certificate = _certificate(firm, hanna)
        assert "niet is afgewacht: shop." in certificate
        assert "bewaard tot hun dag" not in certificate
        page = words(firm.see(NOOR, hanna.reference))
        assert "Noor Bakker ging verder zonder shop." in page
        letter = letter_of(firm, hanna)
    assert "Dat hebben wij voor een deel gedaan." in letter
    assert "De winkel is gestopt." in letter
    assert "shop. Hier is niet gedaan wat er moest gebeuren, of wij weten dat niet zeker. De reden:" in letter
    assert "Nog bewaard" not in letter
    assert kept(firm) == []
    assert firm.verify().faults == ()


def kept(firm: Firm) -> list[tuple[str, Key]]:
    """What the ledger keeps, row by row."""
    with firm.store() as session:
        return [(entry.table, key) for entry in session.scalars(select(LedgerEntry)) for key in kept_rows(entry)]


@pytest.mark.parametrize("since", ["before the plan", "after the plan"])
def test_what_was_given_up_and_comes_back_gets_a_further_plan(
    paper_firm: Firm, hanna: Person, yara: Keeper, since: str
) -> None:
    firm = paper_firm
    with shop_away(firm, hanna, yara, since):
        given_up(firm, hanna, "De winkel is gestopt.")
    assert outcome_of(firm, hanna) is Outcome.PARTLY_FULFILLED
    assert firm.act(NOOR, hanna.reference, "systems/shop/ask-again").status_code == 303
    assert "shop wordt opnieuw gevraagd" in firm.see(NOOR, hanna.reference)
    firm.tick()
    refused = firm.act(NOOR, hanna.reference, "letter")
    assert "Er is geen bewijs van de wissing in: shop." in refused.text
    assert "Zonder verdergegaan" not in firm.see(TIM, hanna.reference, "/approve")
    approve(firm, hanna)
    assert [row["customer_id"] for row in firm.shop.rows("ticket")] == [2]
    assert len(kept(firm)) == len({*kept(firm)}) > 0
    letter = letter_of(firm, hanna)
    assert "Niet gedaan" not in letter
    assert "Nog bewaard" in letter
    assert firm.verify().faults == ()

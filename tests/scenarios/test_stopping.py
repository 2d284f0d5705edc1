"""Objection, restriction and withdrawn consent, from the form to the letter and the end of the restriction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import URL, select
from werkzeug.test import TestResponse

from dsr.config import Settings
from dsr.db.notices import Task
from dsr.keys import Keys
from tests.parts.firm import NOOR, TIM, Firm, Person, open_firm
from tests.parts.restrictions import MARKED_REGISTER, add_mark, marks
from tests.parts.shop import Shop
from tests.parts.smtp import MailServer
from tests.parts.starters import words
from tests.parts.web import Clock
from tests.scenarios.test_correction import identified

PAGE = "/restriction"
GROUNDS = "Wij moeten misbruik kunnen vaststellen.\nDat weegt hier zwaarder."


@pytest.fixture
def shop_url(sqlite_url: URL) -> URL:
    """A shop on SQLite."""
    return sqlite_url


@pytest.fixture
def firm(shop: Shop, shop_settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer) -> Iterator[Firm]:
    """A firm whose shop marks what may only be stored."""
    add_mark(shop)
    with open_firm(shop, shop_settings, MARKED_REGISTER, key_set, clock=clock, server=smtp_server) as made:
        yield made


def letter_of(firm: Firm, person: Person) -> str:
    sent = firm.act(NOOR, person.reference, "letter")
    assert sent.status_code == 303, sent.text
    return words(person.read_letter(person.receipt_code).text)


def test_an_objection_stops_first_is_weighed_and_ends_after_a_notice(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "objection", details="Mijn vragen gaan niemand aan.")
    assert marks(firm.shop)[1] == 1
    assert firm.act(NOOR, hanna.reference, "objection", PAGE, result="compelling", grounds="").status_code == 422
    weighed = firm.act(NOOR, hanna.reference, "objection", PAGE, result="compelling", grounds=GROUNDS)
    assert weighed.status_code == 303
    letter = letter_of(firm, hanna)
    assert "bewaren wij deze gegevens alleen nog: Vragen aan de helpdesk." in letter
    assert "dwingende redenen, die zwaarder wegen" in letter
    assert "Dat weegt hier zwaarder." in letter
    assert "Voordat wij ze weer gaan gebruiken, krijgt u bericht." in letter
    _it_is_lifted_after_a_notice_and_not_before(firm, hanna)
    assert firm.verify().faults == ()


def _it_is_lifted_after_a_notice_and_not_before(firm: Firm, hanna: Person) -> None:
    held = re.findall(r"restriction/([0-9a-f-]{36})/notice", firm.see(NOOR, hanna.reference, PAGE))[0]
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/lift", PAGE).status_code == 422
    for reason, day in (("", "2026-12-01"), ("Uitgezocht.", "2026-11-23"), ("Uitgezocht.", "morgen")):
        told = _announce(firm, hanna, held, reason, day)
        assert told.status_code == 422
        assert reason in told.text
    assert _announce(firm, hanna, held, "Uw bezwaar is afgewogen.", "2026-12-01").status_code == 303
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/lift", PAGE).status_code == 422
    firm.tick()
    assert "eindigt, helemaal of voor een deel, op dinsdag 1 december 2026" in words(firm.mails_to(hanna.email)[-1])
    page = firm.see(NOOR, hanna.reference, PAGE)
    assert "U kunt haar opheffen vanaf dinsdag 1 december 2026." in page
    assert "De beperking opheffen" not in page
    assert "Uw bezwaar is afgewogen." in hanna.status_page()
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/lift", PAGE).status_code == 422
    asked_to_lift = f"{hanna.reference}: de dag is gekomen om een beperking op te heffen"
    assert not any(asked_to_lift in mail for mail in firm.mails_to("noor@polder.example"))
    firm.come_to(date(2026, 12, 1))
    for _ in range(2):
        firm.tick()
    with firm.store() as session:
        (task,) = session.scalars(select(Task).where(Task.kind == "restriction-to-lift")).all()
        assert (task.done_at, task.case_id) == (None, firm.case(session, hanna.reference).id)
    assert asked_to_lift in firm.mails_to("noor@polder.example")[-1]
    assert firm.act(NOOR, hanna.reference, f"restriction/{held}/lift", PAGE).status_code == 303
    firm.tick()
    assert marks(firm.shop)[1] == 0
    with firm.store() as session:
        assert session.get_one(Task, task.id).done_at
    assert "opgeheven op" in firm.see(NOOR, hanna.reference, PAGE)


def _announce(firm: Firm, hanna: Person, held: str, reason: str, day: str) -> TestResponse:
    fields = {f"lift_reason.{held}": reason, f"lift_on.{held}": day}
    return firm.act(NOOR, hanna.reference, f"restriction/{held}/notice", PAGE, **fields)


def test_a_restriction_is_told_with_its_ground(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "restriction")
    chosen = {"ground": "c", "categories": ["ticket", "customer"]}
    assert firm.act(NOOR, hanna.reference, "restriction", PAGE, ground="c").status_code == 422
    assert firm.act(NOOR, hanna.reference, "restriction", PAGE, **chosen).status_code == 303
    firm.tick()
    letter = letter_of(firm, hanna)
    assert "bewaren wij deze gegevens alleen nog: Klantgegevens en Vragen aan de helpdesk." in letter
    assert "artikel 18 lid 1 onder c AVG" in letter


def test_a_withdrawn_consent_stops_at_once_and_what_rested_on_it_is_erased(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "consent-withdrawal")
    assert firm.act(NOOR, hanna.reference, "consent", "").status_code == 303
    firm.tick()
    digest = firm.see(TIM, hanna.reference, "/approve").split('name="digest" value="')[1][:64]
    approved = firm.act(TIM, hanna.reference, "approve", "/approve", digest=digest, looked="1")
    assert approved.status_code == 303
    firm.tick()
    assert [row["email"] for row in firm.shop.rows("newsletter")] == ["bram@example.org"]
    letter = letter_of(firm, hanna)
    assert "U trok uw toestemming in. Sinds 23 november 2026 gebruiken wij niet meer: Nieuwsbrief." in letter
    assert "Op 23 november 2026 verwijderden wij: Nieuwsbrief." in letter


def test_a_handler_adds_a_right_that_the_request_turns_out_to_invoke(firm: Firm, hanna: Person) -> None:
    hanna.ask("marketing-objection")
    firm.tick()
    firm.act(NOOR, hanna.reference, "take")
    assert firm.act(NOOR, hanna.reference, "rights/add", added="objection").status_code == 303
    assert firm.act(NOOR, hanna.reference, "rights/add", added="objection").status_code == 422
    page = firm.see(NOOR, hanna.reference)
    assert "Bezwaar" in page
    assert "identiteit" in page

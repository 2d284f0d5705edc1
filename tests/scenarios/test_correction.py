"""A correction from the form to the letter: what is typed, agreed, changed, told, and kept as a statement."""

from __future__ import annotations

import pytest
from sqlalchemy import URL

from tests.parts.firm import NOOR, TIM, Firm, Person, data_of
from tests.parts.starters import words

CUSTOMER, INVOICE = "0.0", "1.0"
STATEMENT = "Ik woon al sinds mei op een ander adres.\nDe factuur is te hoog."


@pytest.fixture
def shop_url(sqlite_url: URL) -> URL:
    """A shop on SQLite."""
    return sqlite_url


def identified(firm: Firm, person: Person, *rights: str, details: str = "") -> None:
    person.ask(*rights, details=details)
    firm.tick()
    firm.act(NOOR, person.reference, "take")
    person.confirm()
    firm.tick()
    assert firm.act(NOOR, person.reference, "identity").status_code == 303
    firm.tick()


def test_from_the_form_to_the_letter_and_the_next_copy(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "rectification", details="Mijn adres klopt niet.")
    page = "/rectification"
    assert firm.act(NOOR, hanna.reference, "rectification/rows", page).status_code == 303
    firm.tick()
    assert "Sluisweg 3" in firm.see(NOOR, hanna.reference, page)

    wrong = {f"{CUSTOMER}.birthday": "7 mei", f"{CUSTOMER}.address": "Dorpsstraat 1"}
    refused = firm.act(NOOR, hanna.reference, "rectification", page, **wrong)
    assert refused.status_code == 422
    assert "Dit moet een datum zijn" in refused.text
    assert 'value="Dorpsstraat 1"' in refused.text

    right = {
        f"{CUSTOMER}.address": "Dorpsstraat 1",
        f"{CUSTOMER}.birthday": "1980-05-07",
        f"{INVOICE}.total": "10.00",
        f"{CUSTOMER}.id": "99",
    }
    behind = firm.act(NOOR, hanna.reference, "rectification", page, **right | {"sheets": "1"})
    assert "Een systeem heeft intussen geantwoord." in behind.text
    assert 'value="10.00"' in behind.text
    assert firm.act(NOOR, hanna.reference, "rectification", page, **right).status_code == 303
    digest = _digest(firm, hanna)
    assert firm.act(NOOR, hanna.reference, "approve", page, digest=digest, looked="1").status_code in (403, 422)
    firm.tick()
    assert any(hanna.reference in mail for mail in firm.mails_to("tim@polder.example"))
    assert firm.act(TIM, hanna.reference, "approve", page, digest=digest, looked="1").status_code == 303
    firm.act(NOOR, hanna.reference, "rectification/statement", page, statement=STATEMENT)
    firm.tick()
    customer = firm.shop.rows("customer")[0]
    assert (customer["id"], customer["address"]) == (1, "Dorpsstraat 1")
    assert float(firm.shop.rows("invoice")[0]["total"]) == 12.5

    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303
    letter = words(hanna.read_letter(hanna.receipt_code).text)
    assert "Op 23 november 2026 hebben wij uw gegevens verbeterd" in letter
    assert "Klantgegevens: address was Sluisweg 3 is nu Dorpsstraat 1" in letter
    assert "Klantgegevens: birthday was 6 mei 1980 is nu 7 mei 1980" in letter
    assert "Facturen: total er staat 12.50 moet zijn 10.00" in letter
    assert "Wij bewaren uw verklaring bij uw gegevens." in letter
    assert firm.verify().faults == ()
    _a_later_copy_tells_the_statement(firm, hanna)


def _digest(firm: Firm, person: Person) -> str:
    page = firm.see(TIM, person.reference, "/rectification")
    return page.split('name="digest" value="')[1][:64]


def _a_later_copy_tells_the_statement(firm: Firm, hanna: Person) -> None:
    later = Person(firm, hanna.name, hanna.email, firm.visitor())
    identified(firm, later, "access")
    firm.act(NOOR, later.reference, "copy")
    firm.tick()
    assert "De factuur is te hoog." in firm.act(NOOR, later.reference, "copy/view").text
    firm.act(NOOR, later.reference, "copy/release")
    assert data_of(later.download(later.receipt_code))["statements"] == [STATEMENT]


def test_a_refusal_offers_a_statement(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "rectification", details="Mijn geboortedatum klopt niet.")
    reason = "Uw geboortedatum staat zo op uw aanmelding."
    decided = firm.act(NOOR, hanna.reference, "rights/rectification", outcome="refused", reason=reason)
    assert decided.status_code == 303
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303
    letter = words(hanna.read_letter(hanna.receipt_code).text)
    assert reason in letter
    assert "U mag ons een verklaring sturen." in letter

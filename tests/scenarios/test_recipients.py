"""Art. 19 from the erasure to the list that the person reads: real mail, a recipient at a browser, two handlers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.notifications import Notification
from dsr.keys import Keys
from dsr.services import plans
from tests.parts.firm import NOOR, TIM, Firm, Person, open_firm
from tests.parts.shop import REGISTER, Shop
from tests.parts.smtp import MailServer
from tests.parts.starters import words
from tests.parts.web import Clock

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)

MAILING = "avg@duinpost.example"
RECIPIENTS = """
[recipients.mailing]
name = "Duinpost Mailing"
role = "processor"
email = "avg@duinpost.example"

[recipients.bookkeeper]
name = "Boekhoudkantoor Dijkstra"
role = "processor"

[recipients.unit]
name = "Meldpunt"
role = "authority"
confidential = "Wwft art. 23"

"""


def receiving(register: str, category: str, *recipients: str) -> str:
    """The register with recipients for a category."""
    head = f"[categories.{category}]\n"
    return register.replace(head, f"{head}recipients = [{', '.join(map(repr, recipients))}]\n")


@pytest.fixture
def told_firm(
    shop: Shop, shop_settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer
) -> Iterator[Firm]:
    """The firm, which gives data to others."""
    register = receiving(REGISTER, "newsletter", "mailing", "unit")
    register = RECIPIENTS + receiving(register, "ticket", "bookkeeper")
    with open_firm(shop, shop_settings, register, key_set, clock=clock, server=smtp_server) as firm:
        yield firm


def erased(firm: Firm) -> Person:
    """Hanna, whose data were erased."""
    hanna = Person(firm, "Hanna Brinkman", "hanna@example.org", firm.visitor())
    hanna.ask("erasure")
    firm.tick()
    assert hanna.confirm() == 302
    for verb in ("take", "identity"):
        assert firm.act(NOOR, hanna.reference, verb).status_code == 303
        firm.tick()
    grounds = {f"ground.{name}": "a" for name in ("customer", "invoice", "ticket", "newsletter")}
    assert firm.act(NOOR, hanna.reference, "plan", "/plan", **grounds).status_code == 303
    firm.tick()
    with firm.store() as session:
        plan = plans.current(session, firm.case(session, hanna.reference).id)
        assert plan
    assert firm.act(TIM, hanna.reference, "approve", "/approve", looked="yes", digest=plan.digest).status_code == 303
    firm.tick()
    return hanna


def on_notification(firm: Firm, reference: str, recipient: str, step: str, **typed: str) -> None:
    """A form of the handler about a recipient."""
    with firm.store() as session:
        found = session.scalars(select(Notification).where(Notification.recipient == recipient)).one()
    assert firm.act(NOOR, reference, f"recipients/{found.id}/{step}", **typed).status_code == 303
    firm.tick()


def test_from_the_erasure_to_the_list_of_who_was_told(told_firm: Firm) -> None:
    hanna = erased(told_firm)
    page = words(told_firm.see(NOOR, hanna.reference))
    assert "Ontvangers nog 2 te informeren" in page
    _the_recipient_is_mailed_and_answers(told_firm, hanna)
    on_notification(told_firm, hanna.reference, "bookkeeper", "waived", waiver="disproportionate", why="Opgeheven.")
    _the_letter_says_who_was_told(told_firm, hanna)
    _the_list_is_read_with_the_receipt_code(hanna)
    assert told_firm.act(NOOR, hanna.reference, "close").status_code == 303
    assert told_firm.verify().faults == ()


def _the_recipient_is_mailed_and_answers(firm: Firm, hanna: Person) -> None:
    on_notification(firm, hanna.reference, "mailing", "mailed")
    (mail,) = firm.mails_to(MAILING)
    assert hanna.reference in mail
    assert not {"Hanna", "Brinkman", "hanna@example.org"} & set(re.findall(r"[\w@.-]+", mail))
    (path,) = re.findall(r"/melding/\w+", mail)
    browser = firm.visitor()
    assert "Hanna" not in browser.see(path).text
    assert browser.send(f"{path}/stuur-code", path).status_code == 303
    firm.tick()
    (code,) = re.findall(r"^\d{6}$", firm.mails_to(MAILING)[-1], re.MULTILINE)
    assert browser.send(f"{path}/code", path, code=code).status_code == 303
    shown = words(browser.see(path).text)
    assert "Hanna Brinkman, hanna@example.org Nieuwsbrief Wilt u deze gegevens ook wissen" in shown
    assert browser.send(f"{path}/antwoord", path, answer="done").status_code == 303


def _the_letter_says_who_was_told(firm: Firm, hanna: Person) -> None:
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303
    firm.tick()
    letter = words(hanna.read_letter(hanna.receipt_code).text)
    assert "Duinpost Mailing: wij lieten het weten op 23 november 2026; de ontvanger heeft het ook gedaan" in letter
    waived = "wij lieten het niet weten, want dat kost onevenredig veel moeite: Opgeheven."
    assert f"Boekhoudkantoor Dijkstra: {waived}" in letter
    assert "Meldpunt" not in letter


def _the_list_is_read_with_the_receipt_code(hanna: Person) -> None:
    answer = hanna.browser.send(
        f"{hanna.status_path}/ontvangers", hanna.status_path, recipients_code=hanna.receipt_code
    )
    assert "Duinpost Mailing" in answer.text
    assert "Meldpunt" not in answer.text
    assert "Duinpost" not in hanna.status_page()


def test_a_recipient_hears_of_no_restriction_of_what_we_do_not_hold(told_firm: Firm) -> None:
    hanna = Person(told_firm, "Hanna Brinkman", "hanna@example.org", told_firm.visitor())
    told_firm.shop.run("DELETE FROM newsletter WHERE email = 'hanna@example.org'")
    hanna.ask("consent-withdrawal")
    told_firm.tick()
    assert hanna.confirm() == 302
    for verb in ("take", "identity"):
        assert told_firm.act(NOOR, hanna.reference, verb).status_code == 303
        told_firm.tick()
    assert "Duinpost Mailing Nieuwsbrief kreeg geen gegevens" in words(told_firm.see(NOOR, hanna.reference))
    told_firm.shop.run("INSERT INTO newsletter VALUES ('hanna@example.org', '2020-01-01')")
    told_firm.clock.move(timedelta(minutes=1))
    assert told_firm.act(NOOR, hanna.reference, "search").status_code == 303
    told_firm.tick()
    assert "Ontvangers nog 1 te informeren" in words(told_firm.see(NOOR, hanna.reference))

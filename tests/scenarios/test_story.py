"""The whole story, from the public form to the last row years later, on a shop of each kind we reach."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from sqlalchemy import URL, text

from dsr.db.plans import CasePlan
from dsr.services import plans, search
from tests.parts.firm import NOOR, TIM, Firm, Person, data_of

STRANGER = "nobody@example.org"
DUE = date(2026, 12, 23)
FIXED_ADDRESS = "erased-1@erased.invalid"


@pytest.fixture
def shop_url(request: pytest.FixtureRequest) -> URL:
    """A shop on SQLite, unless a test asks for another engine."""
    url: URL = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.mark.parametrize("shop_url", ["sqlite", "postgresql"], indirect=True)
def test_from_the_form_to_the_last_row(firm: Firm, hanna: Person, bram: Person) -> None:
    firm.shop.run("UPDATE invoice SET paid_on = issued_on WHERE paid_on IS NULL")
    at_first = firm.shop.everything()
    _two_people_ask(firm, hanna, bram)
    _the_queue_goes_by_the_next_legal_date(firm, hanna, bram)
    _nothing_happens_before_the_identity_is_certain(firm, hanna)
    _the_identity_is_confirmed_and_the_systems_are_searched(firm, hanna)
    _the_copy_is_made_looked_at_and_released(firm, hanna)
    _a_second_person_approves_and_the_rows_go(firm, hanna, at_first)
    _the_copy_outlives_its_source(hanna)
    _the_letter_is_sent_and_read(firm, hanna)
    _the_case_is_closed(firm, hanna)
    _what_was_kept_goes_on_its_day(firm, at_first)
    assert firm.verify().faults == ()


def _two_people_ask(firm: Firm, hanna: Person, bram: Person) -> None:
    bram.ask("access")
    hanna.ask("access", "erasure")
    assert re.fullmatch(r"2026-[0-9A-Z]{4}-[0-9A-Z]{4}", hanna.reference)
    assert "woensdag 23 december 2026" in hanna.received_page
    assert firm.mail.deliveries == []
    firm.tick()
    (mail,) = firm.mails_to(hanna.email)
    assert hanna.reference in mail
    assert "23 december 2026" in mail
    assert not {"Hanna", "Brinkman", hanna.receipt_code} & set(re.findall(r"[\w-]+", mail))
    assert hanna.reference in hanna.status_page()


def _the_queue_goes_by_the_next_legal_date(firm: Firm, hanna: Person, bram: Person) -> None:
    assert _queue(firm) in ([bram.reference, hanna.reference], [hanna.reference, bram.reference])
    firm.act(NOOR, bram.reference, "extension", extension_reason="Op de opnames zijn ook anderen te horen.")
    assert _queue(firm) == [hanna.reference, bram.reference]
    assert firm.act(NOOR, hanna.reference, "take").status_code == 303
    page = firm.see(NOOR, hanna.reference)
    assert "1182/71" in page
    assert "woensdag 23 december 2026" in page


def _queue(firm: Firm) -> list[str]:
    return re.findall(r'href="/staff/cases/([^"]+)"', firm.staff(NOOR).see("/staff/").text)


def _nothing_happens_before_the_identity_is_certain(firm: Firm, hanna: Person) -> None:
    for verb in ("identity", "search", "copy", "plan", "copy/release"):
        assert firm.act(NOOR, hanna.reference, verb).status_code == 422, verb
    firm.tick()
    with firm.store() as session:
        case = firm.case(session, hanna.reference)
        assert search.latest(session, case) is None
        assert plans.current(session, case.id) is None


def _the_identity_is_confirmed_and_the_systems_are_searched(firm: Firm, hanna: Person) -> None:
    wrong = "000000" if hanna.code != "000000" else "111111"
    assert hanna.confirm(wrong) == 400
    assert hanna.confirm() == 302
    assert firm.act(NOOR, hanna.reference, "identity").status_code == 303
    firm.tick()
    with firm.store() as session:
        found = search.latest(session, firm.case(session, hanna.reference))
        assert found is not None
        assert {each["table"]: each["rows"] for each in found.findings} == {
            "customer": 1,
            "invoice": 9,
            "invoice_line": 18,
            "ticket": 1,
            "newsletter": 1,
        }


def _the_copy_is_made_looked_at_and_released(firm: Firm, hanna: Person) -> None:
    assert firm.act(NOOR, hanna.reference, "copy").status_code == 303
    firm.tick()
    assert firm.act(NOOR, hanna.reference, "copy/release").status_code == 422
    looked_at = firm.act(NOOR, hanna.reference, "copy/view")
    assert "Sluisweg 3" in looked_at.text
    assert "Bram" not in looked_at.text
    assert firm.act(NOOR, hanna.reference, "copy/release").status_code == 303
    firm.tick()
    assert len(firm.mails_to(hanna.email)) == 2
    assert hanna.download("AAAA-AAAA-AAAA").status_code == 400


def _a_second_person_approves_and_the_rows_go(firm: Firm, hanna: Person, at_first: dict[str, Any]) -> None:
    grounds = {f"ground.{name}": "a" for name in ("customer", "invoice", "ticket", "newsletter")}
    assert firm.act(NOOR, hanna.reference, "plan", "/plan", **grounds).status_code == 303
    firm.tick()
    plan = _plan(firm, hanna)
    # The invoices of 2017 and 2018 with their lines, the ticket and the newsletter; seven years of invoices stay.
    assert {name: count for name, count in plan.counts.items() if count} == {"erase": 8, "keep": 22}
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 422
    assert firm.act(NOOR, hanna.reference, "approve", looked="yes", digest=plan.digest).status_code == 403
    assert firm.act(TIM, hanna.reference, "approve", "/approve", looked="yes", digest="0" * 64).status_code == 409
    assert firm.shop.everything() == at_first
    assert firm.act(TIM, hanna.reference, "approve", "/approve", looked="yes", digest=plan.digest).status_code == 303
    firm.tick()
    assert _plan(firm, hanna).state == plans.EXECUTED
    assert firm.shop.everything() == _without(at_first, before=2019)
    person = firm.shop.rows("customer")[0]
    assert (person["name"], person["address"], person["email"]) == ("Hanna Brinkman", "Sluisweg 3", FIXED_ADDRESS)
    assert (person["phone"], person["birthday"]) == (None, None)


def _plan(firm: Firm, person: Person) -> CasePlan:
    with firm.store() as session:
        plan = plans.current(session, firm.case(session, person.reference).id)
        assert plan is not None
        return plan


def _without(at_first: dict[str, Any], *, before: int) -> dict[str, Any]:
    """The shop without Hanna's ticket and newsletter, and without her invoices of the years before."""
    gone = {100 + year - 2000 for year in range(2017, before)}
    needed = ("id", "name", "address")
    hanna, *others = at_first["customer"]
    emptied = {column: value if column in needed else None for column, value in hanna.items()}
    return {
        "customer": [{**emptied, "email": FIXED_ADDRESS}, *others] if before <= 2025 else others,
        "invoice": [row for row in at_first["invoice"] if row["id"] not in gone],
        "invoice_line": [row for row in at_first["invoice_line"] if row["invoice_id"] not in gone],
        "ticket": [row for row in at_first["ticket"] if row["customer_id"] != 1],
        "newsletter": [row for row in at_first["newsletter"] if row["email"] != "hanna@example.org"],
    }


def _the_copy_outlives_its_source(hanna: Person) -> None:
    copy = hanna.download(hanna.receipt_code)
    assert copy.mimetype == "application/zip"
    tables = {table["table"]: table for table in data_of(copy)["tables"]}
    assert len(tables["invoice"]["rows"]) == 9
    assert "Hanna@Example.org" in str(tables["customer"]["rows"])


def _the_letter_is_sent_and_read(firm: Firm, hanna: Person) -> None:
    letter = firm.see(NOOR, hanna.reference, "/letter")
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303
    firm.tick()
    *_, mail = firm.mails_to(hanna.email)
    assert len(firm.mails_to(hanna.email)) == 3
    assert "invoice" not in mail.lower()
    assert "factu" not in mail.lower()
    assert hanna.read_letter("AAAA-AAAA-AAAA").status_code == 400
    read = hanna.read_letter(hanna.receipt_code).text
    assert read == letter
    for words in ("Nieuwsbrief", "31 december 2026", "31 december 2032", "52", "Autoriteit", "rechtbank", NOOR):
        assert words in read, words
    assert "Uw verzoek is beantwoord" in hanna.status_page()


def _the_case_is_closed(firm: Firm, hanna: Person) -> None:
    assert firm.act(NOOR, hanna.reference, "close").status_code == 303
    page = firm.see(NOOR, hanna.reference, "/timeline")
    for words in ("Ontvangen", "e-mailadres", NOOR, TIM):
        assert words in page, words
    with firm.store() as session:
        assert firm.case(session, hanna.reference).status == "closed"


def _what_was_kept_goes_on_its_day(firm: Firm, at_first: dict[str, Any]) -> None:
    for year in range(2019, 2026):
        may_erase_from = date(year + 8, 1, 1)
        firm.come_to(may_erase_from - timedelta(days=1), 23)
        firm.tick()
        assert firm.shop.everything() == _without(at_first, before=year)
        firm.come_to(may_erase_from, 0)
        firm.tick()
        assert firm.shop.everything() == _without(at_first, before=year + 1)
    assert [row["name"] for row in firm.shop.rows("customer")] == ["Bram Bos"]


def test_a_stranger_notices_no_difference(firm: Firm, hanna: Person) -> None:
    stranger = Person(firm, "Hanna Brinkman", STRANGER, firm.visitor())
    pages = []
    for person in (hanna, stranger):
        person.ask("access", "erasure")
        firm.tick()
        assert person.confirm() == 302
        firm.tick()
        firm.act(NOOR, person.reference, "take")
        pages.append(_anonymous(person))
    assert pages[0] == pages[1]
    assert firm.act(NOOR, stranger.reference, "identity").status_code == 422
    assert firm.act(NOOR, hanna.reference, "identity").status_code == 303


def _anonymous(person: Person) -> str:
    """A status page without what differs between any two requests."""
    page = person.status_page().replace(person.reference, "R").replace(person.status_path, "/status")
    return re.sub(r'value="[^"]{40,}"', "", page).replace(person.email[0] + "•••", "•••")


def test_staff_are_told_in_time_once_a_day_and_after_a_week_of_downtime(firm: Firm, hanna: Person) -> None:
    hanna.ask("access")
    firm.tick()
    hanna.confirm()
    firm.act(NOOR, hanna.reference, "take")
    told_on = [day for day in _days(date(2026, 12, 10), DUE + timedelta(days=3)) if _digests(firm, day)]
    before = [DUE - timedelta(days=days) for days in (7, 3, 1)]
    assert told_on == [*before, *(DUE + timedelta(days=days) for days in (1, 2, 3))]
    firm.come_to(DUE + timedelta(days=10))
    already = len(firm.mails_to("noor@polder.example"))
    firm.tick()
    firm.tick()
    (digest,) = firm.mails_to("noor@polder.example")[already:]
    assert hanna.reference in digest
    assert firm.mails_to("tim@polder.example") == []
    assert firm.mails_to("joris@polder.example") == []


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _digests(firm: Firm, day: date) -> int:
    """How many mails Noor gets on a day on which the worker's turn comes three times."""
    already = len(firm.mails_to("noor@polder.example"))
    for hour in (7, 12, 23):
        firm.come_to(day, hour)
        firm.tick()
    new = len(firm.mails_to("noor@polder.example")) - already
    assert new <= 1
    return new


def test_every_handler_is_told_of_a_case_that_nobody_has(firm: Firm, hanna: Person) -> None:
    hanna.ask("access")
    firm.come_to(DUE - timedelta(days=1))
    firm.tick()
    (digest,) = firm.mails_to("noor@polder.example")
    assert hanna.reference in digest
    assert "Hanna" not in digest


def test_who_has_not_confirmed_is_reminded_once(firm: Firm, hanna: Person, bram: Person) -> None:
    hanna.ask("access")
    bram.ask("access")
    firm.tick()
    assert bram.confirm() == 302
    for day in _days(date(2026, 11, 24), date(2026, 11, 30)):
        firm.come_to(day)
        firm.tick()
    assert len(firm.mails_to(hanna.email)) == 2
    assert len(firm.mails_to(bram.email)) == 1


def test_stopping_advertising_waits_for_nobody(firm: Firm, hanna: Person) -> None:
    hanna.ask("marketing-objection")
    with firm.store() as session:
        (right,) = firm.case(session, hanna.reference).rights
        assert (right.outcome, right.decided_at.astimezone(UTC)) == ("fulfilled", firm.clock.moment)
    firm.act(NOOR, hanna.reference, "take")
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_entry SET event = 'nothing-happened' WHERE number = 2",
        "DELETE FROM audit_entry WHERE number = 3",
        "DELETE FROM audit_entry WHERE number = (SELECT max(number) FROM audit_entry)",
    ],
    ids=["altered", "removed", "cut off"],
)
def test_harm_to_the_trail_is_found(firm: Firm, hanna: Person, harm: str) -> None:
    hanna.ask("access")
    firm.tick()
    hanna.confirm()
    firm.act(NOOR, hanna.reference, "take")
    firm.tick()
    assert firm.verify().faults == ()
    with firm.store() as session:
        session.execute(text(harm))
    assert firm.verify().faults != ()

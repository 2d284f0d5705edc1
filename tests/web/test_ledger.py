"""The page of the ledger: what is kept, by day, a page at a time, and on the page of a case."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from dsr.config import Settings
from dsr.db.answers import Letter
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.later import LaterNotice
from dsr.db.plans import LedgerEntry, LedgerIdentifier
from dsr.domain.rights import Right
from dsr.services import audit
from dsr.services.identity import receipt_code_digest
from dsr.services.ledger import PAGE
from dsr.services.lookup import digests_of, identifiers_of
from tests.parts.cast import add_case, add_member, add_plan
from tests.parts.form import HANNA
from tests.parts.staff import add, sign_in, store
from tests.parts.store import NOW
from tests.parts.web import Visitor
from tests.web.test_register import REGISTER

CODE = "7K3F-Q2XA-94WP"
FIRST = date(2027, 1, 1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=REGISTER)


@pytest.fixture
def reference(app: Flask) -> str:
    """A case with more entries than a page holds, one without a day and one that waits for a person."""
    with store(app) as session:
        case = add_case(session, Right.ERASURE)
        plan = add_plan(session, case.id, add_member(session, "Els Smit").id)
        days: list[date | None] = [FIRST + timedelta(days=number) for number in range(PAGE + 3)]
        for number, day in enumerate([*days, None, FIRST]):
            entry = LedgerEntry(
                case_id=case.id,
                plan_id=plan.id,
                system="shop",
                category="disk",
                table="disks",
                verdict="keep" if day else "first",
                may_erase_from=day,
                keep_through=day - timedelta(days=1) if day else None,
                why=None if day else "current-value",
                law=None,
                row_count=number + 1,
                state="task" if number == PAGE + 4 else "kept",
            )
            entry.rows = json.dumps([[[number], "0"]])
            session.add(entry)
        digest = digests_of(identifiers_of(case)).pop()
        session.add(LedgerIdentifier(digest=digest, case_id=case.id))
        return case.reference


def test_every_entry_is_on_one_page_in_the_order_of_its_day(app: Flask, visitor: Visitor, reference: str) -> None:
    sign_in(visitor, add(app))
    first = visitor.see("/staff/ledger?lang=nl").text
    following = re.search(r'href="(/staff/ledger\?[^"]*)" ?>Volgende|rel="next" href="([^"]+)"', first)
    assert following
    second = visitor.see((following[1] or following[2]).replace("&amp;", "&")).text
    days = re.findall(r'class="left first">([^<]+)<', first + second)
    assert len(days) == PAGE + 3
    assert "nog geen dag" not in first + second
    assert 'rel="next"' not in second


def test_what_has_no_day_and_what_waits_is_found_by_the_filter(app: Flask, visitor: Visitor, reference: str) -> None:
    sign_in(visitor, add(app))
    undated = visitor.see("/staff/ledger?state=undated&lang=nl").text
    assert "nog geen dag" in undated
    assert "staat nog open" in undated
    assert visitor.see("/staff/ledger?state=task").text.count("sub reference") == 1
    nothing = visitor.see("/staff/ledger?category=site").text
    assert "Niets van wat bewaard wordt, past bij dit filter" in nothing
    assert 'href="/staff/ledger">Toon alles met een dag' in nothing
    assert visitor.see("/staff/ledger?after=nonsense").status_code == 404
    assert visitor.see(f"/staff/ledger?after={uuid.uuid4()}&system=unknown").status_code == 200


def test_days_narrow_the_list_and_stay_on_the_next_page(app: Flask, visitor: Visitor, reference: str) -> None:
    sign_in(visitor, add(app))
    few = visitor.see("/staff/ledger?since=2027-01-02&until=2027-01-04&lang=nl").text
    assert few.count("sub reference") == 3
    assert 'rel="next"' not in few
    first = visitor.see("/staff/ledger?since=2027-01-02").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    assert "since=2027-01-02" in following[1]
    assert first.count("sub reference") == PAGE
    assert visitor.see(following[1].replace("&amp;", "&")).text.count("sub reference") == 2


@pytest.mark.parametrize(
    ("typed", "told"),
    [("since=31-1-2027", "Kies een dag"), ("since=2027-02-01&until=2027-01-01", "De eerste dag komt na de laatste.")],
)
def test_a_day_that_cannot_be_read_is_told_and_stays(
    app: Flask, visitor: Visitor, reference: str, typed: str, told: str
) -> None:
    sign_in(visitor, add(app))
    shown = visitor.see(f"/staff/ledger?{typed}&state=undated&lang=nl")
    assert shown.status_code == 400
    assert told in shown.text
    for field in typed.split("&"):
        name, _, value = field.partition("=")
        assert f'type="text" name="{name}" value="{value}"' in shown.text
    assert "nog geen dag" in shown.text


def test_a_later_case_of_the_same_person_shows_what_is_kept(app: Flask, visitor: Visitor, reference: str) -> None:
    sign_in(visitor, add(app))
    with store(app) as session:
        later = add_case(session, Right.ACCESS).reference
        other = add_case(session, Right.ACCESS, name="Bram Bos").reference
    assert f"na verzoek {reference}" in visitor.see(f"/staff/cases/{later}?lang=nl").text
    assert reference not in visitor.see(f"/staff/cases/{other}").text


def ask_for_mail(app: Flask, visitor: Visitor, reference: str, **changed: object) -> str:
    """The status page of a case that was answered."""
    with store(app) as session:
        case = session.scalars(select(Case).where(Case.reference == reference)).one()
        token = keys().token("status", str(case.id))
        case.status_token_digest = keys().digest("status-token", token)
        case.receipt_code_digest, case.answered_at, case.status = receipt_code_digest(CODE), NOW, "answered"
        session.add(Letter(case_id=case.id, kind="answer", language="nl", sent_at=NOW))
        for name, value in changed.items():
            session.execute(update(LedgerEntry).values({name: value}))
    return f"/status/{token}"


def wishes(app: Flask) -> list[str | None]:
    with store(app) as session:
        return [wish.email for wish in session.scalars(select(LaterNotice))]


def test_the_person_says_with_the_receipt_code_that_they_want_to_be_told(
    app: Flask, visitor: Visitor, reference: str
) -> None:
    status = ask_for_mail(app, visitor, reference, category="bill")
    assert "Als het laatste weg is" in visitor.see(f"{status}?lang=nl").text
    refused = visitor.send(f"{status}/bericht", status, later_code="0000-0000-0000")
    assert (refused.status_code, wishes(app)) == (400, [])
    for _ in range(2):
        told = visitor.send(f"{status}/bericht", status, later_code=CODE)
        assert told.status_code == 302
    assert "Wij mailen u als het laatste weg is." in visitor.see(status).text
    assert wishes(app) == ["hanna@example.org"]
    visitor.send(f"{status}/bericht", status, later_code=CODE, other="yes")
    assert "Wij mailen u hier niet over." in visitor.see(status).text
    assert wishes(app) == []
    with store(app) as session:
        case = session.scalars(select(Case).where(Case.reference == reference)).one()
        audit.record(session, "later-notice-written", by=audit.WORKER, now=NOW, case_id=case.id)
    gone = visitor.see(f"{status}?lang=nl").text
    assert "Wat wij volgens ons antwoord nog bewaarden, is nu ook weg. Dat schreven wij u op" in gone
    assert "Als het laatste weg is" not in gone
    sign_in(visitor, add(app))
    shown = visitor.see(f"/staff/cases/{reference}?lang=nl").text
    assert "Er is een mail gewenst als het bewaarde weg is (de betrokkene)." in shown
    assert "Er is geen mail meer gewenst als het bewaarde weg is (de betrokkene)." in shown


@pytest.mark.parametrize("changed", [{"state": "erased", "category": "bill"}, {}])
def test_where_nothing_is_kept_or_it_is_confidential_nobody_is_told_later(
    app: Flask, visitor: Visitor, reference: str, changed: dict[str, object]
) -> None:
    status = ask_for_mail(app, visitor, reference, **changed)
    refused = visitor.send(f"{status}/bericht?lang=nl", status, later_code=CODE)
    assert refused.status_code == 400
    assert "Na dit verzoek bewaren wij niets van u." in refused.text
    assert wishes(app) == []


def test_who_asks_for_erasure_on_the_form_may_ask_to_be_told_too(app: Flask, visitor: Visitor) -> None:
    box, row = "Mail mij ook als alles weg is", "Mail als alles weg is</dt>"
    visitor.send("/verzoek/rechten?lang=nl", rights=["access"])
    visitor.send("/verzoek/naam", name=HANNA["name"])
    assert box not in visitor.see("/verzoek/e-mail").text
    visitor.send("/verzoek/rechten", rights=["erasure"])
    assert box in visitor.see("/verzoek/e-mail").text
    assert 'name="later" value="yes" checked' in visitor.send("/verzoek/e-mail", email="hanna", later="yes").text
    visitor.send("/verzoek/e-mail", email=HANNA["email"], later="yes")
    assert f'{row}<dd class="value">ja' in visitor.see("/verzoek/controle").text
    visitor.send("/verzoek/rechten", rights=["access"])
    assert row not in visitor.see("/verzoek/controle").text
    visitor.send("/verzoek/controle")
    assert wishes(app) == [], "nothing is erased by this request"
    fill_in = {"rechten": {"rights": ["erasure"]}, "naam": {"name": HANNA["name"]}}
    for step, given in {**fill_in, "e-mail": {"email": HANNA["email"], "later": "yes"}, "controle": {}}.items():
        visitor.send(f"/verzoek/{step}", **given)
    assert wishes(app) == [HANNA["email"]]

"""On the page of a case: a number that was checked, and the choice among several people."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select

from dsr.db.answers import AccessCopy
from dsr.db.base import transaction
from dsr.db.cases import Case, Identifier
from dsr.db.plans import Search
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import work
from tests.parts.cast import add_case, confirm
from tests.parts.staff import add, sign_in
from tests.parts.store import NOW
from tests.parts.web import Visitor

PEOPLE = [
    {"key": [1], "values": {"email": "hanna@example.org", "name": "Hanna Brinkman"}},
    {"key": [2], "values": {"email": "hanna@example.org", "name": "<b>Bram Bos</b>"}},
]


@pytest.fixture
def page(app: Flask, visitor: Visitor) -> str:
    """The page of a case for which two people answered; its handler is signed in."""
    sign_in(visitor, add(app))
    with app.app_context(), transaction() as session:
        handler = session.scalars(select(StaffMember)).one()
        case = add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
        confirm(session, case, handler)
        search = Search(case_id=case.id, searched_at=NOW, findings=[], systems={"shop": {"state": "found"}})
        search.persons = json.dumps({"shop.customer": PEOPLE})
        session.add(search)
        return f"/staff/cases/{case.reference}"


def known(app: Flask) -> dict[str, str | None]:
    with app.app_context(), transaction(writes=False) as session:
        return {found.kind: found.value for found in session.scalars(select(Identifier))}


def version(app: Flask) -> str:
    with app.app_context(), transaction(writes=False) as session:
        return str(session.scalars(select(Case.version)).one())


def test_the_people_who_answered_are_shown_and_one_is_chosen(app: Flask, visitor: Visitor, page: str) -> None:
    shown = visitor.see(f"{page}?lang=nl").text
    assert "2 personen komen in aanmerking in shop.customer." in shown
    assert "email: hanna@example.org; name: Hanna Brinkman" in shown
    assert "&lt;b&gt;Bram Bos" in shown
    assert "Zeg eerst om wie het in deze zaak gaat." in shown
    answer = visitor.send(f"{page}/persons", page, version="1", place="shop.customer")
    assert (answer.status_code, known(app)) == (422, {})
    assert visitor.send(f"{page}/persons", page, version="1", place="shop.customer", chosen="0").status_code == 303
    assert known(app) == {"shop.customer": "[[1]]"}
    assert "komen in aanmerking" not in visitor.see(f"{page}?lang=nl").text
    assert (
        visitor.send(f"{page}/identifiers/forget", page, version=version(app), kind="shop.customer").status_code == 303
    )
    assert known(app) == {}
    assert "komen in aanmerking" in visitor.see(f"{page}?lang=nl").text


def test_a_number_is_added_and_what_was_typed_wrong_stands_there_again(app: Flask, visitor: Visitor, page: str) -> None:
    answer = visitor.send(f"{page}/identifiers?lang=nl", page, version="1", kind="phone", number="06-hanna")
    assert answer.status_code == 422
    assert "Dit is geen telefoonnummer." in answer.text
    assert 'value="06-hanna"' in answer.text
    assert (
        visitor.send(f"{page}/identifiers", page, version="1", kind="phone", number="06-1234 5678").status_code == 303
    )
    assert known(app) == {"phone": "31612345678"}
    assert "31612345678" in visitor.see(page).text


def test_a_copy_that_may_not_be_made_again_is_the_next_step(app: Flask, visitor: Visitor, page: str) -> None:
    with app.app_context(), transaction() as session:
        case = session.scalars(select(Case)).one()
        case.rights[0].right = Right.ACCESS.value
        session.add(AccessCopy(case_id=case.id, file="f", size=1, page_at=0, row_count=1, made_at=NOW, viewed_at=NOW))
    assert "U kunt de kopie vrijgeven" in visitor.see(f"{page}?lang=nl").text
    with app.app_context(), transaction() as session:
        work.ask(session, session.scalars(select(Case.id)).one(), "copy", now=NOW)
        work.refuse(session, work.claim(session, now=NOW) or pytest.fail("nothing to do"), "Er zijn er twee.")
    shown = visitor.see(f"{page}?lang=nl").text
    assert "De kopie kon niet opnieuw worden gemaakt." in shown
    assert "Er zijn er twee." in shown

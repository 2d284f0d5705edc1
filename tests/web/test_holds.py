"""Placing, keeping and lifting a hold on the page of a case, and the list of those that run."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from dsr.domain.rights import Right
from dsr.services.staff import Role
from tests.parts.cast import add_case
from tests.parts.staff import add, case_of, sign_in, store
from tests.parts.web import Visitor

REASON = "De klant betwist de factuur van maart."
PLACED = {
    "ground": "dispute",
    "category": "",
    "hold_reason": REASON,
    "review_on": "2027-02-01",
    "version": "1",
}


@pytest.fixture
def page(app: Flask) -> str:
    """The page of a case."""
    return f"/staff/cases/{case_of(app, Right.ERASURE)}"


def hold_path(visitor: Visitor, page: str) -> str:
    found = re.search(rf"{page}/holds/[0-9a-f-]+/lift", visitor.see(page).text)
    assert found
    return found[0]


@pytest.mark.parametrize("role", [Role.HANDLER, Role.APPROVER])
def test_a_hold_stands_above_the_case_and_in_the_list_until_it_is_lifted(
    app: Flask, visitor: Visitor, page: str, role: Role
) -> None:
    sign_in(visitor, add(app, role))
    assert "Er wordt niets vastgehouden" in visitor.see("/staff/holds?lang=nl").text
    assert visitor.send(f"{page}/holds", page, **PLACED).status_code == 303
    shown = visitor.see(page).text
    assert "een geschil (art. 17 lid 3 onder e)" in shown
    assert REASON in shown
    listed = visitor.see("/staff/holds").text
    assert "1 februari 2027" in listed.replace("\N{NO-BREAK SPACE}", " ")
    assert REASON not in listed
    path = hold_path(visitor, page)
    assert visitor.send(path, page, lift_reason="", version="1").status_code == 422
    assert visitor.send(path, page, lift_reason="Betaald.", version="1").status_code == 303
    assert visitor.send(path, page, lift_reason="Nog eens.", version="1").status_code == 422
    assert REASON not in visitor.see(page).text


def test_a_refused_hold_leaves_what_was_typed(app: Flask, visitor: Visitor, page: str) -> None:
    sign_in(visitor, add(app))
    answer = visitor.send(f"{page}/holds", page, **{**PLACED, "review_on": "1 februari"})
    assert answer.status_code == 422
    assert REASON in answer.text
    assert visitor.send(f"{page}/holds", page, **{**PLACED, "ground": "whim"}).status_code == 400
    assert visitor.send(f"{page}/holds", page, **{**PLACED, "category": "nothing"}).status_code == 422


def test_the_hold_of_somebody_else_cannot_be_lifted_from_this_case(app: Flask, visitor: Visitor, page: str) -> None:
    sign_in(visitor, add(app))
    visitor.send(f"{page}/holds", page, **PLACED)
    hold = hold_path(visitor, page).rsplit("/", 2)[1]
    with store(app) as session:
        other = f"/staff/cases/{add_case(session, Right.ACCESS, name='Bram Bos').reference}"
    assert visitor.send(f"{other}/holds/{hold}/lift", other, lift_reason="Nee.", version="1").status_code == 404

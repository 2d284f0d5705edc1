"""The page of the ledger: what is kept, by day, a page at a time, and on the page of a case."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask

from dsr.config import Settings
from dsr.db.plans import ErasurePlan, LedgerEntry, LedgerIdentifier
from dsr.domain.rights import Right
from dsr.services.ledger import PAGE
from dsr.services.lookup import digests_of, identifiers_of
from tests.parts.cast import add_case, add_member
from tests.parts.store import NOW
from tests.parts.web import Visitor
from tests.web.test_register import REGISTER
from tests.web.test_staff import add, sign_in, store

FIRST = date(2027, 1, 1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=REGISTER)


@pytest.fixture
def reference(app: Flask) -> str:
    """A case with more entries than a page holds, one without a day and one that waits for a person."""
    with store(app) as session:
        case = add_case(session, Right.ERASURE)
        plan = ErasurePlan(
            id=uuid.uuid4(),
            case_id=case.id,
            number=1,
            state="executed",
            digest="0" * 64,
            register_digest="0" * 64,
            counts={},
            made_at=NOW,
            made_by_id=add_member(session, "Els Smit").id,
        )
        session.add(plan)
        session.flush()
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
    assert "Hier wordt niets bewaard" in visitor.see("/staff/ledger?category=site").text
    assert visitor.see("/staff/ledger?after=nonsense").status_code == 404
    assert visitor.see(f"/staff/ledger?after={uuid.uuid4()}&system=unknown").status_code == 200


def test_a_later_case_of_the_same_person_shows_what_is_kept(app: Flask, visitor: Visitor, reference: str) -> None:
    sign_in(visitor, add(app))
    with store(app) as session:
        later = add_case(session, Right.ACCESS).reference
        other = add_case(session, Right.ACCESS, name="Bram Bos").reference
    assert f"na verzoek {reference}" in visitor.see(f"/staff/cases/{later}?lang=nl").text
    assert reference not in visitor.see(f"/staff/cases/{other}").text

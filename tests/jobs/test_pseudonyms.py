"""A pseudonym in the column by which a row leads to the person: made on the day that nothing needs the row any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.plans import CasePlan, Execution
from dsr.domain.register import Table, Text
from dsr.domain.register_check import mistakes
from dsr.jobs import erasing, work
from tests.parts.erasures import approve_again, approved_plan
from tests.parts.shop import Shop, Workplace

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
VISIT = Table(
    "visit",
    ("id",),
    via={"mail": "newsletter.email"},
    dates={"anchor_date": "day"},
    keep_columns=(),
    kept_as=Text("bezoeker", "visitor"),
    pseudonyms={"mail": 20, "ip": 20},
    on_erasure="empty",
)
LOGIN = Table(
    "ticket",
    ("id",),
    match={"email": "mail"},
    keep_columns=("mail",),
    kept_as=Text("bezoeker", "visitor"),
    people=False,
    pseudonyms={"ip": 20},
    on_erasure="empty",
)
BILL = Table("invoice", ("id",), via={"visit": "visit.id"}, dates={"document_date": "day"})


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """Visits that lead to the person by an address, one of them with a bill that is kept longer."""
    shop.run("CREATE TABLE visit (id INTEGER PRIMARY KEY, mail VARCHAR(80), day DATE, ip VARCHAR(20))")
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, visit INTEGER, day DATE)")
    shop.run("INSERT INTO visit VALUES (1, 'hanna@example.org', '2022-05-01', '10.0.0.1')")
    shop.run("INSERT INTO bill VALUES (1, 1, '2024-03-05')")
    shop.run("CREATE TABLE login (id INTEGER PRIMARY KEY, mail VARCHAR(80), ip VARCHAR(20))")
    shop.run("INSERT INTO login VALUES (1, 'hanna@example.org', '10.0.0.1')")
    register, known = shop_settings.register, shop_settings.register.tables["shop"]
    categories = {**register.categories, "visit": replace(register.categories["invoice"], retention="claim5")}
    newsletter = replace(known["newsletter"], keep_columns=())
    tables = {"shop": {**known, "newsletter": newsletter, "visit": VISIT, "bill": BILL, "login": LOGIN}}
    register = replace(register, categories=categories, tables=tables)
    assert mistakes(register) == []
    return replace(shop_settings, register=register)


def test_what_stands_under_a_pseudonym_keeps_it_with_a_second_request(workplace: Workplace, later: Case) -> None:
    before = workplace.shop.rows("login")
    assert before[0]["mail"] == "hanna@example.org"
    approve_again(workplace, later)
    work.run_all(workplace.context)
    assert workplace.shop.rows("login") == before
    with workplace.transaction() as session:
        (receipt,) = session.scalars(select(Execution).join(CasePlan).where(CasePlan.case_id == later.id))
    assert receipt.changed == {}, "nobody is told that it went now"


def test_the_way_of_a_row_that_was_emptied_in_part_is_emptied_at_last(workplace: Workplace) -> None:
    approved_plan(workplace)
    work.run_all(workplace.context)
    for day in (date(2027, 5, 2), date(2032, 1, 1), date(2032, 1, 2)):
        workplace.clock.set(day)
        erasing.run_ledger(workplace.context)
        (visit,) = workplace.shop.rows("visit")
        assert (visit["mail"] == "hanna@example.org") == (day.year == 2027)
        assert len(visit["ip"]) == 20
    assert workplace.shop.rows("bill") == []
    assert [row["email"] for row in workplace.shop.rows("newsletter")] == ["bram@example.org"]

"""Rows that an erasure empties: null, a fixed value, a keyed pseudonym; at once, or on the day that a law lets go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.domain.plans import PSEUDONYM, PlanRow, Verdict
from dsr.domain.register import Table, Text
from dsr.domain.rights import Outcome
from dsr.domain.row_keys import Key
from dsr.jobs import erasing, work
from tests.parts.erasures import approved_plan, judged_in
from tests.parts.shop import Shop, Workplace

VISIT = Table(
    "invoice",
    ("id",),
    via={"customer_id": "customer.id"},
    dates={"document_date": "day"},
    keep_columns=("day",),
    kept_as=Text("dag en bezoekersnummer", "day and visitor number"),
    fixed={"page": "-"},
    pseudonyms={"ip": 20},
    on_erasure="empty",
)
CLICK = Table("invoice", ("id",), via={"visit": "visit.id"}, keep_columns=("visit",), on_erasure="empty")


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """The shop with visits: two of 2017, one of 2024, one of somebody else."""
    shop.run(
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), day DATE,"
        " ip VARCHAR(20), page VARCHAR(40) NOT NULL, name VARCHAR(40))"
    )
    for number, year in ((1, 2017), (2, 2017), (3, 2024), (4, 2017)):
        ip, customer = ("10.0.0.9" if number < 4 else "10.0.0.4"), 1 + number // 4
        visit = {"id": number, "customer": customer, "day": date(year, 3, 5), "ip": ip}
        shop.run("INSERT INTO visit VALUES (:id, :customer, :day, :ip, '/huis', 'Hanna')", **visit)
    shop.run("CREATE TABLE click (id INTEGER PRIMARY KEY, visit INTEGER NOT NULL, page VARCHAR(9))")
    shop.run("INSERT INTO click VALUES (1, 3, '/huis')")
    known = shop_settings.register.tables["shop"]
    customer = replace(known["customer"], pseudonyms={"phone": 12})
    tables = {**known, "customer": customer, "visit": VISIT, "click": CLICK}
    return replace(shop_settings, register=replace(shop_settings.register, tables={"shop": tables}))


def _erase(workplace: Workplace) -> tuple[Case, dict[tuple[str, Key], PlanRow]]:
    case, plan = approved_plan(workplace)
    work.run_all(workplace.context)
    return case, judged_in(plan)


def test_rows_are_emptied_at_once_or_on_their_day_and_nobody_leads_back(workplace: Workplace) -> None:
    before = workplace.shop.rows("visit")
    case, judged = _erase(workplace)
    assert (judged["visit", (1,)].verdict, judged["visit", (1,)].why) == (Verdict.ERASE, PSEUDONYM)
    assert judged["visit", (3,)].verdict is Verdict.KEEP
    first, second, third, other = workplace.shop.rows("visit")
    assert (third, other) == tuple(before[2:])
    assert {**first, "id": 2} == second
    assert (first["customer_id"], first["page"], first["name"], first["day"]) == (None, "-", None, before[0]["day"])
    assert len(first["ip"]) == 20
    with workplace.transaction() as session:
        assert [right.result for right in session.merge(case).rights] == [Outcome.PARTLY_FULFILLED]
    workplace.clock.set(date(2032, 1, 1))
    erasing.erase_due(workplace.context)
    third = workplace.shop.rows("visit")[2]
    assert (third["customer_id"], third["page"], third["ip"]) == (None, "-", first["ip"])
    assert workplace.shop.rows("visit")[3] == before[3]


def test_a_pseudonym_stands_for_one_value_in_one_column(workplace: Workplace) -> None:
    _erase(workplace)
    hanna, bram = workplace.shop.rows("customer")
    assert (hanna["email"], hanna["name"]) == ("erased-1@erased.invalid", "Hanna Brinkman")
    assert len(hanna["phone"]) == 12
    assert bram["phone"] == "0612345678"
    assert not workplace.shop.rows("visit")[0]["ip"].startswith(hanna["phone"])


def test_a_row_whose_own_are_emptied_with_it_is_emptied_and_one_with_a_new_one_stays(workplace: Workplace) -> None:
    workplace.shop.run("INSERT INTO visit VALUES (5, 1, '2024-03-05', '::1', '/tuin', 'Hanna')")
    _erase(workplace)
    workplace.clock.set(date(2032, 1, 1))
    workplace.shop.run("INSERT INTO click VALUES (2, 5, '/tuin')")
    erasing.erase_due(workplace.context)
    assert [row["page"] for row in workplace.shop.rows("click")] == [None, "/tuin"]
    assert [row["name"] for row in workplace.shop.rows("visit")] == [None, None, None, "Hanna", "Hanna"]
    with workplace.transaction() as session:
        left = session.scalars(select(Task).where(Task.kind == "ledger-left")).all()
        assert [(task.facts["table"], task.facts["reasons"]) for task in left] == [("shop.visit", ["still-needed"])]

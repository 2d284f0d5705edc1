"""A row whose own duty ends while others still need it: on that day all else of it goes, and with them the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import LedgerEntry
from dsr.jobs import erasing, replay, work
from tests.jobs.test_erasing_holds import lift, place
from tests.jobs.test_replay import night_that_is_cut_off
from tests.parts.erasures import approve_again
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Shop, Workplace

DEALS = """
[categories.deal]
label = { nl = "Overeenkomsten", en = "Agreements" }
purpose = { nl = "claims", en = "claims" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }
retention = "claim5"

[tables.shop.deal]
category = "deal"
key = ["id"]
via = { customer_id = "customer.id" }
dates = { anchor_date = "ended_on" }
keep_columns = ["title"]
pseudonyms = { advisor = 16 }

[tables.shop.bill]
category = "invoice"
key = ["id"]
via = { deal_id = "deal.id" }
dates = { document_date = "issued_on" }

[tables.shop.bills_shown]
category = "invoice"
key = ["id"]
via = { deal_id = "deal.id" }
dates = { document_date = "issued_on" }
view_of = "bill"
"""
OVER, RUNNING, DONE, OPEN = 1, 2, 3, 4
"""Agreements: whose time was over at the request; whose time ends while its bill is kept; with none; with one that has
no date."""
ENDED = {OVER: date(2015, 5, 1), RUNNING: date(2022, 5, 1), DONE: date(2022, 5, 1), OPEN: date(2022, 5, 1)}


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """The shop with agreements, and bills that belong to these."""
    shop.run(
        "CREATE TABLE deal (id INTEGER PRIMARY KEY, customer_id INTEGER, ended_on DATE, title VARCHAR(20), "
        "remark VARCHAR(20), advisor VARCHAR(20))"
    )
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, deal_id INTEGER, issued_on DATE)")
    shop.run("CREATE VIEW bills_shown AS SELECT id, deal_id, issued_on FROM bill")
    for deal, ended in ENDED.items():
        shop.run("INSERT INTO deal VALUES (:id, 1, :ended, 'hosting', 'calls often', 'Yara')", id=deal, ended=ended)
    for deal, issued in ((OVER, date(2024, 3, 5)), (RUNNING, date(2024, 3, 5)), (OPEN, None)):
        shop.run("INSERT INTO bill VALUES (:id, :id, :issued)", id=deal, issued=issued)
    file = shop_settings.base / "deals.toml"
    file.write_text(REGISTER + DEALS)
    return replace(shop_settings, register=load_register(file))


def remarks(workplace: Workplace) -> dict[int, str | None]:
    """What the agreements that are left say of the person."""
    return {row["id"]: row["remark"] for row in workplace.shop.rows("deal")}


def kept(workplace: Workplace) -> set[tuple[date | None, bool]]:
    """From when the kept agreements may go, and whether a part of them is left."""
    with workplace.transaction() as session:
        of_deals = select(LedgerEntry).where(LedgerEntry.table == "deal", LedgerEntry.state == "kept")
        return {(entry.may_erase_from, entry.columns_kept is not None) for entry in session.scalars(of_deals)}


@pytest.mark.usefixtures("approved")
def test_each_column_goes_on_its_day(workplace: Workplace) -> None:
    work.run_all(workplace.context)
    assert remarks(workplace) == {OVER: None, RUNNING: "calls often", DONE: "calls often", OPEN: "calls often"}
    night_that_is_cut_off(workplace, date(2027, 5, 2))
    emptied = workplace.shop.rows("deal")
    erasing.run_ledger(workplace.context)
    assert workplace.shop.rows("deal") == emptied
    assert remarks(workplace) == {OVER: None, RUNNING: None, OPEN: None}
    workplace.clock.set(date(2027, 5, 3))
    erasing.run_ledger(workplace.context)
    assert kept(workplace) == {(date(2032, 1, 1), True), (None, True)}
    assert {str(row["ended_on"]) for row in workplace.shop.rows("deal")} == {"2015-05-01", "2022-05-01"}
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []
    # A backup of the day before.
    workplace.shop.run("UPDATE deal SET remark = 'calls often', advisor = 'Yara' WHERE id IN (2, 4)")
    report = replay.run(workplace.context, "shop", date(2027, 5, 1))
    assert (report.count("again"), report.left) == (2, [])
    assert remarks(workplace) == {OVER: None, RUNNING: None, OPEN: None}
    workplace.clock.set(date(2032, 1, 1))
    erasing.run_ledger(workplace.context)
    assert remarks(workplace) == {OPEN: None}
    assert [row["id"] for row in workplace.shop.rows("bill")] == [OPEN]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_a_night_that_was_cut_off_emptied_is_known_after_a_new_day_and_after_a_hold(
    workplace: Workplace, approved: Case
) -> None:
    work.run_all(workplace.context)
    night_that_is_cut_off(workplace, date(2027, 5, 2))
    emptied = workplace.shop.rows("deal")
    workplace.shop.run("UPDATE bill SET issued_on = '2024-03-05' WHERE id = :id", id=OPEN)
    hold = place(workplace, approved, "deal")
    workplace.clock.set(date(2027, 5, 3))
    erasing.erase_due(workplace.context)  # the hold was placed after this night's look
    erasing.run_ledger(workplace.context)
    assert (None, False) in kept(workplace)
    lift(workplace, approved, hold)
    for day in (date(2027, 5, 4), date(2027, 5, 5)):
        workplace.clock.set(day)
        erasing.run_ledger(workplace.context)
    assert workplace.shop.rows("deal") == emptied
    assert kept(workplace) == {(date(2032, 1, 1), True)}
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []
    workplace.shop.run("UPDATE deal SET remark = 'calls often', advisor = 'Yara' WHERE id IN (2, 4)")
    report = replay.run(workplace.context, "shop", date(2027, 5, 1))
    assert (report.count("again"), report.left) == (2, [])


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_a_first_request_left_in_part_a_second_one_leaves_as_it_is(workplace: Workplace, later: Case) -> None:
    before = workplace.shop.rows("deal")[0]
    assert before["advisor"] != "Yara"
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    approve_again(workplace, later)
    work.run_all(workplace.context)
    replay.run(workplace.context, "shop", workplace.clock().date())
    assert workplace.shop.rows("deal")[0] == before
    for day in (date(2027, 5, 2), date(2027, 5, 3), date(2032, 1, 1), date(2032, 1, 2)):
        workplace.clock.set(day)
        erasing.run_ledger(workplace.context)
    assert [row["id"] for row in workplace.shop.rows("deal")] == [OPEN]
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_the_register_no_longer_keeps_of_such_a_row_goes_with_the_second_request(
    workplace: Workplace, later: Case
) -> None:
    before = workplace.shop.rows("deal")[0]
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 1")
    settings = workplace.context.settings
    tables = {**settings.register.tables["shop"]}
    tables["deal"] = replace(tables["deal"], keep_columns=(), pseudonyms={"advisor": 16, "title": 16})
    register = replace(settings.register, tables={"shop": tables}, digest="another")
    settings = replace(settings, register=register)
    context = replace(workplace.context, settings=settings, systems=open_systems(settings))
    approve_again(replace(workplace, context=context), later)
    work.run_all(context)
    for system in context.systems.values():
        system.close()
    after = workplace.shop.rows("deal")[0]
    assert after["advisor"] == before["advisor"]
    assert after["title"] != before["title"] == "hosting"

"""A row that leads to the person by one way or by another: found once, kept with what it belongs to, gone with it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from dsr.config import Settings
from dsr.connectors.base import rows_of
from dsr.connectors.sql import SqlSystem
from dsr.domain import verdicts
from dsr.domain.plans import DATE_MISSING, Verdict, register_decisions
from dsr.domain.register import Table
from dsr.domain.register_check import mistakes
from dsr.jobs import erasing, work
from dsr.services import drawing_up
from tests.parts.erasures import approved_plan, judged_in
from tests.parts.shop import Shop, Workplace

ITEM = Table("invoice", ("id",), via={"invoice_id": "invoice.id", "customer_id": "customer.id"})
HANNA = {"email": "hanna@example.org"}
ROWS = "(1, 117, NULL), (2, 124, NULL), (3, NULL, 1), (4, 124, 1), (5, 217, NULL), (6, NULL, 2), (7, NULL, NULL)"


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """The shop with items of invoices, or of a customer who has no invoice yet."""
    shop.run("CREATE TABLE item (id INTEGER PRIMARY KEY, invoice_id INTEGER, customer_id INTEGER)")
    shop.run(f"INSERT INTO item VALUES {ROWS}")  # noqa: S608 - ours
    shop_settings = _with_bills(shop_settings, shop)
    tables = {**shop_settings.register.tables["shop"], "item": ITEM}
    return replace(shop_settings, register=replace(shop_settings.register, tables={"shop": tables}))


def _with_bills(settings: Settings, shop: Shop) -> Settings:
    """Clients and their bills by a code that the database takes for the same, however it is written."""
    shop.run("CREATE TABLE client (code CHAR(8) PRIMARY KEY, mail VARCHAR(80), name VARCHAR(80))")
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, client VARCHAR(8), issued DATE)")
    own, other = ("HÄNNA", "hanna") if shop.engine.dialect.name == "mysql" else ("hanna", "hanna")
    shop.run("INSERT INTO client VALUES (:own, 'hanna@example.org', 'Hanna')", own=own)
    shop.run("INSERT INTO bill VALUES (1, :other, '2024-03-05')", other=other)
    client = Table("customer", ("code",), match={"email": "mail"}, keep_columns=("name",))
    bill = Table("invoice", ("id",), via={"client": "client.code"}, dates={"document_date": "issued"})
    tables = {**settings.register.tables["shop"], "client": client, "bill": bill}
    return replace(settings, register=replace(settings.register, tables={"shop": tables}))


def _items(workplace: Workplace) -> list[int]:
    return [row["id"] for row in workplace.shop.rows("item")]


def test_a_row_with_two_ways_is_found_once_and_goes_with_what_it_belongs_to(workplace: Workplace) -> None:
    system = workplace.context.systems["shop"]
    assert system.mistakes() == []
    streamed = rows_of(system.stream(HANNA))
    assert sorted(row.key[0] for row in streamed if row.table == "item") == [1, 2, 3, 4]
    _, plan = approved_plan(workplace)
    items = {key: (row.verdict, row.why) for (table, key), row in judged_in(plan).items() if table == "item"}
    assert items == {
        (1,): (Verdict.ERASE, None),
        (2,): (Verdict.KEEP, None),
        (3,): (Verdict.PROTECTED, DATE_MISSING),
        (4,): (Verdict.KEEP, None),
    }
    work.run_all(workplace.context)
    assert _items(workplace) == [2, 3, 4, 5, 6, 7]
    assert workplace.shop.rows("customer")[0]["phone"] is None
    workplace.clock.set(date(2032, 1, 1))
    erasing.run_ledger(workplace.context)
    assert _items(workplace) == [3, 5, 6, 7]
    assert 124 not in [row["id"] for row in workplace.shop.rows("invoice")]


def test_an_item_that_was_added_by_either_way_stops_the_erasure_of_the_day(workplace: Workplace) -> None:
    approved_plan(workplace)
    work.run_all(workplace.context)
    workplace.shop.run("INSERT INTO item VALUES (8, 124, NULL)")
    workplace.clock.set(date(2032, 1, 1))
    erasing.run_ledger(workplace.context)
    assert 124 in [row["id"] for row in workplace.shop.rows("invoice")]


def test_a_row_stays_for_one_that_points_at_it_by_another_spelling(workplace: Workplace) -> None:
    approved_plan(workplace)
    work.run_all(workplace.context)
    (client,) = workplace.shop.rows("client")
    assert (client["name"], client["mail"]) == ("Hanna", None)


def test_the_first_way_says_whose_a_row_is(workplace: Workplace) -> None:
    workplace.shop.run("CREATE TABLE address (id INTEGER PRIMARY KEY, customer_id INTEGER)")
    workplace.shop.run("CREATE TABLE parcel (id INTEGER PRIMARY KEY, buyer INTEGER, address INTEGER)")
    workplace.shop.run("INSERT INTO address VALUES (1, 1)")
    workplace.shop.run("INSERT INTO parcel VALUES (1, 1, 1), (2, 2, 1), (3, NULL, 1), (4, 0, 1), (5, 1, NULL)")
    address = Table("customer", ("id",), via={"customer_id": "customer.id"}, keep_columns=())
    parcel = Table("ticket", ("id",), via={"buyer": "customer.id", "address": "address.id"})
    settings = workplace.context.settings
    tables = {"customer": settings.register.tables["shop"]["customer"], "address": address, "parcel": parcel}
    settings = replace(settings, register=replace(settings.register, tables={"shop": tables}))
    with closing(SqlSystem("shop", settings)) as system:
        found = drawing_up.find(system, settings.register, "shop", HANNA)
        parcels = [row.key[0] for row in rows_of(found) if row.table == "parcel"]
        assert sorted(parcels) == [1, 3, 4, 5], "2 is a present of Bram"
        assert [each.others_need for each in found if each.table == "address"] == [{(1,)}]
        workplace.shop.run("DELETE FROM parcel WHERE id = 2")
        without = drawing_up.find(system, settings.register, "shop", HANNA)
    assert [each.others_need for each in without if each.table == "address"] == [set()]
    bases = [drawing_up.basis_of(settings, each, {}, on=date(2026, 11, 23)) for each in (found, without)]
    assert bases[0] != bases[1], "the plan no longer stands"


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_line_of_two_records_stays_as_long_as_the_last_of_them(workplace: Workplace) -> None:
    workplace.shop.run("CREATE TABLE note (id INTEGER PRIMARY KEY, invoice_id INTEGER, credit_id INTEGER)")
    workplace.shop.run("INSERT INTO note VALUES (1, 119, 124)")
    settings = workplace.context.settings
    credit = replace(settings.register.tables["shop"]["invoice"], table="invoice", keep_columns=("total",))
    note = Table("invoice", ("id",), via={"invoice_id": "invoice.id", "credit_id": "credit.id"})
    invoice = replace(credit, table=None)
    tables = {**settings.register.tables["shop"], "invoice": invoice, "credit": credit, "note": note}
    register = replace(settings.register, tables={"shop": tables})
    assert mistakes(register) == []
    without = replace(register, tables={"shop": {**tables, "invoice": replace(invoice, keep_columns=None)}})
    assert [key for key, _ in mistakes(without)] == ["tables.shop.invoice.keep_columns"]
    with closing(SqlSystem("shop", replace(settings, register=register))) as system:
        rows = rows_of(system.find(HANNA))
    judged = verdicts.judge(register, "shop", rows, on=date(2026, 11, 23), decisions=register_decisions(register))
    assert [row.may_erase_from for row in judged if row.table == "note"] == [date(2032, 1, 1)]

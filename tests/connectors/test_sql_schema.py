"""What the register says and the database does not have, and what would reach further than a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsr.config import Settings
from dsr.connectors.sql import SqlSystem
from dsr.domain.register import Table
from tests.parts.shop import Shop

TRIGGER = {
    "sqlite": ["CREATE TRIGGER follow\nAFTER DELETE\nON ticket BEGIN DELETE FROM newsletter; END"],
    "postgresql": [
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM newsletter; RETURN OLD; END'",
        "CREATE TRIGGER follow AFTER DELETE ON ticket FOR EACH ROW EXECUTE FUNCTION follow()",
    ],
    "mysql": ["CREATE TRIGGER follow AFTER DELETE ON ticket FOR EACH ROW DELETE FROM newsletter"],
}
TO_CUSTOMER = "FOREIGN KEY (customer_id) REFERENCES customer (id)"


@pytest.fixture
def told(shop_settings: Settings, shop: Shop) -> Any:
    """Tells the mistakes, with other values of tables in the register where they are given."""

    def told(**tables: dict[str, Any] | Table) -> list[str]:
        known = dict(shop_settings.register.tables["shop"])
        for name, values in tables.items():
            known[name] = values if isinstance(values, Table) else replace(known[name], **values)
        register = replace(shop_settings.register, tables={"shop": known})
        system = SqlSystem("shop", replace(shop_settings, register=register))
        mistakes = system.mistakes()
        system.close()
        return mistakes

    return told


def test_a_register_that_fits_has_no_mistakes(told: Any) -> None:
    assert told() == []


def test_a_table_that_is_not_there(told: Any) -> None:
    assert told(order=Table("ticket", ("id",), match={"email": "email"})) == [
        "tables.shop.order: there is no such table"
    ]


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"key": ("nr",)}, "key"),
        ({"match": {"email": "nr"}}, "match"),
        ({"via": {"nr": "customer.id"}}, "via"),
        ({"dates": {"start": "nr"}}, "dates"),
        ({"fixed": {"nr": 1}}, "fixed"),
        ({"masked": ("nr",)}, "masked"),
    ],
)
def test_a_column_that_is_not_there(told: Any, values: dict[str, Any], setting: str) -> None:
    assert told(ticket=values) == [f"tables.shop.ticket.{setting}: there is no column nr"]


def test_a_column_that_may_not_be_empty_needs_a_fixed_value(told: Any) -> None:
    assert told(customer={"fixed": {}, "keep_columns": ("address",)}) == [
        "tables.shop.customer.fixed: email may not be empty and needs a fixed value",
        "tables.shop.customer.fixed: name may not be empty and needs a fixed value",
    ]


@pytest.mark.parametrize(
    "unique", ["CREATE UNIQUE INDEX one ON customer (email)", "ALTER TABLE customer ADD CONSTRAINT one UNIQUE (email)"]
)
def test_a_unique_column_needs_a_fixed_value_of_its_own(told: Any, shop: Shop, unique: str) -> None:
    if shop.engine.dialect.name == "sqlite":
        unique = "CREATE UNIQUE INDEX one ON customer (email)"
    shop.run(unique)
    constant = {"fixed": {"email": "erased@erased.invalid"}}
    assert told(customer=constant) == [
        'tables.shop.customer.fixed: email must be unique, so name the key in it, such as "erased-{id}"'
    ]
    assert told() == []
    assert told(customer={"fixed": {}, "keep_columns": ("name", "email")}) == []


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
def test_a_cascade_to_a_table_outside_the_register(told: Any, shop: Shop, action: str) -> None:
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER, {TO_CUSTOMER} ON DELETE {action})")
    assert told() == [
        f"tables.shop.customer: erasing would reach table review ({action}) by a way that is not in the register"
    ]


def test_a_cascade_along_the_way_of_the_register_is_what_was_planned(told: Any, shop: Shop) -> None:
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER, {TO_CUSTOMER} ON DELETE CASCADE)")
    assert told(review=Table("ticket", ("id",), via={"customer_id": "customer.id"})) == []


def test_a_cascade_by_another_column_reaches_rows_of_others(told: Any, shop: Shop) -> None:
    way = "customer_id INTEGER, brought_by INTEGER, FOREIGN KEY (brought_by) REFERENCES customer (id) ON DELETE CASCADE"
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, {way})")
    assert told(review=Table("ticket", ("id",), via={"customer_id": "customer.id"})) == [
        "tables.shop.customer: erasing would reach table review (CASCADE) by a way that is not in the register"
    ]


def test_a_cascade_within_one_table(told: Any, shop: Shop) -> None:
    way = "under INTEGER, FOREIGN KEY (under) REFERENCES staff (id) ON DELETE CASCADE"
    shop.run(f"CREATE TABLE staff (id INTEGER PRIMARY KEY, email VARCHAR(80), {way})")
    assert told(staff=Table("ticket", ("id",), match={"email": "email"})) == [
        "tables.shop.staff: erasing would reach table staff (CASCADE) by a way that is not in the register"
    ]


def test_a_foreign_key_that_only_refuses_is_no_mistake(told: Any, shop: Shop) -> None:
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER, {TO_CUSTOMER})")
    assert told() == []


def test_a_trigger_on_erasing(told: Any, shop: Shop) -> None:
    for statement in TRIGGER[shop.engine.dialect.name]:
        shop.run(statement)
    assert told() == ["tables.shop.ticket: a trigger runs when a row is erased (follow); it may reach other rows"]


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_table_without_transactions(told: Any, shop: Shop) -> None:
    shop.run("ALTER TABLE newsletter ENGINE = Aria TRANSACTIONAL = 0")
    assert told() == ["tables.shop.newsletter: the table has no transactions (Aria), so nothing could be taken back"]

"""What the register says and the database does not have, and what would reach further than a plan."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from dsr.config import Settings
from dsr.connectors.base import Remarks
from dsr.connectors.sql import SqlSystem
from dsr.domain.register import Mark, Table, Text
from tests.parts.shop import Shop

TRIGGER = {
    "sqlite": ["CREATE TRIGGER follow\nAFTER DELETE\nON ticket BEGIN DELETE FROM newsletter; END"],
    "postgresql": [
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM newsletter; RETURN OLD; END'",
        "CREATE TRIGGER follow AFTER DELETE ON ticket FOR EACH ROW EXECUTE FUNCTION follow()",
    ],
    "mysql": ["CREATE TRIGGER follow AFTER DELETE ON ticket FOR EACH ROW DELETE FROM newsletter"],
}
UNLIKE = {
    "sqlite": [("TEXT COLLATE NOCASE", "TEXT", "binary and NOCASE"), ("TEXT COLLATE RTRIM", "", "binary and RTRIM")],
    "postgresql": [("text COLLATE loose", "text", "binary and loose"), ("citext", "text", "binary and citext")],
    "mysql": [
        (
            "VARCHAR(20) COLLATE utf8mb4_general_ci",
            "VARCHAR(20) COLLATE utf8mb4_bin",
            "utf8mb4_bin and utf8mb4_general_ci",
        ),
        ("VARCHAR(20) COLLATE utf8mb4_unicode_ci", "VARBINARY(20)", "binary and utf8mb4_unicode_ci"),
    ],
}
"""What two columns are made of, and how they are compared: the one that points, and the one it points at."""
TO_CUSTOMER = "FOREIGN KEY (customer_id) REFERENCES customer (id)"


@pytest.fixture
def remarks(shop_settings: Settings, shop: Shop) -> Any:
    """Tells the remarks, with other values of tables in the register where they are given."""

    def remarks(**tables: dict[str, Any] | Table) -> Remarks:
        known = dict(shop_settings.register.tables["shop"])
        for name, values in tables.items():
            known[name] = values if isinstance(values, Table) else replace(known[name], **values)
        register = replace(shop_settings.register, tables={"shop": known})
        system = SqlSystem("shop", replace(shop_settings, register=register))
        found = system.remarks()
        assert found.mistakes == system.mistakes()  # the accounts of the tests may do everything
        system.close()
        return found

    return remarks


@pytest.fixture
def told(remarks: Any) -> Any:
    """Tells the mistakes among the remarks."""
    return lambda **tables: remarks(**tables).mistakes


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
        ({"column_labels": {"nr": Text("nummer", "number")}}, "column_labels"),
    ],
)
def test_a_column_that_is_not_there(told: Any, values: dict[str, Any], setting: str) -> None:
    assert told(ticket=values) == [f"tables.shop.ticket.{setting}: there is no column nr"]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_others_point_at_stays_and_needs_no_fixed_value(shop: Shop, told: Any) -> None:
    shop.run("CREATE TABLE member (id INTEGER PRIMARY KEY, code VARCHAR(8) NOT NULL UNIQUE, mail VARCHAR(80))")
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, member VARCHAR(8), issued_on DATE)")
    member = Table("customer", ("id",), match={"email": "mail"}, keep_columns=())
    bill = Table("invoice", ("id",), via={"member": "member.code"}, dates={"document_date": "issued_on"})
    assert told(member=member, bill=bill) == []


def test_a_column_that_may_not_be_empty_needs_a_fixed_value(told: Any) -> None:
    assert told(customer={"fixed": {}, "keep_columns": ("address",)}) == [
        "tables.shop.customer.fixed: email, name may not be empty: give a fixed value, or keep it under keep_columns"
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
    assert told(customer={"on_erasure": "empty", "match": {"email": "name"}}) == [], "such a row is never erased"


def test_a_new_value_goes_on_to_what_points_at_it(told: Any, shop: Shop) -> None:
    shop.run("CREATE UNIQUE INDEX one_address ON customer (email)")
    to_address = "FOREIGN KEY (email) REFERENCES customer (email) ON UPDATE CASCADE"
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, email VARCHAR(80), {to_address})")
    mistake = "tables.shop.customer: changing email would reach table review (ON UPDATE CASCADE)"
    assert told() == [mistake]
    stays = {"keep_columns": ("name", "email"), "fixed": {}}
    assert told(customer=stays) == [mistake], "an address can be corrected"
    assert told(customer=stays | {"rectifiable": ("name",)}) == []


@pytest.mark.parametrize("kinds", range(len(UNLIKE["sqlite"])))
def test_a_way_of_which_the_two_ends_are_not_compared_alike(told: Any, shop: Shop, kinds: int) -> None:
    if shop.engine.dialect.name == "postgresql":
        shop.run("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")
        shop.run("CREATE EXTENSION citext")
    loose, strict, names = UNLIKE[shop.engine.dialect.name][kinds]
    shop.run(f"CREATE TABLE place (code {loose} NOT NULL PRIMARY KEY, mail VARCHAR(80))")
    shop.run(f"CREATE TABLE visit (id INTEGER PRIMARY KEY, place {strict}, same {loose}, nr INTEGER)")
    shop.run("CREATE VIEW seen AS SELECT * FROM visit")
    place = Table("customer", ("code",), match={"email": "mail"}, keep_columns=("code",))
    visit = Table("ticket", ("id",), via={"place": "place.code"})
    shown = replace(visit, read_only=True)
    cure = f"do not take the same texts for equal ({names}); give them the same type and collation"
    assert told(place=place, visit=visit, seen=shown) == [
        f"tables.shop.visit.via: place and place.code {cure}",
        f"tables.shop.seen.via: place and place.code {cure}",
    ]
    assert told(place=place, visit=replace(visit, via={"same": "place.code"})) == []


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


def test_a_table_that_points_twice_is_named_twice(remarks: Any, shop: Shop) -> None:
    both = f"{TO_CUSTOMER}, FOREIGN KEY (friend_id) REFERENCES customer (id)"
    shop.run(f"CREATE TABLE friends (id INTEGER PRIMARY KEY, customer_id INTEGER, friend_id INTEGER, {both})")
    friends = Table("ticket", ("id",), via={"customer_id": "customer.id"})
    stops = "points at it by friend_id as well: a row that it points at cannot be erased"
    assert f"tables.shop.customer: table friends {stops}" in remarks(friends=friends).warnings
    twice = replace(friends, table="friends", via={"friend_id": "customer.id"})
    assert not any(stops in warning for warning in remarks(friends=friends, friends_of=twice).warnings)


def test_a_trigger_on_erasing(told: Any, shop: Shop) -> None:
    for statement in TRIGGER[shop.engine.dialect.name]:
        shop.run(statement)
    assert told() == ["tables.shop.ticket: a trigger runs when a row is erased (follow); it may reach other rows"]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_that_a_register_fits_is_remembered_for_as_long_as_is_asked(
    shop_settings: Settings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqlSystem("shop", shop_settings)) as system:
        assert system.mistakes(within=60) == []
        shop.run(TRIGGER["sqlite"][0])
        assert system.mistakes(within=60) == []
        assert len(system.mistakes()) == 1
        assert len(system.mistakes(within=60)) == 1, "that it does not is asked again"
        shop.run("DROP TRIGGER follow")
        assert system.mistakes(within=60) == []
        shop.run(TRIGGER["sqlite"][0])
        minute_later = monotonic() + 61
        monkeypatch.setattr("dsr.connectors.sql.monotonic", lambda: minute_later)
        assert len(system.mistakes(within=60)) == 1


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_table_without_transactions(told: Any, shop: Shop) -> None:
    shop.run("ALTER TABLE newsletter ENGINE = Aria TRANSACTIONAL = 0")
    change = "so nothing could be taken back; ALTER TABLE newsletter ENGINE = InnoDB"
    assert told() == [f"tables.shop.newsletter: the table has no transactions (Aria), {change}"]


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_table_that_keeps_its_history(told: Any, shop: Shop) -> None:
    shop.run("ALTER TABLE newsletter ADD SYSTEM VERSIONING")
    history = "the table keeps every old version of its rows, so what is erased stays in its history"
    assert told() == [f"tables.shop.newsletter: {history}"]


def test_a_date_in_a_column_of_another_kind(told: Any, remarks: Any, shop: Shop) -> None:
    shop.run("CREATE TABLE visit (id INTEGER PRIMARY KEY, mail VARCHAR(80), day VARCHAR(20), stamp INTEGER)")
    visit = Table("invoice", ("id",), match={"email": "mail"}, dates={"document_date": "day"})
    stays = "only dates written as 2026-11-22 can be read; a row with any other stays"
    assert f"tables.shop.visit.dates.document_date: day is text, so {stays}" in remarks(visit=visit).warnings
    (sentence,) = told(visit=replace(visit, dates={"document_date": "stamp"}))
    assert sentence.startswith("tables.shop.visit.dates.document_date: stamp is no date (INTEGER")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("phone", "unknown-until-the-end-{id}", "'unknown-until-the-end-{id}' is longer than the column (20)"),
        ("birthday", "erased", "'erased' does not fit in DATE; give a day, such as \"2000-01-01\""),
        ("birthday", "2001-02-29", "'2001-02-29' does not fit in DATE; give a day, such as \"2000-01-01\""),
        ("birthday", 1, '1 does not fit in DATE; give a day, such as "2000-01-01"'),
    ],
)
def test_a_fixed_value_that_does_not_fit(told: Any, column: str, value: str | int, sentence: str) -> None:
    fixed = {"email": "erased-{id}@erased.invalid", column: value}
    assert told(customer={"fixed": fixed}) == [f"tables.shop.customer.fixed.{column}: {sentence}"]


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_a_fixed_value_that_would_not_be_known_again(told: Any, shop: Shop) -> None:
    shop.run("CREATE TABLE visit (id INTEGER PRIMARY KEY, mail TEXT, lasted interval, cost money, at timetz)")
    fixed: dict[str, str | bool | int] = {"lasted": "0", "cost": 0, "at": "00:00:00"}
    visit = Table("ticket", ("id",), match={"email": "mail"}, on_erasure="empty", fixed=fixed)
    instead = "let the column be empty, or keep it under keep_columns"
    assert told(visit=visit) == [
        f"tables.shop.visit.fixed.lasted: '0' would not be known again in INTERVAL; {instead}",
        f"tables.shop.visit.fixed.cost: 0 would not be known again in MONEY; {instead}",
        "tables.shop.visit.fixed.at: '00:00:00' does not fit in TIME; give a time, such as \"00:00:00+00:00\"",
    ]


def test_a_pseudonym_that_does_not_fit(told: Any) -> None:
    at = "tables.shop.customer.pseudonyms"
    assert told(customer={"pseudonyms": {"phone": 20}}) == []
    assert told(customer={"pseudonyms": {"phone": 21}}) == [
        f"{at}.phone: a pseudonym of 21 characters is longer than the column"
    ]
    assert told(customer={"pseudonyms": {"birthday": 12}}) == [
        f"{at}.birthday: a pseudonym is text and does not fit in DATE"
    ]
    assert told(customer={"pseudonyms": {"nick": 12}}) == [f"{at}: there is no column nick"]


def test_a_column_that_the_database_computes(told: Any, shop: Shop) -> None:
    computed = "sign VARCHAR(90) GENERATED ALWAYS AS (mail) STORED"
    shop.run(f"CREATE TABLE member (id INTEGER PRIMARY KEY, mail VARCHAR(80), {computed})")
    member = Table("ticket", ("id",), match={"email": "mail"}, on_erasure="empty")
    (sentence,) = told(member=member)
    assert sentence.startswith("tables.shop.member.keep_columns: sign is filled in by the database alone")
    assert told(member=replace(member, keep_columns=("sign",))) == []
    if shop.engine.dialect.name == "postgresql":
        shop.run("ALTER TABLE member ADD rank integer GENERATED ALWAYS AS IDENTITY")
        (sentence,) = told(member=replace(member, keep_columns=("sign",), fixed={"rank": 0}))
        assert sentence.startswith("tables.shop.member.keep_columns: rank is filled in by the database alone")


def test_a_key_that_several_rows_can_share(told: Any, remarks: Any, shop: Shop) -> None:
    assert told(invoice_line={"key": ("invoice_id",)}) == [
        "tables.shop.invoice_line.key: several rows can have the same invoice_id; use invoice_id, line"
    ]
    shop.run("CREATE TABLE paper (nr INTEGER, mail VARCHAR(80))")
    paper = Table("ticket", ("nr",), match={"email": "mail"})
    without = "the table has no primary key, so nothing says that a key is one row's"
    assert f"tables.shop.paper.key: {without}" in remarks(paper=paper).warnings


def test_a_way_between_columns_that_are_never_equal(told: Any, shop: Shop) -> None:
    shop.run("CREATE TABLE paper (id INTEGER PRIMARY KEY, customer VARCHAR(20))")
    (sentence,) = told(paper=Table("ticket", ("id",), via={"customer": "customer.id"}))
    assert sentence.startswith("tables.shop.paper.via: customer and customer.id are of different kinds (VARCHAR(20)")


def test_a_view_must_say_what_is_behind_it(told: Any, shop: Shop) -> None:
    shop.run("CREATE VIEW seen AS SELECT id, email FROM customer")
    seen = Table("customer", ("id",), match={"email": "email"}, keep_columns=())
    assert told(seen=seen) == [
        'tables.shop.seen: is a view; say view_of = "…", the table behind it, or read_only = true'
    ]
    assert told(seen=replace(seen, keep_columns=None, view_of="customer")) == []


def test_a_table_that_points_at_one_of_the_register_is_told(remarks: Any, shop: Shop) -> None:
    shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, customer_id INTEGER, {TO_CUSTOMER})")
    found = remarks()
    assert found.mistakes == []
    points = "table review points at it and is not in the register: a row that it points at cannot be erased"
    assert f"tables.shop.customer: {points}" in found.warnings


def test_a_trigger_on_a_change_counts_where_rows_are_emptied_and_one_that_is_known_does_not(
    told: Any, shop: Shop
) -> None:
    for statement in TRIGGER[shop.engine.dialect.name]:
        on_change = statement.replace("AFTER DELETE", "AFTER UPDATE").replace("ON ticket", "ON customer")
        shop.run(on_change.replace("AFTER DELETE", "AFTER UPDATE"))
    assert told() == ["tables.shop.customer: a trigger runs when a row is changed (follow); it may reach other rows"]
    assert told(customer={"known_triggers": ("follow",)}) == []
    gone = {"keep_columns": None, "fixed": {}, "rectifiable": ()}
    assert told(customer=gone) == []
    assert len(told(customer=gone | {"restricted": Mark("phone", "no")})) == 1


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_what_a_partition_has_is_of_the_whole_table(told: Any, shop: Shop) -> None:
    way = f"customer_id INTEGER, at DATE, PRIMARY KEY (id, at), {TO_CUSTOMER} ON DELETE CASCADE"
    shop.run(f"CREATE TABLE review (id INTEGER, {way}) PARTITION BY RANGE (at)")
    shop.run("CREATE TABLE review_2026 PARTITION OF review FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    review = Table("ticket", ("id", "at"), via={"customer_id": "customer.id"})
    assert told(review=review) == []
    for statement in TRIGGER["postgresql"]:
        shop.run(statement.replace("ON ticket", "ON review_2026"))
    assert told(review=review) == [
        "tables.shop.review: a trigger runs when a row is erased (follow); it may reach other rows"
    ]


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_a_cascade_from_another_schema(told: Any, shop: Shop) -> None:
    shop.run("CREATE SCHEMA archive")
    shop.run(
        f"CREATE TABLE archive.review (id INTEGER PRIMARY KEY, customer_id INTEGER, {TO_CUSTOMER} ON DELETE CASCADE)"
    )
    assert told() == [
        "tables.shop.customer: erasing would reach table review (CASCADE) by a way that is not in the register"
    ]


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_column_that_the_database_hides(told: Any, shop: Shop) -> None:
    shop.run("ALTER TABLE ticket ADD COLUMN ip VARCHAR(20) INVISIBLE")
    consequence = "it would be in no copy and never be emptied; make it visible"
    assert told() == [f"tables.shop.ticket: the database hides ip: {consequence}"]

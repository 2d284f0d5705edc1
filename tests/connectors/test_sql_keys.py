"""Keys of many types, on each engine: a row is found again by its key as it was noted, or the register is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from dsr.config import Settings
from dsr.connectors.base import Going
from dsr.connectors.sql import SqlSystem
from dsr.domain.register import Table
from dsr.domain.row_keys import Key, from_json, to_json
from tests.parts.shop import Shop

HANNA = {"email": "hanna@example.org"}
FOUND = {
    "sqlite": [
        ("REAL", "0.1", "0.2"),
        ("BLOB", "x'00ff'", "'ab'"),
        ("", "1", "'1'"),
        ("TEXT COLLATE NOCASE", "'A'", "'b'"),
    ],
    "mysql": [
        ("BIT(1)", "1", "0"),
        ("BIT(64)", "18446744073709551615", "65"),
        ("TIME", "'-04:05:06'", "'800:05:06'"),
        ("TIME(6)", "'25:00:00.5'", "'04:05:06.789012'"),
        ("DOUBLE", "0.1", "1e-300"),
        ("DECIMAL(40, 10)", "123456789012345678901234567890.1234567890", "1.10"),
        ("TIMESTAMP(6)", "'2020-07-03 04:05:06.789012'", "'2020-02-04'"),
        ("YEAR", "2020", "0000"),
        ("CHAR(8)", "'ab '", "'É'"),
        ("ENUM('sad', 'ok')", "'sad'", "'ok'"),
        ("VARBINARY(16)", "x'00ff'", "'ab'"),
        ("UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
    ],
    "postgresql": [
        ("double precision", "0.1", "'Infinity'"),
        ("numeric(10, 2)", "1.10", "2"),
        ("money", "12.5", "13"),
        ("date", "'infinity'", "'2020-02-03'"),
        ("timestamptz", "'2020-02-03 04:05:06.789012+02'", "'-infinity'"),
        ("time", "'24:00'", "'04:05:06.789'"),
        ("interval", "'1 mon 2 days'", "'-3 hours'"),
        ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
        ("char(8)", "'ab'", "'AB'"),
        ("text", """'a''{b},"c\\d'""", "'NULL'"),
        ("mood", "'sad'", "'ok'"),
        ("bytea", "'\\x00ff'", "'\\x00'"),
        ("bit(4)", "B'1010'", "B'1011'"),
        ("inet", "'10.0.0.1/24'", "'10.0.0.2'"),
    ],
}
REFUSED: dict[str, list[str]] = {"sqlite": [], "mysql": ["FLOAT"], "postgresql": ["real", "jsonb", "integer[]"]}
MAILS = "mail VARCHAR(80) DEFAULT 'hanna@example.org', note VARCHAR(9) DEFAULT 'x'"
Open = Callable[..., SqlSystem]


@pytest.fixture
def open_with(shop_settings: Settings) -> Iterator[Open]:
    """Opens the shop with these tables in its register, and no others."""
    opened: list[SqlSystem] = []

    def open_with(**tables: Table) -> SqlSystem:
        register = replace(shop_settings.register, tables={"shop": tables})
        opened.append(SqlSystem("shop", replace(shop_settings, register=register)))
        return opened[-1]

    yield open_with
    for system in opened:
        system.close()


def _make(shop: Shop, number: int, kind: str, *values: str) -> dict[str, Table]:
    """A table of Hanna with a row for each of these keys, and one of which each row points at one of those."""
    name, part = f"thing_{number}", f"part_{number}"
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} (id {kind} NOT NULL PRIMARY KEY, {MAILS})")
        connection.exec_driver_sql(f"CREATE TABLE {part} (nr INTEGER PRIMARY KEY, of_id {kind})")
        for nr, value in enumerate(values):
            connection.exec_driver_sql(f"INSERT INTO {name} (id) VALUES ({value})")  # noqa: S608 - ours
            connection.exec_driver_sql(f"INSERT INTO {part} VALUES ({nr}, {value})")  # noqa: S608 - ours
    way = {"of_id": f"{name}.id"}
    return {name: Table("ticket", ("id",), match={"email": "mail"}), part: Table("ticket", ("nr",), via=way)}


def _as_noted(key: Iterable[Any]) -> Key:
    return from_json(json.loads(json.dumps(to_json(key))))


def test_a_row_is_found_again_by_its_key(shop: Shop, open_with: Open) -> None:
    if shop.engine.dialect.name == "postgresql":
        shop.run("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    made = {
        kind: _make(shop, number, kind, *rest) for number, (kind, *rest) in enumerate(FOUND[shop.engine.dialect.name])
    }
    system = open_with(**{name: table for tables in made.values() for name, table in tables.items()})
    assert system.mistakes() == []
    found = {each.table: each for each in system.find(HANNA)}
    for kind, (name, part) in made.items():
        keys = [*map(_as_noted, found[name].keys)]
        assert (len(keys), len(found[part].rows)) == (2, 2), kind
        with system.erasing() as erasing:
            assert len(erasing.read(name, keys).rows) == 2, kind
            assert len(erasing.pointing(part, found[name].to_rows()).rows) == 2, kind
            assert erasing.erase([Going(name, keys, ("note",))]) == [2], kind
            assert erasing.erase([Going(name, keys[:1])]) == [1], kind
        (left,) = system.read(name, keys)
        assert [*map(_as_noted, left.keys)] == keys[1:], kind
        of_one = {**HANNA, f"shop.{name}": json.dumps([to_json(keys[1])])}
        assert [len(each.rows) for each in system.find(of_one) if each.table in (name, part)] == [1, 1], kind


def test_a_row_that_points_at_a_text_filled_with_spaces_is_seen(shop: Shop, open_with: Open) -> None:
    shop.run(f"CREATE TABLE client (code CHAR(8) PRIMARY KEY, {MAILS})")
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, client VARCHAR(8))")
    shop.run("INSERT INTO client (code) VALUES ('hanna')")
    shop.run("INSERT INTO bill VALUES (1, 'hanna')")
    client = Table("ticket", ("code",), match={"email": "mail"})
    bill = Table("ticket", ("id",), via={"client": "client.code"})
    with open_with(client=client, bill=bill).erasing() as erasing:
        assert erasing.pointing("bill", erasing.find(HANNA)[0].to_rows()).keys == [(1,)]


def test_a_key_beyond_what_the_column_that_points_can_hold_is_pointed_at_by_none(shop: Shop, open_with: Open) -> None:
    shop.run(f"CREATE TABLE client (id BIGINT PRIMARY KEY, {MAILS})")
    shop.run("CREATE TABLE bill (id INTEGER PRIMARY KEY, client INTEGER)")
    shop.run("INSERT INTO client (id) VALUES (5000000000), (7)")
    shop.run("INSERT INTO bill VALUES (1, 7)")
    client = Table("ticket", ("id",), match={"email": "mail"})
    bill = Table("ticket", ("id",), via={"client": "client.id"})
    with open_with(client=client, bill=bill).erasing() as erasing:
        assert erasing.pointing("bill", erasing.find(HANNA)[0].to_rows()).keys == [(1,)]


def test_a_key_by_which_no_row_is_found_is_refused(shop: Shop, open_with: Open) -> None:
    for number, kind in enumerate(REFUSED[shop.engine.dialect.name]):
        (mistake,) = open_with(**_make(shop, number, kind)).mistakes()
        assert mistake.startswith(f"tables.shop.thing_{number}.key: a row cannot be found by id ("), mistake


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_bit_that_is_nought_is_no_mark_of_deletion(shop: Shop, open_with: Open) -> None:
    shop.run(f"CREATE TABLE note (id INTEGER PRIMARY KEY, gone BIT(1), {MAILS})")
    shop.run("INSERT INTO note (id, gone) VALUES (1, 0), (2, 1), (3, NULL)")
    table = Table("ticket", ("id",), match={"email": "mail"}, soft_deleted="gone")
    (found,) = open_with(note=table).find(HANNA)
    marked = {row.key[0]: table.is_soft_deleted(row.values) for row in found.to_rows()}
    assert marked == {1: False, 2: True, 3: False}

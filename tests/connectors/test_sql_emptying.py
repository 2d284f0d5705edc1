"""What emptied rows hold, on each engine: the fixed value as it is read back, and nothing else is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dsr.config import Settings
from dsr.connectors.base import Going
from dsr.connectors.sql import SqlSystem
from dsr.domain.register import Fixed, Mark, Table
from dsr.services.emptying import is_empty
from tests.parts.shop import Shop

NO_UUID = "00000000-0000-0000-0000-000000000000"
COLUMNS: dict[str, list[tuple[str, str, Fixed]]] = {
    "sqlite": [
        ("DATE", "'2020-02-29'", "2000-01-01"),
        ("BOOLEAN", "1", False),
        ("REAL", "1.5", 0),
        ("BLOB", "x'ff'", ""),
    ],
    "mysql": [
        ("DATE", "'2020-02-29'", "2000-01-01"),
        ("TIMESTAMP", "'2020-02-29 10:00'", "2000-01-01"),
        ("TIME", "'10:00'", "00:00:00"),
        ("TIME(3)", "'10:00'", "00:00:00.000"),
        ("BOOLEAN", "1", 0),
        ("BIT(1)", "1", False),
        ("DECIMAL(9, 2)", "1.50", 0),
        ("CHAR(9)", "'Hanna'", "-{id}"),
        ("VARBINARY(9)", "'Hanna'", "-{id}"),
        ("BINARY(4)", "'Noor'", "-"),
        ("ENUM('a', 'b')", "'b'", "a"),
        ("UUID", "UUID()", NO_UUID),
        ("JSON", "'[1]'", "{}"),
    ],
    "postgresql": [
        ("date", "'2020-02-29'", "2000-01-01"),
        ("timestamptz", "'2020-02-29 10:00'", "2000-01-01"),
        ("time", "'10:00'", "00:00:00"),
        ("timetz", "'10:00'", "00:00:00+00:00"),
        ("boolean", "true", False),
        ("char(9)", "'Hanna'", "-{id}"),
        ("bytea", "'Hanna'", ""),
        ("inet", "'10.0.0.1'", "::"),
        ("uuid", "gen_random_uuid()", NO_UUID),
        ("jsonb", "'[1]'", "{}"),
        ("text[]", "'{a}'", "{}"),
    ],
}

PSEUDONYMS = {
    "sqlite": {"": True, "TEXT": True, "BLOB": True, "DATE": False},
    "mysql": {"CHAR(20)": True, "VARBINARY(20)": True, "LONGBLOB": True, "ENUM('a')": False, "BIT(1)": False},
    "postgresql": {"name": True, "bytea": True, "inet": False, "text[]": False, "tsvector": False},
}
"""Whether a pseudonym fits in a column of this type."""


@contextmanager
def opened(settings: Settings, **tables: Table) -> Iterator[SqlSystem]:
    system = SqlSystem("shop", replace(settings, register=replace(settings.register, tables={"shop": tables})))
    yield system
    system.close()


def test_a_fixed_value_is_read_back_as_it_was_given(shop: Shop, shop_settings: Settings) -> None:
    columns = {f"c{number}": column for number, column in enumerate(COLUMNS[shop.engine.dialect.name])}
    declared = ", ".join(f"{name} {kind} NOT NULL" for name, (kind, _, _) in columns.items())
    given = ", ".join(value for _, value, _ in columns.values())
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE client (id INTEGER PRIMARY KEY, mail VARCHAR(80), {declared})")
        connection.exec_driver_sql(f"INSERT INTO client VALUES (7, 'hanna@example.org', {given})")  # noqa: S608 - ours
    fixed = {name: fixed for name, (_, _, fixed) in columns.items()}
    client = Table("customer", ("id",), match={"email": "mail"}, keep_columns=(), fixed=fixed)
    with opened(shop_settings, client=client) as system:
        assert system.mistakes() == []
        with system.erasing() as erasing:
            (full,) = erasing.read("client", [(7,)]).to_rows()
            assert erasing.erase([Going("client", [(7,)], ("mail", *columns))]) == [1]
            (row,) = erasing.read("client", [(7,)]).to_rows()
    assert is_empty(client, row, ("id",)), row.values
    for name, (kind, _, _) in columns.items():
        assert not is_empty(client, row._replace(values={**row.values, name: full.values[name]}), ("id",)), kind


def test_a_pseudonym_fits_where_any_text_does(shop: Shop, shop_settings: Settings) -> None:
    columns = {f"c{number}": column for number, column in enumerate(PSEUDONYMS[shop.engine.dialect.name].items())}
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    shop.run(f"CREATE TABLE client (id INTEGER PRIMARY KEY, mail VARCHAR(80), {declared})")
    client = Table("customer", ("id",), match={"email": "mail"}, pseudonyms=dict.fromkeys(columns, 20))
    with opened(shop_settings, client=client) as system:
        refused = [sentence.partition(" is text and does not fit in ")[0] for sentence in system.mistakes()]
    unfit = [name for name, (_, fits) in columns.items() if not fits]
    assert refused == [f"tables.shop.client.pseudonyms.{name}: a pseudonym" for name in unfit]


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_what_is_longer_than_the_type_behind_a_domain_does_not_fit(shop: Shop, shop_settings: Settings) -> None:
    shop.run("CREATE DOMAIN short AS varchar(10)")
    shop.run("CREATE DOMAIN code AS short CHECK (VALUE <> '')")
    shop.run("CREATE TABLE client (id INTEGER PRIMARY KEY, mail VARCHAR(80), code code, town short)")
    client = Table(
        "customer", ("id",), match={"email": "mail"}, pseudonyms={"code": 16}, fixed={"town": "Polderstad 1"}
    )
    with opened(shop_settings, client=client) as system:
        assert system.mistakes() == [
            "tables.shop.client.fixed.town: 'Polderstad 1' is longer than the column (10)",
            "tables.shop.client.pseudonyms.code: a pseudonym of 16 characters is longer than the column",
        ]


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_a_fixed_value_is_one_of_those_a_column_can_have(shop: Shop, shop_settings: Settings) -> None:
    kind = "ENUM('open', 'closed')"
    if shop.engine.dialect.name == "postgresql":
        shop.run(f"CREATE TYPE state AS {kind}")
        kind = "state, tags text[]"
    shop.run(f"CREATE TABLE client (id INTEGER PRIMARY KEY, mail VARCHAR(80), state {kind})")
    client = Table("customer", ("id",), match={"email": "mail"}, fixed={"state": "gone"})
    mistake = "tables.shop.client.fixed.state: 'gone' is none of the values it can have; give one of open, closed"
    with opened(shop_settings, client=client) as system:
        assert system.mistakes() == [mistake]
    fixed = {"state": "closed"} | ({"tags": ""} if "text[]" in kind else {})
    with opened(shop_settings, client=replace(client, fixed=fixed)) as system:
        tags = "tables.shop.client.fixed.tags: '' is no list; give one, such as \"{}\""
        assert system.mistakes() == ([tags] if "tags" in fixed else [])


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_a_mark_fits_in_its_column(shop: Shop, shop_settings: Settings) -> None:
    shop.run("CREATE TYPE mood AS ENUM ('fine', 'blocked')")
    shop.run("CREATE TABLE client (id INTEGER PRIMARY KEY, mail VARCHAR(80), mood mood, blocked BOOLEAN)")
    shop.run("INSERT INTO client VALUES (1, 'hanna@example.org', 'fine', false)")
    client = Table("customer", ("id",), match={"email": "mail"}, restricted=Mark("blocked"))
    with opened(shop_settings, client=client) as system:
        cure = "give true or false"
        assert system.mistakes() == [f"tables.shop.client.restricted: 1 does not fit in BOOLEAN; {cure}"]
    with opened(shop_settings, client=replace(client, restricted=Mark("blocked", True))) as system:
        assert system.mistakes() == []
        with system.erasing() as erasing:
            assert erasing.change("client", [(1,)], {"mood": "blocked", "blocked": True}) == 1
    assert shop.rows("client")[0]["mood"] == "blocked"


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_time_that_the_database_would_change_along_stays(shop: Shop, shop_settings: Settings) -> None:
    moves = "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    shop.run(f"CREATE TABLE login (id INTEGER PRIMARY KEY, mail VARCHAR(80), ip VARCHAR(20), at {moves}, seen {moves})")
    shop.run("INSERT INTO login VALUES (1, 'hanna@example.org', '::1', '2020-02-29 10:00', '2020-02-29 10:00')")
    fixed = {"seen": "2000-01-01"}
    login = Table("customer", ("id",), match={"email": "mail"}, keep_columns=("at",), fixed=fixed, on_erasure="empty")
    with opened(shop_settings, login=login) as system, system.erasing() as erasing:
        before = erasing.read("login", [(1,)]).to_rows()[0].values
        going = [Going("login", [(1,)], (), {"ip": "pseudonym"}), Going("login", [(1,)], ("mail", "seen"))]
        assert erasing.erase(going) == [1, 1]
        after = erasing.read("login", [(1,)]).to_rows()[0].values
    assert (after["at"], after["mail"], after["ip"]) == (before["at"], None, "pseudonym")
    assert str(after["seen"]) == "2000-01-01 00:00:00"

"""Views, schemas, rows that are only marked as deleted, and days beyond the calendar, on each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dsr.config import Settings
from dsr.connectors import sql_rows
from dsr.connectors.base import Going, rows_of
from dsr.connectors.sql import SqlSystem
from dsr.domain.plans import Row
from dsr.domain.register import Table
from tests.parts.shop import Shop

HANNA = {"email": "hanna@example.org"}
Open = Callable[..., SqlSystem]


@pytest.fixture
def open_with(shop_settings: Settings) -> Iterator[Open]:
    """Opens the shop with more tables in its register."""
    opened: list[SqlSystem] = []

    def open_with(**tables: Table) -> SqlSystem:
        register = shop_settings.register
        register = replace(register, tables={"shop": {**register.tables["shop"], **tables}})
        opened.append(SqlSystem("shop", replace(shop_settings, register=register)))
        return opened[-1]

    yield open_with
    for system in opened:
        system.close()


@pytest.fixture
def archive(shop: Shop) -> Iterator[str]:
    """Another schema with a table of the same name."""
    kind = "DATABASE" if shop.engine.dialect.name == "mysql" else "SCHEMA"
    name = f"archive_{shop.engine.url.database}"
    shop.run(f"CREATE {kind} {name}")
    shop.run(f"CREATE TABLE {name}.ticket (id INTEGER PRIMARY KEY, mail VARCHAR(80), body VARCHAR(40))")
    for number, mail in ((1, "hanna@example.org"), (2, "bram@example.org")):
        shop.run(f"INSERT INTO {name}.ticket VALUES ({number}, :mail, 'old')", mail=mail)  # noqa: S608 - our own name
    yield name
    shop.run(f"DROP {kind} {name}" + ("" if kind == "DATABASE" else " CASCADE"))


def keys(rows: list[Row], table: str) -> list[Any]:
    return sorted(row.key[0] for row in rows if row.table == table)


def test_a_view_is_read_and_searched_and_never_locked(shop: Shop, open_with: Open) -> None:
    shop.run("CREATE VIEW tickets_of AS SELECT customer_id, count(*) AS tickets FROM ticket GROUP BY customer_id")
    view = Table("ticket", ("customer_id",), via={"customer_id": "customer.id"}, read_only=True)
    system = open_with(tickets_of=view)
    assert keys(rows_of(system.find(HANNA)), "tickets_of") == [1]
    with system.erasing() as erasing:
        assert [[*found.rows] for found in erasing.find(HANNA) if found.table == "tickets_of"] == [[(1, 1)]]


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_two_schemas_may_have_a_table_of_the_same_name(shop: Shop, open_with: Open, archive: str) -> None:
    old = Table("ticket", ("id",), match={"email": "mail"}, table="ticket", schema=archive, keep_columns=("id",))
    system = open_with(old_ticket=old)
    assert system.mistakes() == []
    found = rows_of(system.find(HANNA))
    assert (keys(found, "ticket"), keys(found, "old_ticket")) == ([1], [1])
    with system.erasing() as erasing:
        assert [row.values["body"] for row in erasing.read("old_ticket", [(1,)]).to_rows()] == ["old"]
        assert erasing.erase([Going("old_ticket", [(1,)], ("body",))]) == [1]
        assert erasing.erase([Going("old_ticket", [(1,)])]) == [1]
    assert [row["id"] for row in shop.rows(f"{archive}.ticket")] == [2]
    assert [row["id"] for row in shop.rows("ticket")] == [1, 2]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_way_leads_by_any_column_of_the_other_table(shop: Shop, open_with: Open) -> None:
    shop.run("CREATE TABLE answer (id INTEGER PRIMARY KEY, asked VARCHAR(200))")
    shop.run("UPDATE ticket SET body = 'help ' || id")
    shop.run("INSERT INTO answer SELECT id, body FROM ticket")
    answer = Table("ticket", ("id",), via={"asked": "ticket.body"})
    assert keys(rows_of(open_with(answer=answer).find(HANNA)), "answer") == [1]


@pytest.mark.parametrize(
    ("kind", "mark"), [("TIMESTAMP NULL", "2026-01-02 03:04:05"), ("INTEGER", 1), ("BOOLEAN", True)]
)
def test_a_row_that_is_only_marked_as_deleted_is_found(shop: Shop, open_with: Open, kind: str, mark: object) -> None:
    shop.run(f"CREATE TABLE note (id INTEGER PRIMARY KEY, mail VARCHAR(80), gone {kind})")
    for number, gone in ((1, mark), (2, None)):
        shop.run("INSERT INTO note VALUES (:id, 'hanna@example.org', :gone)", id=number, gone=gone)
    table = Table("ticket", ("id",), match={"email": "mail"}, soft_deleted="gone")
    rows = [row for row in rows_of(open_with(note=table).find(HANNA)) if row.table == "note"]
    assert {row.key: table.is_soft_deleted(row.values) for row in rows} == {(1,): True, (2,): False}


def test_a_first_register_sees_views_and_other_schemas(shop: Shop, open_with: Open) -> None:
    shop.run("CREATE VIEW seen AS SELECT id, email FROM customer")
    if shop.engine.dialect.name == "postgresql":
        shop.run("CREATE SCHEMA archive")
        to_customer = "customer_id INTEGER REFERENCES customer (id)"
        shop.run(f"CREATE TABLE archive.ticket (id INTEGER PRIMARY KEY, {to_customer})")
        # The rows of a partition are those of its table.
        shop.run("CREATE TABLE visit (day DATE) PARTITION BY RANGE (day)")
        shop.run("CREATE TABLE visit_26 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    elif shop.engine.dialect.name == "mysql":
        shop.run("CREATE TABLE about (id INTEGER PRIMARY KEY) ENGINE = Aria")
        shop.run("CREATE VIEW visit AS SELECT * FROM about")
        shop.run("ALTER TABLE about RENAME TO aardvark")
    else:
        shop.run("CREATE VIEW visit AS SELECT * FROM gone")
        shop.run("UPDATE newsletter SET email = CAST(x'ff' AS TEXT) WHERE email LIKE 'hanna%'")
    found = {table.name: table for table in open_with().found_tables()[0]}
    assert (found["seen"].is_view, found["customer"].is_view) == (True, False)
    assert [key.table for key in found["ticket"].foreign_keys] == ["customer"]
    if "archive_ticket" in found:
        old = found["archive_ticket"]
        assert (old.schema, old.table, old.foreign_keys[0].table) == ("archive", "ticket", "customer")
    assert len(found) == 7 + len({"archive_ticket", "aardvark"} & found.keys())
    assert "Hanna@Example.org" in found["customer"].columns["email"].values
    if shop.engine.dialect.name == "sqlite":
        assert (found["visit"].columns, found["newsletter"].columns["email"].values) == ({}, ())


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("batch", [2, 100])
def test_days_that_python_does_not_know_are_found_as_text(
    shop: Shop, open_with: Open, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_rows, "BATCH", batch)
    shop.run("ALTER TABLE invoice ADD COLUMN days date[], ADD COLUMN until timestamptz, ADD COLUMN at time")
    shop.run(
        "UPDATE invoice SET days = '{0044-03-15 BC,2026-11-23}', until = 'infinity', at = '24:00' WHERE id % 3 = 0"
    )
    for rows in (rows_of(open_with().stream(HANNA)), rows_of(open_with().find(HANNA))):
        found = {row.key[0]: [*row.values.values()][-3:] for row in rows if row.table == "invoice"}
        odd = [["0044-03-15 BC", date(2026, 11, 23)], "infinity", "24:00:00"]
        assert len(found) > 2 * 3
        assert found == {key: odd if key % 3 == 0 else [None] * 3 for key in found}

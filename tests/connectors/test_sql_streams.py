"""Reading a person of very many rows, batch by batch, on each engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsr.config import Settings
from dsr.connectors import sql_engine
from dsr.connectors.base import SystemDown, SystemRefuses, rows_of
from dsr.connectors.sql import SqlSystem
from dsr.connectors.sql_rows import BATCH
from tests.parts.shop import Shop

HANNA = {"email": "hanna@example.org"}
MANY = 2**16
KILL = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND datname = current_database()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()",
}


@pytest.fixture
def system(shop: Shop, shop_settings: Settings) -> Iterator[SqlSystem]:
    """A shop in which Hanna has very many invoices, and no more than a few rows may be held."""
    shop.run("INSERT INTO invoice VALUES (1000, 1, NULL, NULL, 9.95)")
    for power in range(16):
        doubled = "INSERT INTO invoice SELECT id + :more, 1, NULL, NULL, 9.95 FROM invoice WHERE id >= 1000"
        shop.run(doubled, more=2**power)
    few = replace(shop_settings.systems["shop"], row_cap=100)
    opened = SqlSystem("shop", replace(shop_settings, systems={"shop": few}))
    yield opened
    opened.close()


def test_every_row_streams_by_and_no_cap_holds_it_up(shop: Shop, system: SqlSystem) -> None:
    sizes: dict[str, list[int]] = {}
    seen: set[int] = set()
    for found in system.stream(HANNA):
        sizes.setdefault(found.table, []).append(len(found.rows))
        seen |= {row.key[0] for row in found.to_rows() if found.table == "invoice"}
    assert list(sizes) == system.register.nearest_first("shop")
    assert max(sizes["invoice"]) == BATCH
    assert sum(sizes["invoice"]) == len(seen) == MANY + 9
    with pytest.raises(SystemRefuses, match="more than 100 rows"):
        system.find(HANNA)


def test_who_stops_reading_leaves_nothing_open(shop: Shop, system: SqlSystem) -> None:
    stream = system.stream(HANNA)
    while next(stream).table != "invoice":
        pass
    stream.close()
    shop.run("DELETE FROM invoice WHERE id >= 1000")
    assert len(rows_of(system.stream(HANNA))) == 30


def _cut_all(shop: Shop) -> None:
    with shop.engine.connect() as connection:
        for (found,) in connection.exec_driver_sql(KILL[connection.dialect.name]).all():
            if connection.dialect.name == "mysql":
                connection.exec_driver_sql(f"KILL {found}")


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize("rested", [True, False])
def test_a_connection_that_was_cut_while_it_rested_is_replaced(
    shop: Shop, shop_settings: Settings, monkeypatch: pytest.MonkeyPatch, rested: bool
) -> None:
    monkeypatch.setattr(sql_engine, "REST_SECONDS", 0 if rested else 60)
    system = SqlSystem("shop", shop_settings)
    with contextlib.closing(system):
        assert len(rows_of(system.find(HANNA))) == 30
        _cut_all(shop)
        if not rested:
            with pytest.raises(SystemDown):
                system.find(HANNA)
        assert len(rows_of(system.find(HANNA))) == 30


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_a_connection_cut_between_two_batches_is_a_system_that_is_down(shop: Shop, system: SqlSystem) -> None:
    stream = system.stream(HANNA)
    while next(stream).table != "invoice":
        pass
    _cut_all(shop)
    with pytest.raises(SystemDown, match="shop: the database does not answer, or is busy"):
        rows_of(stream)
    assert next(system.stream(HANNA)).table == "customer"

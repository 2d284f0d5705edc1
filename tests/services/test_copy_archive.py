"""The archive of a copy: exact to the last row, whole or told to be not, and never held in memory."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from dsr.connectors.base import Connector, Found, Identifiers, SystemDown
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.files import Place, open_store
from dsr.services import copies
from dsr.services.copy_archive import WrittenCopy, write_copy
from dsr.services.copy_data import lines
from tests.parts.copies import Desk
from tests.parts.shop import Workplace
from tests.parts.store import NOW

HANNA = {"email": "hanna@example.org"}


@dataclass
class Cut:
    """A system whose connection is cut after the first batch of its second table."""

    name = "shop"

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        yield Found("customer", ("id",), ("id", "iban"), [(1, None)])
        yield Found("invoice", ("id",), ("id",), [(1,), (2,)])
        raise SystemDown("shop", "it does not answer")


def write(desk: Desk, systems: dict[str, Any]) -> WrittenCopy:
    with desk.store.transaction(writes=False) as session:
        order = copies.begin_copy(session, session.get_one(Case, desk.case_id), settings=desk.settings)
    return write_copy(order, systems, HANNA, settings=desk.settings, now=NOW)


def opened(desk: Desk, written: WrittenCopy) -> ZipFile:
    place = Place(written.file, desk.case_id, "access-copy")
    return ZipFile(BytesIO(b"".join(open_store(desk.settings, keys()).read(place))))


def test_a_system_that_fails_midway_is_missing_and_its_half_is_not_shown_as_all(desk: Desk) -> None:
    written = write(desk, {"shop": Cut()})
    assert (written.row_count, list(written.faults)) == (0, ["shop"])
    with opened(desk, written) as archive:
        document, page = json.loads(archive.read("data.json")), archive.read("index.html").decode()
    assert document["missing"] == ["shop"]
    assert [table["rows"] for table in document["tables"]] == [[[1, None]], [[1], [2]]]
    assert "Facturen" not in page.partition("<h2>")[2].partition("</section>")[0]
    desk.note(written)
    assert desk.view()
    with pytest.raises(copies.CopyIncomplete, match="shop"):
        desk.release()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**70, 2**70),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        ([[1.5, math.nan], [-math.inf, None]], [[1.5, "NaN"], ["-Infinity", None]]),
        ({"a": (math.nan,), "b": {0.5}}, {"a": ["NaN"], "b": [0.5]}),
        (Decimal("NaN"), "NaN"),
        (0.1, 0.1),
        (Decimal("12.50"), "12.50"),
        (time(9, 30, tzinfo=UTC), "09:30:00+00:00"),
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "2026-01-02T03:04:05.678901+00:00"),
        (datetime(1, 1, 1), "0001-01-01T00:00:00"),  # noqa: DTZ001 - as a database without time zones gives it
        (datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=2))), "2026-07-01T00:00:00+02:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(days=1), "1 day, 0:00:00"),
        (b"\x00\xff", {"base64": "AP8="}),
        ([1, "a"], [1, "a"]),
        ('],\n[\u2028"', '],\n[\u2028"'),
        (True, True),
        (None, None),
    ],
)
def test_a_line_loses_nothing(value: object, written: object) -> None:
    text = lines([(1, value), (2, value)])
    assert json.loads(b"[" + text + b"]") == [[1, written], [2, written]]
    assert len(text.splitlines()) == 2


@pytest.fixture
def peak(desk: Desk, workplace: Workplace) -> Callable[[int], int]:
    """The most memory that writing a copy of so many invoices takes, in bytes."""

    def peak(rows: int) -> int:
        workplace.shop.run("DELETE FROM invoice_line")
        workplace.shop.run("DELETE FROM invoice WHERE customer_id = 1")
        workplace.shop.run(
            "INSERT INTO invoice WITH RECURSIVE n (id) AS (SELECT 1000 UNION ALL SELECT id + 1 FROM n LIMIT :rows)"
            " SELECT id, 1, '2020-01-01', NULL, 9.95 FROM n",
            rows=rows,
        )
        systems: dict[str, Connector] = {"shop": workplace.context.systems["shop"]}
        tracemalloc.start()
        try:
            assert write(desk, systems).row_count >= rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    desk.settings = replace(workplace.context.settings, base=desk.settings.base)
    return peak


@pytest.mark.parametrize(("store_url", "shop_url"), [("sqlite", "sqlite")], indirect=True)
def test_ten_times_the_rows_take_the_same_memory(peak: Callable[[int], int]) -> None:
    few = peak(3_000)
    assert peak(30_000) < few + 1_000_000

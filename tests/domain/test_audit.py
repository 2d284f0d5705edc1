"""Each part of an entry, and the entry before it, is in its hash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from dsr.domain.audit import GENESIS, link

ENTRY: dict[str, Any] = {
    "number": 7,
    "at": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    "event": "plan-approved",
    "actor": "worker",
    "case_id": "5b9e",
    "details": {"rows": 3, "table": "invoice"},
}


def test_the_same_entry_has_the_same_hash() -> None:
    assert link(GENESIS, **ENTRY) == link(GENESIS, **ENTRY)
    assert len(link(GENESIS, **ENTRY)) == 32


@pytest.mark.parametrize(
    "change",
    [
        {"number": 8},
        {"at": ENTRY["at"] + timedelta(microseconds=1)},
        {"event": "plan-returned"},
        {"actor": "command"},
        {"case_id": None},
        {"case_id": "None"},
        {"details": {"rows": 4, "table": "invoice"}},
        {"details": {"rows": "3", "table": "invoice"}},
        {"details": {}},
    ],
)
def test_whatever_changes_changes_the_hash(change: dict[str, Any]) -> None:
    assert link(GENESIS, **{**ENTRY, **change}) != link(GENESIS, **ENTRY)


def test_the_hash_before_is_in_the_hash() -> None:
    assert link(b"\1" * 32, **ENTRY) != link(GENESIS, **ENTRY)


def test_neither_the_order_of_the_details_nor_the_time_zone_is_in_the_hash() -> None:
    there = ENTRY["at"].astimezone(timezone(timedelta(hours=1)))
    other = {**ENTRY, "at": there, "details": {"table": "invoice", "rows": 3}}
    assert link(GENESIS, **other) == link(GENESIS, **ENTRY)


def test_text_cannot_move_from_one_part_to_the_next() -> None:
    first = link(GENESIS, **{**ENTRY, "event": "a", "actor": 'b","c'})
    assert first != link(GENESIS, **{**ENTRY, "event": 'a","b', "actor": "c"})

"""The digest of a row: the same while nobody changed it, and another for any change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from dsr.domain.fingerprints import digest_of_rows, fingerprint, fingerprints


@pytest.mark.parametrize("between", ["\x1f", "\0", ",", '","'])
def test_text_cannot_move_from_one_column_to_the_next(between: str) -> None:
    one, other = {"a": f"x{between}y", "b": "z"}, {"a": "x", "b": f"y{between}z"}
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint({f"a{between}b": "x"}) != fingerprint({"a": "x", "b": "x"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (
            {"at": datetime(2026, 1, 1, 12, tzinfo=UTC)},
            {"at": datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))},
        ),
        ({"photo": b"x" * 5000}, {"photo": memoryview(b"x" * 5000)}),
        ({"a": 1}, {"a": 1, "added later": None}),
    ],
)
def test_the_same_content_has_the_same_fingerprint(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"),
        (1, 2),
        (None, ""),
        (None, "null"),
        (1.1, 1.1000000000000003),
        (Decimal("12345678901234567890123456789.1"), Decimal("12345678901234567890123456789.2")),
        (b"a", b"b"),
        (date(2026, 1, 1), date(2026, 1, 2)),
        (UUID(int=1), UUID(int=2)),
        ("a", "a "),
        (["a"], ["b"]),
    ],
)
def test_other_content_has_another_fingerprint(one: object, other: object) -> None:
    assert fingerprint({"value": one}) != fingerprint({"value": other})


ROWS = [(2, "b", date(2026, 1, 1)), (1, "a", None), (3, None, date(2026, 1, 2))]
COLUMNS, KEY = ("id", "name", "on"), ("id",)


def test_rows_have_one_digest_in_whatever_order_they_come() -> None:
    digests = {digest_of_rows(COLUMNS, KEY, order) for order in permutations(ROWS)}
    assert len(digests) == 1
    assert len({digest_of_rows(COLUMNS, ("on",), order) for order in permutations(ROWS)}) == 1


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("column", range(3))
def test_any_change_of_a_row_changes_the_digest_of_all(place: int, column: int) -> None:
    changed = [list(row) for row in ROWS]
    changed[place][column] = "other"
    assert digest_of_rows(COLUMNS, KEY, [*map(tuple, changed)]) != digest_of_rows(COLUMNS, KEY, ROWS)
    assert digest_of_rows(COLUMNS, KEY, ROWS[1:]) != digest_of_rows(COLUMNS, KEY, ROWS)


def test_a_row_has_the_same_fingerprint_among_others_as_alone() -> None:
    assert fingerprints(COLUMNS, ROWS) == [fingerprint(dict(zip(COLUMNS, row, strict=True))) for row in ROWS]
    assert fingerprints(COLUMNS, ROWS, without="on")[0] == fingerprint({"id": 2, "name": "b"})
    assert fingerprints(COLUMNS, []) == []


def test_a_fingerprint_outlives_the_version_of_python_that_made_it() -> None:
    # Which letters can be printed grows with each: \U0001fae8 only since Python 3.12.
    written = rb"'n\xe9':'\U0001fae8 \x85',"
    assert fingerprint({"né": "\U0001fae8 \x85"}) == sha256(written).hexdigest()[:32]

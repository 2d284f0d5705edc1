"""The digest of a row: the same while nobody changed it, and another for any change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from dsr.domain.fingerprints import fingerprint


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

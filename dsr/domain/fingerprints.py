"""Digests of the content of rows: equal while nobody changed it, whatever the driver and its time zone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

Columns = tuple[str, ...]


def _plain(value: Any) -> str:
    """A value of any driver as text that is the same on every reading."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()  # the accounts of a server may live in different time zones
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hashlib.sha256(value).hexdigest()
    return str(value)


canonical = json.JSONEncoder(sort_keys=True, default=_plain, separators=(",", ":")).encode
"""A JSON value as text that is the same on every reading."""


def fingerprint(values: Mapping[str, Any], *, without: str | None = None) -> str:
    """A digest of the content of a row: equal while nobody changed it, in whatever order its columns come."""
    return fingerprints(tuple(values), [tuple(values.values())], without=without)[0]


def fingerprints(columns: Columns, rows: Sequence[tuple[Any, ...]], *, without: str | None = None) -> list[str]:
    """The same for many rows, leaving out one column: by column, since the values of one are of one kind."""
    names, places = _order_of(columns, without)
    values = [*zip(*rows, strict=True)] if rows else [()] * len(columns)
    # A text is quoted, so that no text can move from one column to the next; the word None is not the absence of one.
    contents = zip(*[_comparable(values[place]) for place in places], strict=True)
    return [hashlib.sha256(names + repr(content).encode()).hexdigest()[:32] for content in contents]


@lru_cache(maxsize=256)
def _order_of(columns: Columns, without: str | None) -> tuple[bytes, list[int]]:
    order = sorted(set(columns) - {without})
    return repr(order).encode(), [*map(columns.index, order)]


_SAME_EVERYWHERE = frozenset({str, int, float, bool, type(None), date, Decimal})


def _comparable(values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column; what is written differently from one reading to the next as text, marked as such."""
    if _SAME_EVERYWHERE.issuperset(map(type, values)):
        return values
    return [value if type(value) in _SAME_EVERYWHERE else (_plain(value),) for value in values]

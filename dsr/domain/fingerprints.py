"""Digests of the content of rows: equal while nobody changed it, whatever the driver and its time zone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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


def fingerprint(values: Mapping[str, Any]) -> str:
    """A digest of the content of a row: equal while nobody changed it, in whatever order its columns come."""
    names, order = _order_of(tuple(values))
    # Text as it is, anything else marked: the word None is not the absence of a value. Quoted, so that no text can
    # move from one column to the next.
    content = [
        value if (kind := type(value)) is str else (str(value) if kind in _SAME_EVERYWHERE else _plain(value),)
        for value in map(values.__getitem__, order)
    ]
    return hashlib.sha256(repr([names, *content]).encode()).hexdigest()[:32]


@lru_cache(maxsize=256)
def _order_of(columns: Columns) -> tuple[str, list[str]]:
    order = sorted(columns)
    return "\0".join(order), order


_SAME_EVERYWHERE = frozenset({int, float, bool, type(None), date, Decimal})

"""Digests of the content of rows: equal while nobody changed it, whatever the driver and its time zone."""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

Columns = tuple[str, ...]
Rows = Sequence[tuple[Any, ...]]


def _plain(value: Any) -> str | int:
    """A value of any driver as it is the same on every reading: text, and days as numbers."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()  # the accounts of a server may live in different time zones
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hashlib.sha256(value).hexdigest()
    return value.toordinal() if type(value) is date else str(value)


canonical = json.JSONEncoder(sort_keys=True, default=_plain, separators=(",", ":")).encode
"""A JSON value as text that is the same on every reading."""


def fingerprint(values: Mapping[str, Any], *, without: str | None = None) -> str:
    """A digest of the content of a row: equal while nobody changed it, in whatever order its columns come.

    What is empty is left out: a column that is added in the years that a row is kept is no change of it.
    """
    return fingerprints(tuple(values), [tuple(values.values())], without=without)[0]


def fingerprints(columns: Columns, rows: Rows, *, without: str | None = None) -> list[str]:
    """The same for many rows, leaving out one column."""
    values = _by_column(columns, rows)
    named = [_named(columns[place], _comparable(values[place])) for place in _order_of(columns, without)]
    return [hashlib.sha256("".join(cells).encode()).hexdigest()[:32] for cells in zip(*named, strict=True)]


def _named(column: str, values: Iterable[Any]) -> list[str]:
    # Quoted: no text can move from one column to the next, and the word None is not the absence of one. In ASCII: what
    # else can be printed differs from one Python to the next, and a row is kept for longer than these last.
    name = ascii(column)
    return ["" if value is None else f"{name}:{value!a}," for value in values]


def digest_of_rows(columns: Columns, key: Columns, rows: Rows) -> str:
    """One digest of the content of many rows, in whatever order they come."""
    values = _by_column(columns, _sorted(rows, [columns.index(column) for column in key]))
    return hashlib.sha256(b"".join(map(_packed, [columns, *values]))).hexdigest()


def _packed(values: Any) -> bytes:
    try:
        return marshal.dumps(values, 2)  # version 2 writes equal values alike, wherever else they are held
    except ValueError:  # not of text, numbers and bytes alone
        return marshal.dumps([*_comparable(values)], 2)


@lru_cache(maxsize=256)
def _order_of(columns: Columns, without: str | None) -> list[int]:
    return [columns.index(column) for column in sorted(set(columns) - {without})]


def _sorted(rows: Rows, places: Sequence[int]) -> Rows:
    key_of = itemgetter(*places)
    try:
        return sorted(rows, key=key_of)
    except TypeError:  # the key of a view may be empty
        return sorted(rows, key=lambda row: repr(key_of(row)))


def _by_column(columns: Columns, rows: Rows) -> Sequence[Sequence[Any]]:
    return [*zip(*rows, strict=True)] if rows else [()] * len(columns)


_SAME_EVERYWHERE = frozenset({str, int, float, bool, type(None)})


def _comparable(values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column as they are written alike on every reading, and quickly."""
    kinds = {*map(type, values)}
    if kinds <= _SAME_EVERYWHERE:
        return values
    if kinds == {date}:
        return [*map(date.toordinal, values)]
    return [value if type(value) in _SAME_EVERYWHERE else _plain(value) for value in values]

"""Changing columns of given rows: what a row held, what it is to hold, and whether it holds the one or the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from dsr.domain.plans import Columns, Row
from dsr.domain.row_keys import Key, from_json, to_json


class RowChange(NamedTuple):
    """A row and, by column, its old and its new value."""

    system: str
    category: str
    table: str
    key_columns: Columns
    key: Key
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @property
    def place(self) -> str:
        """SYSTEM.TABLE."""
        return f"{self.system}.{self.table}"

    def is_before(self, row: Row) -> bool:
        """Whether the row still holds the old values."""
        return all(same(row.values[column], value) for column, value in self.old.items())

    def is_after(self, row: Row) -> bool:
        """Whether the row holds the new values already."""
        return all(same(row.values[column], value) for column, value in self.new.items())

    def to_record(self) -> dict[str, Any]:
        """The change as JSON carries it."""
        return {**self._asdict(), "key": to_json(self.key), "old": _written(self.old), "new": _written(self.new)}


def read_change(record: Mapping[str, Any]) -> RowChange:
    """The change that `to_record` wrote."""
    return RowChange(
        record["system"],
        record["category"],
        record["table"],
        tuple(record["key_columns"]),
        from_json(record["key"]),
        read_values(record["old"]),
        read_values(record["new"]),
    )


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(values, to_json(values.values()), strict=True))


def read_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by column, as they were before JSON carried them."""
    return dict(zip(values, from_json(values.values()), strict=True))


def same(found: Any, expected: Any) -> bool:
    """Whether two values are the same to a database: SQLite holds a day as text, and money as a float."""
    if isinstance(expected, Decimal) or isinstance(found, Decimal):
        return found is not None and expected is not None and Decimal(str(found)) == Decimal(str(expected))
    return bool(found == expected) or (None not in (found, expected) and str(found) == str(expected))


def digest_of(register_digest: str, changes: Iterable[RowChange], by_hand: Any = ()) -> str:
    """SHA-256 over the register, every old and new value and what is done by hand: what an approval binds."""
    content = sorted(json.dumps(change.to_record(), sort_keys=True) for change in changes)
    return hashlib.sha256("\n".join([register_digest, json.dumps(by_hand), *content]).encode()).hexdigest()


def by_system(changes: Iterable[RowChange]) -> dict[str, list[RowChange]]:
    """The changes of each system."""
    found: dict[str, list[RowChange]] = {}
    for change in changes:
        found.setdefault(change.system, []).append(change)
    return found


def alike(changes: Sequence[RowChange]) -> list[list[RowChange]]:
    """The changes that one statement can make: of one table, with the same new values."""
    groups: dict[str, list[RowChange]] = {}
    for change in changes:
        groups.setdefault(json.dumps([change.table, _written(change.new)]), []).append(change)
    return list(groups.values())

"""What the columns of a table can hold, as the schema says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.domain.column_types import ColumnType, Kind

Read = Callable[[Any, bool], ColumnType | None]


def column_types(connection: Connection, table: str, schema: str | None) -> dict[str, ColumnType]:
    """The columns of the kinds that can be corrected; a file or a moment cannot."""
    columns = sa.inspect(connection).get_columns(table, schema=schema)
    found = {column["name"]: _type(column["type"], not column["nullable"]) for column in columns}
    return {name: known for name, known in found.items() if known}


def _type(declared: Any, is_required: bool) -> ColumnType | None:
    return next((read(declared, is_required) for kind, read in _KINDS.items() if isinstance(declared, kind)), None)


def _number(declared: Any, is_required: bool) -> ColumnType:
    digits, decimals = declared.precision, declared.scale
    size = 10 ** (digits - (decimals or 0)) - 1 if digits else None
    return ColumnType(Kind.DECIMAL, size, decimals, is_required)


def _whole(bits: int) -> Read:
    return lambda declared, is_required: ColumnType(Kind.WHOLE, 2 ** (bits - 1) - 1, is_required=is_required)


def _text(declared: Any, is_required: bool) -> ColumnType:
    return ColumnType(Kind.TEXT, declared.length, is_required=is_required)


def _day(declared: Any, is_required: bool) -> ColumnType:
    return ColumnType(Kind.DATE, is_required=is_required)


def _yes_no(declared: Any, is_required: bool) -> ColumnType:
    return ColumnType(Kind.YES_NO, is_required=is_required)


def _not_known(declared: Any, is_required: bool) -> None:
    return None


# From the narrow to the wide: the first that fits is taken. Of a float the value cannot be compared exactly, and the
# words of an enumeration are not ours to choose.
_KINDS: dict[type[Any], Read] = {
    sa.Boolean: _yes_no,
    sa.SmallInteger: _whole(16),
    sa.BigInteger: _whole(64),
    sa.Integer: _whole(32),
    sa.Float: _not_known,
    sa.Numeric: _number,
    sa.Date: _day,
    sa.Enum: _not_known,
    sa.String: _text,
}

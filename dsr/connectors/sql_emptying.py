"""What a column holds once its row is emptied; and what would change with it, though nobody asked."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.domain.plans import Columns
from dsr.domain.register import Fixed

_NEW = "dsr_new_"
"""With the name of a column, the parameter that holds its new value."""


def as_given(value: Any) -> sa.ColumnElement[Any]:
    """A value for a column; the database reads a text as the type of that one: a day, a word of an enumeration."""
    return sa.literal(value, sa.types.NullType()) if isinstance(value, str) else sa.literal(value)


def filled(fixed: Fixed | None) -> Any:
    """A fixed value; where it names columns of the key, made from them: "erased-{id}@erased.invalid"."""
    if not isinstance(fixed, str):
        return fixed
    parts = re.split(r"\{(\w+)\}", fixed)
    if len(parts) == 1:
        return as_given(fixed)
    pieces: list[Any] = [
        sa.cast(sa.column(part), sa.String) if at % 2 else sa.literal(part) for at, part in enumerate(parts)
    ]
    return reduce(operator.add, pieces)


def places_for(columns: Columns) -> dict[str, sa.ColumnElement[Any]]:
    """The places in a statement for the new values of these columns."""
    return {column: sa.bindparam(_NEW + column, type_=sa.types.NullType()) for column in columns}


def new_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """New values of columns, for these places."""
    return {_NEW + column: value for column, value in values.items()}


def changed_along(connection: Connection, table: str, schema: str | None) -> Columns:
    """The columns that MariaDB gives the time of now in every row it changes (ON UPDATE CURRENT_TIMESTAMP)."""
    if connection.dialect.name != "mysql":
        return ()
    columns = sa.inspect(connection).get_columns(table, schema=schema)
    return tuple([column["name"] for column in columns if "on update" in str(column["default"]).lower()])

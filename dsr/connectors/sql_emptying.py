"""What a column holds once its row is emptied; and what would change with it, though nobody asked."""

from __future__ import annotations

import operator
import re
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.domain.plans import Columns
from dsr.domain.register import Fixed


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


def changed_along(connection: Connection, table: str, schema: str | None) -> Columns:
    """The columns that MariaDB gives the time of now in every row it changes (ON UPDATE CURRENT_TIMESTAMP)."""
    if connection.dialect.name != "mysql":
        return ()
    columns = sa.inspect(connection).get_columns(table, schema=schema)
    return tuple([column["name"] for column in columns if "on update" in str(column["default"]).lower()])

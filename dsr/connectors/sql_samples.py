"""Some values of a live database, for a first register: what is in a column, and where it may point.

They are looked at and never told. What may not or cannot be read is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import DBAPIError

from dsr.connectors.sql_errors import going_on, is_passing
from dsr.connectors.sql_schema import Schema
from dsr.domain.found_tables import FoundTable
from dsr.domain.register_ways import Guess, Seen, guesses

_ROWS, _CHARACTERS = 300, 100
"""So many of the latest rows, and so much of a text."""
_KINDS = ("text", "number", "uuid")


def found_in(connection: Connection) -> Seen:
    """Every table, with the values of its latest rows; and of each column that may point at another table by its name
    or its values, the part of these that stand there."""
    tables = [_with_values(connection, table) for table in Schema(connection).found_tables()]
    return tables, _shares(connection, {table.name: table for table in tables}, guesses(tables))


def _with_values(connection: Connection, table: FoundTable) -> FoundTable:
    named = [name for name, column in table.columns.items() if column.kind in _KINDS]
    if not named or table.is_view:
        return table
    source = _clause(table)
    latest = sa.select(*(_short(source.c[name], table.columns[name].kind) for name in named)).select_from(source)
    rows = _read(connection, latest.order_by(*(source.c[name].desc() for name in table.key)).limit(_ROWS))
    values = dict(zip(named, zip(*rows, strict=True), strict=True)) if rows else {}
    columns = {name: replace(column, values=_each_once(values.get(name, ()))) for name, column in table.columns.items()}
    return replace(table, columns=columns)


def _shares(connection: Connection, tables: Mapping[str, FoundTable], guesses: Iterable[Guess]) -> dict[Guess, float]:
    found: dict[Guess, float] = {}
    for guess in guesses:
        values, other = tables[guess.table].columns[guess.column].values, _clause(tables[guess.other])
        there = sa.select(sa.func.count()).select_from(other).where(other.c[guess.target].in_(values))
        if values and (counted := _read(connection, there)):
            found[guess] = min(counted[0][0] / len(values), 1.0)
    return found


def _clause(table: FoundTable) -> sa.TableClause:
    return sa.table(table.table or table.name, *map(sa.column, table.columns), schema=table.schema)


def _short(column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
    return sa.func.substr(sa.cast(column, sa.String), 1, _CHARACTERS) if kind == "text" else column


def _each_once(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _read(connection: Connection, statement: sa.Select[Any]) -> list[Row[Any]]:
    try:
        with going_on(connection):
            return list(connection.execute(statement))
    except DBAPIError as error:
        if is_passing(error):
            raise
        return []

"""Changing a SQL database of the controller, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.connectors.base import Found, Identifiers
from dsr.connectors.sql_emptying import as_given, changed_along
from dsr.domain.plans import Columns, Row
from dsr.domain.row_keys import Key

if TYPE_CHECKING:
    from dsr.connectors.sql import SqlSystem


class SqlErasing:
    """The open transaction in which rows are locked and erased."""

    def __init__(self, system: SqlSystem, connection: Connection) -> None:
        self.system, self.connection = system, connection
        self._changed_along: dict[str, Columns] = {}

    def find(self, identifiers: Identifiers) -> list[Found]:
        """The rows of the person by table, locked."""
        return self.system.find_in(self.connection, identifiers, locks=True)

    def read(self, table: str, keys: Sequence[Key]) -> Found:
        """The rows with these keys, locked where they can be erased; one that is gone is left out."""
        parts = self.system.keys_in_parts(table, keys)
        found = self.system.fetch_all(self.connection, table, self.system.by_key("lock", table), parts)
        return found.only({*keys})

    def is_empty(self, table: str) -> bool:
        """Whether a table has no row at all, of anybody."""
        rows = sa.select(sa.literal(1)).select_from(self.system.clause(table))
        return self.connection.execute(rows.limit(1)).first() is None

    def delete(self, table: str, keys: Sequence[Key]) -> int:
        """Erase these rows; returns how many there were."""
        return self._change(table, self.system.by_key("delete", table), keys)

    def clear(self, table: str, keys: Sequence[Key], columns: Iterable[str]) -> int:
        """Empty these columns: null, or the fixed value that the register gives; returns how many rows there were."""
        emptied = tuple(columns)
        return self._change(table, self.system.clearing(table, emptied, self._along(table)), keys) if emptied else 0

    def rewrite(self, table: str, rows: Mapping[Key, Mapping[str, Any]]) -> int:
        """Give columns of each of these rows new values; returns how many rows there were."""
        return sum(self.change(table, [key], values) for key, values in rows.items())

    def change(self, table: str, keys: Sequence[Key], values: Mapping[str, Any]) -> int:
        """Give these columns of these rows other values; returns how many rows there were."""
        given = {column: as_given(value) for column, value in values.items()}
        return self._change(table, self.system.changing(table, given, self._along(table)), keys)

    def _along(self, table: str) -> Columns:
        """The columns that the database would change with any other."""
        if table not in self._changed_along:
            known = self.system.tables[table]
            self._changed_along[table] = changed_along(self.connection, known.table or table, known.schema)
        return self._changed_along[table]

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these rows of one of its parents."""
        return self.system.pointing_in(self.connection, table, rows)

    def _change(self, table: str, statement: Any, keys: Sequence[Key]) -> int:
        parts = self.system.keys_in_parts(table, keys)
        return sum(self.connection.execute(statement, part).rowcount for part in parts)

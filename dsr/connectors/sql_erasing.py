"""Changing a SQL database of the controller, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.connectors.base import Found, Going, Identifiers
from dsr.connectors.sql_emptying import as_given, changed_along, new_values
from dsr.connectors.sql_reading import Statement, change_all
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

    def erase(self, going: Sequence[Going]) -> list[int]:
        """Erase rows, or empty columns: null, the register's fixed value or a pseudonym; how many rows there were."""
        statements = [[*self._statements(part)] for part in going]
        counts = iter(change_all(self.connection, chain.from_iterable(statements)))
        return [sum(islice(counts, len(of_part))) for of_part in statements]

    def _statements(self, part: Going) -> Iterator[tuple[Statement, dict[str, Any]]]:
        if part.columns is None:
            statement = self.system.by_key("delete", part.table)
        else:
            replaced = tuple(part.pseudonyms)
            statement = self.system.clearing(part.table, part.columns, replaced, self._along(part.table))
        for keys in self.system.keys_in_parts(part.table, part.keys):
            yield statement, {**keys, **new_values(part.pseudonyms)}

    def change(self, table: str, keys: Sequence[Key], values: Mapping[str, Any]) -> int:
        """Give these columns of these rows other values; returns how many rows there were."""
        given = {column: as_given(value) for column, value in values.items()}
        statement = self.system.changing(table, given, self._along(table))
        parts = self.system.keys_in_parts(table, keys)
        return sum(self.connection.execute(statement, part).rowcount for part in parts)

    def _along(self, table: str) -> Columns:
        """The columns that the database would change with any other."""
        if table not in self._changed_along:
            known = self.system.tables[table]
            self._changed_along[table] = changed_along(self.connection, known.table or table, known.schema)
        return self._changed_along[table]

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these rows of one of its parents."""
        return self.system.pointing_in(self.connection, table, rows)

"""Changing a SQL database of the controller, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import chain, islice
from typing import Any, ClassVar

from dsr.connectors.base import Found, Going
from dsr.connectors.sql_emptying import as_given, changed_along, new_values
from dsr.connectors.sql_reading import Statement, change_all
from dsr.connectors.sql_rows import SqlRows
from dsr.domain.plans import Columns
from dsr.domain.row_keys import Key


class SqlErasing(SqlRows):
    """The open transaction in which rows are locked and erased."""

    locks: ClassVar[bool] = True

    def read(self, table: str, keys: Sequence[Key]) -> Found:
        """The rows with these keys, locked where they can be erased; one that is gone is left out."""
        first, *more = self.by_key(table, keys)
        return replace(first, rows=[*first.rows, *(row for part in more for row in part.rows)]) if more else first

    def is_empty(self, table: str) -> bool:
        """Whether a table has no row at all, of anybody."""
        return self.connection.execute(self.statements.any_row(table)).first() is None

    def erase(self, going: Sequence[Going]) -> list[int]:
        """Erase rows, or empty columns: null, the register's fixed value or a pseudonym; how many rows there were."""
        statements = [[*self._statements(part)] for part in going]
        counts = iter(change_all(self.connection, chain.from_iterable(statements)))
        return [sum(islice(counts, len(of_part))) for of_part in statements]

    def _statements(self, part: Going) -> Iterator[tuple[Statement, dict[str, Any]]]:
        if part.columns is None:
            statement = self.statements.deleting(part.table)
        else:
            replaced, along = tuple(part.pseudonyms), self._along(part.table)
            statement = self.statements.clearing(part.table, part.columns, replaced, along)
        for keys in self.statements.keys_in_parts(part.table, part.keys):
            yield statement, {**keys, **new_values(part.pseudonyms)}

    def change(self, table: str, keys: Sequence[Key], values: Mapping[str, Any]) -> int:
        """Give these columns of these rows other values; returns how many rows there were."""
        given = {column: as_given(value) for column, value in values.items()}
        statement = self.statements.changing(table, given, self._along(table))
        parts = self.statements.keys_in_parts(table, keys)
        return sum(self.connection.execute(statement, part).rowcount for part in parts)

    @cached_property
    def _along(self) -> Callable[[str], Columns]:
        """The columns of a table that the database would change with any other."""

        def along(table: str) -> Columns:
            known = self.statements.tables[table]
            return changed_along(self.connection, known.table or table, known.schema)

        return cache(along)

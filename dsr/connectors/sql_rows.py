"""Reading rows of a SQL database of the controller, in an open transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy.engine import Connection

from dsr.connectors.base import Found, Identifiers, SystemRefuses
from dsr.connectors.sql_reading import Rows, Statement, read_all
from dsr.connectors.sql_statements import SqlStatements
from dsr.domain.identifiers import EMAIL
from dsr.domain.plans import Columns, Row
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_

TOGETHER = 10
"""How many tables are searched before the rows are counted: each may give as many as there may be."""
BATCH = 400
"""How many rows are in memory at once while they stream: of more, Python asks for new memory each time."""


class SqlRows:
    """The rows of one database as a transaction sees them; `order` has its tables, parents before children."""

    locks: ClassVar[bool] = False

    def __init__(self, connection: Connection, statements: SqlStatements, order: Sequence[str], row_cap: int) -> None:
        self.connection, self.statements = connection, statements
        self.order, self.row_cap = order, row_cap

    def is_known(self, kind: str, identifiers: Identifiers) -> bool:
        """Whether an identifier is there. A number alone proves nothing: it must be that of whoever has the address."""
        values = self.statements.parameters(identifiers)
        exists = self.statements.knowing(kind, {EMAIL} & set(identifiers))
        return any(self.connection.scalar(statement, values) for statement in exists)

    def find(self, identifiers: Identifiers) -> list[Found]:
        """The rows of the person by table. Raises SystemRefuses where there are more than one person may have."""
        found: list[Found] = []
        for start in range(0, len(self.order), TOGETHER):
            found += self._find_few(self.order[start : start + TOGETHER], identifiers)
            if sum(len(table.rows) for table in found) > self.row_cap:
                sentence = N_("more than %(cap)s rows, the most for one person")
                raise SystemRefuses(self.statements.system, sentence, cap=self.row_cap)
        return found

    def _find_few(self, tables: Sequence[str], identifiers: Identifiers) -> Iterator[Found]:
        kinds, values = frozenset(identifiers), self.statements.parameters(identifiers)
        searches = [self.statements.search(name, kinds, locks=self.locks, most=self.row_cap) for name in tables]
        for name, rows in zip(tables, read_all(self.connection, searches, values), strict=True):
            yield self._found(name, *rows)

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        """The same, a batch at a time, however many rows there are."""
        for name in self.order:
            yield from self._batches(name, identifiers)

    def _batches(self, name: str, identifiers: Identifiers) -> Iterator[Found]:
        kinds, values = frozenset(identifiers), self.statements.parameters(identifiers)
        few = self._read(name, self.statements.search(name, kinds, most=BATCH), values)
        if len(few.rows) <= BATCH:
            yield few
            return
        # Only now a cursor that stays with the server: for a few rows it costs more than the rows.
        for columns, rows in self.statements.search(name, kinds).stream(self.connection, values, BATCH):
            yield self._found(name, columns, rows)

    def by_key(self, name: str, keys: Sequence[Key], size: int | None = None) -> Iterator[Found]:
        """The rows with these keys that are still there, and only these, some values at a time."""
        wanted, statement = {*keys}, self.statements.by_key(name, locks=self.locks)
        for part in self.statements.keys_in_parts(name, keys, size):
            yield self._read(name, statement, part).only(wanted)

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these rows of one of its parents."""
        way = self.statements.tables[table].parents[rows[0].table]
        targets = [target for row in rows for target in _spelled(row.values[column] for column in way.values())]
        statement, parts = self.statements.pointing(table, tuple(way)), self.statements.in_parts(len(way), targets)
        (columns, first), *more = [statement.read(self.connection, part) for part in parts]
        rows_pointing = [*first, *(row for _, part in more for row in part)]
        return Found(table, self.statements.tables[table].key, columns, rows_pointing)

    def _read(self, name: str, statement: Statement, values: Mapping[str, Any]) -> Found:
        return self._found(name, *statement.read(self.connection, values))

    def _found(self, name: str, columns: Columns, rows: Rows) -> Found:
        missing = self.statements.columns[name].difference(columns)
        if missing:
            sentence = N_("table %(table)s has no column %(columns)s")
            raise SystemRefuses(self.statements.system, sentence, table=name, columns=", ".join(sorted(missing)))
        return Found(name, self.statements.tables[name].key, columns, rows)


def _spelled(values: Iterable[Any]) -> list[Key]:
    """Values as they were read, and as a CHAR that was filled with spaces stands in another column."""
    given = tuple(values)
    bare = tuple([value.rstrip(" ") if isinstance(value, str) else value for value in given])
    return [given] if bare == given else [given, bare]

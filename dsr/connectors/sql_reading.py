"""Running the statements that find rows past the engine: it takes longer to wrap rows than the driver to give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from dsr.domain.plans import Columns

Rows = Sequence[tuple[Any, ...]]


class Written:
    """A statement as one driver wants it; where the number of its values differs, the engine writes it each time."""

    def __init__(self, statement: sa.Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._statement, self._text, self._fixed = statement, str(compiled), compiled.params
        self._positions: Sequence[str] | None = compiled.positiontup
        self._grows = any(bind.expanding for bind in compiled.binds.values())

    def read(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Columns, Rows]:
        """The columns and every row. Raises DBAPIError."""
        if self._grows:
            return _read(connection, self._statement, values)
        given = {**self._fixed, **values}
        with _faults(connection), closing(connection.connection.cursor()) as cursor:
            cursor.execute(self._text, given if self._positions is None else [given[name] for name in self._positions])
            return tuple(column[0] for column in cursor.description), cursor.fetchall()


def _read(connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> tuple[Columns, Rows]:
    """The columns and every row, by the engine. Raises DBAPIError."""
    with closing(connection.execute(statement, values)) as result:
        return tuple(result.keys()), result.cursor.fetchall()


def stream(
    connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any], size: int
) -> Iterator[tuple[Columns, Rows]]:
    """The columns with at most `size` rows at a time, by a cursor that stays with the server. Raises DBAPIError."""
    result = connection.execute(statement, values, execution_options={"stream_results": True})
    with closing(result), _faults(connection, result.cursor):
        # One row the engine has read ahead.
        rows: Rows = [*map(tuple, result.fetchmany(1)), *result.cursor.fetchmany(size - 1)]
        while rows:
            yield tuple(result.keys()), rows
            rows = result.cursor.fetchmany(size)


@contextmanager
def _faults(connection: Connection, cursor: Any = None) -> Iterator[None]:
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        _let_go(cursor)
        raise DBAPIError(None, None, error) from None


def _let_go(cursor: Any) -> None:
    """Have PyMySQL not read on in an answer that was cut: it would do so where nobody can catch the fault."""
    unread: Any = getattr(cursor, "_result", None)
    if hasattr(unread, "unbuffered_active"):
        unread.unbuffered_active = False

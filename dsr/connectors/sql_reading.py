"""Running statements that find or erase rows past the engine, which takes longer to wrap them than they take to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from dsr.connectors.sql_days import read_again
from dsr.domain.plans import Columns

Rows = Sequence[tuple[Any, ...]]


class Statement:
    """A statement as one driver wants it, written once; only the places for its values grow with their number."""

    def __init__(self, statement: sa.Select[Any] | sa.Update | sa.Delete, *, locks: bool = False) -> None:
        self._statement = statement.with_for_update() if locks else statement  # type: ignore[union-attr]
        self._grows = any(bind.expanding for bind in statement.compile().binds.values())
        self._fixed: Mapping[str, Any] = {}
        self._compiled: Any = None

    def read(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Columns, Rows]:
        """The columns and every row. Raises DBAPIError."""
        with _faults(connection), closing(self.run(connection, values)) as cursor:
            return _columns(cursor), _fetched(connection, cursor, cursor.fetchall)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """An open cursor on the rows."""
        cursor = connection.connection.cursor()
        cursor.execute(*self._for(connection, values))
        return cursor

    def stream(self, connection: Connection, values: Mapping[str, Any], size: int) -> Iterator[tuple[Columns, Rows]]:
        """The columns with at most `size` rows at a time, by a cursor that stays with the server. Raises DBAPIError."""
        with _faults(connection), closing(_server_cursor(connection)) as cursor, _let_go(cursor):
            cursor.execute(*self._for(connection, values))
            while rows := _fetched(connection, cursor, cursor.fetchmany, size):
                yield _columns(cursor), rows

    def _for(self, connection: Connection, values: Mapping[str, Any]) -> tuple[str, Any]:
        """The text and its values, by name or in order."""
        if self._compiled is None:  # only a dialect that has met its server knows all its words
            compiled = self._statement.compile(dialect=connection.dialect)
            self._fixed, self._compiled = compiled.params, compiled
        given, order = {**self._fixed, **values}, self._compiled.positiontup
        if self._grows:
            grown = self._compiled.construct_expanded_state(given)
            return grown.statement, grown.parameters if order is None else grown.positional_parameters
        return self._compiled.string, given if order is None else [given[name] for name in order]


def read_all(
    connection: Connection, statements: Iterable[Statement], values: Mapping[str, Any]
) -> list[tuple[Columns, Rows]]:
    """The columns and every row of several statements, which go to the server together. Raises DBAPIError."""
    with _run_all(connection, ((each, values) for each in statements)) as cursors:
        return [(_columns(cursor), _fetched(connection, cursor, cursor.fetchall)) for cursor in cursors]


def change_all(connection: Connection, statements: Iterable[tuple[Statement, Mapping[str, Any]]]) -> list[int]:
    """How many rows each of several statements changed; they go to the server together too. Raises DBAPIError."""
    with _run_all(connection, statements) as cursors:
        return [cursor.rowcount for cursor in cursors]


@contextmanager
def _run_all(connection: Connection, statements: Iterable[tuple[Statement, Mapping[str, Any]]]) -> Iterator[list[Any]]:
    with _faults(connection), ExitStack() as cursors:
        with _together(connection):
            run = [cursors.enter_context(closing(each.run(connection, values))) for each, values in statements]
        yield run


def _together(connection: Connection) -> AbstractContextManager[Any]:
    """While this lasts no statement waits for the answer to the one before, where the driver knows how."""
    driven: Any = connection.connection.driver_connection
    return driven.pipeline() if connection.dialect.driver == "psycopg" else nullcontext()


def _columns(cursor: Any) -> Columns:
    return tuple(column[0] for column in cursor.description)


def _fetched(connection: Connection, cursor: Any, fetch: Callable[..., Rows], *size: int) -> Rows:
    driver: Any = connection.dialect.loaded_dbapi
    try:
        return fetch(*size)
    except driver.DataError as fault:
        if getattr(fault, "sqlstate", "") is None:  # the server gave the rows; psycopg cannot read them
            return read_again(driver, cursor)
        raise


def _server_cursor(connection: Connection) -> Any:
    match connection.dialect.driver:
        case "psycopg":
            return connection.connection.cursor("rows")
        case "pymysql":
            return connection.connection.cursor(connection.dialect.loaded_dbapi.cursors.SSCursor)
        case _:
            return connection.connection.cursor()


@contextmanager
def _faults(connection: Connection) -> Iterator[None]:
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(None, None, error) from None


@contextmanager
def _let_go(cursor: Any) -> Iterator[None]:
    """Have PyMySQL not read on in an answer that was cut: it would do so where nobody can catch the fault."""
    try:
        yield
    except Exception:
        unread: Any = getattr(cursor, "_result", None)
        if hasattr(unread, "unbuffered_active"):
            unread.unbuffered_active = False
        raise

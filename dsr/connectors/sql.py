"""A SQL database of the controller: SQLite, PostgreSQL or MariaDB.

The reading account opens a read-only session; the erasing account locks what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from sqlalchemy.engine import Connection, Engine

from dsr.config import Settings
from dsr.connectors.base import Found, Identifiers, Remarks
from dsr.connectors.sql_accounts import eraser_remarks, reader_remarks, shut_out
from dsr.connectors.sql_checks import remarks_on
from dsr.connectors.sql_columns import column_types
from dsr.connectors.sql_engine import engine_for
from dsr.connectors.sql_erasing import SqlErasing
from dsr.connectors.sql_errors import translated
from dsr.connectors.sql_rows import BATCH, SqlRows
from dsr.connectors.sql_samples import found_in
from dsr.connectors.sql_schema import Schema
from dsr.connectors.sql_statements import SqlStatements
from dsr.domain.column_types import ColumnType
from dsr.domain.plans import Row
from dsr.domain.register_ways import Seen
from dsr.domain.row_keys import Key


class SqlSystem:
    """One database, seen through the tables that the register names.

    Whatever is asked raises SystemDown, or SystemRefuses where the database and the register do not fit.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.system = settings.systems[name]
        self.register = settings.register
        self.tables = settings.register.tables.get(name, {})
        self._statements = SqlStatements(name, self.system.engine, self.register)
        self._fitted_at: float | None = None
        self._reader = engine_for(self.system, self.system.reader, settings, reads_only=True)
        self._eraser = engine_for(self.system, self.system.eraser, settings, reads_only=False)

    def lookup(self, identifiers: Identifiers) -> dict[str, bool]:
        """Per identifier whether the system knows it; of another than the address, whether with that address."""
        with self._reading() as rows:
            return {kind: rows.is_known(kind, identifiers) for kind in identifiers}

    def find(self, identifiers: Identifiers) -> list[Found]:
        """Every row of the person by table, parents before children."""
        with self._reading() as rows:
            return rows.find(identifiers)

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        """The same, however many rows there are; raises also between two batches."""
        with self._reading() as rows:
            yield from rows.stream(identifiers)

    def read(self, table: str, keys: Sequence[Key]) -> Iterator[Found]:
        """The rows with these keys that are still there, a batch at a time; raises as `stream` does."""
        with self._reading() as rows:
            yield from rows.by_key(table, keys, BATCH)

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these, of one of its parents."""
        with self._reading() as reading:
            return reading.pointing(table, rows)

    @contextmanager
    def _reading(self) -> Iterator[SqlRows]:
        with self._transaction(self._reader) as connection:
            yield SqlRows(connection, self._statements, self._order(), self.system.row_cap)

    @contextmanager
    def erasing(self) -> Iterator[SqlErasing]:
        """One transaction with the erasing account; where it raises, it has changed nothing."""
        with self._transaction(self._eraser) as connection:
            yield SqlErasing(connection, self._statements, self._order(), self.system.row_cap)

    def _order(self) -> Sequence[str]:
        return self.register.nearest_first(self.name) if self.tables else ()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with translated(self.name, engine.url.username), engine.begin() as connection:
            yield connection

    def mistakes(self, *, within: float = 0) -> list[str]:
        """What the register says that the database does not have; not asked again where it fitted `within` seconds."""
        now = monotonic()
        if self._fitted_at is not None and now - self._fitted_at < within:
            return []
        with self._transaction(self._reader) as connection:
            mistakes = remarks_on(connection, self.register, self.name).mistakes
        self._fitted_at = None if mistakes else now
        return mistakes

    def remarks(self) -> Remarks:
        """The same with what somebody should know, and what the two accounts may and may not do."""
        with self._transaction(self._reader) as reading:
            remarks = shut_out(reading, f"systems.{self.name}.reader", self.tables) or (
                remarks_on(reading, self.register, self.name)
                + reader_remarks(reading, self.name, self.system, self.tables)
            )
        if self.system.eraser is None and self.system.engine != "sqlite":
            return remarks + Remarks([], [f"systems.{self.name}.eraser: no account is given, so nothing can be erased"])
        with self._transaction(self._eraser) as changing:
            closed = shut_out(changing, f"systems.{self.name}.eraser", self.tables)
            return remarks + (closed or eraser_remarks(changing, self.name, self.tables))

    def column_types(self, table: str) -> dict[str, ColumnType]:
        """What the columns of a table can hold."""
        with self._transaction(self._reader) as connection:
            return column_types(connection, self.tables[table].table or table, self.tables[table].schema)

    def closed_schemas(self) -> list[str]:
        """The schemas that the reading account may not look into. Raises SystemDown or SystemRefuses."""
        with self._transaction(self._reader) as connection:
            return Schema(connection).closed

    def found_tables(self) -> Seen:
        """Every table of the database, and where its columns may point."""
        with self._transaction(self._reader) as connection:
            return found_in(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self._eraser.dispose()

"""SQLite as our own database: every connection is WAL, synchronous FULL, with foreign keys, and begins by itself.

A transaction that writes begins IMMEDIATE, since a reading one that turns to writing fails at once when somebody else
wrote in between. The dialect does so and not listeners on the engine, which each statement would pay for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection

DRIVER = "sqlite+dsr"
BUSY = 10
"""How many seconds a transaction waits at most for its turn to write."""

_WRITES = "writes"


class Dialect(SQLiteDialect_pysqlite):
    """A connection with the execution option `writes` has its next transaction write; without it, it reads."""

    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None]:
        """What every new connection is told."""
        return _hold_to_rules

    def set_connection_execution_options(self, connection: Connection, opts: Mapping[str, Any]) -> None:
        """Keep with the connection what its next transaction is for: it begins without knowing the options."""
        super().set_connection_execution_options(connection, opts)
        connection.info[_WRITES] = opts.get(_WRITES, False)

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin, and take our turn at once where the transaction writes."""
        writes = dbapi_connection.info.pop(_WRITES, False)
        dbapi_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _hold_to_rules(connection: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY * 1000}",
        "secure_delete=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


registry.register("sqlite.dsr", __name__, Dialect.__name__)

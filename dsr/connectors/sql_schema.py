"""Holding the register against a live schema: what does not exist, and what would reach further than the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.domain.register import Register, Table

_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table AND sql LIKE '% DELETE %'",
    "postgresql": "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT tgisinternal AND c.relname = :table AND (tgtype & 8) = 8",
    "mysql": "SELECT trigger_name FROM information_schema.triggers"
    " WHERE event_object_schema = DATABASE() AND event_object_table = :table AND event_manipulation = 'DELETE'",
}


def schema_mistakes(connection: Connection, register: Register, system: str) -> list[str]:
    """Sentences about tables, columns, empty values, cascades and triggers that make an erasure unsafe."""
    inspector = sa.inspect(connection)
    return [
        sentence
        for name, table in register.tables[system].items()
        for sentence in _of_table(connection, inspector, register, system, name, table)
    ]


def _of_table(
    connection: Connection, inspector: Any, register: Register, system: str, name: str, table: Table
) -> Iterator[str]:
    if not inspector.has_table(name, schema=table.schema) and name not in inspector.get_view_names(table.schema):
        yield f"tables.{system}.{name}: there is no such table"
        return
    columns = {column["name"]: column for column in inspector.get_columns(name, schema=table.schema)}
    yield from _in_columns(columns, f"tables.{system}.{name}", table)
    yield from _cascades(inspector, register, system, name, table)
    yield from _triggers(connection, system, name)


def _in_columns(columns: dict[str, Any], at: str, table: Table) -> Iterator[str]:
    named = {
        "key": table.key,
        "match": tuple(table.match.values()),
        "via": tuple(table.path),
        "dates": tuple(table.dates.values()),
        "keep_columns": table.keep_columns or (),
        "fixed": tuple(table.fixed),
        "masked": table.masked,
    }
    for setting, names in named.items():
        for column in names:
            if column not in columns:
                yield f"{at}.{setting}: there is no column {column}"
    if table.keep_columns is not None:
        stays = {*table.key, *table.path, *table.keep_columns, *table.fixed}
        for column, facts in columns.items():
            if not facts["nullable"] and column not in stays:
                yield f"{at}.fixed: {column} may not be empty and needs a fixed value"


def _cascades(inspector: Any, register: Register, system: str, name: str, table: Table) -> Iterator[str]:
    """Foreign keys of tables outside the register that an erasure here would reach."""
    for other in inspector.get_table_names(schema=table.schema):
        for key in inspector.get_foreign_keys(other, schema=table.schema):
            action = (key.get("options") or {}).get("ondelete", "").upper()
            reaches = key["referred_table"] == name and action in ("CASCADE", "SET NULL", "SET DEFAULT")
            if reaches and other not in register.tables[system]:
                yield f"tables.{system}.{name}: erasing would reach table {other} ({action}), which is not in the register"


def _triggers(connection: Connection, system: str, name: str) -> Iterator[str]:
    for trigger in connection.scalars(sa.text(_TRIGGERS[connection.dialect.name]), {"table": name}):
        yield f"tables.{system}.{name}: a trigger runs when a row is erased ({trigger}); it may reach other rows"

"""Holding the register against a live schema: what does not exist, and what would reach further than the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dsr.domain.register import Register, Table
from dsr.domain.register_draft import ForeignKey, FoundTable

_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master"
    " WHERE type = 'trigger' AND tbl_name = :table COLLATE NOCASE AND sql LIKE '%DELETE%'",
    "postgresql": "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT tgisinternal AND c.relname = :table AND (tgtype & 8) = 8",
    "mysql": "SELECT trigger_name FROM information_schema.triggers"
    " WHERE event_object_schema = DATABASE() AND event_object_table = :table AND event_manipulation = 'DELETE'",
}
_ENGINE = "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table"


def schema_mistakes(connection: Connection, register: Register, system: str) -> list[str]:
    """Sentences about tables, columns, empty values, cascades and triggers that make an erasure unsafe."""
    schema = _Schema(connection, sa.inspect(connection), register.tables[system], f"tables.{system}")
    return [sentence for name, table in schema.tables.items() for sentence in schema.mistakes_of(name, table)]


def found_tables(connection: Connection) -> list[FoundTable]:
    """The tables of the default schema, with their keys and columns."""
    inspector = sa.inspect(connection)
    return [_found(inspector, name) for name in sorted(inspector.get_table_names())]


def _found(inspector: Any, name: str) -> FoundTable:
    columns = {
        column["name"]: isinstance(column["type"], (sa.Date, sa.DateTime)) for column in inspector.get_columns(name)
    }
    foreign_keys = (
        ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
        for key in inspector.get_foreign_keys(name)
    )
    return FoundTable(
        name, tuple(inspector.get_pk_constraint(name)["constrained_columns"]), columns, tuple(foreign_keys)
    )


@dataclass(frozen=True, slots=True)
class _Schema:
    connection: Connection
    inspector: Any
    tables: Mapping[str, Table]
    at: str

    def mistakes_of(self, name: str, table: Table) -> Iterator[str]:
        at = f"{self.at}.{name}"
        if not self._exists(name, table):
            yield f"{at}: there is no such table"
            return
        columns = {column["name"]: column for column in self.inspector.get_columns(name, schema=table.schema)}
        yield from _in_columns(columns, at, table)
        yield from self._in_unique_columns(name, table, at)
        yield from self._in_engine(name, at)
        for other, action in sorted(self._reached_from(name, table)):
            yield f"{at}: erasing would reach table {other} ({action}) by a way that is not in the register"
        for trigger in self.connection.scalars(sa.text(_TRIGGERS[self.connection.dialect.name]), {"table": name}):
            yield f"{at}: a trigger runs when a row is erased ({trigger}); it may reach other rows"

    def _exists(self, name: str, table: Table) -> bool:
        is_table = self.inspector.has_table(name, schema=table.schema)
        return is_table or name in self.inspector.get_view_names(table.schema)

    def _reached_from(self, name: str, table: Table) -> Iterator[tuple[str, str]]:
        """Tables whose foreign keys let an erasure here reach rows that are not found by way of the register."""
        for other in self.inspector.get_table_names(schema=table.schema):
            for key in self.inspector.get_foreign_keys(other, schema=table.schema):
                action = (key.get("options") or {}).get("ondelete", "").upper()
                acts = key["referred_table"] == name and action in ("CASCADE", "SET NULL", "SET DEFAULT")
                if acts and not self._is_way(other, name, key):
                    yield other, action

    def _is_way(self, other: str, name: str, key: Mapping[str, Any]) -> bool:
        """Whether a foreign key is the very way by which the register reaches a table."""
        path = dict(zip(key["constrained_columns"], key["referred_columns"], strict=True))
        return other in self.tables and self.tables[other].parent == name and self.tables[other].path == path

    def _in_unique_columns(self, name: str, table: Table, at: str) -> Iterator[str]:
        """A value that must be unique can be fixed for one person only."""
        constant = {column for column, value in table.fixed.items() if "{" not in str(value)} - _stays(table)
        unique = self.inspector.get_unique_constraints(name, schema=table.schema)
        unique += [index for index in self.inspector.get_indexes(name, schema=table.schema) if index["unique"]]
        for columns in {tuple(constraint["column_names"]) for constraint in unique}:
            if set(columns) <= constant:
                example = f"erased-{{{table.key[0]}}}"
                yield f'{at}.fixed: {", ".join(columns)} must be unique, so name the key in it, such as "{example}"'

    def _in_engine(self, name: str, at: str) -> Iterator[str]:
        if self.connection.dialect.name == "mysql":
            engine = self.connection.scalar(sa.text(_ENGINE), {"table": name})
            if engine not in (None, "InnoDB"):
                yield f"{at}: the table has no transactions ({engine}), so nothing could be taken back"


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
        filled = _stays(table) | set(table.fixed)
        for column, facts in columns.items():
            if not facts["nullable"] and column not in filled:
                yield f"{at}.fixed: {column} may not be empty and needs a fixed value"


def _stays(table: Table) -> set[str]:
    """The columns that are never emptied."""
    return {*table.key, *table.path, *(table.keep_columns or ())}

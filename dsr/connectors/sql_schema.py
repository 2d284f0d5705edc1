"""What a live schema is like: its tables and views in every schema, and the foreign keys between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, UnreflectableTableError

from dsr.connectors.sql_errors import is_forbidden, is_passing
from dsr.domain.found_tables import ForeignKey, FoundColumn, FoundTable
from dsr.domain.register import Table

_OF_THE_SERVER = ("information_schema", "pg_catalog", "mysql", "performance_schema", "sys")
_KINDS: dict[type[sa.types.TypeEngine[Any]], str] = {
    sa.Boolean: "boolean",
    sa.Enum: "other",
    sa.Date: "date",
    sa.DateTime: "date",
    sa.Time: "time",
    sa.Integer: "number",
    sa.Numeric: "number",
    sa.Uuid: "uuid",
    sa.JSON: "json",
    sa.String: "text",
}

_PARTITIONS = sa.text(
    "SELECT relname FROM pg_class WHERE relispartition AND relnamespace = CAST(:schema AS regnamespace)"
)

_COLLATIONS = {
    "postgresql": "SELECT attname, CASE WHEN 'citext' IN (own.typname, base.typname) THEN 'citext' ELSE collname END"
    " FROM pg_attribute JOIN pg_type own ON own.oid = atttypid LEFT JOIN pg_type base ON base.oid = own.typbasetype"
    " LEFT JOIN pg_collation c ON c.oid = attcollation WHERE attrelid = to_regclass(:place)"
    " AND (NOT collisdeterministic OR 'citext' IN (own.typname, base.typname))",
    "mysql": "SELECT column_name, COALESCE(collation_name, 'binary') FROM information_schema.columns"
    " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table",
}

_LENGTHS = (
    "WITH RECURSIVE made (name, type, mark) AS (SELECT attname, atttypid, atttypmod FROM pg_attribute"
    " WHERE attrelid = to_regclass(:place) AND attnum > 0 UNION ALL SELECT name, typbasetype, typtypmod"
    " FROM made JOIN pg_type ON oid = type WHERE typtype = 'd') SELECT name, mark - 4 FROM made WHERE mark > 4"
)

_CLOSED = sa.text("SELECT nspname FROM pg_namespace WHERE NOT has_schema_privilege(oid, 'USAGE')")
_SPREADING = ("CASCADE", "SET NULL", "SET DEFAULT")

Place = tuple[str | None, str]
"""A schema and the name of a table in it, both in small letters, as some engines see them."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """A foreign key: the table that has it, the table it points at, and what happens when that row goes or changes."""

    place: Place
    name: str
    target: Place
    path: dict[str, str]
    on_delete: str
    on_update: str

    @property
    def spreads(self) -> bool:
        """Whether an erasure goes on through it."""
        return self.on_delete in _SPREADING

    def spread_of(self, changed: Set[str]) -> list[str]:
        """The columns among `changed` of which a new value goes on through it."""
        return sorted(changed & set(self.path.values())) if self.on_update in _SPREADING else []


def behind(type_: Any) -> Any:
    """The type itself, or that of which a domain of PostgreSQL is made."""
    while isinstance(type_, postgresql.DOMAIN):
        type_ = type_.data_type
    return type_


def kind_of(column: Any) -> str:
    """The kind of value in a column: date, time, text, number, boolean, uuid, json or other."""
    declared = behind(column["type"])
    return next((kind for type_, kind in _KINDS.items() if isinstance(declared, type_)), "other")


def columns_named(table: Table) -> dict[str, Iterable[str]]:
    """Every column that the register names in a table, by the setting that does."""
    return {
        "key": table.key,
        "match": table.match.values(),
        "via": table.via,
        "dates": table.dates.values(),
        "keep_columns": table.keep_columns or (),
        "fixed": table.fixed,
        "pseudonyms": table.pseudonyms,
        "masked": table.masked,
        "rectifiable": table.rectifiable,
        "column_labels": table.column_labels,
        "restricted": (table.restricted.column,) if table.restricted else (),
        "soft_deleted": (table.soft_deleted,) if table.soft_deleted else (),
    }


class Schema:
    """A database as it is now."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.engine = connection.dialect.name
        self.inspector = sa.inspect(connection)

    @property
    def schemas(self) -> list[str | None]:
        """The schemas of this database; on MariaDB another schema is another database, and a system of its own."""
        if self.engine != "postgresql":
            return [None]
        others = [name for name in self.inspector.get_schema_names() if name not in _OF_THE_SERVER]
        return [None, *(name for name in others if name != self.inspector.default_schema_name)]

    @cached_property
    def closed(self) -> list[str]:
        """The schemas that the account may not look into."""
        names = self.connection.scalars(_CLOSED) if self.engine == "postgresql" else ()
        return sorted({*names}.intersection(filter(None, self.schemas)))

    def place(self, schema: str | None, name: str) -> Place:
        """Where a table is, whether its schema is named or not."""
        return (schema or self.inspector.default_schema_name or "").lower(), name.lower()

    def place_of(self, name: str, table: Table) -> Place:
        """Where a table of the register is."""
        return self.place(table.schema, table.table or name)

    def named(self, name: str, table: Table, statement: str) -> dict[str, str | None]:
        """How a statement of ours calls a table: its `place` in PostgreSQL, its `schema` and `table` in MariaDB."""
        quoted, real = self.connection.dialect.identifier_preparer.quote, table.table or name
        place = ".".join(map(quoted, filter(None, [table.schema, real])))
        values = {"table": real, "schema": table.schema, "place": place}
        return {name: value for name, value in values.items() if f":{name}" in statement}

    def is_view(self, name: str, table: Table) -> bool:
        """Whether it shows rows of other tables."""
        return (table.table or name) in self._views(table.schema)

    def exists(self, name: str, table: Table) -> bool:
        """Whether the database has it, as a table or as a view."""
        return self.is_view(name, table) or self.inspector.has_table(table.table or name, schema=table.schema)

    def _views(self, schema: str | None) -> list[str]:
        views = self.inspector.get_view_names(schema)
        return views + (self.inspector.get_materialized_view_names(schema) if self.engine == "postgresql" else [])

    def columns(self, name: str, table: Table) -> dict[str, Any]:
        """The columns by name."""
        columns = self.inspector.get_columns(table.table or name, schema=table.schema)
        self._note_lengths(columns, self.named(name, table, _LENGTHS))
        return {column["name"]: column for column in columns}

    def _note_lengths(self, columns: Iterable[Any], place: Mapping[str, str | None]) -> None:
        """How long a text may be that is declared as a domain: the inspector leaves it out."""
        texts = {each["name"]: behind(each["type"]) for each in columns if isinstance(each["type"], postgresql.DOMAIN)}
        for column, length in self.connection.execute(sa.text(_LENGTHS), place) if texts else ():
            if isinstance(texts.get(column), sa.String):
                texts[column].length = length

    def collation(self, name: str, table: Table, column: str) -> str:
        """What a column of text takes for equal: the name of its collation, or `binary` where that is the same text."""
        if self.engine == "sqlite":
            return self._collation_in_sqlite(name, table, column)
        statement = _COLLATIONS[self.engine]
        found = self.connection.execute(sa.text(statement), self.named(name, table, statement))
        return {each: str(collation) for each, collation in found}.get(column, "binary")

    def _collation_in_sqlite(self, name: str, table: Table, column: str) -> str:
        """SQLite does not say; it shows in what no row of that column makes of a text."""
        none: sa.Select[Any] = sa.select(sa.column(column)).select_from(sa.table(table.table or name)).where(sa.false())
        made = sa.union_all(none, sa.select(sa.literal("a"))).subquery().c[column]
        ignores_case, ignores_spaces = self.connection.execute(sa.select(made == "A", made == "a ")).one()
        return "NOCASE" if ignores_case else "RTRIM" if ignores_spaces else "binary"

    def uniques(self, name: str, table: Table) -> list[tuple[str, ...]]:
        """Every set of columns of which no two rows hold the same; the primary key first."""
        real, schema = self._as_written(table.table or name, table.schema), table.schema
        primary = self.inspector.get_pk_constraint(real, schema=schema)["constrained_columns"]
        constraints = self.inspector.get_unique_constraints(real, schema=schema)
        indexes = [index for index in self.inspector.get_indexes(real, schema=schema) if index["unique"]]
        found: list[Any] = [primary, *(each["column_names"] for each in [*constraints, *indexes])]
        return list(dict.fromkeys(tuple(columns) for columns in found if columns and None not in columns))

    def _as_written(self, name: str, schema: str | None) -> str:
        """The name as the database has it: SQLite knows a table in either case, but the keys of it in one."""
        names = self.inspector.get_table_names(schema)
        return name if name in names else next((each for each in names if each.lower() == name.lower()), name)

    @cached_property
    def foreign_keys(self) -> list[Pointing]:
        """The foreign keys of all tables."""
        return [key for schema in self.schemas for key in self._foreign_keys(schema)]

    def _foreign_keys(self, schema: str | None) -> Iterator[Pointing]:
        """Those of a partition are of the whole table."""
        whole = self._whole_tables(schema)
        for (_, name), keys in self.inspector.get_multi_foreign_keys(schema).items():
            for key in keys if name in whole else ():
                options = key.get("options") or {}
                yield Pointing(
                    self.place(schema, name),
                    name,
                    self.place(key["referred_schema"], key["referred_table"]),
                    dict(zip(key["constrained_columns"], key["referred_columns"], strict=True)),
                    (options.get("ondelete") or "").upper(),
                    (options.get("onupdate") or "").upper(),
                )

    def found_tables(self) -> list[FoundTable]:
        """Every table and view, for a first register; of two with the same name one is called after its schema too."""
        schemas = [schema for schema in self.schemas if schema not in self.closed]
        views = {(schema, name) for schema in schemas for name in self._views(schema)}
        tables = [(schema, name) for schema in schemas for name in self._whole_tables(schema)]
        names: dict[Place, str] = {}
        for schema, name in sorted({*views, *tables}, key=lambda each: (each[0] or "", each[1])):
            names[self.place(schema, name)] = f"{schema}_{name}" if name in names.values() else name
        return [
            self._found(schema, name, names, is_view=(schema, name) in views)
            for schema in schemas
            for name in sorted({*(found for place, found in [*tables, *views] if place == schema)})
        ]

    def _whole_tables(self, schema: str | None) -> list[str]:
        """The tables, without the partitions of any: the same rows are in these."""
        names = self.inspector.get_table_names(schema)
        if self.engine != "postgresql":
            return names
        parts = set(self.connection.scalars(_PARTITIONS, {"schema": schema or self.inspector.default_schema_name}))
        return [name for name in names if name not in parts]

    def _found(self, schema: str | None, name: str, names: Mapping[Place, str], *, is_view: bool) -> FoundTable:
        columns = self._seen_columns(schema, name) if is_view else self._found_columns(schema, name)
        key = () if is_view else tuple(self.inspector.get_pk_constraint(name, schema=schema)["constrained_columns"])
        place = self.place(schema, name)
        pointing = (
            ForeignKey(tuple(key.path), names[key.target], tuple(key.path.values()))
            for key in self.foreign_keys
            if key.place == place and key.target in names
        )
        called = names[place]
        return FoundTable(called, key, columns, tuple(pointing), schema, name if called != name else None, is_view)

    def _seen_columns(self, schema: str | None, name: str) -> dict[str, FoundColumn]:
        """The columns of a view; none where a table behind it is gone."""
        try:
            found = self.inspector.get_columns(name, schema=schema)
        except UnreflectableTableError:
            return {}
        except DBAPIError as error:
            if is_forbidden(error) or is_passing(error):
                raise
            return {}
        return {each["name"]: _found_column(each) for each in found}

    def _found_columns(self, schema: str | None, name: str) -> dict[str, FoundColumn]:
        uniques = self.uniques(name, Table("", (), schema=schema))
        alone = {unique[0] for unique in uniques if len(unique) == 1}
        found = self.inspector.get_columns(name, schema=schema)
        return {each["name"]: _found_column(each, is_unique=each["name"] in alone) for each in found}


def _found_column(facts: Any, *, is_unique: bool = False) -> FoundColumn:
    return FoundColumn(kind_of(facts), not facts["nullable"] and not facts.get("computed"), is_unique)

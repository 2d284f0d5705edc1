"""Holding the register against a live schema: what does not fit, and what would reach further than the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Connection

from dsr.connectors.base import Remarks
from dsr.connectors.sql_schema import Pointing, Schema, behind, columns_named, kind_of
from dsr.domain.register import Fixed, Register, Table
from dsr.domain.verdicts import columns_left, columns_needed

_TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table COLLATE NOCASE",
    "postgresql": "SELECT tgname, CASE WHEN (tgtype & 8) = 8 THEN 'DELETE' ELSE 'UPDATE' END"
    " FROM pg_trigger t WHERE NOT tgisinternal AND (tgtype & 24) > 0 AND (tgrelid = to_regclass(:place)"
    " OR tgrelid IN (SELECT relid FROM pg_partition_tree(to_regclass(:place))))"
    " UNION SELECT rulename, CASE ev_type WHEN '4' THEN 'DELETE' ELSE 'UPDATE' END"
    " FROM pg_rewrite WHERE ev_class = to_regclass(:place) AND ev_type IN ('2', '4')",
    "mysql": "SELECT trigger_name, event_manipulation"
    " FROM information_schema.triggers WHERE event_object_schema = COALESCE(:schema, DATABASE())"
    " AND event_object_table = :table AND event_manipulation IN ('DELETE', 'UPDATE')",
}
_MARIADB_TABLE = (
    "SELECT engine, table_type FROM information_schema.tables"
    " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table"
)
_MARIADB_HIDDEN = (
    "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :table AND extra LIKE '%INVISIBLE%'"
)


def remarks_on(connection: Connection, register: Register, system: str) -> Remarks:
    """What is wrong with the register for this database, and what somebody should know; in sentences."""
    checks = _Checks(Schema(connection), register.tables[system], f"tables.{system}")
    mistakes = [sentence for name, table in checks.tables.items() for sentence in checks.mistakes_of(name, table)]
    return Remarks(mistakes, checks.warnings)


@dataclass(frozen=True, slots=True)
class _Checks:
    schema: Schema
    tables: Mapping[str, Table]
    at: str
    warnings: list[str] = field(default_factory=list)

    def mistakes_of(self, name: str, table: Table) -> Iterator[str]:
        at = f"{self.at}.{name}"
        if not self.schema.exists(name, table):
            yield f"{at}: there is no such table"
            return
        columns = self.schema.columns(name, table)
        yield from _missing(columns, at, table)
        yield from self._in_dates(columns, at, table)
        yield from self._in_ways(name, columns, at, table)
        if self.schema.is_view(name, table):
            if table.is_erasable:
                yield f'{at}: is a view; say view_of = "…", the table behind it, or read_only = true'
            return
        if table.is_erasable:
            yield from self._in_erasing(name, table, columns, at)

    def _in_erasing(self, name: str, table: Table, columns: Mapping[str, Any], at: str) -> Iterator[str]:
        yield from _not_filled(columns, at, table, never_emptied(self.tables, name))
        yield from _not_fitting(columns, at, table, self.schema.engine)
        yield from self._in_unique_columns(name, table, at)
        yield from self._in_key(name, table, columns, at)
        yield from self._in_engine(name, table, at)
        yield from self._in_foreign_keys(name, table, at)
        yield from self._in_new_values(name, table, columns.keys(), at)
        yield from self._in_triggers(name, table, at)

    def _in_dates(self, columns: Mapping[str, Any], at: str, table: Table) -> Iterator[str]:
        for date_name, column in table.dates.items():
            kind = kind_of(columns[column]) if column in columns else "date"
            if kind in ("number", "boolean", "uuid", "time"):
                yield f"{at}.dates.{date_name}: {column} is no date ({columns[column]['type']})"
            elif kind == "text":
                written = "only dates written as 2026-11-22 can be read; a row with any other stays"
                self.warnings.append(f"{at}.dates.{date_name}: {column} is text, so {written}")

    def _in_ways(self, name: str, columns: Mapping[str, Any], at: str, table: Table) -> Iterator[str]:
        for parent in table.parents:
            if parent in self.tables and self.schema.exists(parent, self.tables[parent]):
                yield from self._in_way(name, columns, at, parent)

    def _in_way(self, name: str, columns: Mapping[str, Any], at: str, parent: str) -> Iterator[str]:
        """Values of different kinds never match; PostgreSQL does not even compare them."""
        table, above = self.tables[name], self.tables[parent]
        others = self.schema.columns(parent, above)
        for own, other in table.parents[parent].items():
            if other not in others:
                yield f"{at}.via: {parent} has no column {other}"
            elif own in columns and {kind_of(columns[own]), kind_of(others[other])} in _NEVER_EQUAL:
                types = f"{columns[own]['type']} and {others[other]['type']}"
                yield f"{at}.via: {own} and {parent}.{other} are of different kinds ({types})"
            elif own in columns and {kind_of(columns[own]), kind_of(others[other])} <= _WORDS:
                collations = self.schema.collation(name, table, own), self.schema.collation(parent, above, other)
                yield from _not_compared_alike(*collations, f"{at}.via: {own} and {parent}.{other}")

    def _in_key(self, name: str, table: Table, columns: Mapping[str, Any], at: str) -> Iterator[str]:
        """Rows are erased by their key, so it must be the key of one row."""
        uniques = self.schema.uniques(name, table)
        if not uniques:
            self.warnings.append(f"{at}.key: the table has no primary key, so nothing says that a key is one row's")
        elif set(table.key) <= set(columns) and not any(set(unique) <= set(table.key) for unique in uniques):
            yield f"{at}.key: several rows can have the same {', '.join(table.key)}; use {', '.join(uniques[0])}"
        for column in filter(columns.get, table.key):
            if self.schema.engine != "sqlite" and isinstance(columns[column]["type"], _NEVER_FOUND):
                cure = "use other columns, or make it a whole number, a decimal or text"
                yield f"{at}.key: a row cannot be found by {column} ({columns[column]['type']}); {cure}"

    def _in_foreign_keys(self, name: str, table: Table, at: str) -> Iterator[str]:
        """Foreign keys that let an erasure reach rows which are not found by way of the register, or that stop it."""
        stops = "a row that it points at cannot be erased"
        for key in self._pointing(name, table) if table.on_erasure == "delete" else ():
            same = [each for other, each in self.tables.items() if self.schema.place_of(other, each) == key.place]
            ways = [each.parents[name] for each in same if name in each.parents]
            if key.spreads and key.path not in ways:
                way = "by a way that is not in the register"
                yield f"{at}: erasing would reach table {key.name} ({key.on_delete}) {way}"
            elif not key.spreads and not same:
                self.warnings.append(f"{at}: table {key.name} points at it and is not in the register: {stops}")
            elif not key.spreads and ways and key.path not in ways:
                columns = ", ".join(key.path)
                self.warnings.append(f"{at}: table {key.name} points at it by {columns} as well: {stops}")

    def _in_new_values(self, name: str, table: Table, columns: Set[str], at: str) -> Iterator[str]:
        """Foreign keys by which a value that is emptied, corrected or marked changes rows that point at it."""
        emptied = columns - never_emptied(self.tables, name) if table.may_be_emptied else set()
        for key in self._pointing(name, table):
            if changed := key.spread_of(table.written | emptied):
                yield f"{at}: changing {', '.join(changed)} would reach table {key.name} (ON UPDATE {key.on_update})"

    def _pointing(self, name: str, table: Table) -> list[Pointing]:
        place = self.schema.place_of(name, table)
        return sorted((key for key in self.schema.foreign_keys if key.target == place), key=lambda key: key.name)

    def _in_unique_columns(self, name: str, table: Table, at: str) -> Iterator[str]:
        """A value that must be unique can be fixed for one person only."""
        alike = {column for column, value in table.fixed.items() if "{" not in str(value)}
        constant = alike - never_emptied(self.tables, name)
        for columns in self.schema.uniques(name, table):
            if set(columns) <= constant:
                example = f"erased-{{{table.key[0]}}}"
                yield f'{at}.fixed: {", ".join(columns)} must be unique, so name the key in it, such as "{example}"'

    def _in_triggers(self, name: str, table: Table, at: str) -> Iterator[str]:
        statement = _TRIGGERS[self.schema.engine]
        named = self.schema.named(name, table, statement)
        found = self.schema.connection.execute(sa.text(statement), named)
        events = {"DELETE": "erased"} | ({"UPDATE": "changed"} if table.may_be_emptied or table.written else {})
        for trigger, text in sorted(map(tuple, found)):
            when = events.get(_event(text))
            if when and trigger not in table.known_triggers:
                yield f"{at}: a trigger runs when a row is {when} ({trigger}); it may reach other rows"

    def _in_engine(self, name: str, table: Table, at: str) -> Iterator[str]:
        if self.schema.engine != "mysql":
            return
        values = {"table": table.table or name, "schema": table.schema}
        for engine, kind in self.schema.connection.execute(sa.text(_MARIADB_TABLE), values):
            if engine != "InnoDB":
                change = f"ALTER TABLE {values['table']} ENGINE = InnoDB"
                yield f"{at}: the table has no transactions ({engine}), so nothing could be taken back; {change}"
            if kind == "SYSTEM VERSIONED":
                yield f"{at}: the table keeps every old version of its rows, so what is erased stays in its history"
        for column in self.schema.connection.scalars(sa.text(_MARIADB_HIDDEN), values):
            yield f"{at}: the database hides {column}: it would be in no copy and never be emptied; make it visible"


def _event(text: str) -> str:
    """When a trigger runs: SQLite keeps only the words it was made with."""
    made = re.search(r"\b(DELETE|INSERT|UPDATE)\b[^;]*?\bON\b", text, re.IGNORECASE)
    return (made[1] if made else text).upper()


_DAY = r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
"""A day that every year has, so that it is one in any database."""

_WRITTEN = {"date": _DAY, "time": r"\d\d:[0-5]\d:[0-5]\d", "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"}
_EXAMPLES = {
    "date": 'a day, such as "2000-01-01"',
    "time": 'a time, such as "00:00:00"',
    "uuid": '"00000000-0000-0000-0000-000000000000"',
    "boolean": "true or false",
    "number": "a number, such as 0",
    "text": 'a text, such as ""',
}
"""How a fixed value is written that is read back as it was given, by the kind of the column."""

_NEVER_FOUND = (sa.REAL, sa.FLOAT, sa.JSON, sa.ARRAY)
"""Types of which a value that was read is not the one that a statement compares with."""

_NEVER_KNOWN = (postgresql.INTERVAL, postgresql.MONEY)
"""Types of which a value is not read back as it was given."""

_BYTES = (sa.LargeBinary, sa.BINARY, sa.VARBINARY, mysql.TINYBLOB, mysql.MEDIUMBLOB, mysql.LONGBLOB)

_WORDS = {"text", "other"}
"""The kinds that are compared by a collation."""

_NEVER_EQUAL = [{"number", "text"}, {"number", "uuid"}, {"text", "uuid"}, {"date", "number"}, {"date", "uuid"}]


def _not_compared_alike(own: str, other: str, at: str) -> Iterator[str]:
    """A row that only one of two columns takes for hers would be left behind, or be somebody else's."""
    if own != other:
        yield f"{at} do not take the same texts for equal ({own} and {other}); give them the same type and collation"


def _missing(columns: Mapping[str, Any], at: str, table: Table) -> Iterator[str]:
    for setting, names in columns_named(table).items():
        for column in names:
            if column not in columns:
                yield f"{at}.{setting}: there is no column {column}"


def _not_filled(columns: Mapping[str, Any], at: str, table: Table, staying: Set[str]) -> Iterator[str]:
    if not table.may_be_emptied:
        return
    filled = staying | table.fixed.keys() | table.pseudonyms.keys()
    computed = [column for column, facts in columns.items() if facts.get("computed") or _is_numbered(facts)]
    for column in computed:
        if column not in staying:
            yield f"{at}.keep_columns: {column} is filled in by the database alone; name it here"
    full = [column for column, facts in columns.items() if not facts["nullable"] and column not in {*filled, *computed}]
    if full:
        yield f"{at}.fixed: {', '.join(full)} may not be empty: give a fixed value, or keep it under keep_columns"


def _is_numbered(facts: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL takes no other value than the number that it gives itself."""
    return bool((facts.get("identity") or {}).get("always"))


def _not_fitting(columns: Mapping[str, Any], at: str, table: Table, engine: str) -> Iterator[str]:
    given = {f"fixed.{column}": (column, value) for column, value in table.fixed.items()}
    given |= {"restricted": (table.restricted.column, table.restricted.value)} if table.restricted else {}
    for setting, (column, value) in given.items():
        if column in columns and (fault := _misfit(columns[column]["type"], kind_of(columns[column]), value, engine)):
            yield f"{at}.{setting}: {value!r} {fault}"
    for column, characters in table.pseudonyms.items():
        type_ = columns[column]["type"] if column in columns else sa.Text()
        if not _takes_any_text(type_, engine):
            yield f"{at}.pseudonyms.{column}: a pseudonym is text and does not fit in {behind(type_)}"
        elif (getattr(behind(type_), "length", None) or characters) < characters:
            yield f"{at}.pseudonyms.{column}: a pseudonym of {characters} characters is longer than the column"


def _takes_any_text(type_: Any, engine: str) -> bool:
    declared = behind(type_)
    has_no_type = engine == "sqlite" and isinstance(declared, sa.types.NullType)
    return has_no_type or kind_of({"type": type_}) == "text" or isinstance(declared, _BYTES)


def _misfit(type_: Any, kind: str, value: Fixed, engine: str) -> str | None:
    declared = behind(type_)
    if isinstance(declared, _NEVER_KNOWN):
        return f"would not be known again in {declared}; let the column be empty, or keep it under keep_columns"
    if kind == "time" and (end := _end_of_time(declared)):
        is_read_back = str(value).endswith(end) and _fits(kind, str(value).removesuffix(end), engine)
        return None if is_read_back else f'does not fit in {declared}; give a time, such as "00:00:00{end}"'
    if isinstance(declared, sa.Enum) and value not in declared.enums:
        return f"is none of the values it can have; give one of {', '.join(declared.enums)}"
    if isinstance(declared, sa.ARRAY) and not re.fullmatch(r"\{.*\}", str(value)):
        return 'is no list; give one, such as "{}"'
    if not _fits(kind, value, engine):
        return f"does not fit in {declared}; give {_EXAMPLES.get(kind, 'a text or a number')}"
    length = getattr(declared, "length", None)
    is_longer = length and isinstance(value, str) and len(re.sub(r"\{\w+\}", "1", value)) > length
    return f"is longer than the column ({length})" if is_longer else None


def _end_of_time(type_: Any) -> str:
    """With what a time is read back that was given in whole seconds: of a zone, or in parts of a second on MariaDB."""
    if getattr(type_, "timezone", False):
        return "+00:00"
    return "." + "0" * type_.fsp if getattr(type_, "fsp", None) else ""


def _fits(kind: str, value: Fixed, engine: str) -> bool:
    if kind in _WRITTEN:
        return re.fullmatch(_WRITTEN[kind], str(value)) is not None
    if kind != "text" and engine != "postgresql":  # yes and no are numbers there
        return isinstance(value, int) or kind == "other"
    takes = {"boolean": (bool,), "number": (int,), "text": (str,)}
    return type(value) in takes.get(kind, (int, str))


def never_emptied(tables: Mapping[str, Table], name: str) -> set[str]:
    """The columns that are never emptied."""
    return {*(columns_left(tables, name) or columns_needed(tables, name))}

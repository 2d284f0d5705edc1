"""A SQL database of the controller: SQLite, PostgreSQL or MariaDB.

Statements are built from the names in the register, never from text of a person. The reading account opens a
read-only session; the erasing account locks what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from dsr.config import Settings
from dsr.connectors.base import Found, Identifiers, Remarks, SystemRefuses
from dsr.connectors.sql_accounts import eraser_remarks, reader_remarks
from dsr.connectors.sql_checks import remarks_on
from dsr.connectors.sql_columns import column_types
from dsr.connectors.sql_emptying import filled, places_for
from dsr.connectors.sql_engine import engine_for
from dsr.connectors.sql_erasing import SqlErasing
from dsr.connectors.sql_errors import translated
from dsr.connectors.sql_reading import Rows, Statement, read_all
from dsr.connectors.sql_samples import found_in
from dsr.connectors.sql_schema import columns_named
from dsr.domain.column_types import ColumnType
from dsr.domain.identifiers import EMAIL, PHONE, PUNCTUATION, spellings
from dsr.domain.plans import Columns, Row
from dsr.domain.register import Table
from dsr.domain.register_ways import Seen
from dsr.domain.row_keys import Key, from_json
from dsr.domain.wording import N_

_KEYS = "dsr_keys_"
"""The parameter that holds keys: no column is called so."""
PARAMETERS = 10_000
"""How many values one statement carries at most; every engine takes this many."""
TOGETHER = 10
"""How many tables are searched before the rows are counted: each may give as many as there may be."""
_LETTER_BY_LETTER = {"sqlite": "BINARY", "postgresql": "C", "mariadb": "utf8mb4_nopad_bin"}
"""The collations that take only the same text for equal."""
_BEYOND_INTEGER = 2**31
"""A larger number is no integer of PostgreSQL: a column of these that points at a bigint is compared as one."""
BATCH = 400
"""How many rows are in memory at once while they stream: of more, Python asks for new memory each time."""


class SqlSystem:
    """One database, seen through the tables that the register names."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.system = settings.systems[name]
        self.register = settings.register
        self.tables = settings.register.tables.get(name, {})
        self._statements: dict[tuple[str, frozenset[str], bool, int | None], Statement] = {}
        self._named = {name: _columns(table) for name, table in self.tables.items()}
        self._by_key: dict[tuple[Any, ...], Statement] = {}
        self._fitted_at: float | None = None
        self._reader = engine_for(self.system, self.system.reader, settings, reads_only=True)
        self._eraser = engine_for(self.system, self.system.eraser, settings, reads_only=False)

    def lookup(self, identifiers: Identifiers) -> dict[str, bool]:
        """Per identifier whether the system knows it; of another than the address, whether with that address.

        Raises SystemDown or SystemRefuses.
        """
        with self._transaction(self._reader) as connection:
            return {kind: self._knows(connection, kind, identifiers) for kind in identifiers}

    def _knows(self, connection: Connection, kind: str, identifiers: Identifiers) -> bool:
        # A number alone proves nothing: it must be that of the person whose address was confirmed.
        together = {EMAIL} & set(identifiers)
        for name, table in self.tables.items():
            if kind in table.match:
                source = self.clause(name)
                is_known = self._matches(source, table, kind)
                if together:
                    is_known = sa.and_(is_known, self._is_of_person(name, source, together))
                exists = sa.select(sa.exists(_all_of(source).where(is_known)))
                if connection.scalar(exists, self._parameters(identifiers)):
                    return True
        return False

    def find(self, identifiers: Identifiers) -> list[Found]:
        """Every row of the person by table, parents before children. Raises SystemDown or SystemRefuses."""
        with self._transaction(self._reader) as connection:
            return self.find_in(connection, identifiers, locks=False)

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        """The same, however many rows there are. Raises SystemDown or SystemRefuses, also between two batches."""
        with self._transaction(self._reader) as connection:
            for name in self.register.nearest_first(self.name):
                yield from self._batches(connection, name, identifiers)

    def read(self, table: str, keys: Sequence[Key]) -> Iterator[Found]:
        """The rows with these keys that are still there, a batch at a time. Raises as `stream` does."""
        wanted = {*keys}
        with self._transaction(self._reader) as connection:
            for part in self.keys_in_parts(table, keys, BATCH):
                yield self.fetch(connection, table, self.by_key("read", table), part).only(wanted)

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these, of one of its parents. Raises SystemDown or SystemRefuses."""
        with self._transaction(self._reader) as connection:
            return self.pointing_in(connection, table, rows)

    @contextmanager
    def erasing(self) -> Iterator[SqlErasing]:
        """One transaction with the erasing account. SystemDown or SystemRefuses: it has changed nothing."""
        with self._transaction(self._eraser) as connection:
            yield SqlErasing(self, connection)

    def mistakes(self, *, within: float = 0) -> list[str]:
        """What the register says that the database does not have. Raises SystemDown."""
        now = monotonic()
        if self._fitted_at is not None and now - self._fitted_at < within:
            return []
        with self._transaction(self._reader) as connection:
            mistakes = remarks_on(connection, self.register, self.name).mistakes
        self._fitted_at = None if mistakes else now
        return mistakes

    def remarks(self) -> Remarks:
        """The same with what somebody should know, and what the two accounts may and may not do. Raises SystemDown."""
        with self._transaction(self._reader) as reading:
            remarks = remarks_on(reading, self.register, self.name)
            remarks += reader_remarks(reading, self.name, self.system, self.tables)
        if self.system.eraser is None and self.system.engine != "sqlite":
            return remarks + Remarks([], [f"systems.{self.name}.eraser: no account is given, so nothing can be erased"])
        with self._transaction(self._eraser) as changing:
            return remarks + eraser_remarks(changing, self.name, self.tables)

    def column_types(self, table: str) -> dict[str, ColumnType]:
        """What the columns of a table can hold. Raises SystemDown or SystemRefuses."""
        with self._transaction(self._reader) as connection:
            return column_types(connection, self.tables[table].table or table, self.tables[table].schema)

    def found_tables(self) -> Seen:
        """Every table of the database, and where its columns may point. Raises SystemDown or SystemRefuses."""
        with self._transaction(self._reader) as connection:
            return found_in(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self._eraser.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with translated(self.name, engine.url.username), engine.begin() as connection:
            yield connection

    def find_in(self, connection: Connection, identifiers: Identifiers, *, locks: bool) -> list[Found]:
        found: list[Found] = []
        tables, cap = self.register.nearest_first(self.name), self.system.row_cap
        for start in range(0, len(tables), TOGETHER):
            found += self._find_few(connection, tables[start : start + TOGETHER], identifiers, locks=locks)
            if sum(len(table.rows) for table in found) > cap:
                raise SystemRefuses(self.name, N_("more than %(cap)s rows, the most for one person"), cap=cap)
        return found

    def _find_few(
        self, connection: Connection, tables: Sequence[str], identifiers: Identifiers, *, locks: bool
    ) -> Iterator[Found]:
        kinds, cap = frozenset(identifiers), self.system.row_cap
        statements = [self._statement(name, kinds, locks=locks, most=cap) for name in tables]
        for name, rows in zip(tables, read_all(connection, statements, self._parameters(identifiers)), strict=True):
            yield self._found(name, *rows)

    def _batches(self, connection: Connection, name: str, identifiers: Identifiers) -> Iterator[Found]:
        kinds = frozenset(identifiers)
        few = self.fetch(connection, name, self._statement(name, kinds, most=BATCH), identifiers)
        if len(few.rows) <= BATCH:
            yield few
            return
        # Only now a cursor that stays with the server: for a few rows it costs more than the rows.
        values = self._parameters(identifiers)
        for columns, rows in self._statement(name, kinds).stream(connection, values, BATCH):
            yield Found(name, self.tables[name].key, columns, rows)

    def _statement(
        self, name: str, kinds: frozenset[str], *, locks: bool = False, most: int | None = None
    ) -> Statement:
        """The search in one table; written once, since the engine takes longer to write it than to run it.

        It gives one row more than the `most` there may be.
        """
        if (name, kinds, locks, most) not in self._statements:
            statement = self._rows_of_person(name, kinds).limit(most and most + 1)
            # A view is not always one that can be locked, and nothing goes by way of it.
            locks_rows = locks and self.tables[name].is_erasable
            self._statements[name, kinds, locks, most] = Statement(statement, locks=locks_rows)
        return self._statements[name, kinds, locks, most]

    def by_key(self, verb: str, name: str) -> Statement:
        """The statement that reads, locks or deletes the rows with given keys; written once as well."""
        if (name, verb) not in self._by_key:
            source, is_one = self.clause(name), self.is_one_of(self.tables[name].key)
            locks_rows = verb == "lock" and self.tables[name].is_erasable
            reading = Statement(_all_of(source).where(is_one), locks=locks_rows)
            self._by_key[name, verb] = Statement(sa.delete(source).where(is_one)) if verb == "delete" else reading
        return self._by_key[name, verb]

    def pointing_in(self, connection: Connection, name: str, rows: Sequence[Row]) -> Found:
        way = self.tables[name].parents[rows[0].table]
        targets = [target for row in rows for target in _spelled(row.values[column] for column in way.values())]
        statement, parts = self._holding(name, tuple(way)), self.in_parts(len(way), targets)
        (columns, first), *more = [statement.read(connection, self._parameters(part)) for part in parts]
        return Found(name, self.tables[name].key, columns, [*first, *(row for _, part in more for row in part)])

    def _holding(self, name: str, columns: Columns) -> Statement:
        """The statement that reads the rows that hold given values in these columns; written once as well.

        There may be many, of others: only of rows that an erasure empties it reads more than the key and the columns.
        """
        if (name, columns) not in self._by_key:
            keys: list[Any] = [*map(sa.column, dict.fromkeys((*self.tables[name].key, *columns)))]
            shown = keys if self.tables[name].on_erasure == "delete" else [sa.literal_column("*")]
            reading = sa.select(*shown).select_from(self.clause(name))
            self._by_key[name, columns] = Statement(reading.where(self.is_one_of(columns)))
        return self._by_key[name, columns]

    def clearing(self, name: str, columns: Columns, replaced: Columns, along: Columns) -> Statement:
        """The statement that empties columns of the rows with given keys, and replaces others; written once as well."""
        if (name, columns, replaced) not in self._by_key:
            fixed = self.tables[name].fixed
            emptied = {column: filled(fixed.get(column)) for column in columns}
            changing = self.changing(name, {**emptied, **places_for(replaced)}, along)
            self._by_key[name, columns, replaced] = Statement(changing)
        return self._by_key[name, columns, replaced]

    def changing(self, name: str, values: Mapping[str, Any], along: Columns) -> sa.Update:
        """The statement that gives rows other values; those `along` would change with them, and stay."""
        given = {**{column: sa.column(column) for column in along}, **values}
        return sa.update(self.table(name, given)).values(given).where(self.is_one_of(self.tables[name].key))

    def is_one_of(self, names: Iterable[str]) -> sa.ColumnElement[bool]:
        """Whether these columns of a row hold one of the values that a statement is given."""
        columns: list[Any] = [*map(sa.column, names)]
        if self.system.engine == "postgresql" and len(columns) == 1:
            # One array: the driver takes longer to read thousands of placeholders than the server to erase the rows.
            return columns[0] == sa.func.any(sa.bindparam(_KEYS))  # type: ignore[no-any-return]
        column: sa.ColumnElement[Any] = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
        return column.in_(sa.bindparam(_KEYS, expanding=True))

    def keys_in_parts(self, name: str, keys: Sequence[Key], most: int = PARAMETERS) -> Iterator[dict[str, Any]]:
        """Keys of rows, `most` values at a time, for one such statement after another; for no keys a single one."""
        return self.in_parts(len(self.tables[name].key), keys, most)

    def in_parts(self, columns: int, keys: Sequence[Key], most: int = PARAMETERS) -> Iterator[dict[str, Any]]:
        """The same for values of so many columns."""
        size = most // columns
        for start in range(0, max(len(keys), 1), size):
            part = keys[start : start + size]
            yield {_KEYS: self._as_array([key[0] for key in part]) if columns == 1 else [*part]}

    def _as_array(self, values: list[Any]) -> Any:
        kinds = {*map(type, values)} if self.system.engine == "postgresql" else set()
        if kinds == {int} and max(values) < _BEYOND_INTEGER:
            return f"{{{','.join(map(str, values))}}}"  # the driver takes three times as long to write an array
        if len(kinds - {type(None)}) > 1:  # an array has one kind: with days also those that are read as text
            return [value if value is None else str(value) for value in values]
        return values

    def fetch(
        self, connection: Connection, name: str, statement: Statement, values: Mapping[str, Any] | None = None
    ) -> Found:
        """The rows that a statement on one table gives."""
        return self._found(name, *statement.read(connection, self._parameters(values or {})))

    def _found(self, name: str, columns: Columns, rows: Rows) -> Found:
        missing = self._named[name].difference(columns)
        if missing:
            raise SystemRefuses(
                self.name,
                N_("table %(table)s has no column %(columns)s"),
                table=name,
                columns=", ".join(sorted(missing)),
            )
        return Found(name, self.tables[name].key, columns, rows)

    def fetch_all(
        self, connection: Connection, name: str, statement: Statement, parts: Iterable[Mapping[str, Any]]
    ) -> Found:
        """The same for several statements, one after another."""
        found = [self.fetch(connection, name, statement, part) for part in parts]
        return replace(found[0], rows=[row for part in found for row in part.rows])

    def clause(self, name: str) -> sa.TableClause:
        """The table as statements name it."""
        return self.table(name, self._named[name])

    def table(self, name: str, columns: Iterable[str]) -> sa.TableClause:
        """The table with these columns, by the name that the database has for it."""
        known = self.tables[name]
        return sa.table(known.table or name, *map(sa.column, columns), schema=known.schema)

    def _rows_of_person(self, name: str, kinds: Set[str]) -> sa.Select[Any]:
        source = self.clause(name)
        return _all_of(source).where(self._is_of_person(name, source, kinds))

    def _is_of_person(self, name: str, source: Any, kinds: Set[str]) -> sa.ColumnElement[bool]:
        table = self.tables[name]
        conditions = [self._matches(source, table, kind) for kind in table.match if kind in kinds]
        before: list[sa.ColumnElement[bool]] = []
        for parent, way in table.parents.items():  # the first that leads to a row says whose it is
            conditions.append(sa.and_(self._belongs(source, parent, way, kinds), *before))
            before.append(~self._leads(source, parent, way))
        is_found = sa.or_(*conditions) if conditions else sa.false()
        if f"{self.name}.{name}" not in kinds:
            return is_found
        # Several people answered, and a handler said which of them this is.
        return sa.and_(is_found, self._is_chosen(name, source))

    def _is_chosen(self, name: str, source: Any) -> sa.ColumnElement[bool]:
        key: list[Any] = [source.c[column] for column in self.tables[name].key]
        chosen: Any = sa.bindparam(self._chosen_as(name), expanding=True)
        is_one: sa.ColumnElement[bool] = key[0].in_(chosen) if len(key) == 1 else sa.tuple_(*key).in_(chosen)
        return is_one

    def _chosen_as(self, name: str) -> str:
        return f"chosen_{sorted(self.tables).index(name)}"

    def _parameters(self, identifiers: Identifiers) -> dict[str, Any]:
        """The values as statements take them: telephone numbers in every spelling, chosen rows by their keys."""
        values: dict[str, Any] = {**identifiers}
        if PHONE in identifiers:
            values[PHONE] = spellings(identifiers[PHONE])
        for name, table in self.tables.items():
            if chosen := identifiers.get(f"{self.name}.{name}"):
                keys = [from_json(key) for key in json.loads(chosen)]
                values[self._chosen_as(name)] = [key[0] for key in keys] if len(table.key) == 1 else keys
        return values

    def _matches(self, source: Any, table: Table, kind: str) -> sa.ColumnElement[bool]:
        column = source.c[table.match[kind]]
        text: Any = sa.cast(column, sa.String)
        if kind == PHONE:
            return _is_phone(column if table.match_exactly else _digits(text))
        value: sa.BindParameter[str] = sa.bindparam(kind, type_=sa.String())
        bare, wanted = (text, value) if table.match_exactly else (_bare(text), sa.func.lower(value))
        # An index serves the first. Many a collation takes hänna@ for hanna@, who is somebody else.
        is_alike = (column if table.match_exactly else bare) == wanted
        return sa.and_(is_alike, sa.collate(bare, _LETTER_BY_LETTER[self.system.engine]) == wanted)

    def _belongs(self, source: Any, name: str, way: Mapping[str, str], kinds: Set[str]) -> sa.ColumnElement[bool]:
        """Whether the row points at one of the person. By IN: every engine goes from the person outwards then."""
        parent = self.table(name, self._named[name].union(way.values())).alias()
        own = [source.c[c] for c in way]
        other = sa.select(*(parent.c[c] for c in way.values())).where(self._is_of_person(name, parent, kinds))
        return own[0].in_(other) if len(own) == 1 else sa.tuple_(*own).in_(other)

    def _leads(self, source: Any, name: str, way: Mapping[str, str]) -> sa.ColumnElement[bool]:
        """Whether the row points at one that is there, whoever's it is."""
        parent = self.table(name, way.values()).alias()
        pointed_at = _all_of(parent).where(*(parent.c[other] == source.c[own] for own, other in way.items()))
        leads: sa.ColumnElement[bool] = sa.exists(pointed_at.correlate(source))
        return leads


def _spelled(values: Iterable[Any]) -> list[Key]:
    """Values as they were read, and as a CHAR that was filled with spaces stands in another column."""
    given = tuple(values)
    bare = tuple([value.rstrip(" ") if isinstance(value, str) else value for value in given])
    return [given] if bare == given else [given, bare]


def _all_of(source: sa.FromClause) -> sa.Select[Any]:
    return sa.select(sa.literal_column("*")).select_from(source)


def _bare(text: Any) -> Any:
    return sa.func.lower(sa.func.trim(text))


def _digits(text: Any) -> Any:
    """A text without what people write between digits, in words that every engine has."""
    return reduce(lambda written, mark: sa.func.replace(written, mark, ""), PUNCTUATION, text)


def _is_phone(digits: Any) -> sa.ColumnElement[bool]:
    is_one: sa.ColumnElement[bool] = digits.in_(sa.bindparam(PHONE, type_=sa.String(), expanding=True))
    return is_one


def _columns(table: Table) -> frozenset[str]:
    return frozenset(column for columns in columns_named(table).values() for column in columns)

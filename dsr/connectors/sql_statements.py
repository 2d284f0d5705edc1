"""The statements that one database is given: built from the names in the register, never from text of a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import reduce
from typing import Any

import sqlalchemy as sa

from dsr.connectors.base import Identifiers
from dsr.connectors.sql_emptying import filled, places_for
from dsr.connectors.sql_reading import Statement
from dsr.connectors.sql_schema import columns_named
from dsr.domain.identifiers import PHONE, PUNCTUATION, spellings
from dsr.domain.plans import Columns
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, from_json

_KEYS = "dsr_keys_"
"""The parameter that holds keys: no column is called so."""
PARAMETERS = 10_000
"""How many values one statement carries at most; every engine takes this many."""
_LETTER_BY_LETTER = {"sqlite": "BINARY", "postgresql": "C", "mariadb": "utf8mb4_nopad_bin"}
"""The collations that take only the same text for equal."""
_BEYOND_INTEGER = 2**31
"""A larger number is no integer of PostgreSQL: a column of these that points at a bigint is compared as one."""


class SqlStatements:
    """The statements on the tables of one system, and the values they take.

    What is run for every person is written once: the engine takes longer to write it than to run it.
    """

    def __init__(self, system: str, engine: str, register: Register) -> None:
        self.system, self.engine = system, engine
        self.tables = register.tables.get(system, {})
        self.columns = {name: _columns(table) for name, table in self.tables.items()}
        self._written: dict[tuple[Any, ...], Statement] = {}

    def _once(self, which: tuple[Any, ...], write: Callable[[], Any], *, locks: bool = False) -> Statement:
        if which not in self._written:
            self._written[which] = Statement(write(), locks=locks)
        return self._written[which]

    def knowing(self, kind: str, kinds: Set[str]) -> Iterator[sa.Select[Any]]:
        """Per table with this kind of identifier: whether it has a row with that value that is also the person's.

        `kinds` are those by which the person is known; without any it is enough that there is a row.
        """
        for name, table in self.tables.items():
            if kind in table.match:
                source = self.clause(name)
                is_known = self._matches(source, table, kind)
                if kinds:
                    is_known = sa.and_(is_known, self._is_of_person(name, source, kinds))
                yield sa.select(sa.exists(_all_of(source).where(is_known)))

    def search(self, name: str, kinds: frozenset[str], *, locks: bool = False, most: int | None = None) -> Statement:
        """The rows of the person in one table; one row more than the `most` there may be."""

        def write() -> sa.Select[Any]:
            source = self.clause(name)
            return _all_of(source).where(self._is_of_person(name, source, kinds)).limit(most and most + 1)

        return self._once((name, kinds, locks, most), write, locks=self._can_lock(name, locks))

    def by_key(self, name: str, *, locks: bool = False) -> Statement:
        """The rows with given keys."""
        which, can_lock = (name, "by key", locks), self._can_lock(name, locks)
        return self._once(which, lambda: _all_of(self.clause(name)).where(self._has_key(name)), locks=can_lock)

    def _can_lock(self, name: str, locks: bool) -> bool:
        # A view is not always one that can be locked, and nothing goes by way of it.
        return locks and self.tables[name].is_erasable

    def any_row(self, name: str) -> sa.Select[Any]:
        """One row of a table, of anybody."""
        return sa.select(sa.literal(1)).select_from(self.clause(name)).limit(1)

    def pointing(self, name: str, columns: Columns) -> Statement:
        """The rows that hold given values in these columns.

        There may be many, of others: only of rows that an erasure empties it reads more than the key and the columns.
        """

        def write() -> sa.Select[Any]:
            keys: list[Any] = [*map(sa.column, dict.fromkeys((*self.tables[name].key, *columns)))]
            shown = keys if self.tables[name].on_erasure == "delete" else [sa.literal_column("*")]
            return sa.select(*shown).select_from(self.clause(name)).where(self._is_one_of(columns))

        return self._once((name, "pointing", columns), write)

    def deleting(self, name: str) -> Statement:
        """Erase the rows with given keys."""
        return self._once((name, "deleting"), lambda: sa.delete(self.clause(name)).where(self._has_key(name)))

    def clearing(self, name: str, columns: Columns, replaced: Columns, along: Columns) -> Statement:
        """Empty columns of the rows with given keys, and replace others; those `along` stay."""

        def write() -> sa.Update:
            fixed = self.tables[name].fixed
            emptied = {column: filled(fixed.get(column)) for column in columns}
            return self.changing(name, {**emptied, **places_for(replaced)}, along)

        return self._once((name, "clearing", columns, replaced), write)

    def changing(self, name: str, values: Mapping[str, Any], along: Columns) -> sa.Update:
        """Give the rows with given keys other values; columns `along` would change with them, and stay."""
        given = {**{column: sa.column(column) for column in along}, **values}
        return sa.update(self._table(name, given)).values(given).where(self._has_key(name))

    def clause(self, name: str) -> sa.TableClause:
        """A table with the columns that the register names."""
        return self._table(name, self.columns[name])

    def _table(self, name: str, columns: Iterable[str]) -> sa.TableClause:
        known = self.tables[name]
        return sa.table(known.table or name, *map(sa.column, columns), schema=known.schema)

    def parameters(self, identifiers: Identifiers) -> dict[str, Any]:
        """The values as statements take them: telephone numbers in every spelling, chosen rows by their keys."""
        values: dict[str, Any] = {**identifiers}
        if PHONE in identifiers:
            values[PHONE] = spellings(identifiers[PHONE])
        for name, table in self.tables.items():
            if chosen := identifiers.get(f"{self.system}.{name}"):
                keys = [from_json(key) for key in json.loads(chosen)]
                values[self._chosen_as(name)] = [key[0] for key in keys] if len(table.key) == 1 else keys
        return values

    def keys_in_parts(self, name: str, keys: Sequence[Key], most: int | None = None) -> Iterator[dict[str, Any]]:
        """Keys of rows, `most` values at a time, for one such statement after another; for no keys a single one."""
        return self.in_parts(len(self.tables[name].key), keys, most)

    def in_parts(self, columns: int, keys: Sequence[Key], most: int | None = None) -> Iterator[dict[str, Any]]:
        """The same for values of so many columns."""
        size = (most or PARAMETERS) // columns
        for start in range(0, max(len(keys), 1), size):
            part = keys[start : start + size]
            yield {_KEYS: self._as_array([key[0] for key in part]) if columns == 1 else [*part]}

    def _as_array(self, values: list[Any]) -> Any:
        kinds = {*map(type, values)} if self.engine == "postgresql" else set()
        if kinds == {int} and max(values) < _BEYOND_INTEGER:
            return f"{{{','.join(map(str, values))}}}"  # the driver takes three times as long to write an array
        if len(kinds - {type(None)}) > 1:  # an array has one kind: with days also those that are read as text
            return [value if value is None else str(value) for value in values]
        return values

    def _has_key(self, name: str) -> sa.ColumnElement[bool]:
        return self._is_one_of(self.tables[name].key)

    def _is_one_of(self, names: Columns) -> sa.ColumnElement[bool]:
        """Whether these columns of a row hold one of the values that a statement is given."""
        columns: list[Any] = [*map(sa.column, names)]
        if self.engine == "postgresql" and len(columns) == 1:
            # One array: the driver takes longer to read thousands of placeholders than the server to erase the rows.
            return columns[0] == sa.func.any(sa.bindparam(_KEYS))  # type: ignore[no-any-return]
        return _are_in(columns, sa.bindparam(_KEYS, expanding=True))

    def _is_of_person(self, name: str, source: Any, kinds: Set[str]) -> sa.ColumnElement[bool]:
        table = self.tables[name]
        conditions = [self._matches(source, table, kind) for kind in table.match if kind in kinds]
        before: list[sa.ColumnElement[bool]] = []
        for parent, way in table.parents.items():  # the first that leads to a row says whose it is
            conditions.append(sa.and_(self._belongs(source, parent, way, kinds), *before))
            before.append(~self._leads(source, parent, way))
        is_found = sa.or_(*conditions) if conditions else sa.false()
        if f"{self.system}.{name}" not in kinds:
            return is_found
        # Several people answered, and a handler said which of them this is.
        chosen: Any = sa.bindparam(self._chosen_as(name), expanding=True)
        return sa.and_(is_found, _are_in([source.c[column] for column in table.key], chosen))

    def _chosen_as(self, name: str) -> str:
        return f"chosen_{sorted(self.tables).index(name)}"

    def _matches(self, source: Any, table: Table, kind: str) -> sa.ColumnElement[bool]:
        column = source.c[table.match[kind]]
        text: Any = sa.cast(column, sa.String)
        if kind == PHONE:
            digits = column if table.match_exactly else _digits(text)
            return _are_in([digits], sa.bindparam(PHONE, type_=sa.String(), expanding=True))
        value: sa.BindParameter[str] = sa.bindparam(kind, type_=sa.String())
        bare, wanted = (text, value) if table.match_exactly else (_bare(text), sa.func.lower(value))
        # An index serves the first. Many a collation takes hänna@ for hanna@, who is somebody else.
        is_alike = (column if table.match_exactly else bare) == wanted
        return sa.and_(is_alike, sa.collate(bare, _LETTER_BY_LETTER[self.engine]) == wanted)

    def _belongs(self, source: Any, name: str, way: Mapping[str, str], kinds: Set[str]) -> sa.ColumnElement[bool]:
        """Whether the row points at one of the person. By IN: every engine goes from the person outwards then."""
        parent = self._table(name, self.columns[name].union(way.values())).alias()
        of_person = sa.select(*(parent.c[c] for c in way.values())).where(self._is_of_person(name, parent, kinds))
        return _are_in([source.c[c] for c in way], of_person)

    def _leads(self, source: Any, name: str, way: Mapping[str, str]) -> sa.ColumnElement[bool]:
        """Whether the row points at one that is there, whoever's it is."""
        parent = self._table(name, way.values()).alias()
        pointed_at = _all_of(parent).where(*(parent.c[other] == source.c[own] for own, other in way.items()))
        leads: sa.ColumnElement[bool] = sa.exists(pointed_at.correlate(source))
        return leads


def _all_of(source: sa.FromClause) -> sa.Select[Any]:
    return sa.select(sa.literal_column("*")).select_from(source)


def _are_in(columns: Sequence[Any], values: Any) -> sa.ColumnElement[bool]:
    one: sa.ColumnElement[Any] = columns[0] if len(columns) == 1 else sa.tuple_(*columns)
    return one.in_(values)


def _bare(text: Any) -> Any:
    return sa.func.lower(sa.func.trim(text))


def _digits(text: Any) -> Any:
    """A text without what people write between digits, in words that every engine has."""
    return reduce(lambda written, mark: sa.func.replace(written, mark, ""), PUNCTUATION, text)


def _columns(table: Table) -> frozenset[str]:
    return frozenset(column for columns in columns_named(table).values() for column in columns)

"""A system that a person searches and erases: what its owner answered for one case, behind the same protocol."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dsr.connectors.base import Erasing, Found, Going, Identifiers, Remarks, SystemDown
from dsr.domain.column_types import ColumnType
from dsr.domain.errands import EVERY_DATE, FILES
from dsr.domain.plans import Row
from dsr.domain.register import Table
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_


class OwnerHasNotAnswered(SystemDown):
    """Passing: the owner of the system was asked, and the answer is not there yet."""

    def __init__(self, system: str) -> None:
        super().__init__(system, N_("its owner has not answered yet"))


class ManualSystem:
    """The items that the owner found for one case, or None while they have not answered.

    `erased` are the keys of which the owner confirmed that they are gone, or None while they did not.
    """

    def __init__(
        self, name: str, tables: Mapping[str, Table], found: Sequence[Row] | None, erased: frozenset[Key] | None = None
    ) -> None:
        self.name = name
        self._tables, self._found, self._erased = tables, found, erased

    def lookup(self, identifiers: Identifiers) -> dict[str, bool]:
        """Nothing: before the identity check no person is asked about another."""
        return {}

    def find(self, identifiers: Identifiers) -> list[Found]:
        """The items by category, as they are judged. Raises OwnerHasNotAnswered."""
        return [_found(name, self._tables[name], [*map(judged, rows)]) for name, rows in self._by_table().items()]

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        """The items by category, as they are shown: with files and the dates that count. Raises OwnerHasNotAnswered."""
        for name, rows in self._by_table().items():
            table = self._tables[name]
            others = EVERY_DATE - table.dates.keys()
            yield _found(name, table, [_without(row, others) for row in rows])

    def read(self, table: str, keys: Sequence[Key]) -> Iterator[Found]:
        """Nothing: the items of another case have other numbers, and in every search the owner looks at all papers."""
        return iter(())

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """Nothing: no paper points at another one."""
        return _found(table, self._tables[table], [])

    def _by_table(self) -> dict[str, list[Row]]:
        rows = self._items()
        found = {name: [row for row in rows if row.table == name] for name in self._tables}
        return {name: of_table for name, of_table in found.items() if of_table}

    def _items(self) -> Sequence[Row]:
        if self._found is None:
            raise OwnerHasNotAnswered(self.name)
        return self._found

    def column_types(self, table: str) -> dict[str, ColumnType]:
        """None: what is to be corrected here, its owner does by hand."""
        return {}

    @contextmanager
    def erasing(self) -> Iterator[Erasing]:
        """What the owner confirmed, as if it were erased here. Raises OwnerHasNotAnswered."""
        if self._erased is None:
            raise OwnerHasNotAnswered(self.name)
        yield _ErasedByHand(self, self._erased)

    def mistakes(self, *, within: float = 0) -> list[str]:
        """None: there is no schema to hold the register against."""
        return []

    def remarks(self) -> Remarks:
        """None either."""
        return Remarks([])

    def close(self) -> None:
        """Nothing is open."""


class _ErasedByHand:
    """The protocol of a transaction over what the owner confirmed."""

    def __init__(self, system: ManualSystem, erased: frozenset[Key]) -> None:
        self._system, self._erased = system, erased

    def find(self, identifiers: Identifiers) -> list[Found]:
        return self._system.find(identifiers)

    def read(self, table: str, keys: Sequence[Key]) -> Found:
        wanted = {*keys}
        rows = [judged(row) for row in self._system._items() if row.table == table and row.key in wanted]
        return _found(table, self._system._tables[table], rows)

    def is_empty(self, table: str) -> bool:
        return False

    def erase(self, going: Sequence[Going]) -> list[int]:
        return [len(self._erased.intersection(part.keys)) if part.columns is None else 0 for part in going]

    def change(self, table: str, keys: Sequence[Key], values: Mapping[str, Any]) -> int:
        return 0

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        return self._system.pointing(table, rows)


def judged(row: Row) -> Row:
    """A row as it is judged: without its files, which go once the case is over, while what is kept must still be known
    by its content."""
    return _without(row, {FILES})


def _without(row: Row, columns: Container[str]) -> Row:
    return row._replace(values={name: value for name, value in row.values.items() if name not in columns})


def _found(name: str, table: Table, rows: Sequence[Row]) -> Found:
    columns = tuple(rows[0].values) if rows else table.key
    return Found(name, table.key, columns, [tuple(row.values.values()) for row in rows])

"""How each table reaches the person: by foreign keys, and for want of them by names that the values bear out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dsr.domain.found_tables import ForeignKey, FoundTable, called, one, words

MOST = 0.5
"""The part of a column's values that must stand in the other table, or it does not point there."""
NEARLY_ALL = 0.9
_ENOUGH = 10
"""So many different values tell something by themselves; fewer stand in any table that counts from one."""
_COUNTED = ("number", "uuid")
_PEOPLE = frozenset({"customer", "user", "member"})
_END = re.compile(r"_?(id|nr|no|number|nummer)$")
_VAGUE = frozenset({"id", "nr", "no", "number", "nummer", "code", "key", "uuid", "name", "naam"})


@dataclass(frozen=True, slots=True)
class Guess:
    """A column that may point at the key of another table. Of two, the one with the higher rank is the likelier.

    A guess of rank 0 is made by its values alone, and is not more than a candidate.
    """

    table: str
    column: str
    other: str
    target: str
    rank: int = field(compare=False)

    @property
    def key(self) -> ForeignKey:
        """The foreign key that it stands for."""
        return ForeignKey((self.column,), self.other, (self.target,))


Shares = Mapping[Guess, float]
"""The part of the values of a column that stand in the other table, where any are known."""
Seen = tuple[list[FoundTable], Shares]
"""The tables of a database, and how much bears out the guesses at their ways."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a table reaches the person. If that is guessed by a column's name, `share` of its values bears it out."""

    key: ForeignKey
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Ways:
    """The way of every table that has one; a second one beside identifiers; and what else may be a way."""

    first: Mapping[str, Way]
    second: Mapping[str, Way]
    candidates: Mapping[str, list[Guess]]


def is_of_staff(table: FoundTable) -> bool:
    """Whether its rows are the people of the firm itself, who write in the rows of others."""
    return "staff" in called(table.name)


def guesses(tables: Iterable[FoundTable]) -> list[Guess]:
    """Every column that may point at another table, by its name; or by its values, where no name tells a way."""
    known = {table.name: table for table in tables}
    targets = [table for table in known.values() if len(table.key) == 1 and not table.is_view]
    found: list[Guess] = []
    for table in known.values():
        named = [guess for other in targets for guess in _named(table, other, known)]
        found += named
        if not table.foreign_keys and all(is_of_staff(known[guess.other]) for guess in named):
            found += [guess for other in targets for guess in _unnamed(table, other)]
    return found


def _named(table: FoundTable, other: FoundTable, tables: Mapping[str, FoundTable]) -> Iterator[Guess]:
    """A column named after another table (customer_id, CustomerId), or like its key (customer_number)."""
    tied = {column for key in table.foreign_keys for column in key.columns}
    for column, found in table.columns.items():
        rank = _rank(column, other, tables)
        is_bare = rank and rank < 3 and not _END.search(column.lower())
        fits = found.kind == other.columns[other.key[0]].kind and column not in tied
        if rank and fits and other is not table and (found.values or not is_bare):
            yield Guess(table.name, column, other.name, other.key[0], rank)


def _rank(column: str, other: FoundTable, tables: Mapping[str, FoundTable]) -> int:
    bare = column.lower()
    stem = one(re.sub(r"[_-]", "", _END.sub("", bare)))
    if bare == other.key[0].lower() and bare not in _VAGUE and "email" not in words(column):
        return 3
    if stem in called(other.name):
        return 2
    of_people = [name for name in tables if called(name) & _PEOPLE]
    return int(stem in _PEOPLE and of_people == [other.name])


def _unnamed(table: FoundTable, other: FoundTable) -> Iterator[Guess]:
    kind = other.columns[other.key[0]].kind
    for column, found in table.columns.items():
        if found.kind == kind in _COUNTED and len(found.values) >= _ENOUGH and (column,) != table.key:
            yield Guess(table.name, column, other.name, other.key[0], 0)


def ways(tables: Mapping[str, FoundTable], shares: Shares) -> Ways:
    """How every table reaches one with identifiers, found step by step outwards from these."""
    held = [guess for guess in guesses(tables.values()) if shares.get(guess, 1.0) >= MOST]
    likely = sorted((guess for guess in held if guess.rank), key=lambda guess: (-guess.rank, -shares.get(guess, 0)))
    candidates: dict[str, list[Guess]] = {}
    for guess in held:
        if not guess.rank and shares.get(guess, 0) >= NEARLY_ALL:
            candidates.setdefault(guess.table, []).append(guess)
    finding = _Finding(tables, shares, likely, candidates)
    matched = {name for name, table in tables.items() if table.match and not table.is_view}
    second = {name: way for name in sorted(matched) if (way := finding.way(tables[name], matched - {name}))}
    first = finding.outwards({name for name, table in tables.items() if table.match})
    reached = {name for name, table in tables.items() if name in first or table.match}
    for name, each in candidates.items():
        candidates[name] = [guess for guess in each if guess.other in reached]
    return Ways(first, second, {name: each for name, each in candidates.items() if each and name not in reached})


@dataclass(frozen=True, slots=True)
class _Finding:
    tables: Mapping[str, FoundTable]
    shares: Shares
    likely: list[Guess]
    candidates: Mapping[str, list[Guess]]

    def outwards(self, reached: set[str]) -> dict[str, Way]:
        """The ways to `reached`, nearest first."""
        found: dict[str, Way] = {}
        while next_ones := {
            name: way for name in self.tables if name not in reached if (way := self._next(name, reached))
        }:
            found |= next_ones
            reached = reached | next_ones.keys()
        return {name: way for name, way in found.items() if not self.tables[way.key.table].is_view}

    def _next(self, name: str, reached: set[str]) -> Way | None:
        return self.way(self.tables[name], reached)

    def way(self, table: FoundTable, reached: set[str]) -> Way | None:
        """The way of a table to one of these: a foreign key, or the likeliest guess."""
        for key in table.foreign_keys:
            if key.table in reached and key.table != table.name:
                return Way(key)
        mine = [guess for guess in self.likely if guess.table == table.name and guess.other in reached]
        mine.sort(key=lambda guess: is_of_staff(self.tables[guess.other]))
        if not mine or (is_of_staff(self.tables[mine[0].other]) and table.name in self.candidates):
            return None
        return Way(mine[0].key, self.shares.get(mine[0], 0.0))

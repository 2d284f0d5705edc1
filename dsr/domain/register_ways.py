"""How each table reaches the person: by foreign keys, and for want of them by names that the values bear out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from dsr.domain.found_tables import ForeignKey, FoundTable, called, one, parts_of, words

MOST = 0.5
"""The part of a column's values that must stand in the other table, or it does not point there."""
NEARLY_ALL = 0.9
_ENOUGH = 10
"""So many different values tell something by themselves; fewer stand in any table that counts from one."""
_COUNTED = ("number", "uuid")
_PEOPLE = frozenset({"customer", "user", "member"})
_ACCOUNT = "user"
"""What a customer may be called as well as an account: it is for the values to tell, and where these do not, a gap."""
_END = re.compile(r"_?(id|nr|no|number|nummer)$")
_WRITERS = frozenset({"by", "door"})
_VAGUE = frozenset({"id", "nr", "no", "number", "nummer", "code", "key", "uuid", "name", "naam"})


@dataclass(frozen=True, slots=True)
class Guess:
    """A column that may point at the key of another table. Of two, the one with the higher rank is the likelier.

    A guess of rank 0 is made by its values alone, and is not more than a candidate; one of rank 1 is no way by itself.
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
    """How a table reaches the person. If that is guessed by a column's name, `share` of its values bears it out.

    `instead` are other tables of people in which its values stand as well.
    """

    key: ForeignKey
    share: float = 1.0
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """The way of every table that has one; a second one beside identifiers; what else may be a way; and where else a
    table with a way points."""

    first: Mapping[str, Way]
    second: Mapping[str, Way]
    candidates: Mapping[str, list[Guess]]
    others: Mapping[str, list[Way]]


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
        is_nameless = all(is_of_staff(known[guess.other]) for guess in named)
        for other in targets if not table.foreign_keys else ():
            if is_nameless or _is_named_after(table.name, other.name):
                found += _unnamed(table, other, {guess.column for guess in named})
    return found


def _named(table: FoundTable, other: FoundTable, tables: Mapping[str, FoundTable]) -> Iterator[Guess]:
    """A column named after another table (customer_id, CustomerId), or like its key (customer_number)."""
    tied = {column for key in table.foreign_keys for column in key.columns}
    for column, found in table.columns.items():
        rank = _rank(column, other, tables)
        is_bare = rank and rank < 4 and not _END.search(column.lower())
        fits = found.kind == other.columns[other.key[0]].kind and column not in tied
        is_open = is_bare or (rank == 2 and not _is_only_one(other, tables))
        if rank and fits and other is not table and (found.values or not is_open):
            yield Guess(table.name, column, other.name, other.key[0], rank)


def _rank(column: str, other: FoundTable, tables: Mapping[str, FoundTable]) -> int:
    bare = column.lower()
    stem = one(re.sub(r"[_-]", "", _END.sub("", bare)))
    if bare == other.key[0].lower() and bare not in _VAGUE and "email" not in words(column):
        return 4
    if stem in called(other.name):
        return 3
    if called(other.name) & _PEOPLE and (stem == _ACCOUNT or (stem in _PEOPLE and _is_only_one(other, tables))):
        return 2
    return int(_head(column) in called(other.name))


def _is_only_one(other: FoundTable, tables: Iterable[str]) -> bool:
    """Whether there is no other table of people."""
    return [other.name] == [name for name in tables if called(name) & _PEOPLE]


def _head(column: str) -> str:
    """What a longer name is a number of: an address, of id_address_invoice and BillingAddressId."""
    parts = parts_of(column)
    if len(parts) < 3 or "id" not in (parts[0], parts[-1]) or {*parts} & _WRITERS:
        return ""
    return one(parts[1] if parts[0] == "id" else parts[-2])


def _unnamed(table: FoundTable, other: FoundTable, named: Set[str]) -> Iterator[Guess]:
    kind = other.columns[other.key[0]].kind
    for column, found in table.columns.items() if other is not table else ():
        is_counted = found.kind == kind in _COUNTED and len(found.values) >= _ENOUGH
        if is_counted and column not in named and (column,) != table.key:
            yield Guess(table.name, column, other.name, other.key[0], 0)


def find_ways(tables: Mapping[str, FoundTable], shares: Shares) -> Ways:
    """How every table reaches one with identifiers: first the table of the person, which most others point at, then
    others with identifiers, and those of staff last."""
    held = [guess for guess in guesses(tables.values()) if shares.get(guess, 1.0) >= MOST]
    asked = [guess for guess in held if not guess.rank and shares.get(guess, 0) >= NEARLY_ALL]
    links = {name: _links(table, tables, held, shares) for name, table in tables.items()}
    for name in {guess.table for guess in asked}:
        links[name] = [way for way in links[name] if not is_of_staff(tables[way.key.table])]
    matched = {name for name, table in tables.items() if table.match and not table.is_view}
    others = {name for name in matched if not is_of_staff(tables[name])}
    parts = {name: _as_part(tables[name], each) or each for name, each in links.items()}
    found = _found_outwards(parts, [_most_pointed_at(others, links), others, matched])
    found |= _found_outwards(links, [matched | found.keys()])
    first = {name: way for name, way in found.items() if name not in matched}
    second = {name: way for name, way in found.items() if name in matched}
    known = matched | first.keys()
    candidates: dict[str, list[Guess]] = {}
    for guess in asked:
        if guess.other in known and guess.table not in known:
            candidates.setdefault(guess.table, []).append(guess)
    known -= {name for name in matched if is_of_staff(tables[name])}
    for guess in held:
        taken = {*tables[guess.table].key, *(column for way in links[guess.table] for column in way.key.columns)}
        is_part = guess in asked and _is_named_after(guess.table, guess.other)
        if (guess.rank == 1 or is_part) and guess.column not in taken:
            links[guess.table].append(Way(guess.key))
    return Ways(first, second, candidates, {name: list(_others(name, links[name], found, known)) for name in tables})


def _others(name: str, links: Iterable[Way], found: Mapping[str, Way], known: Set[str]) -> Iterator[Way]:
    """Where a table points besides its way, and not at what belongs to itself."""
    own = found.get(name)
    seen = {name, own.key.table, *own.instead} if own else {name}
    for way in links:
        if way.key.table in known - seen and name not in _chain(way.key.table, found):
            yield way


def _chain(name: str, found: Mapping[str, Way]) -> Iterator[str]:
    while way := found.get(name):
        name = way.key.table
        yield name


def _links(table: FoundTable, tables: Mapping[str, FoundTable], held: Iterable[Guess], shares: Shares) -> list[Way]:
    """Where a table may point, the likeliest first: its foreign keys, all columns of a key that has several, then what
    its own key and its name speak for."""
    keys = [key for key in table.foreign_keys if key.table != table.name]
    whole = list(_by_whole_key(table, tables.values()))
    taken = {column for key in whole for column in key.columns}
    mine = [guess for guess in held if guess.rank > 1 and guess.table == table.name and guess.column not in taken]
    mine.sort(key=lambda guess: (-guess.rank, guess.column not in table.key, -shares.get(guess, 0)))
    people = {name for name, other in tables.items() if other.match}
    guessed = [Way(guess.key, shares.get(guess, 0.0), tuple(_instead(guess, mine, people))) for guess in mine]
    return [*map(Way, keys), *(Way(key, 0.0) for key in whole), *guessed]


def _instead(guess: Guess, guesses: Iterable[Guess], people: Set[str]) -> Iterator[str]:
    """Which other tables of people a column may point at, if it may be a number of any account."""
    for each in guesses:
        if each.column == guess.column and each.other in people - {guess.other} and 2 in (each.rank, guess.rank):
            yield each.other


def _by_whole_key(table: FoundTable, tables: Iterable[FoundTable]) -> Iterator[ForeignKey]:
    """Where a table has all columns of a key of several: of the one table with that key, or that it is named after."""
    tied = {column for key in table.foreign_keys for column in key.columns}
    found: dict[frozenset[str], list[FoundTable]] = {}
    for other in tables:
        if len(other.key) > 1 and other is not table and not {*other.key} <= tied and _has_columns(table, other):
            found.setdefault(frozenset(other.key), []).append(other)
    for key, others in found.items():
        named = [other for other in others if _is_named_after(table.name, other.name)]
        targets = named or (others if _tells(key, {*table.key}) else [])
        if len(targets) == 1:
            yield ForeignKey(targets[0].key, targets[0].name, targets[0].key)


def _has_columns(table: FoundTable, other: FoundTable) -> bool:
    found = table.columns
    return all(column in found and found[column].kind == other.columns[column].kind for column in other.key)


def _tells(key: Set[str], own: Set[str]) -> bool:
    """Whether the names of these columns tell that they point: not a number that may be its own."""
    return key < own or (key != own and _VAGUE.isdisjoint(map(str.lower, key)))


def _as_part(table: FoundTable, links: Iterable[Way]) -> list[Way]:
    """The ways by a part of its key, and to what it is named after: an invoice line is of its invoice, whoever else is
    nearer."""
    of_key = {*table.key} if len(table.key) > 1 else set()
    return [way for way in links if {*way.key.columns} <= of_key or _is_named_after(table.name, way.key.table)]


def _is_named_after(name: str, other: str) -> bool:
    """Whether a table is called a part of another: account_move_line of account_move, invoiceitems of invoices."""
    own, whole = ([*map(one, parts_of(each))] for each in (name, other))
    is_longer = own != whole and len(own) >= len(whole) > 0 and own[: len(whole) - 1] == whole[:-1]
    return is_longer and own[len(whole) - 1].startswith(whole[-1])


def _most_pointed_at(names: Iterable[str], links: Mapping[str, list[Way]]) -> set[str]:
    pointing = [other for each in links.values() for other in {way.key.table for way in each}]
    found = sorted(names, key=lambda name: (-pointing.count(name), called(name).isdisjoint(_PEOPLE), name))
    return set(found[:1])


def _found_outwards(links: Mapping[str, list[Way]], starts: Iterable[set[str]]) -> dict[str, Way]:
    """The way of each table to one of these, nearest first; what has a way to an earlier one keeps that."""
    found: dict[str, Way] = {}
    reached: set[str] = set()
    for start in starts:
        reached |= start
        while step := {name: way for name in links if name not in reached and (way := _into(reached, links[name]))}:
            found |= step
            reached |= step.keys()
    return found


def _into(reached: set[str], links: Iterable[Way]) -> Way | None:
    return next((way for way in links if way.key.table in reached), None)

"""Rows that point at rows of a person: what these need of them stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from dsr.connectors.base import Found, Searching
from dsr.domain.plans import Row
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, as_read, loosely
from dsr.domain.verdicts import columns_left
from dsr.services.emptying import is_empty

Counts = Callable[[str, Key], bool]
"""Whether a row, by its table and key, is looked at."""


def keys_pointed_at(
    searching: Searching,
    register: Register,
    system: str,
    found: Found,
    *,
    first: bool | None = None,
    counts: Counts | None = None,
) -> set[Key]:
    """The keys of those found that rows of another table point at; what was emptied needs nothing any more.

    `first`: only those that point by their first way, which says whose they are, or only those by another one. `counts`
    tells which are looked at.
    """
    pointed_at: set[Key] = set()
    for name, way in _ways_to(found.table, register.tables[system], first).items() if found.rows else ():
        rows = found.to_rows()
        pointing = _not_emptied(register.tables[system], searching.pointing(name, rows))
        by_key = zip(pointing.keys, pointing.values_of(way), strict=True)
        targets = {target for key, target in by_key if counts is None or counts(name, as_read(key))}
        pointed_at |= _pointed_at(rows, way, targets) if targets else set()
    return pointed_at


def with_needs_of_others(searching: Searching, register: Register, system: str, found: Sequence[Found]) -> list[Found]:
    """The rows of a person, and which of them rows of others point at: a present of another customer, sent to her.

    What stays when it is erased stays for others too.
    """
    tables = register.tables[system]
    lent = {parent for table in tables.values() for parent in table.other_parents}
    lent -= {name for name in lent if tables[name].on_erasure == "empty"}
    counts = besides(found)
    return [
        replace(each, others_need=keys_pointed_at(searching, register, system, each, first=False, counts=counts))
        if each.table in lent
        else each
        for each in found
    ]


def besides(found: Sequence[Found]) -> Counts:
    """Tells, by table and key, which rows are not among these."""

    @cache
    def keys_in(name: str) -> set[Key]:
        return {as_read(key) for each in found if each.table == name for key in each.keys}

    return lambda name, key: key not in keys_in(name)


def _ways_to(parent: str, tables: Mapping[str, Table], first: bool | None) -> dict[str, dict[str, str]]:
    """The tables that point at one, each with its way; not views, whose rows are looked at where they stand."""
    return {
        name: table.parents[parent]
        for name, table in tables.items()
        if parent in table.parents and not table.view_of and first in (None, parent not in table.other_parents)
    }


def _pointed_at(rows: Sequence[Row], way: Mapping[str, str], values_given: Iterable[Key]) -> set[Key]:
    targets = {*map(loosely, values_given)}
    values = {as_read(row.key): loosely(row.values[column] for column in way.values()) for row in rows}
    is_known = targets.issubset(values.values())  # if not, only the database can tell which
    return {key for key, value in values.items() if value in targets or not is_known}


def _not_emptied(tables: Mapping[str, Table], found: Found) -> Found:
    left = columns_left(tables, found.table)
    if left is None:
        return found
    rows = zip(found.rows, found.to_rows(), strict=True)
    return replace(found, rows=[values for values, row in rows if not is_empty(tables[found.table], row, left)])

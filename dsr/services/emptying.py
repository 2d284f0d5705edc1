"""Emptying rows that stay: null, the register's fixed value, or a keyed pseudonym in every column that goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from dsr.connectors.base import Erasing, Found, Going, Searching
from dsr.db.base import keys
from dsr.domain.emptied import as_written, is_emptied
from dsr.domain.plans import Columns, PlanChanged, Row
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, as_read, loosely
from dsr.domain.verdicts import columns_left
from dsr.domain.wording import N_

Counts = Callable[[str, Key], bool]
"""Whether a row, by its table and key, is looked at."""


def emptied(system: str, table: Table, rows: Sequence[Row], columns_kept: Columns) -> list[Going]:
    """What goes of rows of one table of which all columns but `columns_kept` are emptied."""
    name = rows[0].table
    goes = [column for column in rows[0].values if column not in columns_kept]
    replaced = [column for column in goes if column in table.pseudonyms]
    null = tuple([column for column in goes if column not in table.pseudonyms])
    new = ((row, _pseudonyms(f"{system}.{name}", table, row, replaced)) for row in rows if replaced)
    going = [Going(name, [row.key], (), values) for row, values in new if values]
    return [Going(name, [row.key for row in rows], null), *going] if null else going


def erase_rows(erasing: Erasing, system: str, table: Table, going: Found, columns_kept: Columns | None) -> int:
    """Erase rows of one table, or all but `columns_kept` of them as `emptied` says; returns how many there were.

    PlanChanged unless every row that is emptied was there.
    """
    if not going.rows:
        return 0
    if columns_kept is None:
        return sum(erasing.erase([Going(going.table, going.keys)]))
    erase_all(erasing, emptied(system, table, going.to_rows(), columns_kept))
    return len(going.rows)


def erase_all(erasing: Erasing, going: Sequence[Going]) -> None:
    """Erase, or empty, every row of these. PlanChanged unless each was there."""
    if erasing.erase(going) != [len(part.keys) for part in going]:
        raise PlanChanged(N_("Not every planned row could be erased; nothing was changed."))


def is_empty(table: Table, row: Row, columns_kept: Columns) -> bool:
    """Whether a row holds nothing but `columns_kept`, as `emptied` leaves it."""
    key = {column: row.values[column] for column in table.key}
    goes = {column: value for column, value in row.values.items() if column not in columns_kept}
    return all(is_emptied(table, column, key, value) for column, value in goes.items())


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


def yet_to_go(found: Found, table: Table, noted: Mapping[Key, str], columns_kept: Columns | None) -> Found:
    """The rows without those that were emptied before; `noted` has the fingerprint of each while it was full."""
    if columns_kept is None:
        return found
    rows = zip(found.rows, found.to_rows(), strict=True)
    # What was as good as empty all along has the fingerprint that was noted, and goes like the others.
    left = [
        values
        for values, row in rows
        if not is_empty(table, row, columns_kept) or table.fingerprint(row.values) == noted.get(as_read(row.key))
    ]
    return replace(found, rows=left)


def _pseudonyms(place: str, table: Table, row: Row, columns: Sequence[str]) -> Mapping[str, Any]:
    """What is new in these columns: the same for the same value, but what is empty stays so, and a pseudonym itself."""
    return {
        column: keys().pseudonym(f"{place}.{column}", str(value), length)
        for column, length in table.pseudonyms.items()
        if column in columns and (value := row.values[column]) is not None and not _is_made(as_written(value), length)
    }


def _is_made(written: str, length: int) -> bool:
    """Whether it is a pseudonym already."""
    return len(written) == length and keys().is_pseudonym(written)

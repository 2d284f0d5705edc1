"""Emptying rows that stay: null, the register's fixed value, or a keyed pseudonym in every column that goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from dsr.connectors.base import Erasing, Found
from dsr.db.base import keys
from dsr.domain.plans import Columns, PlanChanged, Row
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, as_read, loosely
from dsr.domain.verdicts import columns_left
from dsr.domain.wording import N_


def empty_rows(erasing: Erasing, system: str, table: Table, rows: Sequence[Row], columns_kept: Columns) -> None:
    """Empty all columns but `columns_kept` of rows of one table. PlanChanged unless every row was there."""
    name = rows[0].table
    goes = [column for column in rows[0].values if column not in columns_kept]
    replaced = [column for column in goes if column in table.pseudonyms]
    emptied = [column for column in goes if column not in table.pseudonyms]
    counts = [erasing.clear(name, [row.key for row in rows], emptied)] if emptied else []
    if replaced:
        place = f"{system}.{name}"
        counts.append(erasing.rewrite(name, {row.key: _pseudonyms(place, table, row, replaced) for row in rows}))
    if any(count != len(rows) for count in counts):
        raise PlanChanged(N_("Not every planned row could be emptied; nothing was changed."))


def erase_rows(erasing: Erasing, system: str, table: Table, going: Found, columns_kept: Columns | None) -> int:
    """Erase rows of one table, or all but `columns_kept` of them; returns how many there were. Raises PlanChanged."""
    if not going.rows:
        return 0
    if columns_kept is None:
        return erasing.delete(going.table, going.keys)
    empty_rows(erasing, system, table, going.to_rows(), columns_kept)
    return len(going.rows)


def is_empty(table: Table, row: Row, columns_kept: Columns) -> bool:
    """Whether a row holds nothing but `columns_kept`, as `empty_rows` leaves it."""
    key = {column: row.values[column] for column in table.key}
    goes = {column: value for column, value in row.values.items() if column not in columns_kept}
    return all(table.is_emptied(column, key, value) for column, value in goes.items())


def needed(
    erasing: Erasing, register: Register, system: str, found: Found, *, but: Mapping[str, Set[Key]] | None = None
) -> set[Key]:
    """The keys of those found that rows of another table point at; what was emptied needs nothing any more.

    The rows of `but`, by table, are not looked at.
    """
    pointed_at: set[Key] = set()
    passed_over = but or {}
    for name, way in _ways_to(found.table, register.tables[system]).items() if found.rows else ():
        rows = found.to_rows()
        pointing = [row for row in erasing.pointing(name, rows).to_rows() if not _is_emptied(register, system, row)]
        counted = [row for row in pointing if as_read(row.key) not in passed_over.get(name, ())]
        pointed_at |= _pointed_at(rows, way, counted) if counted else set()
    return pointed_at


def _ways_to(parent: str, tables: Mapping[str, Table]) -> dict[str, dict[str, str]]:
    """The tables that point at one, each with its way; not a view of a table that points there itself."""
    pointing = {name: table.ways[parent] for name, table in tables.items() if parent in table.ways}
    return {name: way for name, way in pointing.items() if tables[name].view_of not in pointing}


def _pointed_at(rows: Sequence[Row], way: Mapping[str, str], pointing: Sequence[Row]) -> set[Key]:
    targets = {loosely(row.values[column] for column in way) for row in pointing}
    values = {as_read(row.key): loosely(row.values[column] for column in way.values()) for row in rows}
    is_known = targets.issubset(values.values())  # if not, only the database can tell which
    return {key for key, value in values.items() if value in targets or not is_known}


def _is_emptied(register: Register, system: str, row: Row) -> bool:
    left = columns_left(register.tables[system], row.table)
    return left is not None and is_empty(register.tables[system][row.table], row, left)


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
    """The same for the same value in a column; what is empty stays so."""
    return {
        column: None
        if row.values[column] is None
        else keys().pseudonym(f"{place}.{column}", str(row.values[column]), table.pseudonyms[column])
        for column in columns
    }

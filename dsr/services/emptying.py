"""Emptying rows that stay: null, the register's fixed value, or a keyed pseudonym in every column that goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dsr.connectors.base import Erasing, Found, Going
from dsr.db.base import keys
from dsr.domain.emptied import as_written, is_emptied
from dsr.domain.plans import Columns, PlanChanged, Row
from dsr.domain.register import Table
from dsr.domain.row_keys import Key, as_read
from dsr.domain.wording import N_


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

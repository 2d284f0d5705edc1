"""Emptying rows that stay: null, the register's fixed value, or a keyed pseudonym in every column that goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dsr.connectors.base import Erasing
from dsr.db.base import keys
from dsr.domain.plans import Columns, PlanChanged, Row
from dsr.domain.register import Table
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


def _pseudonyms(place: str, table: Table, row: Row, columns: Sequence[str]) -> Mapping[str, Any]:
    """The same for the same value in a column; what is empty stays so."""
    return {
        column: None
        if row.values[column] is None
        else keys().pseudonym(f"{place}.{column}", str(row.values[column]), table.pseudonyms[column])
        for column in columns
    }

"""Several people behind one identifier: who they are, so that a person can say which of them is meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from dsr.domain.plans import Row
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import to_json

MOST_SHOWN = 50
_COLUMNS, _CHARACTERS = 6, 60


def several(
    register: Register, system: str, rows: Iterable[Row], chosen: Collection[str], *, doubted: Collection[str] = ()
) -> dict[str, list[Row]]:
    """The tables of people in which more than one row was found, with these; not where SYSTEM.TABLE is `chosen`.

    Where it is `doubted` one row is enough: of several people behind an address the others may be erased by now.
    """
    people = tables_of_people(register, system)
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.table in people and f"{system}.{row.table}" not in chosen:
            found.setdefault(row.table, []).append(row)
    return {name: of_table for name, of_table in found.items() if len(of_table) > 1 or f"{system}.{name}" in doubted}


def tables_of_people(register: Register, system: str) -> set[str]:
    """Those that identifiers lead to and that other tables point at, but not where their rows are things."""
    tables = register.tables.get(system, {})
    pointed_at = {parent for table in tables.values() if not table.view_of for parent in table.parents}
    return {name for name, table in tables.items() if table.match and name in pointed_at and table.people is not False}


def doubtful_tables(register: Register) -> list[tuple[str, str]]:
    """The tables (system, name) that count as people, belong to rows of another, and do not say what they are."""
    return [
        (system, name)
        for system, tables in register.tables.items()
        for name in sorted(tables_of_people(register, system))
        if tables[name].via and tables[name].people is None
    ]


def shown(table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each row by its key with a few columns: what tells people apart, nothing masked, nothing long."""
    return [{"key": to_json(row.key), "values": _few(table, row)} for row in rows[:MOST_SHOWN]]


def _few(table: Table, row: Row) -> dict[str, str]:
    telling = [*table.match.values(), *(table.keep_columns or ()), *filter(None, [table.soft_deleted])]
    columns = [column for column in dict.fromkeys([*telling, *row.values]) if column not in table.masked]
    filled = [column for column in columns if row.values.get(column) is not None]
    return {column: str(row.values[column])[:_CHARACTERS] for column in filled[:_COLUMNS]}

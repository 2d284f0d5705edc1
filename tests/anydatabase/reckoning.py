"""What should be left of everybody's rows, reckoned apart from the program; only the days of a rule of law are its own.

A row of the person goes once no law keeps it any more and no row that stays points at it, of hers or of others. One
that others still need keeps what the register says they need. What somebody changed, or made a new row belong to, is
left for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dsr.domain import retention
from dsr.domain.register import Period
from tests.anydatabase.people import PERSON, Values
from tests.anydatabase.schema import AnyTable, Way

PSEUDONYM = object()
"""Stands for any pseudonym."""
OWN_PERIOD = Period(months=6)


@dataclass(eq=False)
class Known:
    """A row as it should be."""

    table: AnyTable
    values: Values
    is_kept: bool = False
    """Found for the person, and kept for now."""
    is_part: bool = False
    is_changed: bool = False
    is_left: bool = False
    """Its day has come, and a person must look at it first."""

    @property
    def key(self) -> tuple[Any, ...]:
        """By which it is known in its table."""
        return tuple(self.values[column] for column in self.table.key)


@dataclass
class Reckoning:
    """All rows of the database."""

    tables: Sequence[AnyTable]
    fiscal_year_start_month: int
    rows: list[Known] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    """The categories that somebody holds."""

    def of(self, table: AnyTable) -> list[Known]:
        """The rows of a table."""
        return [row for row in self.rows if row.table is table]

    def request(self, on: date) -> int:
        """The person asks for erasure, and gets it; returns how many rows went or are kept."""
        found = self._found()
        for row in found:
            row.is_kept, row.is_changed, row.is_left = True, False, False
        self._go(found, on)
        return sum(row.is_kept or row not in self.rows for row in found)

    def ledger(self, on: date) -> None:
        """The ledger is run on a day."""
        self._go([row for row in self.rows if row.is_kept and not row.is_left], on)

    def _found(self) -> list[Known]:
        found: list[Known] = []
        for table in self.tables:
            for row in self.of(table):
                is_named = str(row.values.get("email")).lower() == PERSON
                if is_named or any(parent in found for parent in self.parents(row)[:1]):
                    found.append(row)
        return found

    def _go(self, rows: Sequence[Known], on: date) -> None:
        over = [row for row in rows if self.is_over(row, on)]
        for table in reversed(self.tables):
            for row in [row for row in over if row.table is table]:
                self._end(row)

    def _end(self, row: Known) -> None:
        pointing = [other for other in self.pointing(row) if not (row.table.stays_empty and self._borrows(other, row))]
        if row.is_part and pointing:
            return
        if row.is_changed or not all(other.is_kept or self._borrows(other, row) for other in pointing):
            row.is_left = True
        elif pointing:
            self._empty(row, _needed(row.table))
            row.is_part = True
        elif row.table.stays_empty:
            row.is_kept = False
            self._empty(row, _needed(row.table) - row.table.links - {*row.table.dates.values()} | {*row.table.key})
        else:
            self.rows.remove(row)

    def _empty(self, row: Known, stays: Iterable[str]) -> None:
        for column in row.values.keys() - {*stays}:
            row.values[column] = self._emptied(row, column)

    def _emptied(self, row: Known, column: str) -> Any:
        fixed = row.table.fixed.get(column)
        if column == row.table.pseudonym:
            return row.values[column] if row.is_part or row.values[column] is None else PSEUDONYM
        return fixed.format(**row.values) if isinstance(fixed, str) else fixed

    def parents(self, row: Known) -> list[Known]:
        """The rows it points at; the first says whose it is."""
        return [there for way in row.table.ways for there in self.of(way.parent) if _points(row.values, way, there)]

    def pointing(self, row: Known) -> list[Known]:
        """The rows that point at one."""
        return [other for other in self.rows if row in self.parents(other)]

    def _borrows(self, row: Known, other: Known) -> bool:
        """Whether a row that is not kept for the person only needs another one: its first way does not lead there."""
        return not row.is_kept and row.table.ways[0].parent is not other.table

    def is_over(self, row: Known, on: date) -> bool:
        """Whether no law, no period, no step and no hold keeps a row by itself."""
        day = self.day(row, on)
        return day is not None and day <= on and row.table.category.name not in self.held

    def day(self, row: Known, on: date) -> date | None:
        """From when a row may go; None where nobody knows."""
        table, rule = row.table, row.table.category.rule
        if rule is None:
            return date.min
        if table.dates:
            return self._own_day(table, row.values, rule)
        days = [self.day(parent, on) for parent in self.parents(row) if self._is_followed(parent, row)]
        return None if None in days else max((day for day in days if day), default=None)

    def _is_followed(self, parent: Known, row: Known) -> bool:
        return parent.table.category is row.table.category and (parent.is_kept or parent.is_left)

    def _own_day(self, table: AnyTable, values: Mapping[str, Any], rule: str) -> date | None:
        days = {name: _read(values[column]) for name, column in table.dates.items()}
        if None in days.values():
            return None
        if rule == "months":
            return retention.retain_period(days["start"], OWN_PERIOD).may_erase_from
        inputs = {**days, retention.FISCAL_YEAR_START_MONTH: self.fiscal_year_start_month}
        return retention.retain(rule, inputs).may_erase_from


def _needed(table: AnyTable) -> set[str]:
    """What stays of a row that others need."""
    return {*table.key, *table.links, *table.dates.values(), *table.pointed_at, *table.keep}


def _points(values: Mapping[str, Any], way: Way, there: Known) -> bool:
    return all(
        values[column] is not None and values[column] == there.values[target] for column, target in way.columns.items()
    )


def _read(value: Any) -> date | None:
    if isinstance(value, str):
        return None if value in ("", "unknown") else date.fromisoformat(value)
    return value.date() if isinstance(value, datetime) else value

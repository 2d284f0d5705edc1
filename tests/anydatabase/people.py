"""Rows drawn by chance for a database drawn by chance: of the person who will ask, of others, and of nobody."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.anydatabase.schema import FIXED, AnyTable, Kind, Way

TODAY = date(2026, 11, 23)
EARLIEST = date(2012, 1, 1)
PERSON = "p0@example.org"
"""Who asks for erasure."""
PEOPLE = (PERSON, "p1@example.org", "p2@example.org")
NOWHERE: Mapping[Kind, Any] = {Kind.NUMBER: 99999, Kind.WORDS: "zz"}
Values = dict[str, Any]


@dataclass
class Rows:
    """The rows of every table, as they were drawn."""

    chance: random.Random
    by_table: dict[str, list[Values]]
    drawn: int = 0

    def fill(self, tables: Sequence[AnyTable]) -> None:
        """Rows for all tables; the person is in the first."""
        for table in tables:
            count = self.chance.randint(3, 14)
            owners = self.owners(table) if not table.ways else [self.maybe_owner(table) for _ in range(count)]
            self.by_table[table.name] = []
            for owner in owners:
                self.add(table, owner)

    def add(self, table: AnyTable, owner: str | None, parents: Mapping[str, Values] | None = None) -> Values:
        """One more row; it points at `parents` (table -> row), or wherever chance has it."""
        self.drawn += 1
        values = {column: self.value(table, column, kind) for column, kind in table.columns.items()}
        if table.is_matched:
            values["email"] = owner or ("nobody@example.org" if "email" in table.fixed else None)
        for way in table.ways:
            values |= link(table, way, self.parent(table, way, parents or {}))
        if table.paid and values[table.paid] is None and self.happens(0.5):
            values["day"] = in_kind(table.columns["day"], self.day())
        self.by_table[table.name].append(values)
        return values

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def owners(self, table: AnyTable) -> list[str]:
        found = [person for person in PEOPLE if self.happens(0.9)]
        if not table.has_people:
            found += self.chance.choices(PEOPLE, k=self.chance.randint(0, 4))
        found = found if PERSON in found else [*found, PERSON]
        return [person.upper() if self.happens(0.3) else person for person in found]

    def maybe_owner(self, table: AnyTable) -> str | None:
        return self.chance.choice(PEOPLE) if table.is_matched and self.happens(0.5) else None

    def parent(self, table: AnyTable, way: Way, given: Mapping[str, Values]) -> Values | None:
        there = self.by_table[way.parent.name]
        is_nowhere = table.has_dangling and self.happens(0.2)
        is_empty = way is not table.ways[0] and self.happens(0.3)
        if way.parent.name in given:
            return given[way.parent.name]
        return self.chance.choice(there) if there and not is_nowhere and not is_empty else None

    def value(self, table: AnyTable, column: str, kind: Kind) -> Any:
        if column in table.key:
            return self.drawn if kind is Kind.NUMBER else f"K{self.drawn}"
        if column == "deleted":
            return 1 if self.happens(0.2) else None
        if column in table.dates.values():
            return self.a_date(kind)
        if column not in table.fixed and self.happens(0.2):
            return None
        return {**FIXED, Kind.NUMBER: self.drawn, Kind.WORDS: f"{column} of {self.drawn}", Kind.DAY: self.day()}[kind]

    def a_date(self, kind: Kind) -> Any:
        if self.happens(0.1):
            return self.chance.choice(["", "unknown", None]) if kind is Kind.WRITTEN_DAY else None
        return in_kind(kind, self.day())

    def day(self) -> date:
        return EARLIEST + timedelta(self.chance.randrange((TODAY - EARLIEST).days))


def in_kind(kind: Kind, day: date) -> Any:
    """A day as a column holds it."""
    if kind is Kind.MOMENT:
        return datetime.combine(day, time(23, 30))
    return day.isoformat() if kind is Kind.WRITTEN_DAY else day


def link(table: AnyTable, way: Way, parent: Values | None) -> Values:
    """What leads to a row, or to none."""
    if parent:
        return {column: parent[target] for column, target in way.columns.items()}
    return {
        column: NOWHERE[table.columns[column]] if column in table.key or table.has_dangling else None
        for column in way.columns
    }

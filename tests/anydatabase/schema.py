"""A database drawn by chance: tables that lead to a person, and what the register says of each."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Integer, MetaData, String, Table

ANCHORS = {"fiscal7": "document_date", "claim5": "anchor_date", "months": "start"}
"""How the register calls the day from which each rule counts."""
SPARE = ("e0", "e1", "e2")


class Kind(Enum):
    """What a column holds."""

    NUMBER = Integer()
    WORDS = String(80)
    DAY = Date()
    MOMENT = DateTime()
    WRITTEN_DAY = String(20)


FIXED: Mapping[Kind, Any] = {Kind.NUMBER: 0, Kind.WORDS: "gone", Kind.DAY: date(2000, 1, 1)}
"""What a column that may not be empty holds once its row is emptied."""


@dataclass(frozen=True)
class Category:
    """What a person would call one thing, and the rule that keeps it."""

    name: str
    rule: str | None


@dataclass(frozen=True, eq=False)
class Way:
    """How a table points at another one: own column -> column there."""

    parent: AnyTable
    columns: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class AnyTable:
    """A table and what the register says of it."""

    name: str
    category: Category
    ways: Sequence[Way]
    key: tuple[str, ...]
    columns: Mapping[str, Kind]
    dates: Mapping[str, str]
    """What the register calls a date -> its column."""
    keep: frozenset[str]
    fixed: Mapping[str, Any]
    """Columns that may not be empty -> what they hold once the row is emptied."""
    pseudonym: str | None
    is_matched: bool
    has_people: bool
    stays_empty: bool
    has_mark: bool
    """Whether a column marks rows as deleted."""
    has_dangling: bool
    """Whether rows point at what is not there; such a table has no foreign keys."""
    pointed_at: set[str] = field(default_factory=set)
    """Columns at which other tables point."""

    @property
    def links(self) -> set[str]:
        """The columns that lead to the person."""
        return {column for way in self.ways for column in way.columns}

    @property
    def paid(self) -> str | None:
        """The column that ends the current value of a row."""
        return self.dates.get("current_value_ended")


def draw(chance: random.Random) -> list[AnyTable]:
    """Two to six tables, those nearest to the person first."""
    tables: list[AnyTable] = []
    for number in range(chance.randint(2, 6)):
        tables.append(_Drawing(chance, number, tables).table())
        for way in tables[-1].ways:
            way.parent.pointed_at.update(way.columns.values())
    return tables


@dataclass(frozen=True)
class _Drawing:
    chance: random.Random
    number: int
    nearer: Sequence[AnyTable]

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def table(self) -> AnyTable:
        ways = self.ways()
        category = self.category(ways)
        dates = self.dates(category, ways)
        key = self.key(ways)
        columns = {column: way.parent.columns[target] for way in ways for column, target in way.columns.items()}
        columns |= {
            column: Kind.NUMBER if column in ("id", "line") else Kind.WORDS for column in key if column not in columns
        }
        is_matched = not ways or self.happens(0.15)
        columns |= {"email": Kind.WORDS} if is_matched else {}
        columns |= {column: self.kind_of_day() for column in dates.values()}
        has_mark = self.happens(0.15)
        columns |= {"deleted": Kind.NUMBER} if has_mark else {}
        spare = {name: self.chance.choice([*FIXED, Kind.WORDS]) for name in SPARE[: self.chance.randint(1, 3)]}
        keep = frozenset(name for name in spare if self.happens(0.3))
        fixed = {name: FIXED[kind] for name, kind in spare.items() if self.happens(0.25)}
        if is_matched and key == ("id",) and self.happens(0.5):
            fixed["email"] = "erased-{id}@erased.invalid"
        return AnyTable(
            name=self.chance.choice(["t", "Tab", "order", "user_", "x"]) + str(self.number),
            category=category,
            ways=ways,
            key=key,
            columns=columns | spare,
            dates=dates,
            keep=keep,
            fixed=fixed,
            pseudonym=self.pseudonym(spare, keep | fixed.keys()),
            is_matched=is_matched,
            has_people=not ways and self.happens(0.6),
            stays_empty=self.happens(0.2) and not any(column in key for way in ways for column in way.columns),
            has_mark=has_mark,
            has_dangling=self.happens(0.3),
        )

    def ways(self) -> list[Way]:
        if not self.nearer or (self.number == 1 and self.happens(0.3)):
            return []
        several = len(self.nearer) > 1 and self.happens(0.3)
        parents = self.chance.sample(self.nearer, 2 if several else 1)
        return [
            Way(parent, {f"{prefix}_{column}": column for column in parent.key})
            for prefix, parent in zip(("of", "by"), parents, strict=False)
        ]

    def category(self, ways: Sequence[Way]) -> Category:
        if ways and self.happens(0.25):
            return self.chance.choice(ways).parent.category
        return Category(f"c{self.number}", self.chance.choice(["fiscal7", "fiscal7", "claim5", "months", None, None]))

    def dates(self, category: Category, ways: Sequence[Way]) -> dict[str, str]:
        is_shared = any(way.parent.category is category for way in ways)
        if category.rule is None or (is_shared and self.happens(0.6)):
            return {}
        paid = {"current_value_ended": "paid"} if category.rule == "fiscal7" and self.happens(0.5) else {}
        return {ANCHORS[category.rule]: "day", **paid}

    def key(self, ways: Sequence[Way]) -> tuple[str, ...]:
        if ways and self.happens(0.25):
            return (*ways[0].columns, "line")
        return self.chance.choice([("id",), ("id",), ("code",)])

    def kind_of_day(self) -> Kind:
        return self.chance.choice([Kind.DAY, Kind.DAY, Kind.MOMENT, Kind.WRITTEN_DAY])

    def pseudonym(self, spare: Mapping[str, Kind], taken: frozenset[str]) -> str | None:
        free = [name for name, kind in spare.items() if kind is Kind.WORDS and name not in taken]
        return free[0] if free and self.happens(0.4) else None


def in_sql(tables: Sequence[AnyTable]) -> dict[str, Table]:
    """The tables as the database is to have them."""
    metadata = MetaData()
    return {table.name: _in_sql(table, metadata) for table in tables}


def _in_sql(table: AnyTable, metadata: MetaData) -> Table:
    columns = [
        Column(
            name, kind.value, primary_key=name in table.key, autoincrement=False, nullable=not _is_filled(table, name)
        )
        for name, kind in table.columns.items()
    ]
    keys = [
        ForeignKeyConstraint([*way.columns], [f"{way.parent.name}.{column}" for column in way.columns.values()])
        for way in ([] if table.has_dangling else table.ways)
    ]
    return Table(table.name, metadata, *columns, *keys)


def _is_filled(table: AnyTable, column: str) -> bool:
    return column in table.key or column in table.fixed

"""Tables as a live database might have them, in a few words."""

from __future__ import annotations

import re
from typing import Any

from dsr.domain.found_tables import ForeignKey, FoundColumn, FoundTable

DATE, NUMBER = FoundColumn("date"), FoundColumn("number")


def table(name: str, *columns: str, key: tuple[str, ...] = ("id",), points: dict[str, str] | None = None) -> FoundTable:
    """A table whose columns are all text; `points` maps a column to table.column, by a foreign key."""
    ways = (way.partition(".") for way in (points or {}).values())
    keys = [ForeignKey((own,), way[0], (way[2],)) for own, way in zip(points or {}, ways, strict=True)]
    return FoundTable(name, key, dict.fromkeys([*key, *columns], FoundColumn()), tuple(keys))


def filled(name: str, /, **values: Any) -> FoundTable:
    """A table with these values in its columns; the first column is its key."""
    columns = {column: _column(given) for column, given in values.items()}
    return FoundTable(name, (next(iter(values)),), columns)


def _column(values: Any) -> FoundColumn:
    found = tuple(values)
    return FoundColumn("number" if all(isinstance(value, int) for value in found) else "text", values=found)


def decided(draft: str) -> str:
    """A draft whose reader takes the first candidate of every gap."""
    return "\n".join(map(_decided, draft.splitlines()))


def _decided(line: str) -> str:
    given = line.removeprefix("# GAP: ").partition("   #")[0] if "GAP: " in line and " = " in line else line
    return re.sub(r' \| ("[^"]*"|\{.*\}|false)', "", given).replace("…", "Dijkstra")

"""The exact half of an access copy, data.json: a line for every row, written as the rows stream by."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, groupby, repeat
from math import isfinite
from typing import Any

import orjson

from dsr.config import Settings
from dsr.connectors.base import Connector, ConnectorError, Found, Identifiers
from dsr.domain import copies
from dsr.domain.copies import Cells, Content, Listing
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, as_read
from dsr.services.errand_files import Attached
from dsr.services.retention import Kept

SHOWN = 1_000
"""How many rows of one table are held for the readable page."""


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """Whose copy is to be written, and what goes into it beside the rows."""

    case_id: uuid.UUID
    language: str
    reference: str
    name: str
    received_on: date
    statements: tuple[str, ...]
    attached: tuple[Attached, ...]
    found_by: Identifiers
    kept: Mapping[str, Mapping[str, Kept]] = field(default_factory=dict)
    """System -> table -> the rows that an earlier request left; a search may not reach them any more."""
    given_up: tuple[str, ...] = ()
    """The systems that a handler went on without."""

    @property
    def kept_count(self) -> int:
        """How many of these there are."""
        return sum(len(rows) for tables in self.kept.values() for rows in tables.values())


class Gathered:
    """What is known of the rows once they have gone by."""

    def __init__(self, register: Register, labels: Mapping[str, str]) -> None:
        self.register, self.labels = register, labels
        self.listings: list[Listing] = []
        self.faults: dict[str, ConnectorError] = {}
        self.kept_count = 0
        """How many rows went by that an earlier request left."""

    def content(self, systems: Iterable[str]) -> Content:
        """The copy but for its rows; of a system that failed, nothing."""
        answered = [name for name in systems if name not in self.faults]
        return copies.content(self.register, answered, (each for each in self.listings if each.system in answered))

    def holds(self, attached: Attached) -> bool:
        """Whether the rows that a file belongs to are in the copy."""
        shown = {(each.system, each.table) for each in self.listings if each.rows and each.system not in self.faults}
        return (attached.system, attached.table) in shown


def document(
    order: CopyOrder,
    systems: Mapping[str, Connector],
    whom: Identifiers,
    gathered: Gathered,
    *,
    settings: Settings,
    now: datetime,
) -> Iterator[bytes]:
    """The file, part by part. What it holds of a system that fails is not all of it; that is under `missing`."""
    about = {"reference": order.reference, "controller": settings.controller.name, "made_at": now}
    yield orjson.dumps(about)[:-1] + b',"tables":['
    for name, system in systems.items():
        kept = _Kept(gathered.register.tables[name], order.kept.get(name, {}))
        yield from _tables(gathered, order.language, name, kept.passing(system.stream(whom)))
        if name not in gathered.faults:
            yield from _tables(gathered, order.language, name, kept.left(system), is_kept=True)
        gathered.kept_count += kept.count
    content = gathered.content(systems)
    rest = {
        "categories": copies.to_record(content, order.language),
        "statements": order.statements,
        "missing": sorted(gathered.faults),
    }
    yield b"\n],\n" + orjson.dumps(rest, option=orjson.OPT_INDENT_2)[2:]


class _Kept:
    """The rows of one system that earlier requests left: those the search reaches too, then those by their keys."""

    def __init__(self, tables: Mapping[str, Table], noted: Mapping[str, Kept]) -> None:
        self._tables, self._noted = tables, noted
        self._seen: dict[str, set[Key]] = {name: set() for name in noted}

    @property
    def count(self) -> int:
        """How many of them went by."""
        return sum(map(len, self._seen.values()))

    def passing(self, stream: Iterator[Found]) -> Iterator[Found]:
        """What the search finds, as it is."""
        for found in stream:
            if noted := self._noted.get(found.table):
                self._seen[found.table] |= noted.keys() & set(map(as_read, found.keys))
            yield found

    def left(self, system: Connector) -> Iterator[Found]:
        """What the search did not find. Only as it was noted: a key may have been given out anew to somebody else."""
        for name in (name for name in self._tables if name in self._noted):
            unseen = [key for key in self._noted[name] if key not in self._seen[name]]
            for found in system.read(name, unseen) if unseen else ():
                digests = {as_read(key): digest for key, digest in found.fingerprints(self._tables[name]).items()}
                same = {key for key, _ in digests.items() & self._noted[name].items()}
                self._seen[name] |= same
                if same:
                    yield found.only(same)


def _tables(
    gathered: Gathered, language: str, system: str, stream: Iterator[Found], *, is_kept: bool = False
) -> Iterator[bytes]:
    """The tables of a system as their rows stream by."""
    for table, batches in groupby(_until_fault(gathered, system, stream), lambda found: found.table):
        yield from _table(gathered, language, system, table, batches, is_kept=is_kept)


def _until_fault(gathered: Gathered, name: str, stream: Iterator[Found]) -> Iterator[Found]:
    try:
        yield from stream
    except ConnectorError as fault:
        gathered.faults[name] = fault


def _table(
    gathered: Gathered, language: str, system: str, table: str, batches: Iterator[Found], *, is_kept: bool
) -> Iterator[bytes]:
    first, known = next(batches), gathered.register.tables[system][table]
    category = gathered.register.categories[known.category]
    if not first.rows:
        return
    if not copies.is_told(category):
        gathered.listings.append(Listing(system, table, known.category, first.columns, (), (), len(first.rows)))
        return
    masked = tuple(column for column in first.columns if column in known.masked)
    label = category.label.in_language(language)
    about: dict[str, Any] = {
        "system": system,
        "table": table,
        "category": label,
        "masked": masked,
        "columns": first.columns,
    }
    if place := gathered.labels.get(f"{system}.{table}"):
        about["place"] = place
    about |= {"kept_earlier": True} if is_kept else {}
    yield (b",\n" if any(each.rows for each in gathered.listings) else b"\n") + orjson.dumps(about)[:-1] + b',"rows":['
    shown: list[Cells] = []
    count, separator = 0, b"\n"
    for batch in chain([first], batches):
        rows = copies.masked_rows(batch.rows, first.columns, masked)
        yield separator + lines(rows)
        shown += rows[: SHOWN - len(shown)]
        count, separator = count + len(rows), b",\n"
    yield b"\n]}"
    gathered.listings.append(
        Listing(system, table, known.category, first.columns, masked, tuple(shown), count, is_kept)
    )


def lines(rows: Sequence[Cells]) -> bytes:
    """A JSON array a line for every row, without loss."""
    try:
        text = b",\n".join(map(orjson.dumps, rows, repeat(copies.exact)))
        if b"null" not in text or all(map(_all_finite, rows)):
            return text
    except TypeError:  # a number of more than 64 bits, a time of day with an offset
        pass
    return ",\n".join(json.dumps(_finite(row), default=copies.exact, ensure_ascii=False) for row in rows).encode()


_LISTS = frozenset({list, tuple, set, frozenset})
_MAY_BE_INFINITE = _LISTS | {float, dict}


def _all_finite(values: Iterable[Any]) -> bool:
    """Whether no number is infinite or none at all, also within arrays: the fast way writes null for it."""
    return all(_is_finite(value) for value in values if type(value) in _MAY_BE_INFINITE)


def _is_finite(value: Any) -> bool:
    if type(value) is float:
        return isfinite(value)
    return _all_finite(value.values() if type(value) is dict else value)


def _finite(value: Any) -> Any:
    """The value with such a number as its text: NaN, Infinity."""
    if type(value) is float:
        return value if isfinite(value) else str(Decimal(value))
    if type(value) is dict:
        return {name: _finite(part) for name, part in value.items()}
    return [*map(_finite, value)] if type(value) in _LISTS else value

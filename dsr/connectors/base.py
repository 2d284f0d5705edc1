"""What a connector can be asked, and the two ways in which it can fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol

from dsr.domain.column_types import ColumnType
from dsr.domain.errors import DomainError
from dsr.domain.plans import Columns, Row
from dsr.domain.register import Table
from dsr.domain.row_keys import Key, as_read
from dsr.domain.wording import Translate, Value, WriteDate

Identifiers = Mapping[str, str]
"""Kind of identifier (email, customer_number, phone) -> its value, normalised.

Under SYSTEM.TABLE stand, as JSON, the keys that a handler chose there: of the people whom all else leads to, this one.
"""


class ConnectorError(DomainError):
    """A system did not do what was asked. `system` and the sentence hold no personal data."""

    def __init__(self, system: str, template: str, **params: Value) -> None:
        super().__init__(template, **params)
        self.system = system

    def say(self, translate: Translate = str, write_date: WriteDate = date.isoformat) -> str:
        """The sentence, after the name of the system."""
        return f"{translate(self.system)}: {super().say(translate, write_date)}"


class SystemDown(ConnectorError):
    """Passing: the system cannot be reached or is busy; the same step may be tried again."""


class SystemRefuses(ConnectorError):
    """Permanent: the system and the register do not fit, or the account may not do this; somebody must look."""


class RegisterDoesNotFit(SystemRefuses):
    """The register says what the system does not have, or an erasure would reach further than its rows."""


@dataclass(frozen=True)
class Found:
    """Rows of a person in one table, as the driver gave them; there may be thousands."""

    table: str
    key: Columns
    columns: Columns
    rows: Sequence[tuple[Any, ...]]
    others_need: Set[Key] = frozenset()
    """The keys of those that rows of others point at, as they are noted."""

    @cached_property
    def keys(self) -> list[Key]:
        """The key of every row."""
        return self.values_of(self.key)

    def values_of(self, columns: Iterable[str]) -> list[Key]:
        """What every row holds in these columns."""
        places = [self.columns.index(column) for column in columns]
        return [*zip(*[map(itemgetter(place), self.rows) for place in places], strict=True)]

    def fingerprints(self, known: Table) -> dict[Key, str]:
        """Key -> the digest of what the row says of the person; not where several rows have the same key."""
        keys = self.keys
        digests = dict(zip(keys, known.fingerprints(self.columns, self.rows), strict=True))
        if len(digests) < len(keys):
            digests = {key: digests[key] for key, rows in Counter(keys).items() if rows == 1}
        return digests

    def only(self, keys: Set[Key]) -> Found:
        """The rows with these keys. A database may take another spelling for the same key."""
        if keys >= set(self.keys):
            return self
        wanted = {*map(as_read, keys)}
        rows = zip(map(as_read, self.keys), self.rows, strict=True) if wanted else ()
        return replace(self, rows=[row for key, row in rows if key in wanted])

    def without(self, keys: Set[Key]) -> Found:
        """The other rows."""
        return self.only({*map(as_read, self.keys)} - keys) if keys else self

    def to_rows(self) -> list[Row]:
        """The rows one by one, each with its key and its values by column."""
        others_need = self.others_need
        return [
            Row(
                self.table,
                key,
                dict(zip(self.columns, values, strict=True)),
                bool(others_need) and as_read(key) in others_need,
            )
            for key, values in zip(self.keys, self.rows, strict=True)
        ]


def rows_of(found: Iterable[Found]) -> list[Row]:
    """The rows of all tables, one by one."""
    return [row for table in found for row in table.to_rows()]


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is wrong between the register and a system, and what somebody should know, in sentences."""

    mistakes: list[str]
    warnings: list[str] = field(default_factory=list)

    def __add__(self, other: Remarks) -> Remarks:
        return Remarks(self.mistakes + other.mistakes, self.warnings + other.warnings)


@dataclass(frozen=True, slots=True)
class Going:
    """Rows of one table that go: whole, or what they hold in these columns and in those that get a pseudonym."""

    table: str
    keys: Sequence[Key]
    columns: Columns | None = None
    pseudonyms: Mapping[str, str | None] = field(default_factory=dict)


class Searching(Protocol):
    """Where the rows of a person are found: by the reading account, or locked."""

    def find(self, identifiers: Identifiers) -> list[Found]:
        """The rows of the person by table."""

    def pointing(self, table: str, rows: Sequence[Row]) -> Found:
        """The rows of `table` that point at these, of one of its parents: at least their keys, and where they point."""


class Erasing(Searching, Protocol):
    """A transaction in which rows are locked, read and erased; leaving it commits, an exception rolls back."""

    def read(self, table: str, keys: Sequence[Key]) -> Found:
        """The rows with these keys, locked; one that is gone is left out."""

    def is_empty(self, table: str) -> bool:
        """Whether a table has no row at all, of anybody."""

    def erase(self, going: Sequence[Going]) -> list[int]:
        """Erase or empty these rows, in this order; returns how many there were of each."""

    def change(self, table: str, keys: Sequence[Key], values: Mapping[str, Any]) -> int:
        """Give these columns of these rows other values; returns how many rows there were."""


class Connector(Searching, Protocol):
    """A system of the controller, as the register describes it."""

    name: str

    def lookup(self, identifiers: Identifiers) -> dict[str, bool]:
        """Per identifier whether the system knows it: yes or no, and no row leaves it."""

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        """The same rows a batch at a time, however many there are; those of one table follow each other.

        What was read before a ConnectorError is not all there is.
        """

    def read(self, table: str, keys: Sequence[Key]) -> Iterator[Found]:
        """The rows with these keys, a batch at a time, by the reading account; one that is gone is left out."""

    def column_types(self, table: str) -> dict[str, ColumnType]:
        """The columns of a table that hold text, numbers, days or yes and no, with what they can hold."""

    def erasing(self) -> AbstractContextManager[Erasing]:
        """Open a transaction with the erasing account."""

    def mistakes(self, *, within: float = 0) -> list[str]:
        """What the register says that the system does not have; in sentences.

        Where there was none `within` so many seconds, it is not asked again.
        """

    def remarks(self) -> Remarks:
        """The same with what somebody should know, and what the accounts may and may not do."""

    def close(self) -> None:
        """Let go of every connection."""

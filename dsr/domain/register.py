"""The register: what the controller holds, why, for how long, and how it is found (GDPR art. 30, 15(1), 17)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

from dsr.domain.fingerprints import fingerprint, fingerprints

NOT_STATED = "not-stated"
UNTIL_WITHDRAWN = "until-consent-withdrawn"
"""Retentions without a date: no duty keeps the data."""

_NO_DATE = re.compile(r"(0000-00-00( 00:00:00(\.0+)?)?)?")
"""How a column that may not be null says that there is no date yet: an empty text, or the zero date of MariaDB."""

_NOT_DELETED = ("0", "f", "false", "n", "no", "nee")
"""How databases without a type for yes and no write no, beside null."""

STRICT: dict[str, Any] = {"extra": "forbid"}

Fixed = bool | int | str
"""What a column holds instead of what was erased."""


class LegalBasis(StrEnum):
    """Art. 6(1) of the GDPR."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTEREST = "vital-interest"
    PUBLIC_TASK = "public-task"
    LEGITIMATE_INTEREST = "legitimate-interest"


class ErasureGround(StrEnum):
    """Art. 17(1) of the GDPR, by letter; NONE where no ground applies, such as a running contract."""

    NOT_NEEDED = "a"
    CONSENT_WITHDRAWN = "b"
    OBJECTION = "c"
    UNLAWFUL = "d"
    LEGAL_DUTY = "e"
    CHILD = "f"
    NONE = "none"


class KeepingGround(StrEnum):
    """For what a controller may keep data longer than asked."""

    LEGAL_DUTY = "legal-duty"  # art. 17(3)(b)
    DISPUTE = "dispute"  # art. 17(3)(e)
    AGREEMENT = "agreement"  # still needed, so art. 17(1)(a) does not apply


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or name in both languages."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in `language`; Dutch for any other than English."""
        return self.en if language == "en" else self.nl

    @classmethod
    def in_both(cls, write: Callable[[str], str]) -> Text:
        """What `write` makes of it in each language."""
        return cls(write("nl"), write("en"))


@dataclass(frozen=True, slots=True)
class Period:
    """How long by our own choosing; a ceiling, no duty to keep.

    Either a length after the date column `start`, which `after` says in words: "the end of your contract"; or `until`,
    an event in words that follow that one: "the disk has been put back", with its day in the date column `event`.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    after: Text | None = None
    until: Text | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the data (art. 4(9), 15(1)(c)); outside the EEA in a `country`, with the `safeguard` of art. 46.

    `when` says on what occasion only: "when a bill stays unpaid". `contact` tells the person how to reach them; to
    `email` goes what art. 19 has us tell them. `confidential` is the ground for which nobody hears of them.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str | Text
    role: Literal["processor", "joint-controller", "independent-controller", "authority"]
    inside_eea: bool = True
    country: Text | None = None
    safeguard: Text | None = None
    when: Text | None = None
    contact: str | None = None
    email: str | None = None
    confidential: str | None = None

    def named(self, language: str) -> str:
        """The name in `language`."""
        return self.name if isinstance(self.name, str) else self.name.in_language(language)


@dataclass(frozen=True, slots=True)
class Category:
    """A category of personal data and what the answer to a request must say of it (art. 15(1)(a)-(g)).

    `data_subjects` are the kinds of people it is about (art. 30(1)(c)): "customers". `held_in` names the systems that a
    person looks it up in; `held_by` tells only where it is, in words. For a `processor` it is `on_behalf_of` somebody
    else, who decides on it. `refer_to` is a recipient that decides for itself. `first` is a step before erasure, such
    as a final invoice. `marketing`: it serves advertising, which stops when consent is withdrawn.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    label: Text
    purpose: Text
    legal_basis: LegalBasis
    source: Text
    retention: str | Period = NOT_STATED
    data_subjects: tuple[Text, ...] = ()
    fields: tuple[Text, ...] = ()
    recipients: tuple[str, ...] = ()
    erasure_ground: ErasureGround = ErasureGround.NOT_NEEDED
    refusal_reason: Text | None = None
    may_keep_for: tuple[KeepingGround, ...] = ()
    first: Text | None = None
    held_by: Text | None = None
    held_in: tuple[str, ...] = ()
    role: Literal["controller", "processor"] = "controller"
    on_behalf_of: Text | None = None
    refer_to: str | None = None
    confidential: str | None = None
    marketing: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether we decide on it, as its controller."""
        return self.role == "controller"

    @property
    def ends_when(self) -> Text | None:
        """The event after which it is no longer kept."""
        return self.retention.until if isinstance(self.retention, Period) else None

    @property
    def is_dated(self) -> bool:
        """Whether its retention counts from a date: a rule of law, or a length of our own choosing."""
        return self.retention not in (NOT_STATED, UNTIL_WITHDRAWN) and not self.ends_when

    def retold(self, said: str | None, language: str) -> str | None:
        """A sentence as it was noted: in `language`, where it is one of the register."""
        known = [text for text in (self.refusal_reason, self.first) if text]
        return next((text.in_language(language) for text in known if said in (text.nl, text.en)), said)


@dataclass(frozen=True, slots=True)
class Mark:
    """How a system knows that a row may only be stored (art. 18): a column and its value then."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    column: str
    value: bool | int | str = 1


@dataclass(frozen=True)
class Table:
    """A table of a system: what people call it and its columns, whose rows they are, how they are reached, what stays.

    `kept_as` tells the data subject in words what `keep_columns` are: "your name and address". A value in `fixed` may
    name columns of the key, where it must be unique: "erased-{id}@erased.invalid". `pseudonyms` gives the length of the
    keyed pseudonym that a column gets instead. With `on_erasure` "empty" the row stays, without these. `table` is its
    name in the database, where it has another one here. `soft_deleted` is the column that marks a row as deleted. A
    view is `view_of` a table of the register, which is erased in its place, or `read_only`: it is erased elsewhere.
    `known_triggers` are those of which somebody has seen that they reach nothing else. Columns that are `rectifiable`
    may be corrected at the request of the person (art. 16), all others not. `people` is false where its rows are things
    of a person, such as tickets with an address: then several may answer to one.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    category: str
    key: tuple[str, ...]
    match: Mapping[str, str] = field(default_factory=dict)
    match_exactly: bool = False
    via: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    keep_columns: tuple[str, ...] | None = None
    kept_as: Text | None = None
    fixed: Mapping[str, Fixed] = field(default_factory=dict)
    pseudonyms: Mapping[str, int] = field(default_factory=dict)
    on_erasure: Literal["delete", "empty"] = "delete"
    masked: tuple[str, ...] = ()
    rectifiable: tuple[str, ...] = ()
    restricted: Mark | None = None
    schema: str | None = None
    table: str | None = None
    soft_deleted: str | None = None
    known_triggers: tuple[str, ...] = ()
    view_of: str | None = None
    read_only: bool = False
    label: Text | None = None
    column_labels: Mapping[str, Text] = field(default_factory=dict)
    people: bool | None = None

    def named(self, language: str) -> str | None:
        """What people call it."""
        return self.label.in_language(language) if self.label else None

    def column_named(self, column: str, language: str) -> str:
        """What people call a column; its name, where nothing says so."""
        label = self.column_labels.get(column)
        return label.in_language(language) if label else column

    @property
    def is_erasable(self) -> bool:
        """Whether rows can be erased through it."""
        return not (self.view_of or self.read_only)

    @property
    def may_be_emptied(self) -> bool:
        """Whether an erasure can leave a row of it, with some columns only."""
        return self.keep_columns is not None or self.on_erasure == "empty"

    @property
    def written(self) -> set[str]:
        """The columns that a correction or a restriction writes to."""
        return {*self.rectifiable, *((self.restricted.column,) if self.restricted else ())}

    def is_soft_deleted(self, values: Mapping[str, Any]) -> bool:
        """Whether the system itself treats this row as deleted, though it is still there."""
        said = values[self.soft_deleted] if self.soft_deleted else None
        word = str(said).strip().lower()
        return bool(said) and word not in _NOT_DELETED and not _NO_DATE.fullmatch(word)

    def date_in(self, values: Mapping[str, Any], column: str) -> Any:
        """What a date column of a row holds; None where it is empty."""
        value = values[column]
        return None if isinstance(value, str) and _NO_DATE.fullmatch(value.strip()) else value

    def lacks(self, date_name: str | None, values: Mapping[str, Any]) -> bool:
        """Whether a date has a column, and is not there yet: an invoice that is not paid."""
        column = self.dates.get(date_name or "")
        return column is not None and self.date_in(values, column) is None

    def fingerprint(self, values: Mapping[str, Any]) -> str:
        """A digest of what a row says of the person: of all but the mark of a restriction, which is ours."""
        return fingerprint(values, without=self._mark)

    def fingerprints(self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[str]:
        """The same of many rows that have these columns."""
        return fingerprints(columns, rows, without=self._mark)

    @property
    def _mark(self) -> str | None:
        return self.restricted.column if self.restricted else None

    @cached_property
    def parents(self) -> dict[str, dict[str, str]]:
        """The tables one step nearer to the person, each with the way there: own column -> column of that one."""
        found: dict[str, dict[str, str]] = {}
        for column, target in self.via.items():
            parent, _, pointed_at = target.rpartition(".")
            found.setdefault(parent, {})[column] = pointed_at
        return found

    @property
    def other_parents(self) -> list[str]:
        """Those that do not say whose its rows are, where the first does: the address an order was sent to."""
        return [*self.parents][1:]


@dataclass(frozen=True)
class Register:
    """The whole register, as validated; `digest` identifies its text.

    `automated_decisions` is what the answer to an access request says of art. 22; without it nothing is said.
    `data_stays_in_eea` is what the privacy statement promises, and the recipients must bear out. `security` describes
    in general how the data are protected (art. 30(1)(g)).
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    categories: Mapping[str, Category]
    tables: Mapping[str, Mapping[str, Table]] = field(default_factory=dict)
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    backup_days: int | None = None
    data_stays_in_eea: bool = False
    automated_decisions: Text | None = None
    security: Text | None = None
    digest: str = ""

    def turn_to(self, name: str, language: str) -> str | None:
        """Whom the person must turn to about a category, in words; None where that is us."""
        category = self.categories[name]
        if not category.is_ours and category.on_behalf_of:
            return category.on_behalf_of.in_language(language)
        recipient = self.recipients.get(category.refer_to or "")
        if recipient is None:
            return None
        return ", ".join(filter(None, (recipient.named(language), recipient.contact)))

    def places(self, systems: Mapping[str, str], language: str) -> dict[str, str]:
        """SYSTEM.TABLE -> where that is in words, of what has a label. `systems`: system -> label."""
        return {
            f"{system}.{name}": self._place(system, name, systems.get(system, system), language)
            for system, tables in self.tables.items()
            for name, table in tables.items()
            if table.label or system in systems
        }

    def _place(self, system: str, name: str, called: str, language: str) -> str:
        if name in self.categories and system in self.categories[name].held_in:
            return called  # of papers the category and the system say it all
        return f"{self.tables[system][name].named(language) or name} ({called})"

    def not_ours(self, found: Iterable[str]) -> list[str]:
        """The categories for which the person must turn to somebody else, where rows were found or no table is ours.

        What is confidential is left out.
        """
        in_tables = {table.category for tables in self.tables.values() for table in tables.values()}
        here = {*found} | (self.categories.keys() - in_tables)
        return [
            name
            for name, category in self.categories.items()
            if name in here and self.turn_to(name, "nl") and not category.confidential
        ]

    def nearest_first(self, system: str) -> list[str]:
        """The tables of a system with each parent before its children."""
        return self._orders[system]

    @cached_property
    def _orders(self) -> dict[str, list[str]]:
        return {system: sorted(tables, key=partial(self._distance, system)) for system, tables in self.tables.items()}

    def _distance(self, system: str, name: str) -> tuple[int, str]:
        return len(self._ancestors(system, name, set())), name

    def _ancestors(self, system: str, name: str, seen: set[str]) -> set[str]:
        """Every table on the ways of a table to the person, added to those that were seen."""
        for parent in self.tables[system][name].parents:
            if parent not in seen:
                seen.add(parent)
                self._ancestors(system, parent, seen)
        return seen

    def followed(self, system: str, name: str) -> list[str]:
        """The parents whose rows share their retention with those that belong to them: an invoice and its lines."""
        tables = self.tables[system]
        table = tables[name]
        parents = [] if table.dates else [parent for parent in table.parents if parent in tables]
        return [parent for parent in parents if tables[parent].category == table.category]

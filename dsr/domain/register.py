"""The register: what the controller holds, why, for how long, and how it is found (GDPR art. 30, 15(1), 17)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

NOT_STATED = "not-stated"
STRICT: dict[str, Any] = {"extra": "forbid"}


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


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or name in both languages."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    nl: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in `language`; Dutch for any other than English."""
        return self.en if language == "en" else self.nl


@dataclass(frozen=True, slots=True)
class Period:
    """A period of our own choosing after the date column `start`; a ceiling, no duty to keep."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the data (art. 4(9), 15(1)(c)); outside the EEA with the `safeguard` of art. 46."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    role: Literal["processor", "joint-controller", "independent-controller", "authority"]
    inside_eea: bool = True
    safeguard: Text | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category of personal data and what the answer to a request must say of it (art. 15(1)(a)-(g))."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    label: Text
    purpose: Text
    legal_basis: LegalBasis
    source: Text
    retention: str | Period = NOT_STATED
    fields: tuple[Text, ...] = ()
    recipients: tuple[str, ...] = ()
    erasure_ground: ErasureGround = ErasureGround.NOT_NEEDED
    refusal_reason: Text | None = None
    confidential: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a system: whose rows they are, how they are reached, and what stays of a row that others need.

    `kept_as` tells the data subject in words what `keep_columns` are: "your name and address". A value in `fixed` may
    name columns of the key, where it must be unique: "erased-{id}@erased.invalid".
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
    fixed: Mapping[str, str | int] = field(default_factory=dict)
    masked: tuple[str, ...] = ()
    schema: str | None = None

    @property
    def parent(self) -> str | None:
        """The table one step nearer to the person, or None where the person is matched directly."""
        return next((target.rpartition(".")[0] for target in self.via.values()), None)

    @property
    def path(self) -> dict[str, str]:
        """Own column -> column of the parent."""
        return {column: target.rpartition(".")[2] for column, target in self.via.items()}


@dataclass(frozen=True, slots=True)
class Register:
    """The whole register, as validated; `digest` identifies its text.

    `automated_decisions` is what the answer to an access request says of art. 22; without it nothing is said.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    categories: Mapping[str, Category]
    tables: Mapping[str, Mapping[str, Table]] = field(default_factory=dict)
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    backup_days: int | None = None
    automated_decisions: Text | None = None
    digest: str = ""

    def nearest_first(self, system: str) -> list[str]:
        """The tables of a system with each parent before its children."""
        tables = self.tables[system]
        return sorted(tables, key=lambda name: (len(list(self._ancestors(system, name))), name))

    def _ancestors(self, system: str, name: str) -> Iterator[str]:
        parent = self.tables[system][name].parent
        seen = {name}
        while parent and parent not in seen:
            seen.add(parent)
            yield parent
            parent = self.tables[system][parent].parent

    def follows_parent(self, system: str, name: str) -> bool:
        """Whether rows of a table share the retention of the row they belong to (an invoice line and its invoice)."""
        table = self.tables[system][name]
        if not table.parent or table.dates:
            return False
        parent = self.tables[system].get(table.parent)
        return parent is not None and parent.category == table.category

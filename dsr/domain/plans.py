"""The erasure plan: per category a ground of art. 17(1), per row a verdict, and a digest that an approval binds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from dsr.domain import retention
from dsr.domain.basis import Basis
from dsr.domain.errors import DomainError
from dsr.domain.fingerprints import canonical
from dsr.domain.holds import HoldGround
from dsr.domain.register import ErasureGround, Register
from dsr.domain.row_keys import Key

Columns = tuple[str, ...]
Judgement = tuple[str, str, str, "Verdict", str | None, date | None, date | None, Columns | None, str | None, Columns]
"""The first ten fields of a `PlanRow`."""

DATE_MISSING, DATE_UNREADABLE, CURRENT_VALUE = "date-missing", "date-unreadable", "current-value"
PARENT_ELSEWHERE = "parent-elsewhere"
EVENT, NOT_OURS, READ_ONLY = "event", "not-ours", "read-only"
SOFT_DELETED, PSEUDONYM, OTHERS_NEED = "soft-deleted", "pseudonym", "others-need"
"""Why a row is protected, waits or is not ours to erase, where the handler gave no words of their own."""


class Verdict(StrEnum):
    """What happens to one row."""

    ERASE = "erase"
    KEEP = "keep"
    REFUSE = "refuse"
    FIRST = "first"
    PROTECTED = "protected"


class PlanChanged(DomainError):
    """The rows, the register or a hold are no longer what was approved."""


class SeveralPersons(DomainError):
    """More than one person answers to the identifiers; nobody is erased on a guess."""


class Row(NamedTuple):
    """A row as found in a system; `values` maps column to value, `others_need` says that rows of others point at it."""

    table: str
    key: Key
    values: Mapping[str, Any]
    others_need: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a category: the ground or why there is none, steps that must come first, a hold.

    A category that is not asked for is left alone: its rows are in no plan, and keep what they need of others.
    """

    ground: ErasureGround
    reason: str | None = None
    outstanding: str | None = None
    hold: HoldGround | None = None
    is_asked: bool = True


class PlanRow(NamedTuple):
    """One row of a plan. Dates are inclusive days of law; `columns_kept` is None unless only a part stays.

    A tuple, since one person may have thousands; all but the key and the fingerprint is the judgement that many share.
    """

    system: str
    category: str
    table: str
    verdict: Verdict
    rule: str | None
    keep_through: date | None
    may_erase_from: date | None
    columns_kept: Columns | None
    why: str | None
    key_columns: Columns
    key_values: Key
    fingerprint: str

    @property
    def judgement(self) -> Judgement:
        """What the row shares with others: every field before the values of the key."""
        return self[:10]

    @property
    def key(self) -> dict[str, Any]:
        """The key by column, in the order of the register."""
        return dict(zip(self.key_columns, self.key_values, strict=True))

    @property
    def law(self) -> str | None:
        """The law behind the rule."""
        rule = retention.rule_named(self.rule)
        return rule.law if rule else None

    def to_record(self) -> dict[str, Any]:
        """The row as JSON carries it."""
        return {
            "system": self.system,
            "category": self.category,
            "table": self.table,
            "key": self.key,
            "verdict": self.verdict.value,
            "rule": self.rule,
            "keep_through": _iso(self.keep_through),
            "may_erase_from": _iso(self.may_erase_from),
            "columns_kept": list(self.columns_kept) if self.columns_kept is not None else None,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows of one person with their verdicts, and per system what these are drawn from."""

    rows: tuple[PlanRow, ...]
    register_digest: str
    bases: Mapping[str, Basis] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Rows per verdict, all verdicts named."""
        counted = Counter(row.verdict for row in self.rows)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    @property
    def digest(self) -> str:
        """SHA-256 over register, rows, fingerprints and verdicts: what an approval binds. Not over the day."""
        content = [self.register_digest, *sorted(canonical([row.to_record(), row.fingerprint]) for row in self.rows)]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def register_decisions(register: Register, language: str = "nl") -> dict[str, Decision]:
    """What the register says of each category, before a handler decides otherwise."""
    return {
        name: Decision(
            category.erasure_ground,
            category.refusal_reason.in_language(language) if category.refusal_reason else None,
            category.first.in_language(language) if category.first else None,
        )
        for name, category in register.categories.items()
    }

"""What the copy of art. 15(3) holds: every row found, with what art. 15(1)(a)-(h) and 15(2) ask of its category.

There may be a million rows, so they go by in batches; what is known of the whole is gathered here.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from dsr.domain.plans import Columns
from dsr.domain.register import UNTIL_WITHDRAWN, Category, KeepingGround, LegalBasis, Period, Recipient, Register
from dsr.domain.retention import RULES, Rule
from dsr.domain.wording import N_

LEGAL_BASES = {
    LegalBasis.CONSENT: N_("you gave your consent (article 6(1)(a) GDPR)"),
    LegalBasis.CONTRACT: N_("needed for a contract with you (article 6(1)(b) GDPR)"),
    LegalBasis.LEGAL_OBLIGATION: N_("a law obliges us (article 6(1)(c) GDPR)"),
    LegalBasis.VITAL_INTEREST: N_("needed to protect a life (article 6(1)(d) GDPR)"),
    LegalBasis.PUBLIC_TASK: N_("needed for a public task (article 6(1)(e) GDPR)"),
    LegalBasis.LEGITIMATE_INTEREST: N_("our own or another's legitimate interest (article 6(1)(f) GDPR)"),
}

ROLES = {
    "processor": N_("works for us"),
    "joint-controller": N_("decides with us"),
    "independent-controller": N_("decides for itself"),
    "authority": N_("public authority"),
}

KEEPING_GROUNDS = {
    KeepingGround.LEGAL_DUTY: N_("a legal duty (article 17(3)(b) GDPR)"),
    KeepingGround.DISPUTE: N_("a dispute or a claim (article 17(3)(e) GDPR)"),
    KeepingGround.AGREEMENT: N_("an agreement with you that still has to be carried out (article 17(1)(a) GDPR)"),
}

MASK = "•••"
Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found in one table: how many rows, and the first of them, masked where the register says so.

    `is_kept` is what only the ledger knows to be of the person, after an earlier request.
    """

    system: str
    table: str
    category: str
    columns: Columns
    masked: Columns
    rows: tuple[Cells, ...]
    row_count: int
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One category of which something was found."""

    name: str
    category: Category
    recipients: tuple[Recipient, ...]
    listings: tuple[Listing, ...]

    @property
    def row_count(self) -> int:
        """Rows in all its tables."""
        return sum(listing.row_count for listing in self.listings)

    @property
    def rule(self) -> Rule | Period | None:
        """How long the category is kept; None where that was not laid down (art. 15(1)(d))."""
        kept = self.category.retention
        if isinstance(kept, Period):
            return kept
        return RULES.get(kept)


@dataclass(frozen=True, slots=True)
class Content:
    """A whole copy. `left_out` names the confidential categories that it does not show; it is never shown itself.

    `elsewhere` is held outside the systems; for what is `not_ours` the person must turn to its controller. The
    `statements` are those of the person, where a record is not as they say it should be (art. 16).
    """

    parts: tuple[Part, ...]
    nothing_found: tuple[Category, ...]
    not_searched: tuple[Category, ...]
    left_out: tuple[str, ...]
    elsewhere: tuple[Category, ...] = ()
    not_ours: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        """Rows in all parts."""
        return sum(part.row_count for part in self.parts)

    @property
    def has_masks(self) -> bool:
        """Whether anything in it is masked."""
        return any(listing.masked for part in self.parts for listing in part.listings)


def is_told(category: Category) -> bool:
    """Whether rows of a category are in the copy at all."""
    return category.is_ours and not category.confidential


def content(register: Register, systems: Iterable[str], found: Iterable[Listing]) -> Content:
    """The copy of what was found in these systems, category by category in the order of the register."""
    listings: dict[str, list[Listing]] = {name: [] for name in register.categories}
    for listing in found:
        listings[listing.category].append(listing)
    shown = {name: category for name, category in register.categories.items() if not category.confidential}
    told = {name: category for name, category in shown.items() if is_told(category)}
    searched = {table.category for system in systems for table in register.tables[system].values()}
    return Content(
        parts=tuple(_part(register, name, listings[name]) for name in told if listings[name]),
        nothing_found=tuple(told[name] for name in told if not listings[name] and name in searched),
        not_searched=tuple(told[name] for name in told if name not in searched and not told[name].held_by),
        left_out=tuple(name for name in listings if listings[name] and name not in shown),
        elsewhere=tuple(category for category in told.values() if category.held_by),
        not_ours=tuple(register.not_ours(name for name in listings if listings[name])),
    )


def masked_rows(rows: Sequence[Cells], columns: Columns, masked: Collection[str]) -> Sequence[Cells]:
    """The rows with the cells of these columns masked."""
    if not masked:
        return rows
    is_masked = [column in masked for column in columns]
    return [tuple(mask(cell) if hides else cell for cell, hides in zip(row, is_masked, strict=True)) for row in rows]


def mask(value: Any) -> str | None:
    """A value of which the last three characters can be read; of a short one, or of bytes, nothing."""
    if value is None:
        return None
    text = "" if isinstance(value, bytes) else str(value)
    return MASK + text[-3:] if len(text) >= 2 * 3 else MASK


def _part(register: Register, name: str, listings: list[Listing]) -> Part:
    category = register.categories[name]
    recipients = (register.recipients[recipient] for recipient in category.recipients)
    shown = tuple(recipient for recipient in recipients if not recipient.confidential)
    return Part(name, category, shown, tuple(listings))


def to_record(copy: Content, language: str) -> list[dict[str, Any]]:
    """What is told of each category, as JSON carries it."""
    return [_part_record(part, language) for part in copy.parts]


def _part_record(part: Part, language: str) -> dict[str, Any]:
    category = part.category
    return {
        "category": category.label.in_language(language),
        "purpose": category.purpose.in_language(language),
        "legal_basis": category.legal_basis.value,
        "source": category.source.in_language(language),
        "retention": _retention_record(part.category, part.rule, language),
        "recipients": [_recipient_record(recipient, language) for recipient in part.recipients],
    }


def _retention_record(category: Category, rule: Rule | Period | None, language: str) -> dict[str, Any] | None:
    if category.retention == UNTIL_WITHDRAWN:
        return {"until": UNTIL_WITHDRAWN}
    if category.ends_when:
        return {"until": category.ends_when.in_language(language)}
    if rule is None:
        return None
    length = {unit: getattr(rule, unit) for unit in ("years", "months", "weeks", "days") if getattr(rule, unit)}
    if isinstance(rule, Rule):
        return {**length, "law": rule.law}
    return {**length, "after": rule.after.in_language(language)} if rule.after else length


def _recipient_record(recipient: Recipient, language: str) -> dict[str, Any]:
    told = {"safeguard": recipient.safeguard, "when": recipient.when}
    return {
        "name": recipient.named(language),
        "role": recipient.role,
        "inside_eea": recipient.inside_eea,
        **{name: text.in_language(language) if text else None for name, text in told.items()},
    }


def exact(value: Any) -> Any:
    """A value that JSON has no word for, without loss: dates in ISO 8601, bytes in base64, all else as its text."""
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": base64.b64encode(value).decode()}
    return list(value) if isinstance(value, (set, frozenset)) else str(value)

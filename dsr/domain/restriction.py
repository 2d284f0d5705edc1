"""Restriction (art. 18): its grounds, the marks in a system, and what an objection or a withdrawn consent reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from dsr.domain.changes import RowChange, same
from dsr.domain.plans import Row
from dsr.domain.register import LegalBasis, Register
from dsr.domain.rights import Right


class Ground(StrEnum):
    """Why data may only be stored: art. 18(1) by letter, or the consent that was withdrawn (art. 7(3))."""

    ACCURACY = "a"
    UNLAWFUL = "b"
    CLAIM = "c"
    OBJECTION = "d"
    CONSENT = "7(3)"


INVOKED = (Ground.ACCURACY, Ground.UNLAWFUL, Ground.CLAIM)
"""What the person can invoke; the others follow from an objection and from a withdrawal."""

RIGHTS = {
    **dict.fromkeys(INVOKED, Right.RESTRICTION),
    Ground.OBJECTION: Right.OBJECTION,
    Ground.CONSENT: Right.CONSENT_WITHDRAWAL,
}
"""The right that a restriction was made for."""

_OBJECTIONABLE = (LegalBasis.LEGITIMATE_INTEREST, LegalBasis.PUBLIC_TASK)


class Weighed(StrEnum):
    """What came of weighing an objection (art. 21(1)): it is upheld unless one of the two others is demonstrated."""

    UPHELD = "upheld"
    COMPELLING = "compelling"
    CLAIMS = "claims"


def restrictable(register: Register) -> list[str]:
    """The categories that we decide on."""
    return [name for name, category in register.categories.items() if category.is_ours]


def objectionable(register: Register) -> list[str]:
    """The categories that can be objected to: of art. 6(1)(e) and (f) only."""
    categories = register.categories
    return [name for name in restrictable(register) if categories[name].legal_basis in _OBJECTIONABLE]


def by_consent(register: Register) -> list[str]:
    """The categories that rest on consent."""
    categories = register.categories
    return [name for name in restrictable(register) if categories[name].legal_basis is LegalBasis.CONSENT]


def advertising(register: Register, *, by_consent_only: bool = False) -> list[str]:
    """The categories that serve advertising, or those of them that rest on consent."""
    asked = by_consent(register) if by_consent_only else restrictable(register)
    return [name for name in asked if register.categories[name].marketing]


def has_marks(register: Register, system: str, categories: Collection[str]) -> bool:
    """Whether a system has a mark for rows of one of these categories."""
    tables = register.tables[system].values()
    return any(table.restricted and table.is_erasable and table.category in categories for table in tables)


def marks(register: Register, system: str, rows: Iterable[Row], categories: Collection[str]) -> list[RowChange]:
    """The changes that mark rows of these categories, where the register names a column; what is marked stays so."""
    made: list[RowChange] = []
    for row in rows:
        table = register.tables[system][row.table]
        mark = table.restricted
        if (
            mark is None
            or not table.is_erasable
            or table.category not in categories
            or same(row.values[mark.column], mark.value)
        ):
            continue
        old, new = {mark.column: row.values[mark.column]}, {mark.column: mark.value}
        made.append(RowChange(system, table.category, row.table, table.key, row.key, old, new))
    return made


def unmarked(change: RowChange) -> RowChange:
    """The change that takes a mark away: back to what was there."""
    return change._replace(old=change.new, new=change.old)

"""Telling those who got data what became of it (GDPR art. 19): whom, what, and how that can end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dsr.domain.register import Recipient, Register
from dsr.domain.rights import Right

TELL_WITHIN = timedelta(days=7)
"""From the decision on; the law names no term."""


class State(StrEnum):
    """How far a notification is."""

    ASKED = "asked"  # whether they got data of this person is for the handler to say
    PROPOSED = "proposed"
    MAILED = "mailed"  # told once the mail server has taken it
    TOLD = "told"
    WAIVED = "waived"
    NOT_RECEIVED = "not-received"
    LEFT_OUT = "left-out"  # a confidential recipient


OUTSTANDING = (State.ASKED, State.PROPOSED)
TELLING = (State.PROPOSED, State.MAILED, State.TOLD, State.WAIVED)
"""Of these recipients the data subject hears."""


class Waiver(StrEnum):
    """The two reasons of art. 19 for not telling a recipient."""

    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"


class Answer(StrEnum):
    """What a recipient said to it."""

    DONE = "done"
    NOT_HELD = "not-held"
    CANNOT = "cannot"


class Channel(StrEnum):
    """How a recipient was told."""

    MAIL = "mail"
    PHONE = "phone"
    LETTER = "letter"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a category: all of it, or a part; `words` say more where that is needed ("street: …")."""

    category: str
    is_part: bool = False
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Informed:
    """A recipient as the letter tells of it. `why` are the words of the handler where they were not told."""

    name: str
    right: Right
    state: State
    told_on: date | None = None
    waiver: Waiver | None = None
    why: str | None = None
    answer: Answer | None = None


def by_recipient(register: Register, changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Recipient -> what became of the categories it gets. What is confidential is told to nobody."""
    told: dict[str, list[Change]] = {}
    for change in changes:
        category = register.categories[change.category]
        for name in category.recipients if not category.confidential else ():
            told.setdefault(name, []).append(change)
    return told


def first_state(recipient: Recipient) -> State:
    """What a notification begins as. Who gets data on occasion only may have none of this person: that is asked."""
    if recipient.confidential:
        return State.LEFT_OUT
    return State.ASKED if recipient.when or recipient.role == "authority" else State.PROPOSED

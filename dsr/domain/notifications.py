"""Telling those who got data what became of it (GDPR art. 19): whom, what, and how that can end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from dsr.domain.register import Recipient, Register, Text
from dsr.domain.rights import Right

TELL_WITHIN = timedelta(days=7)
"""From the decision on; the law names no term."""
REMIND_AFTER = (timedelta(days=14), timedelta(days=28))
"""After they were told, while they say nothing."""
SILENT_AFTER = timedelta(days=42)
"""Then a person decides whether it is left at that."""


class State(StrEnum):
    """How far a notification is."""

    ASKED = "asked"  # whether they got data of this person is for the handler to say
    PROPOSED = "proposed"
    MAILED = "mailed"  # told once the mail server has taken it
    TOLD = "told"
    WAIVED = "waived"
    NOT_RECEIVED = "not-received"
    LEFT_OUT = "left-out"  # a confidential recipient
    OVERTAKEN = "overtaken"  # more was erased before they were told: they hear of it with that erasure


OUTSTANDING = (State.ASKED, State.PROPOSED)
TELLING = (State.PROPOSED, State.MAILED, State.TOLD, State.WAIVED)
"""Of these recipients the data subject hears."""


class About(StrEnum):
    """What a recipient is told of."""

    RIGHT = "right"  # what a request came to
    LATER = "later"  # what a law kept went on its day
    LIFTED = "lifted"  # a restriction of which they were told ended


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
    words: Text | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Change:
        """A change as it was stored as JSON."""
        words = record["words"]
        return cls(record["category"], record["is_part"], Text(**words) if words else None)


@dataclass(frozen=True, slots=True)
class Informed:
    """A recipient as the letter tells of it. `why` are the words of the handler where they were not told.

    `what` it is about is said where they know of one part of it, and not, or otherwise, of another.
    """

    name: str
    right: Right
    state: State
    told_on: date | None = None
    waiver: Waiver | None = None
    why: str | None = None
    answer: Answer | None = None
    about: About = About.RIGHT
    what: tuple[str, ...] = ()

    @property
    def deed(self) -> str:
        """What was done: what the right is for, or what came after it."""
        return self.right.value if self.about is About.RIGHT else self.about.value


def is_reminder_due(today: date, *, told_on: date, reminded_on: date | None) -> bool:
    """Whether a recipient that says nothing is reminded today: twice at most, after any pause once."""
    days = (told_on + after for after in REMIND_AFTER)
    return any(day <= today and (reminded_on is None or reminded_on < day) for day in days)


def is_silent(today: date, told_on: date) -> bool:
    """Whether a recipient had the time to answer."""
    return today > told_on + SILENT_AFTER


def by_recipient(register: Register, changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Recipient -> what became of the categories it gets. What is confidential is told to nobody.

    What has left the register has no recipients.
    """
    told: dict[str, list[Change]] = {}
    for change in changes:
        category = register.categories.get(change.category)
        for name in category.recipients if category and not category.confidential else ():
            told.setdefault(name, []).append(change)
    return told


def together(changes: Iterable[Change]) -> list[Change]:
    """What became of each category, told once, whatever number of systems it was in."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.category, []).append(change)
    return [
        Change(name, any(each.is_part for each in of_it), listed(each.words for each in of_it if each.words))
        for name, of_it in found.items()
    ]


def listed(words: Iterable[Text]) -> Text | None:
    """Several texts as one, if there is any."""
    all_words = [*words]
    joined = Text.in_both(lambda language: "; ".join(each.in_language(language) for each in all_words))
    return joined if all_words else None


def first_state(recipient: Recipient) -> State:
    """What a notification begins as. Who gets data on occasion only may have none of this person: that is asked."""
    if recipient.confidential:
        return State.LEFT_OUT
    return State.ASKED if recipient.when or recipient.role == "authority" else State.PROPOSED

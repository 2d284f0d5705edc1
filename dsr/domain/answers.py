"""The answer of art. 12(3)-(4): what the letter can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from dsr.domain.notifications import Informed
from dsr.domain.plans import Verdict
from dsr.domain.restriction import INVOKED, Ground, Weighed
from dsr.domain.rights import CARRIED_OUT, Outcome, Right

_CLAIMS = ("claim5", "claim20")


class Tenor(StrEnum):
    """What the first lines of the letter say of the whole."""

    DONE = "done"
    KEPT = "kept"
    PARTLY = "partly"
    REFUSED = "refused"
    NOTHING_FOUND = "nothing-found"
    UNDECIDED = "undecided"
    """As long as a right has no outcome: a draft, which cannot be sent."""


@dataclass(frozen=True, slots=True)
class DecidedRight:
    """A right of the case and how it ended. `reason` is told as it stands."""

    right: Right
    outcome: Outcome | None
    reason: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether at least a part of it was done."""
        return self.outcome in CARRIED_OUT


@dataclass(frozen=True, slots=True)
class Erased:
    """Something that was erased. `remainder` names what stays of it, where a part does."""

    what: str
    erased_on: date
    is_part: bool = False
    remainder: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept, with the last days of its oldest and newest record.

    `law` is a msgid, `years` the length of the duty; without a law it is kept because it is still needed. A row that
    kept rows need has these in `needed_by`.
    """

    what: str
    rule: str | None
    law: str | None
    years: int
    oldest_until: date
    newest_until: date
    needed_by: tuple[str, ...] = ()

    @property
    def exception(self) -> str | None:
        """The letter of art. 17(3) that allows it: b for a duty, e for a legal claim."""
        if self.law is None:
            return None
        return "e" if self.rule in _CLAIMS else "b"


@dataclass(frozen=True, slots=True)
class StillKept:
    """Something that was kept after an earlier request: which, by what law (a msgid), and through which day."""

    what: str
    reference: str
    law: str | None
    until: date | None


@dataclass(frozen=True, slots=True)
class NotErased:
    """Something that stays without a last day: no ground to erase it, a step that comes first, a date not known."""

    what: str
    verdict: Verdict
    reason: str | None = None
    law: str | None = None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Corrected:
    """A value that was corrected: of which category, in which column, what it was and is now (art. 16)."""

    what: str
    column: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Rectified:
    """What a correction came to. `for_books` is not rewritten, since the law keeps these records as they are."""

    corrected_on: date | None = None
    corrected: tuple[Corrected, ...] = ()
    for_books: tuple[Corrected, ...] = ()
    has_statement: bool = False

    @property
    def is_told(self) -> bool:
        """Whether it says what was done."""
        return bool(self.corrected or self.for_books)


@dataclass(frozen=True, slots=True)
class Restricted:
    """Categories that are only stored, since when and why (art. 18); `is_final` once they stopped being used for good.

    With the day and the reason of its end, once that was announced, and the day on which it was lifted.
    """

    what: tuple[str, ...]
    since: date
    ground: Ground
    is_final: bool = False
    lift_on: date | None = None
    lift_reason: str | None = None
    lifted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is no longer used, how an objection to it was weighed, and the systems that have no mark of it yet."""

    restricted: tuple[Restricted, ...] = ()
    weighed: Weighed | None = None
    systems_unmarked: tuple[str, ...] = ()

    def by(self, *grounds: Ground) -> tuple[Restricted, ...]:
        """What is restricted on one of these grounds."""
        return tuple(restricted for restricted in self.restricted if restricted.ground in grounds)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that is not in our systems, or not ours: where it is, or whom to turn to, in words."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Without:
    """A system that was given up, and why; `is_searched` where something was to be done there."""

    where: str
    why: str
    is_searched: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the letter of one case may say.

    `unsearched` systems have not answered yet, the owners of `unconfirmed` ones not said that they did what was asked;
    of those in `given_up` a handler said why they never did.
    """

    reference: str
    received_on: date
    written_on: date
    name: str
    handler: str | None
    rights: tuple[DecidedRight, ...]
    due_on: date | None = None
    refusal_latest_on: date | None = None
    extended_on: date | None = None
    marketing_stopped_on: date | None = None
    copy_until: date | None = None
    erased: tuple[Erased, ...] = ()
    kept: tuple[Kept, ...] = ()
    not_erased: tuple[NotErased, ...] = ()
    systems_without_receipt: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()
    """The systems that had not answered when the newest plan was drawn up."""
    tables_without_entry: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    """The categories that left the register since: of these the letter says nothing."""
    is_cut_short: bool = False
    """Whether an erasure was dropped before all of it was carried out: more stays than what is told to be kept."""
    backup_days: int | None = None
    nothing_found: bool = False
    elsewhere: tuple[Elsewhere, ...] = ()
    not_ours: tuple[Elsewhere, ...] = ()
    informed: tuple[Informed, ...] = ()
    unsearched: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    given_up: tuple[Without, ...] = ()
    is_held: bool = False
    is_told_later: bool = False
    still_kept: tuple[StillKept, ...] = ()
    rectified: Rectified = Rectified()
    uncorrected: tuple[str, ...] = ()
    stopped: Stopped = Stopped()

    @property
    def is_kept_without_law(self) -> bool:
        """Whether something stays for a while that no law has us keep."""
        return any(each.law is None for each in self.kept)

    @property
    def not_erased_alike(self) -> list[list[NotErased]]:
        """What stays without a last day, together where the same is said of it."""
        alike: dict[tuple[Verdict, str | None, str | None], list[NotErased]] = {}
        for left in self.not_erased:
            alike.setdefault((left.verdict, left.reason, left.law), []).append(left)
        return list(alike.values())

    def right(self, right: Right) -> DecidedRight | None:
        """How a right of the case ended, or None where the case does not invoke it. A template says its word."""
        return next((decided for decided in self.rights if decided.right == right), None)

    @property
    def told(self) -> frozenset[Right]:
        """The rights whose outcome the letter tells from what is recorded, also where it is not what was asked."""
        recorded = {
            Right.RECTIFICATION: self.rectified.is_told,
            Right.RESTRICTION: bool(self.stopped.by(*INVOKED)),
            Right.OBJECTION: self.stopped.weighed is Weighed.UPHELD,
            Right.CONSENT_WITHDRAWAL: bool(self.stopped.by(Ground.CONSENT)),
        }
        return frozenset(right for right, is_recorded in recorded.items() if is_recorded)

    @property
    def erased_on(self) -> tuple[date, ...]:
        """The days on which something was erased, in order."""
        return tuple(sorted({erased.erased_on for erased in self.erased}))

    @property
    def backups_until(self) -> date | None:
        """The last day on which backups may still hold what was erased; None where there is nothing to say."""
        return max(self.erased_on) + timedelta(days=self.backup_days) if self.erased and self.backup_days else None

    @property
    def is_late(self) -> bool:
        """Whether the letter leaves after the last day of art. 12(3)."""
        return self.due_on is not None and self.written_on > self.due_on

    @property
    def tenor(self) -> Tenor:
        """What the first lines say. What was withdrawn or stopped at once does not colour the rest."""
        outcomes = {decided.outcome for decided in self.rights} - {Outcome.WITHDRAWN}
        if None in outcomes:
            return Tenor.UNDECIDED
        if self.nothing_found and {Outcome.NOT_APPLICABLE} <= outcomes <= {Outcome.NOT_APPLICABLE, Outcome.FULFILLED}:
            return Tenor.NOTHING_FOUND
        if outcomes <= {Outcome.FULFILLED} and not self.given_up:
            return self._tenor_of_earlier if self.right(Right.ERASURE) else Tenor.DONE
        if outcomes <= {Outcome.FULFILLED, Outcome.PARTLY_FULFILLED} and self._only_kept_by_law and not self.given_up:
            return Tenor.KEPT
        return Tenor.PARTLY if outcomes & {*CARRIED_OUT, Outcome.FORWARDED} else Tenor.REFUSED

    @property
    def _tenor_of_earlier(self) -> Tenor:
        """What is to be said of an erasure by which all went but what an earlier one left."""
        if not self.still_kept:
            return Tenor.DONE
        return Tenor.KEPT if all(each.law for each in self.still_kept) else Tenor.PARTLY

    @property
    def _only_kept_by_law(self) -> bool:
        partly = {decided.right for decided in self.rights if decided.outcome is Outcome.PARTLY_FULFILLED}
        leaves_more = self.not_erased or self.is_kept_without_law or self.is_cut_short
        return partly == {Right.ERASURE} and bool(self.kept) and not leaves_more

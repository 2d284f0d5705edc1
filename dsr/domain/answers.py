"""The answer of art. 12(3)-(4): what the letter must be able to say, and what keeps it from being sent.

A sentence of fact needs a receipt or an entry of the register; what has neither is missing, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from dsr.domain.errors import DomainError
from dsr.domain.notifications import Informed, State
from dsr.domain.plans import Verdict
from dsr.domain.restriction import INVOKED, Ground, Weighed
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_

RIGHT_WORDS = {
    Right.ACCESS: N_("access"),
    Right.RECTIFICATION: N_("correction"),
    Right.ERASURE: N_("erasure"),
    Right.RESTRICTION: N_("restriction"),
    Right.PORTABILITY: N_("portability"),
    Right.OBJECTION: N_("objection"),
    Right.MARKETING_OBJECTION: N_("stop with advertising"),
    Right.AUTOMATED_DECISION: N_("automated decision"),
    Right.CONSENT_WITHDRAWAL: N_("withdrawal of consent"),
}

_DONE = (Outcome.FULFILLED, Outcome.PARTLY_FULFILLED)
# What these come to is in the receipts of the program; of all other rights only the handler can tell what was done.
_TOLD_BY_RECEIPTS = (Right.ACCESS, Right.ERASURE, Right.MARKETING_OBJECTION)
_CLAIMS = ("claim5", "claim20")


class Remark(DomainError):
    """Something to say to the handler about a letter."""


class AnswerIncomplete(DomainError):
    """The letter lacks something; `missing` says what, a sentence each."""

    def __init__(self, missing: tuple[Remark, ...]) -> None:
        super().__init__(N_("The letter cannot be sent yet: something is missing."))
        self.missing = missing


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
        return self.outcome in _DONE


@dataclass(frozen=True, slots=True)
class Erased:
    """Something that was erased. `remainder` names what stays of it, where a part does."""

    what: str
    erased_on: date
    is_part: bool = False
    remainder: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that a law keeps, with the last days of its oldest and newest record.

    `law` is a msgid, `years` the length of the duty. A row that kept rows need has these in `needed_by`.
    """

    what: str
    rule: str | None
    law: str | None
    years: int
    oldest_until: date | None
    newest_until: date | None
    needed_by: tuple[str, ...] = ()

    @property
    def exception(self) -> str:
        """The letter of art. 17(3) that allows it: b for a duty, e for a legal claim."""
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
    backup_days: int | None = None
    nothing_found: bool = False
    elsewhere: tuple[Elsewhere, ...] = ()
    not_ours: tuple[Elsewhere, ...] = ()
    informed: tuple[Informed, ...] = ()
    unsearched: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    given_up: tuple[Elsewhere, ...] = ()
    is_held: bool = False
    is_told_later: bool = False
    still_kept: tuple[StillKept, ...] = ()
    rectified: Rectified = Rectified()
    uncorrected: tuple[str, ...] = ()
    stopped: Stopped = Stopped()

    def right(self, right: Right) -> DecidedRight | None:
        """How a right of the case ended, or None where the case does not invoke it."""
        return next((decided for decided in self.rights if decided.right is right), None)

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
        if self.nothing_found and not outcomes - {Outcome.NOT_APPLICABLE, Outcome.FULFILLED}:
            return Tenor.NOTHING_FOUND
        if outcomes <= {Outcome.FULFILLED} and not self.given_up:
            return Tenor.DONE
        if outcomes <= {Outcome.FULFILLED, Outcome.PARTLY_FULFILLED} and self._only_kept_by_law and not self.given_up:
            return Tenor.KEPT
        return Tenor.PARTLY if outcomes & {*_DONE, Outcome.FORWARDED} else Tenor.REFUSED

    @property
    def _only_kept_by_law(self) -> bool:
        partly = {decided.right for decided in self.rights if decided.outcome is Outcome.PARTLY_FULFILLED}
        return partly == {Right.ERASURE} and bool(self.kept) and not self.not_erased


def missing_parts(facts: Facts) -> tuple[Remark, ...]:
    """What the letter cannot do without and does not have; empty when it may be sent (art. 12(3)-(4), 15, 17, 19)."""
    return tuple(_missing(facts))


def _missing(facts: Facts) -> Iterator[Remark]:
    if not facts.rights:
        yield Remark(N_("Note first which rights this request invokes."))
    if not facts.handler:
        yield Remark(N_("Nobody has taken this case: a letter needs somebody who signs it."))
    if any(_rests_on_search(decided) for decided in facts.rights):
        for system in facts.unsearched:
            yield Remark(N_("This system has not answered yet: %(system)s."), system=system)
    for system in facts.unconfirmed:
        yield Remark(N_("The owner has not said yet that it is done in: %(system)s."), system=system)
    for system in facts.stopped.systems_unmarked:
        yield Remark(N_("The restriction is not marked yet in: %(system)s."), system=system)
    for decided in facts.rights:
        yield from _missing_of(decided, facts)


def _rests_on_search(decided: DecidedRight) -> bool:
    """Whether the outcome says something of what we hold; a refusal, for one, does not."""
    is_told = decided.outcome in (*_DONE, Outcome.NOT_APPLICABLE)
    return decided.right in (Right.ACCESS, Right.ERASURE, Right.PORTABILITY) and is_told


def _missing_of(decided: DecidedRight, facts: Facts) -> Iterator[Remark]:
    word = RIGHT_WORDS[decided.right]
    if decided.outcome is None:
        yield Remark(N_("There is no outcome yet for: %(right)s."), right=word)
        return
    if decided.right not in facts.told and _needs_reason(decided, facts) and not (decided.reason or "").strip():
        yield Remark(_ASK_FOR_REASON[decided.is_done], right=word)
    if decided.is_done and decided.right is Right.ACCESS and facts.copy_until is None:
        yield Remark(N_("The copy has not been released yet."))
    if decided.is_done and decided.right is Right.MARKETING_OBJECTION and facts.marketing_stopped_on is None:
        yield Remark(N_("The day on which advertising stopped is not recorded."))
    if decided.right is Right.ERASURE or (decided.right is Right.CONSENT_WITHDRAWAL and not facts.right(Right.ERASURE)):
        yield from _missing_of_erasure(decided, facts)
    if decided.right is Right.RECTIFICATION and decided.is_done:
        for system in facts.uncorrected:
            yield Remark(N_("The correction does not reach this system yet: %(system)s."), system=system)


_ASK_FOR_REASON = {
    True: N_("Say in words what was done, for: %(right)s."),
    False: N_("Give the reason that the person will read, for: %(right)s (art. 12(4))."),
}


def _needs_reason(decided: DecidedRight, facts: Facts) -> bool:
    match decided.outcome:
        case Outcome.FULFILLED:
            return decided.right not in _TOLD_BY_RECEIPTS
        case Outcome.WITHDRAWN:
            return False
        case Outcome.NOT_APPLICABLE:
            return not facts.nothing_found
        case Outcome.PARTLY_FULFILLED | Outcome.REFUSED:
            return not _says_what_was_not_done(decided, facts)
        case Outcome.FORWARDED:
            return not facts.not_ours
        case _:
            return True


def _says_what_was_not_done(decided: DecidedRight, facts: Facts) -> bool:
    """Whether the letter gives the reasons without words of the handler for this right."""
    if decided.right is Right.ERASURE and (facts.kept or facts.not_erased or facts.not_ours):
        return True
    is_searched_for = decided.right in (Right.ACCESS, Right.ERASURE)
    return decided.outcome is Outcome.PARTLY_FULFILLED and is_searched_for and bool(facts.given_up)


def _missing_of_erasure(decided: DecidedRight, facts: Facts) -> Iterator[Remark]:
    for system in facts.unplanned if decided.is_done else ():
        yield Remark(N_("The erasure does not reach this system yet: %(system)s."), system=system)
    for system in facts.systems_without_receipt:
        yield Remark(N_("There is no receipt of the erasure in: %(system)s."), system=system)
    for table in facts.tables_without_entry:
        yield Remark(N_("What is kept is not in the ledger: %(table)s."), table=table)
    if decided.right is Right.ERASURE and decided.outcome is Outcome.FULFILLED and not facts.erased:
        yield Remark(N_("There is no receipt that anything was erased."))
    if facts.erased and facts.backup_days is None:
        yield Remark(N_("The register does not say how many days a backup lives (backup_days; 0 for no backups)."))
    for kept in facts.kept:
        if kept.newest_until is None or not (kept.law or kept.needed_by):
            yield Remark(N_("Which law keeps this, and until when, is not known: %(what)s."), what=kept.what)
    for left in facts.not_erased:
        if left.verdict is Verdict.REFUSE and not left.reason:
            yield Remark(N_("Why this is not erased is not recorded: %(what)s."), what=left.what)


def warnings(facts: Facts) -> tuple[Remark, ...]:
    """What the handler should know before sending; none of it keeps the letter from leaving."""
    return tuple(_warnings(facts))


def _warnings(facts: Facts) -> Iterator[Remark]:
    refuses = any(right.outcome in (Outcome.REFUSED, Outcome.PARTLY_FULFILLED) for right in facts.rights)
    latest = facts.refusal_latest_on
    if refuses and latest and facts.written_on > latest:
        yield Remark(
            N_("A refusal, also of a part, had to be told by %(latest)s (art. 12(4)). Send it now all the same."),
            latest=latest,
        )
    if facts.is_late and facts.due_on:
        yield Remark(N_("The answer was due on %(due_on)s. The letter says that it is late."), due_on=facts.due_on)
    if to_tell := tuple(each.name for each in facts.informed if each.state in (State.PROPOSED, State.MAILED)):
        yield Remark(N_("Not told yet, and the letter says so: %(recipients)s (art. 19)."), recipients=to_tell)
    if facts.copy_until and facts.copy_until < facts.written_on:
        yield Remark(N_("The copy could be fetched through %(until)s and is gone now."), until=facts.copy_until)

"""What keeps an answer from being sent, and what its handler should know before it leaves (art. 12(3)-(4)).

A sentence of fact needs a receipt or an entry of the register; what has neither is missing, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsr.domain.answers import DecidedRight, Facts
from dsr.domain.errors import DomainError
from dsr.domain.notifications import State
from dsr.domain.plans import Verdict
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

# What these come to is in the receipts of the program; of all other rights only the handler can tell what was done.
_TOLD_BY_RECEIPTS = (Right.ACCESS, Right.ERASURE, Right.MARKETING_OBJECTION)
# Of these a part can be left undone by the program itself, in a system that was given up; the letter tells that apart.
_LEFT_IN_PART = frozenset(Right) - {Right.RECTIFICATION, Right.PORTABILITY, Right.AUTOMATED_DECISION}


class Remark(DomainError):
    """Something to say to the handler about a letter."""


class AnswerIncomplete(DomainError):
    """The letter lacks something; `missing` says what, a sentence each."""

    def __init__(self, missing: tuple[Remark, ...]) -> None:
        super().__init__(N_("The letter cannot be sent yet: something is missing."))
        self.missing = missing


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
    is_told = decided.is_done or decided.outcome is Outcome.NOT_APPLICABLE
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
    return decided.outcome is Outcome.PARTLY_FULFILLED and decided.right in _LEFT_IN_PART and bool(facts.given_up)


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
    untold = (each.name for each in facts.informed if each.state in (State.PROPOSED, State.MAILED))
    if to_tell := tuple(dict.fromkeys(untold)):
        yield Remark(N_("Not told yet, and the letter says so: %(recipients)s (art. 19)."), recipients=to_tell)
    if facts.unnamed:
        yield Remark(N_("No longer in the register, so the letter leaves it out: %(what)s."), what=facts.unnamed)
    if facts.copy_until and facts.copy_until < facts.written_on:
        yield Remark(N_("The copy could be fetched through %(until)s and is gone now."), until=facts.copy_until)

"""What keeps a letter from being sent, and what its handler is warned about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsr.domain.answer_check import missing_parts, warnings
from dsr.domain.answers import DecidedRight, Elsewhere, Facts
from dsr.domain.rights import Outcome, Right
from tests.parts.letter import COMPLETE, CONTRACT, DAY


def outcome(facts: Facts, right: Right, ended: Outcome | None, reason: str | None = None) -> Facts:
    changed = (DecidedRight(right, ended, reason) if each.right is right else each for each in facts.rights)
    return replace(facts, rights=tuple(changed))


def test_a_complete_letter_misses_nothing() -> None:
    assert missing_parts(COMPLETE) == ()
    assert warnings(COMPLETE) == ()


# Each takes away one fact that the letter cannot do without.
TAKEN_AWAY: dict[str, Facts] = {
    "rights": replace(COMPLETE, rights=()),
    "handler": replace(COMPLETE, handler=None),
    "the day advertising stopped": replace(COMPLETE, marketing_stopped_on=None),
    "the released copy": replace(COMPLETE, copy_until=None),
    "a receipt": replace(COMPLETE, systems_without_receipt=("shop",)),
    "a ledger entry": replace(COMPLETE, tables_without_entry=("invoice",)),
    "what a withdrawn consent does not reach": replace(
        COMPLETE, rights=(DecidedRight(Right.CONSENT_WITHDRAWAL, Outcome.FULFILLED, "x"),), unplanned=("binder",)
    ),
    "the life of backups": replace(COMPLETE, backup_days=None),
    "why something is not erased": replace(COMPLETE, not_erased=(replace(CONTRACT, reason=None),)),
    "what was corrected": outcome(COMPLETE, Right.RECTIFICATION, Outcome.FULFILLED),
    "why it was refused": outcome(COMPLETE, Right.OBJECTION, Outcome.REFUSED, "  "),
    "proof of an erasure": outcome(replace(COMPLETE, erased=()), Right.ERASURE, Outcome.FULFILLED),
    "why nothing stays": outcome(replace(COMPLETE, kept=(), not_erased=()), Right.ERASURE, Outcome.PARTLY_FULFILLED),
    **{f"an outcome of {each.right}": outcome(COMPLETE, each.right, None) for each in COMPLETE.rights},
}


@pytest.mark.parametrize("fact", TAKEN_AWAY)
def test_without(fact: str) -> None:
    (remark,) = missing_parts(TAKEN_AWAY[fact])
    assert str(remark).endswith(".")
    assert "%" not in str(remark)


def test_everything_missing_is_told_at_once() -> None:
    for one, other in combinations(["marketing_stopped_on", "copy_until", "handler", "backup_days"], 2):
        assert len(missing_parts(replace(COMPLETE, **{one: None, other: None}))) == 2


@given(
    st.sampled_from(Right),
    st.sampled_from([Outcome.REFUSED, Outcome.FORWARDED, Outcome.NOT_APPLICABLE, Outcome.PARTLY_FULFILLED]),
)
def test_no_right_is_refused_without_a_reason(right: Right, ended: Outcome) -> None:
    bare = replace(COMPLETE, rights=(DecidedRight(right, ended),), kept=(), not_erased=())
    assert missing_parts(bare)
    assert not missing_parts(replace(bare, rights=(DecidedRight(right, ended, "Daarom."),)))


@pytest.mark.parametrize("right", [Right.ACCESS, Right.ERASURE])
def test_that_nothing_was_found_is_reason_enough(right: Right) -> None:
    bare = replace(COMPLETE, rights=(DecidedRight(right, Outcome.NOT_APPLICABLE),), erased=(), kept=(), not_erased=())
    assert missing_parts(bare)
    assert not missing_parts(replace(bare, nothing_found=True))


def test_without_an_erasure_nobody_asks_how_long_backups_live() -> None:
    asked = replace(COMPLETE, rights=COMPLETE.rights[:1], erased=(), kept=(), not_erased=(), backup_days=None)
    assert missing_parts(asked) == ()


def test_a_late_refusal_is_warned_about_and_not_blocked() -> None:
    late = replace(COMPLETE, refusal_latest_on=date(2026, 11, 26))
    assert [str(remark) for remark in warnings(late)] == [
        "A refusal, also of a part, had to be told by 2026-11-26 (art. 12(4)). Send it now all the same."
    ]
    assert missing_parts(late) == ()
    assert warnings(replace(late, rights=COMPLETE.rights[:3])) == ()
    assert warnings(replace(late, written_on=date(2026, 11, 26))) == ()


def test_a_late_answer_and_a_copy_that_is_gone_are_warned_about() -> None:
    late = replace(COMPLETE, rights=COMPLETE.rights[:2], due_on=DAY, copy_until=DAY)
    assert late.is_late
    assert len(warnings(late)) == 2


def test_what_is_sent_on_needs_no_other_reason_than_whose_it_is() -> None:
    sent_on = replace(
        COMPLETE, rights=(DecidedRight(Right.ERASURE, Outcome.FORWARDED),), erased=(), kept=(), not_erased=()
    )
    assert len(missing_parts(sent_on)) == 1
    assert missing_parts(replace(sent_on, not_ours=(Elsewhere("Websites", "de eigenaar"),))) == ()

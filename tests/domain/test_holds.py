"""What a hold is: for which categories, how it is noted, and when somebody looks again."""

from __future__ import annotations

from datetime import date

import pytest

from dsr.domain.holds import HoldGround, ReviewDate, check_review, ground_of, noted_ground, why_held

TODAY = date(2026, 11, 23)


def test_a_hold_on_one_category_leaves_the_others() -> None:
    holds = {"invoice": HoldGround.DISPUTE}
    assert ground_of(holds, "invoice") is HoldGround.DISPUTE
    assert ground_of(holds, "ticket") is None
    assert ground_of({None: HoldGround.INQUIRY}, "ticket") is HoldGround.INQUIRY


def test_what_is_noted_is_read_again_and_nothing_else_is() -> None:
    assert [noted_ground(why_held(ground)) for ground in HoldGround] == list(HoldGround)
    assert noted_ground("dispute") is None
    assert noted_ground(None) is None


@pytest.mark.parametrize("day", [None, TODAY, date(2026, 1, 1), date(2027, 11, 25), date(9999, 12, 31)])
def test_a_review_lies_ahead_and_within_a_year(day: date | None) -> None:
    with pytest.raises(ReviewDate):
        check_review(day, TODAY)
    assert check_review(date(2027, 11, 24), TODAY) == date(2027, 11, 24)

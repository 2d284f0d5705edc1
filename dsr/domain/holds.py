"""Holds: somebody keeps rows from going, whatever was asked, until they lift it (GDPR art. 17(3)(b), (e))."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_

LONGEST_REVIEW = timedelta(days=366)
_MARK = "hold:"


class HoldGround(StrEnum):
    """For what data may stay although it was asked to go."""

    LEGAL_CLAIM = "legal-claim"  # art. 17(3)(e)
    DISPUTE = "dispute"  # art. 17(3)(e): no claim has been brought yet
    INQUIRY = "inquiry"  # art. 17(3)(b): an authority has asked for it


Holds = Mapping[str | None, HoldGround]
"""What is held of one person: category -> ground; None stands for every category."""


class ReviewDate(DomainError):
    """A hold needs a day on which somebody looks whether it is still needed."""


def ground_of(holds: Holds, category: str) -> HoldGround | None:
    """The ground on which rows of a category are held, if they are."""
    return holds.get(category) or holds.get(None)


def why_held(ground: HoldGround) -> str:
    """How a plan and the ledger note that a row stays because of a hold."""
    return f"{_MARK}{ground.value}"


def noted_ground(noted: str | None) -> HoldGround | None:
    """The ground that `why_held` noted; None for any other reason."""
    return HoldGround(noted.removeprefix(_MARK)) if noted and noted.startswith(_MARK) else None


def check_review(review_on: date | None, today: date) -> date:
    """ReviewDate unless the day lies ahead, and within a year."""
    if review_on is None:
        raise ReviewDate(N_("Choose the day on which somebody looks whether the hold is still needed."))
    if not today < review_on <= today + LONGEST_REVIEW:
        raise ReviewDate(N_("Choose a review date after today and within a year."))
    return review_on

"""The rights a data subject can invoke (GDPR articles 7(3) and 15-22) and the order to carry them out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Right(StrEnum):
    """A right, named by the statute; the value is stored and used in addresses of pages."""

    ACCESS = "access"  # art. 15
    RECTIFICATION = "rectification"  # art. 16
    ERASURE = "erasure"  # art. 17
    RESTRICTION = "restriction"  # art. 18
    PORTABILITY = "portability"  # art. 20
    OBJECTION = "objection"  # art. 21(1)
    MARKETING_OBJECTION = "marketing-objection"  # art. 21(2)
    AUTOMATED_DECISION = "automated-decision"  # art. 22
    CONSENT_WITHDRAWAL = "consent-withdrawal"  # art. 7(3)


ARTICLES: dict[Right, str] = {
    Right.ACCESS: "15",
    Right.RECTIFICATION: "16",
    Right.ERASURE: "17",
    Right.RESTRICTION: "18",
    Right.PORTABILITY: "20",
    Right.OBJECTION: "21(1)",
    Right.MARKETING_OBJECTION: "21(2)",
    Right.AUTOMATED_DECISION: "22",
    Right.CONSENT_WITHDRAWAL: "7(3)",
}

OFFERED = (
    Right.ACCESS,
    Right.RECTIFICATION,
    Right.ERASURE,
    Right.RESTRICTION,
    Right.OBJECTION,
    Right.MARKETING_OBJECTION,
    Right.CONSENT_WITHDRAWAL,
)
"""The rights that the public form offers today."""

# What can be lost by an erasure comes before it; stopping advertising waits for nothing.
_ORDER = (
    Right.MARKETING_OBJECTION,
    Right.ACCESS,
    Right.PORTABILITY,
    Right.RECTIFICATION,
    Right.RESTRICTION,
    Right.OBJECTION,
    Right.CONSENT_WITHDRAWAL,
    Right.AUTOMATED_DECISION,
    Right.ERASURE,
)


def in_order(rights: Iterable[Right]) -> list[Right]:
    """The rights in the order that loses nothing: erasure last."""
    return sorted(set(rights), key=_ORDER.index)


def needs_identity(right: Right) -> bool:
    """Whether a right waits for the identity check.

    Stopping advertising discloses nothing and is done at once (art. 21(3)); all else waits.
    """
    return right is not Right.MARKETING_OBJECTION


class Outcome(StrEnum):
    """How a right of a case ended."""

    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly-fulfilled"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"


CARRIED_OUT = (Outcome.FULFILLED, Outcome.PARTLY_FULFILLED)
"""At least a part was done."""

"""The states of a case and the moves between them. Overdue, suspended and days left are derived, never stored."""

from __future__ import annotations

from enum import StrEnum

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_


class Status(StrEnum):
    """Where a case is; the values are stored."""

    RECEIVED = "received"
    IDENTIFYING = "identifying"
    HANDLING = "handling"
    ANSWERED = "answered"
    CLOSED = "closed"
    SET_ASIDE = "set-aside"
    WITHDRAWN = "withdrawn"


_MOVES: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.IDENTIFYING, Status.HANDLING, Status.SET_ASIDE, Status.WITHDRAWN}),
    Status.IDENTIFYING: frozenset({Status.HANDLING, Status.ANSWERED, Status.SET_ASIDE, Status.WITHDRAWN}),
    Status.HANDLING: frozenset({Status.IDENTIFYING, Status.ANSWERED, Status.WITHDRAWN}),
    Status.ANSWERED: frozenset({Status.CLOSED, Status.HANDLING}),
    Status.CLOSED: frozenset(),
    Status.SET_ASIDE: frozenset({Status.RECEIVED}),
    Status.WITHDRAWN: frozenset({Status.CLOSED}),
}

_WORDS: dict[Status, str] = {
    Status.RECEIVED: N_("received"),
    Status.IDENTIFYING: N_("waiting for the identity check"),
    Status.HANDLING: N_("being handled"),
    Status.ANSWERED: N_("answered"),
    Status.CLOSED: N_("closed"),
    Status.SET_ASIDE: N_("set aside"),
    Status.WITHDRAWN: N_("withdrawn"),
}

OPEN = frozenset({Status.RECEIVED, Status.IDENTIFYING, Status.HANDLING})
"""States in which the statutory clock still asks something of the controller."""


class IllegalTransition(DomainError):
    """A case cannot go from its state to the one asked for."""


def check_move(status: Status, to: Status) -> Status:
    """The state `to`, if a case may go there from `status`; IllegalTransition otherwise."""
    if to not in _MOVES[status]:
        raise IllegalTransition(
            N_("A case that is %(status)s cannot become %(to)s."), status=_WORDS[status], to=_WORDS[to]
        )
    return to

"""The states of a case and the moves between them. Overdue, suspended and days left are derived, never stored."""

from __future__ import annotations

from enum import StrEnum

from dsr.domain.errors import DomainError


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
    Status.HANDLING: frozenset({Status.ANSWERED, Status.WITHDRAWN}),
    Status.ANSWERED: frozenset({Status.CLOSED, Status.HANDLING}),
    Status.CLOSED: frozenset(),
    Status.SET_ASIDE: frozenset({Status.RECEIVED}),
    Status.WITHDRAWN: frozenset({Status.CLOSED}),
}

OPEN = frozenset({Status.RECEIVED, Status.IDENTIFYING, Status.HANDLING})
"""States in which the statutory clock still asks something of the controller."""


class IllegalTransition(DomainError):
    """A case cannot go from its state to the one asked for."""


def check_move(status: Status, to: Status) -> Status:
    """The state `to`, if a case may go there from `status`; IllegalTransition otherwise."""
    if to not in _MOVES[status]:
        raise IllegalTransition("A case that is %(status)s cannot become %(to)s.", status=status, to=to)
    return to

"""How far a case is, in the words of the staff pages; derived, never stored."""

from __future__ import annotations

from collections.abc import Mapping

from dsr.db.cases import Case
from dsr.db.notices import Work
from dsr.domain.lifecycle import Status
from dsr.domain.rights import needs_identity

_BY_STATUS = {
    Status.RECEIVED: "new",
    Status.ANSWERED: "answered",
    Status.CLOSED: "closed",
    Status.SET_ASIDE: "set-aside",
    Status.WITHDRAWN: "withdrawn",
}


def state_of(case: Case, work: Mapping[str, Work], plan_state: str | None) -> str:
    """The state as the key of a tag: what is waited for, else which step is being done."""
    if case.due_on is None and case.is_open:
        return "waiting-for-person"
    if case.status in _BY_STATUS:
        return _BY_STATUS[Status(case.status)]
    waiting = [each for kind, each in work.items() if kind != "lookup" and each.state == "queued"]
    if any(each.error for each in waiting):
        return "waiting-for-system"
    if case.status == Status.IDENTIFYING:
        return "identifying"
    return _handling(case, bool(waiting), plan_state)


def _handling(case: Case, is_working: bool, plan_state: str | None) -> str:
    if is_working:
        return "searching"
    if plan_state == "proposed":
        return "for-approval"
    return "writing" if all(right.outcome for right in case.rights) and case.rights else "weighing"


def identity_of(case: Case, is_identified: bool) -> str:
    """How far the identity check is, as the key of a word."""
    if is_identified:
        return "confirmed"
    if case.rights and not any(needs_identity(right.kind) for right in case.rights):
        return "not-needed"
    return "not-yet"

"""How far a request is, as the person sees it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy
from dsr.db.base import new_id
from dsr.db.cases import Case, ClockEvent
from dsr.db.plans import Search
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services.status import Progress, follow
from tests.parts import cast
from tests.parts.store import NOW, Store

DAY = timedelta(days=1)


def _states(progress: Progress) -> list[str]:
    return [stage.state for stage in progress.stages]


def _release(session: Session, case: Case, **changed: object) -> None:
    copy = AccessCopy(
        case_id=case.id, file="copy", size=4_200_000, page_at=0, row_count=7, made_at=NOW, released_at=NOW
    )
    copy.expires_on, copy.downloads = date(2026, 12, 23), 0
    for name, value in changed.items():
        setattr(copy, name, value)
    session.add(copy)
    session.flush()


def _follow(session: Session, case: Case, settings: Settings) -> Progress:
    session.flush()
    return follow(session, case, settings=settings, now=NOW)


def test_nobody_has_begun_with_a_request_that_just_came_in(store: Store) -> None:
    with store.transaction() as session:
        progress = _follow(session, cast.add_case(session, Right.ACCESS), store.settings)
        assert _states(progress) == ["done", "later", "later", "later", "later"]
        assert progress.current == "received"
        assert progress.due_on == date(2026, 12, 23)
        assert [asked.state for asked in progress.asked] == ["waiting"]


def test_each_step_is_done_by_what_was_recorded(store: Store) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ACCESS, Right.ERASURE, status=Status.IDENTIFYING)
        assert _follow(session, case, store.settings).current == "identity"
        cast.confirm(session, case, cast.add_member(session))
        case.status = Status.HANDLING.value
        assert _follow(session, case, store.settings).current == "collecting"
        search = Search(case_id=case.id, searched_at=NOW + DAY, findings=[], systems={"shop": {"state": "down"}})
        session.add(search)
        assert _follow(session, case, store.settings).current == "collecting", "a system has not answered"
        search.systems = {"shop": {"state": "found"}}
        progress = _follow(session, case, store.settings)
        assert progress.current == "checking"
        days = [stage.on for stage in progress.stages]
        assert days == [date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 24), None, None]
        assert [asked.state for asked in progress.asked] == ["busy", "busy"]


def test_an_answered_request_is_done_whatever_steps_it_took(store: Store) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.RECTIFICATION, status=Status.ANSWERED)
        case.answered_at = NOW + DAY
        progress = _follow(session, case, store.settings)
        assert _states(progress) == ["done"] * 5
        assert progress.current == "answered"
        assert [(asked.state, asked.on) for asked in progress.asked] == [("answered", date(2026, 11, 24))]


def test_an_outcome_stays_behind_the_receipt_code(store: Store) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ERASURE, status=Status.HANDLING)
        case.rights[0].outcome = "refused"
        assert [asked.state for asked in _follow(session, case, store.settings).asked] == ["busy"]


def test_a_released_copy_waits(store: Store) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ACCESS, status=Status.HANDLING)
        _release(session, case, downloads=2)
        progress = _follow(session, case, store.settings)
        assert progress.copy is not None
        assert (progress.copy.size, progress.copy.last_on, progress.copy.times_left) == (
            4_200_000,
            date(2026, 12, 23),
            3,
        )
        assert [asked.state for asked in progress.asked] == ["copy-ready"]


@pytest.mark.parametrize(
    ("changed", "is_gone"),
    [
        ({"released_at": None}, False),
        ({"expires_on": date(2026, 11, 22)}, True),
        ({"downloads": 5}, True),
        ({"purged_at": NOW}, True),
    ],
)
def test_a_copy_that_cannot_be_fetched_is_not_offered(store: Store, changed: dict[str, object], is_gone: bool) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ACCESS, status=Status.HANDLING)
        _release(session, case, **changed)
        progress = _follow(session, case, store.settings)
        assert progress.copy is None
        assert progress.copy_is_gone is is_gone


def test_an_extension_tells_its_reason_and_its_day(store: Store) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ACCESS, status=Status.HANDLING)
        event = ClockEvent(id=new_id(), case_id=case.id, kind="extension", started_at=NOW + DAY)
        event.reason = "U vroeg om opnamen waarop ook anderen te horen zijn."
        session.add(event)
        session.flush()
        session.expire(case, ["events"])
        progress = _follow(session, case, store.settings)
        assert progress.extension_reason == event.reason
        assert progress.due_on == date(2027, 2, 23)

"""What the worker is asked: done once, tried again, taken over when the one who did it is gone."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from dsr.domain.rights import Right
from dsr.services import work
from dsr.services.work import Claimed
from tests.parts import cast
from tests.parts.store import NOW, Store

MINUTE = timedelta(minutes=1)


@pytest.fixture
def case_id(store: Store) -> uuid.UUID:
    with store.transaction() as session:
        return cast.add_case(session, Right.ACCESS).id


def ask(store: Store, case_id: uuid.UUID, kind: str = "search", at: timedelta = timedelta()) -> None:
    with store.transaction() as session:
        work.ask(session, case_id, kind, now=NOW + at)


def claim(store: Store, at: timedelta = timedelta()) -> Claimed | None:
    with store.transaction() as session:
        return work.claim(session, now=NOW + at)


def claimed(store: Store, at: timedelta = timedelta()) -> Claimed:
    found = claim(store, at)
    assert found is not None
    return found


def state(store: Store, case_id: uuid.UUID, kind: str = "search") -> tuple[str, str | None]:
    with store.transaction(writes=False) as session:
        found = work.of(session, case_id)[kind]
        return found.state, found.error


def test_a_step_is_claimed_by_one(store: Store, case_id: uuid.UUID) -> None:
    assert claim(store) is None
    ask(store, case_id)
    first = claimed(store)
    assert (first.kind, first.case_id, first.attempts) == ("search", case_id, 1)
    assert claim(store) is None
    with store.transaction() as session:
        work.finish(session, first)
    assert state(store, case_id) == ("done", None)
    assert claim(store, timedelta(days=1)) is None


def test_the_step_that_waits_longest_comes_first(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id, "copy", at=MINUTE)
    ask(store, case_id, "search")
    assert [claimed(store, MINUTE).kind, claimed(store, MINUTE).kind] == ["search", "copy"]


def test_a_step_is_not_done_before_its_time(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id, at=MINUTE)
    assert claim(store) is None
    assert claimed(store, MINUTE).kind == "search"


def test_a_lease_that_ran_out_is_taken_over(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    claimed(store)
    assert claim(store, work.LEASE) is None
    assert claimed(store, work.LEASE + timedelta(seconds=1)).attempts == 2


def test_when_the_worker_starts_nothing_waits_for_a_dead_one(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    claimed(store)
    with store.transaction() as session:
        work.release_all(session)
    assert claimed(store).attempts == 2


def test_a_step_is_put_off_longer_each_time(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    at = timedelta()
    for minutes in (1, 5, 15, 60, 60):
        found = claimed(store, at)
        with store.transaction() as session:
            work.put_off(session, found, "shop: does not answer", now=NOW + at)
        assert state(store, case_id) == ("queued", "shop: does not answer")
        assert claim(store, at + minutes * MINUTE - timedelta(seconds=1)) is None
        at += minutes * MINUTE


def test_what_cannot_be_done_waits_until_it_is_asked_anew(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    found = claimed(store)
    with store.transaction() as session:
        work.refuse(session, found, "x" * 500)
    assert state(store, case_id) == ("refused", "x" * 400)
    assert claim(store, timedelta(days=9)) is None
    ask(store, case_id, at=MINUTE)
    assert state(store, case_id) == ("queued", None)
    assert claimed(store, MINUTE).attempts == 1


def test_who_lost_the_lease_settles_nothing(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    paused = claimed(store)
    later = work.LEASE + MINUTE
    claimed(store, later)
    with store.transaction() as session:
        work.finish(session, paused)
    assert state(store, case_id) == ("queued", None)


def test_a_step_asked_anew_while_it_is_done_is_done_again(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    first = claimed(store)
    ask(store, case_id, at=MINUTE)
    second = claimed(store, MINUTE)
    with store.transaction() as session:
        work.put_off(session, first, "too late", now=NOW)
    assert state(store, case_id) == ("queued", None)
    with store.transaction() as session:
        work.finish(session, second)
    assert state(store, case_id) == ("done", None)


def test_whether_a_step_is_still_to_be_done(store: Store, case_id: uuid.UUID) -> None:
    ask(store, case_id)
    with store.transaction() as session:
        assert work.is_waiting(session, case_id, "search")
        assert not work.is_waiting(session, case_id, "erase")
    found = claimed(store)
    with store.transaction() as session:
        assert work.is_waiting(session, case_id, "search")
        work.finish(session, found)
        assert not work.is_waiting(session, case_id, "search")

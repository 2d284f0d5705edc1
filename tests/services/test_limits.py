"""Counting tries, in one row that every process shares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from dsr.db.answers import CodeAttempt
from dsr.services import limits
from tests.parts.store import NOW, Store

HOUR = timedelta(hours=1)


def test_as_many_as_the_limit_and_no_more(store: Store) -> None:
    with store.transaction() as session:
        assert [limits.allow(session, "form", 2, HOUR, now=NOW) for _ in range(4)] == [True, True, False, False]


def test_one_thing_does_not_count_for_another(store: Store) -> None:
    with store.transaction() as session:
        assert limits.allow(session, "form:a", 1, HOUR, now=NOW)
        assert limits.allow(session, "form:b", 1, HOUR, now=NOW)


def test_after_the_window_counting_begins_anew(store: Store) -> None:
    with store.transaction() as session:
        assert limits.allow(session, "form", 1, HOUR, now=NOW)
        assert not limits.allow(session, "form", 1, HOUR, now=NOW + HOUR - timedelta(seconds=1))
        assert limits.allow(session, "form", 1, HOUR, now=NOW + HOUR)
        assert not limits.allow(session, "form", 1, HOUR, now=NOW + HOUR)


def test_a_limit_of_nought_is_no_limit(store: Store) -> None:
    with store.transaction() as session:
        assert all(limits.allow(session, "form", 0, HOUR, now=NOW) for _ in range(3))


def test_the_right_code_wipes_the_wrong_ones(store: Store) -> None:
    with store.transaction() as session:
        assert limits.allow(session, "code", 1, HOUR, now=NOW)
        limits.forget(session, "code")
        assert limits.allow(session, "code", 1, HOUR, now=NOW)


def test_two_at_once_both_count(store: Store) -> None:
    def attempt(_: int) -> bool:
        with store.transaction() as session:
            return limits.allow(session, "code", 5, HOUR, now=NOW)

    with ThreadPoolExecutor(4) as threads:
        allowed = list(threads.map(attempt, range(12)))
    assert allowed.count(True) == 5
    with store.transaction() as session:
        assert session.scalar(select(CodeAttempt.count)) == 12


def test_what_is_counted_cannot_be_read_in_the_database(store: Store) -> None:
    with store.transaction() as session:
        limits.allow(session, "form:203.0.113.7", 5, HOUR, now=NOW)
        row = session.scalars(select(CodeAttempt)).one()
        assert b"203.0.113.7" not in row.digest
        assert len(row.digest) == 32


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("nonsense", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_household_is_one_visitor(address: str | None, network: str) -> None:
    assert limits.network(address) == network

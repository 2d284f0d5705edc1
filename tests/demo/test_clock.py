"""The demo's clock goes on, goes forward, and never back."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from dsr.db.plans import LedgerEntry
from dsr.demo.clock import Clock, NothingKept, next_ledger_day, opening_of
from dsr.domain.rights import Right
from tests.parts.cast import add_case, add_member, add_plan
from tests.parts.store import NOW, Store

A_MOMENT = timedelta(seconds=10)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    made = Clock(tmp_path / "clock")
    made.start(NOW)
    return made


def test_it_begins_where_it_is_told_to_and_goes_on(clock: Clock) -> None:
    first, second = clock(), clock()
    assert NOW <= first < second < NOW + A_MOMENT


def test_it_is_set_forward(clock: Clock) -> None:
    step = clock.set(NOW + timedelta(days=400))
    assert timedelta(days=400) - A_MOMENT < step <= timedelta(days=400)
    assert NOW + timedelta(days=400) <= clock() < NOW + timedelta(days=400) + A_MOMENT


def test_it_is_never_set_back(clock: Clock) -> None:
    assert clock.set(NOW - timedelta(days=1)) == timedelta()
    assert NOW <= clock() < NOW + A_MOMENT


def test_it_survives_a_stop(clock: Clock, tmp_path: Path) -> None:
    clock.set(NOW + timedelta(days=3))
    assert abs(Clock(tmp_path / "clock")() - clock()) < A_MOMENT


def test_a_day_opens_at_nine_in_amsterdam() -> None:
    assert opening_of(date(2026, 7, 1)).isoformat() == "2026-07-01T09:00:00+02:00"
    assert opening_of(date(2026, 12, 1)).isoformat() == "2026-12-01T09:00:00+01:00"


def test_the_next_day_of_erasure_is_the_first_after_today(sqlite_store: Store) -> None:
    with sqlite_store.transaction() as session:
        case, by = add_case(session, Right.ERASURE), add_member(session)
        plan = add_plan(session, case.id, by.id)
        for state, day in [("kept", 2033), ("kept", 2028), ("erased", 2027), ("kept", 2026)]:
            entry = {"system": "shop", "category": "invoice", "table": "invoice", "verdict": "keep", "row_count": 1}
            session.add(
                LedgerEntry(case_id=case.id, plan_id=plan.id, state=state, may_erase_from=date(day, 1, 1), **entry)
            )
        session.flush()
        assert next_ledger_day(session, date(2026, 1, 1)) == date(2028, 1, 1)
        assert next_ledger_day(session, date(2028, 1, 1)) == date(2033, 1, 1)
        with pytest.raises(NothingKept):
            next_ledger_day(session, date(2033, 1, 1))

"""What has had its time goes, what has not stays; and somebody outside can see that the worker lives."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from dsr.db.answers import CodeAttempt
from dsr.db.base import Base
from dsr.db.drafts import Draft
from dsr.db.identity import EmailCode
from dsr.db.staff import StaffSession
from dsr.domain.rights import Right
from dsr.services import housekeeping, notices
from dsr.services.housekeeping import Health
from tests.parts.cast import add_case, add_member
from tests.parts.store import NOW, Store


def purge(store: Store, now: datetime) -> None:
    with store.transaction() as session:
        housekeeping.purge(session, settings=store.settings, now=now)


def count(store: Store, table: type[Base]) -> int:
    with store.transaction(writes=False) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def fill(store: Store) -> None:
    with store.transaction() as session:
        case, noor = add_case(session, Right.ACCESS), add_member(session)
        digest = b"0" * 32
        draft = Draft(digest=digest, saved_at=NOW)
        draft.answers = "{}"
        session.add(draft)
        session.add(EmailCode(case_id=case.id, digest=digest, made_at=NOW, expires_at=NOW + timedelta(days=3)))
        session.add(StaffSession(digest=digest, staff_member_id=noor.id, started_at=NOW, seen_at=NOW))
        session.add(CodeAttempt(digest=digest, window_start=NOW, count=1))


@pytest.mark.parametrize(
    ("table", "lifetime"),
    [
        (Draft, timedelta(hours=24)),
        (EmailCode, timedelta(days=3)),
        (StaffSession, timedelta(hours=12)),
        (CodeAttempt, timedelta(days=1)),
    ],
)
def test_it_goes_on_time_and_not_before(store: Store, table: type[Base], lifetime: timedelta) -> None:
    fill(store)
    purge(store, NOW + lifetime - timedelta(seconds=1))
    assert count(store, table) == 1
    purge(store, NOW + lifetime)
    assert count(store, table) == 0


def health(store: Store, now: datetime) -> Health:
    with store.transaction(writes=False) as session:
        return housekeeping.health(session, now)


def beat(store: Store, now: datetime) -> None:
    with store.transaction() as session:
        housekeeping.beat(session, now=now)


def test_a_worker_that_never_ran_is_not_alive(store: Store) -> None:
    assert health(store, NOW) == Health(False, None, None, False)


def test_a_worker_lives_as_long_as_it_gives_signs(store: Store) -> None:
    beat(store, NOW - timedelta(hours=1))
    beat(store, NOW)
    assert health(store, NOW) == Health(True, NOW, None, False)
    assert health(store, NOW + housekeeping.SILENT_AFTER).is_well
    late = health(store, NOW + housekeeping.SILENT_AFTER + timedelta(seconds=1))
    assert (late.is_worker_alive, late.is_well) == (False, False)


def test_mail_that_waits_for_an_hour_is_late(store: Store) -> None:
    with store.transaction() as session:
        facts = {"link": "http://localhost:8080/staff/", "tasks": []}
        notices.enqueue(session, "staff-task", key="one", recipient="noor@polder.example", facts=facts, now=NOW)
    hour = NOW + timedelta(hours=1)
    beat(store, hour + timedelta(seconds=1))
    assert health(store, hour) == Health(True, hour + timedelta(seconds=1), NOW, False)
    assert health(store, hour + timedelta(seconds=1)).is_mail_late
    assert not health(store, hour + timedelta(seconds=1)).is_well

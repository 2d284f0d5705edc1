"""The worker: woken at once, one job's fault is no other's, one leads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from dsr.db.notices import Heartbeat, Notice
from dsr.jobs import schedule
from dsr.jobs.leader import AdvisoryLock, WorkerRunning
from dsr.jobs.schedule import Job, Worker
from dsr.services import notices
from tests.parts.post import Clock, context_for, mail_for
from tests.parts.smtp import MailServer
from tests.parts.store import NOW, Store

FACTS = {"link": "http://localhost:8080/status/abc"}


class Leader:
    """Leads, or not, as a test says."""

    leads = True

    def is_ours(self) -> bool:
        return self.leads

    def release(self) -> None:
        self.leads = False


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_the_worker_delivers_lives_and_stops(store: Store, smtp_server: MailServer) -> None:
    clock = Clock()
    worker = schedule.start(context_for(store, clock), mail_for(store, smtp_server))
    try:
        with store.transaction() as session:
            notices.enqueue(session, "answer-ready", key="one", recipient="hanna@example.org", facts=FACTS, now=NOW)
        worker.wake()
        wait_until(lambda: len(smtp_server.deliveries) == 1)
        wait_until(lambda: _count(store, Heartbeat) == 2)  # a sign of life, and the reminders of the day
    finally:
        worker.stop()
    with store.transaction() as session:
        notices.enqueue(session, "answer-ready", key="two", recipient="hanna@example.org", facts=FACTS, now=NOW)
    worker.wake()
    time.sleep(1.2)
    assert len(smtp_server.deliveries) == 1


def _count(store: Store, table: type[Heartbeat] | type[Notice]) -> int:
    with store.transaction(writes=False) as session:
        return len(session.query(table).all())


def test_every_job_has_a_name_of_its_own_and_a_time(sqlite_store: Store, smtp_server: MailServer) -> None:
    jobs = schedule.table(context_for(sqlite_store, Clock()), mail_for(sqlite_store, smtp_server))
    assert len({job.name for job in jobs}) == len(jobs)
    assert {job.name: job.seconds for job in jobs if job.seconds == 1} == {"mail": 1, "work": 1}
    for job in jobs:
        job.run()


def test_a_job_that_is_woken_does_not_wait_for_its_time() -> None:
    runs: list[str] = []
    jobs = [Job(name, 3600, lambda name=name: runs.append(name)) for name in ("mail", "work", "ledger")]  # type: ignore[misc]
    worker = Worker(jobs, Leader())
    worker.start()
    try:
        wait_until(lambda: sorted(runs) == ["ledger", "mail", "work"])
        worker.wake()
        wait_until(lambda: sorted(runs) == ["ledger", "mail", "mail", "work", "work"])
        worker.tick()
        wait_until(lambda: runs.count("ledger") == 2)
    finally:
        worker.stop()


def test_a_fault_is_logged_without_its_words_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []

    def stumble() -> None:
        runs.append(1)
        raise ValueError("Hanna Brinkman, hanna@example.org")

    worker = Worker([Job("mail", 1, stumble), Job("work", 1, lambda: None)], Leader())
    with caplog.at_level(logging.DEBUG):
        worker.start()
        try:
            wait_until(lambda: len(runs) == 2)
        finally:
            worker.stop()
    assert "the job mail failed: ValueError in test_schedule.py" in caplog.text
    assert "anna" not in caplog.text


def test_only_the_leader_does_what_is_led() -> None:
    runs: list[str] = []
    jobs = [Job("mail", 1, lambda: runs.append("mail"), is_led=False), Job("work", 1, lambda: runs.append("led"))]
    leader = Leader()
    leader.leads = False
    worker = Worker(jobs, leader)
    worker.start()
    try:
        wait_until(lambda: "mail" in runs)
        assert "led" not in runs
        leader.leads = True
        wait_until(lambda: "led" in runs)
    finally:
        worker.stop()
    assert not leader.leads


def test_sqlite_has_one_worker(sqlite_store: Store, smtp_server: MailServer) -> None:
    context, mail = context_for(sqlite_store, Clock()), mail_for(sqlite_store, smtp_server)
    worker = schedule.start(context, mail)
    try:
        with pytest.raises(WorkerRunning, match="Stop it first"):
            schedule.start(context, mail)
    finally:
        worker.stop()
    schedule.start(context, mail).stop()


def test_postgresql_has_one_leader_and_another_when_it_goes(postgresql_url: object) -> None:
    engine = create_engine(postgresql_url)  # type: ignore[call-overload]
    first, second = AdvisoryLock(engine), AdvisoryLock(engine)
    assert [first.is_ours(), second.is_ours(), first.is_ours()] == [True, False, True]

    with engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        connection.execute(text(others))
    # The server is told to end the connection and does so in its own time: the lock is free a moment later.
    wait_until(second.is_ours)
    assert not first.is_ours()

    second.release()
    assert first.is_ours()
    first.release()
    engine.dispose()


def test_without_a_database_nobody_leads(postgresql_url: object) -> None:
    engine = create_engine(postgresql_url.set(database="no_such_database"))  # type: ignore[attr-defined]
    lock = AdvisoryLock(engine)
    assert not lock.is_ours()
    lock.release()
    engine.dispose()

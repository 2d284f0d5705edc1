"""Rows written at once: in the place of one that is there, or only where there is none; and one writer at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from flask import Flask
from sqlalchemy import select

from dsr.app import transactions
from dsr.db.base import put, put_if_new
from dsr.db.notices import Heartbeat
from tests.parts.store import NOW, Store

LATER = NOW + timedelta(hours=1)


def beats(store: Store) -> list[tuple[str, datetime]]:
    with store.transaction(writes=False) as session:
        return [(beat.job, beat.ran_at) for beat in session.scalars(select(Heartbeat))]


def test_a_row_takes_the_place_of_the_one_before(store: Store) -> None:
    for moment in (NOW, LATER):
        with store.transaction() as session:
            put(session, Heartbeat(job="mail", ran_at=moment), by=("job",))
    assert beats(store) == [("mail", LATER)]


def test_a_row_that_is_there_stays(store: Store) -> None:
    with store.transaction() as session:
        for moment in (NOW, LATER):
            put_if_new(session, Heartbeat(job="mail", ran_at=moment), by=("job",))
    assert beats(store) == [("mail", NOW)]


def test_of_many_at_once_one_writes(store: Store) -> None:
    together = Barrier(4)

    def write(number: int) -> None:
        together.wait()
        with store.transaction() as session:
            put_if_new(session, Heartbeat(job="mail", ran_at=NOW + timedelta(seconds=number)), by=("job",))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert len(beats(store)) == 1


def test_writers_within_a_process_take_turns(app: Flask) -> None:
    transaction = transactions(app)

    def count(_number: int) -> None:
        with transaction() as session:
            beat = session.get(Heartbeat, "mail") or Heartbeat(job="mail", ran_at=NOW)
            session.add(beat)
            beat.ran_at += timedelta(seconds=1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(100)))
    with transaction(writes=False) as session:
        assert session.get_one(Heartbeat, "mail").ran_at == NOW + timedelta(seconds=100)

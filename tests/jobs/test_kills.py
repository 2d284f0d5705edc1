"""The worker is killed at the worst moments, in a process of its own: no mail is lost, and a copy is the same mail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dsr import keys
from dsr.db import base
from dsr.db.notices import Notice
from dsr.services import notices
from tests.parts.smtp import MailServer
from tests.parts.source import ROOT
from tests.parts.store import NOW, Store

WORKER = Path(__file__).with_name("dying_worker.py")
FACTS = {"reference": "2026-K7QF-9M3X", "link": "http://localhost:8080/status/abc"}


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(store: Store, smtp_server: MailServer, tmp_path: Path) -> Start:
    """Start a worker process on the store, at a time of its clock; it dies where ``fault`` says."""
    keys.create(key_file := tmp_path / "keys.json")
    base.use_keys(keys.load(key_file.read_text()))

    def start(now: datetime = NOW, fault: str = "") -> subprocess.Popen[bytes]:
        url = store.engine.url.render_as_string(hide_password=False)
        key_text = key_file.read_text()
        arguments = {"url": url, "key_set": key_text, "port": smtp_server.port, "now": now.isoformat()}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DSR_FAULT": fault}
        return subprocess.Popen([sys.executable, WORKER, json.dumps(arguments)], env=environment)

    return start


def enqueue(store: Store, count: int) -> None:
    with store.transaction() as session:
        for number in range(count):
            to = f"person{number}@example.org"
            notices.enqueue(session, "answer-ready", key=to, recipient=to, facts=FACTS, now=NOW)


def rows(store: Store) -> list[Notice]:
    with store.transaction(writes=False) as session:
        return list(session.scalars(select(Notice)))


def copies(server: MailServer) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for delivery in server.deliveries:
        found.setdefault(delivery.message["Message-ID"], []).append(delivery.message.as_bytes())
    return found


@pytest.mark.parametrize(
    ("fault", "state", "arrived"),
    [("mail-rendered", "sending", 0), ("mail-accepted", "sending", 1), ("attempt-noted", "sent", 1)],
)
def test_a_worker_killed_here_loses_nothing(
    store: Store, smtp_server: MailServer, start: Start, *, fault: str, state: str, arrived: int
) -> None:
    enqueue(store, 1)
    assert start(fault=fault).wait(60) == -signal.SIGKILL
    assert [row.state for row in rows(store)] == [state]
    assert len(smtp_server.deliveries) == arrived

    assert start(NOW + notices.LEASE).wait(60) == 0
    assert [row.state for row in rows(store)] == ["sent"]
    ((_, mails),) = copies(smtp_server).items()
    assert len(mails) == (2 if fault == "mail-accepted" else 1)
    assert len(set(mails)) == 1


def test_another_fault_than_those_on_the_way_kills_nobody(store: Store, smtp_server: MailServer, start: Start) -> None:
    enqueue(store, 1)
    assert start(fault="somewhere-else").wait(60) == 0
    assert len(smtp_server.deliveries) == 1


def test_workers_killed_at_any_moment_lose_nothing(store: Store, smtp_server: MailServer, start: Start) -> None:
    count, kills = 60, 0
    enqueue(store, count)
    for turn, delay in enumerate((0, 0.01, 0.05)):
        before = len(smtp_server.deliveries)
        worker = start(NOW + turn * notices.LEASE)
        while worker.poll() is None and len(smtp_server.deliveries) == before:
            time.sleep(0.001)
        time.sleep(delay)
        worker.kill()
        kills += worker.wait(60) == -signal.SIGKILL
    assert kills > 0
    assert start(NOW + timedelta(days=1)).wait(60) == 0

    assert Counter(row.state for row in rows(store)) == {"sent": count}
    found = copies(smtp_server)
    assert len(found) == count
    assert all(len(set(mails)) == 1 for mails in found.values())
    assert len(smtp_server.deliveries) <= count + kills

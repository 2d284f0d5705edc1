"""Who watches over the program is told the truth."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from dsr.db.base import transaction
from dsr.services import housekeeping, notices
from tests.parts.web import Clock


def _health(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/healthz")
    assert answer.json
    return answer.status_code, answer.json["status"]


def test_it_is_well_while_the_worker_lives(app: Flask, client: FlaskClient, clock: Clock) -> None:
    assert _health(client) == (503, "needs-attention")
    with app.app_context(), transaction() as session:
        housekeeping.beat(session, now=clock())
    assert _health(client) == (200, "ok")
    clock.move(timedelta(minutes=10))
    assert _health(client) == (503, "needs-attention")


def test_mail_that_does_not_leave_is_told(app: Flask, client: FlaskClient, clock: Clock) -> None:
    with app.app_context(), transaction() as session:
        facts = {"link": "http://localhost/staff/", "tasks": []}
        notices.enqueue(
            session, "staff-task", key="one", recipient="noor@polder.example", facts=facts, language="nl", now=clock()
        )
    clock.move(timedelta(days=1))
    with app.app_context(), transaction() as session:
        housekeeping.beat(session, now=clock())
    assert _health(client) == (503, "needs-attention")

"""The last step of the form, over HTTP, by several people at once; each answer means a durable commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

from dsr.app import create_app
from dsr.config import Settings
from dsr.db.base import transaction
from dsr.keys import load
from dsr.services import intake
from tests.bench.installation import Server, installation, serving
from tests.bench.table import Row, judged
from tests.bench.timing import seconds
from tests.parts.form import HANNA

CLIENTS, EACH, ROUNDS = 8, 60, 5
LIMIT = 100  # a second


def rows() -> Iterator[Row]:
    """As many requests a second as were answered and are in the database afterwards."""
    with installation() as settings, serving(settings, "web") as server:
        rates, bare = [], []
        for number in range(ROUNDS + 1):
            rates.append(_submitted_a_second(server, number))
            bare.append(_commits_a_second())
        rate, base = median(rates[1:]), median(bare[1:])
    yield Row(
        f"the form sent, {CLIENTS} people at once",
        f"{rate:.0f} a second",
        f"{base:.0f} a second (bare durable commits)",
        f"{base / rate:.2f}x",
        f">= {LIMIT} a second",
        judged(rate >= LIMIT),
    )


def _submitted_a_second(server: Server, number: int) -> float:
    visitors = list(_visitors(server.settings, CLIENTS * EACH, number))
    before = _cases(server.settings)
    parts = [visitors[start::CLIENTS] for start in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = seconds(lambda: list(pool.map(lambda part: _send(server, part), parts)))
    answered = _cases(server.settings) - before
    assert answered == len(visitors), f"{answered} of {len(visitors)} requests are in the database"
    return answered / taken


def _send(server: Server, visitors: Sequence[tuple[str, str]]) -> None:
    with closing(server.connect()) as connection:
        for cookie, form in visitors:
            headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/verzoek/controle", form, headers)
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.headers["Location"]) == (302, "/ontvangen"), answer.status


def _visitors(settings: Settings, count: int, number: int) -> Iterator[tuple[str, str]]:
    """Cookie and form of people who have come to the last page; their drafts are in the database."""
    app = create_app(settings, load(settings.storage.key_set.read(settings.base)))
    for visitor in range(count):
        with app.test_request_context(base_url=settings.web.base_url):
            with transaction() as store:
                answers = {**HANNA, "email": f"hanna{number}.{visitor}@example.org"}
                session["draft"] = intake.save_draft(store, None, answers, now=datetime.now(UTC))
            form = urlencode({"csrf_token": generate_csrf()})
            yield _cookie(app), form


def _cookie(app: Flask) -> str:
    interface = app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    return f"{app.config['SESSION_COOKIE_NAME']}={interface.get_signing_serializer(app).dumps(dict(session))}"


def _cases(settings: Settings) -> int:
    with closing(sqlite3.connect(settings.path(str(settings.database.path)))) as connection:
        count: int = connection.execute("SELECT count(*) FROM dsr_case").fetchone()[0]
        return count


def _commits_a_second(count: int = 300) -> float:
    """One row a transaction, with the durability that our database has."""
    insert = "INSERT INTO request VALUES (zeroblob(4000))"
    with (
        TemporaryDirectory(prefix="dsr-bench-") as folder,
        closing(sqlite3.connect(f"{folder}/bare.db", isolation_level=None)) as connection,
    ):
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE request (content BLOB)"):
            connection.execute(statement)
        return count / seconds(lambda: [connection.execute(insert) for _ in range(count)])

"""The application on a fresh database, and a visitor who fills in forms as a browser does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dsr.app import create_app
from dsr.config import Settings
from dsr.db import base
from dsr.keys import Keys
from tests.parts.store import NOW, put_tables


@dataclass
class Clock:
    """The time in a test: it stands still until a test moves it."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def move(self, step: timedelta) -> None:
        """Let time pass."""
        self.moment += step


@dataclass
class Visitor:
    """Somebody with a browser: each form is sent with the token of the page it stands on."""

    browser: FlaskClient

    def see(self, path: str, **options: object) -> TestResponse:
        """Open a page."""
        return self.browser.get(path, **options)  # type: ignore[arg-type]

    def send(self, path: str, page: str | None = None, **fields: object) -> TestResponse:
        """Send a form to `path`, as it stands on `page` (the same path unless told otherwise)."""
        return self.browser.post(path, data={"csrf_token": self.token(page or path), **fields})

    def token(self, page: str) -> str:
        """The token in the forms of a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.see(page).text)
        assert found, f"there is no form on {page}"
        return found[1]


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


@pytest.fixture
def app(settings: Settings, key_set: Keys, clock: Clock) -> Iterator[Flask]:
    """The application of both audiences, on a SQLite file of its own."""
    application = create_app(settings, key_set, clock=clock)
    with application.app_context():
        engine = base.db.engine
    put_tables(engine.url)
    yield application
    engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies."""
    return app.test_client()


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    """Somebody who opens the site for the first time."""
    return Visitor(client)

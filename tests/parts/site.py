"""The application served over HTTP on a free port, for tests with a browser."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Thread

import pytest
from flask import Flask
from werkzeug.serving import make_server

from dsr.app import create_app
from dsr.config import Settings
from dsr.db import base
from dsr.keys import Keys
from tests.parts.store import put_tables
from tests.parts.web import Clock


@dataclass(frozen=True)
class Site:
    """Where the pages are, and the application behind them."""

    url: str
    app: Flask


@pytest.fixture
def site(settings: Settings, key_set: Keys, clock: Clock) -> Iterator[Site]:
    """Both audiences on a database of their own; nobody is asked to wait between requests."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    web = replace(settings.web, base_url=url, requests_per_address_per_hour=0, requests_per_hour=0)
    app = create_app(replace(settings, web=web), key_set, clock=clock)
    with app.app_context():
        engine = base.db.engine
    put_tables(engine.url)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Site(url, app)
    server.shutdown()
    thread.join()
    server.server_close()
    engine.dispose()

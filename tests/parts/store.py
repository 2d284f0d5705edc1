"""A database of ours for one test, on each kind we run on, with the key set and settings of a fictional controller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.orm import Session

import dsr.db
from dsr import keys
from dsr.config import Controller, Mail, Settings, Web
from dsr.db import base
from dsr.domain.register import Text

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday 23 November 2026, ten o'clock in Amsterdam."""


@dataclass(frozen=True)
class Store:
    """An empty database with its tables; services are called inside `transaction()`, as the entry points do."""

    engine: Engine
    settings: Settings

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an error."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"writes": writes})
            yield session
            session.commit()


@pytest.fixture(scope="session")
def key_set(tmp_path_factory: pytest.TempPathFactory) -> keys.Keys:
    """A key set of the test run's own."""
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    keys.create(file)
    return keys.load(file.read_text())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What a small firm would configure; its database is a file in the folder of the test."""
    return polder_hosting(tmp_path)


def polder_hosting(base: Path) -> Settings:
    """The settings of the fictional firm, with its files in `base`."""
    return Settings(
        controller=Controller(
            name="Polder Hosting",
            address="Dijkweg 1, 1234 AB Polderdam",
            email="privacy@polder.example",
            phone="0123 456 789",
            phone_hours=Text("werkdagen van 9 tot 17 uur", "weekdays from 9 to 17"),
        ),
        web=Web(base_url="http://localhost:8080"),
        mail=Mail(host="localhost", sender="privacy@polder.example"),
        base=base,
    )


@pytest.fixture
def store(database_url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """The database of a fresh installation; the test runs on SQLite and on PostgreSQL."""
    with open_store(database_url, key_set, settings) as opened:
        yield opened


@pytest.fixture
def sqlite_store(sqlite_url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """The same on SQLite only."""
    with open_store(sqlite_url, key_set, settings) as opened:
        yield opened


@contextmanager
def open_store(url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """The tables in the empty database at `url`."""
    base.use_keys(key_set)
    engine = create_engine(url)
    _map_every_class()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        base.Base.metadata.create_all(connection)
    yield Store(engine, settings)
    engine.dispose()


def _map_every_class() -> None:
    for module in iter_modules(dsr.db.__path__):
        import_module(f"dsr.db.{module.name}")

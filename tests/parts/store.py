"""A database of ours for one test, on each kind we run on, with the key set and settings of a fictional controller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.orm import Session

import dsr.db
from dsr import keys
from dsr.config import Controller, Mail, Settings, Web
from dsr.db import base
from dsr.db.sqlite import DRIVER
from dsr.domain.register import Text
from tests.parts.databases import DatabaseServer

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


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_server: DatabaseServer) -> str:
    """A PostgreSQL database with our tables, for tests to begin with a copy of; its name."""
    url = postgresql_server.create_database()
    make_tables(url)
    return str(url.database)


@pytest.fixture
def sqlite_store_url(sqlite_url: URL) -> URL:
    """A SQLite file of ours."""
    put_tables(sqlite_url)
    return sqlite_url


@pytest.fixture
def postgresql_store_url(postgresql_server: DatabaseServer, postgresql_tables: str) -> Iterator[URL]:
    """A PostgreSQL database of ours."""
    with postgresql_server.database(f"TEMPLATE {postgresql_tables}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> URL:
    """A database of ours on each kind that dsr itself runs on: the test runs once per kind."""
    url: URL = request.getfixturevalue(f"{request.param}_store_url")
    return url


@pytest.fixture
def store(store_url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """The database of a fresh installation; the test runs on SQLite and on PostgreSQL."""
    with opened(store_url, key_set, settings) as store:
        yield store


@pytest.fixture
def sqlite_store(sqlite_store_url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """The same on SQLite only."""
    with opened(sqlite_store_url, key_set, settings) as store:
        yield store


@contextmanager
def open_store(url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """Our tables in the empty database at `url`."""
    make_tables(url)
    with opened(url, key_set, settings) as store:
        yield store


@contextmanager
def opened(url: URL, key_set: keys.Keys, settings: Settings) -> Iterator[Store]:
    """A database that has our tables."""
    base.use_keys(key_set)
    engine = create_engine(url)
    yield Store(engine, settings)
    engine.dispose()


def put_tables(url: URL) -> None:
    """Our tables in a SQLite file that does not exist yet."""
    Path(str(url.database)).write_bytes(_file_with_tables())


@cache
def _file_with_tables() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "dsr.sqlite"
        make_tables(URL.create(DRIVER, database=str(file)))
        return file.read_bytes()


def make_tables(url: URL) -> None:
    """Our tables in the empty database at `url`."""
    _map_every_class()
    engine = create_engine(url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        base.Base.metadata.create_all(connection)
    engine.dispose()


def _map_every_class() -> None:
    for module in iter_modules(dsr.db.__path__):
        import_module(f"dsr.db.{module.name}")

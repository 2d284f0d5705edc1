"""A PostgreSQL and a MariaDB server of the test run's own, reached by a socket in a temporary folder."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from dsr.db.sqlite import DRIVER
from tests.parts.components import requires

START_LIMIT = 60.0  # seconds


@dataclass(frozen=True)
class DatabaseServer:
    """A running server; ``url`` signs in as its superuser."""

    url: URL
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def create_database(self, options: str = "") -> URL:
        """Return the address of a new database; ``options`` ends the CREATE DATABASE (``TEMPLATE shop``)."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return self.url.set(database=name)

    @contextmanager
    def database(self, options: str = "") -> Iterator[URL]:
        """The address of a new database while the block runs."""
        url = self.create_database(options)
        yield url
        self.execute(f"DROP DATABASE {url.database} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with _engine(self.url).connect() as connection:
            connection.execute(text(statement))


@contextmanager
def postgresql(*options: str) -> Iterator[DatabaseServer]:
    """A PostgreSQL server while the block runs, with these settings (``fsync=off``)."""
    initdb, postgres = requires("initdb"), requires("postgres")
    with _folder("postgres") as folder:
        data = folder / "data"
        _run(
            [initdb, "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", data], folder
        )
        command = [postgres, "-D", data, "-k", folder, "-c", "listen_addresses="]
        url = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)})
        with _running([*command, *(part for option in options for part in ("-c", option))], folder, url):
            yield DatabaseServer(url)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[DatabaseServer]:
    """A PostgreSQL server for the whole run; what it holds need not outlive a crash."""
    with postgresql("fsync=off", "full_page_writes=off") as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: DatabaseServer) -> Iterator[URL]:
    """An empty PostgreSQL database for one test."""
    with postgresql_server.database() as url:
        yield url


@contextmanager
def mariadb() -> Iterator[DatabaseServer]:
    """A MariaDB server of its own. Skips where MariaDB is not installed."""
    install, mariadbd = requires("mariadb-install-db"), requires("mariadbd")
    with _folder("mysql") as folder:
        # A server removes what it takes for its own in the temporary folder: each gets one of its own.
        places = ["--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}"]
        _run([install, *places, "--auth-root-authentication-method=normal", "--skip-test-db"], folder)
        place = f"--socket={folder / 'socket'}"
        command = [mariadbd, *places, place, "--skip-networking", "--innodb-flush-log-at-trx-commit=0"]
        query = {"unix_socket": str(folder / "socket"), "charset": "utf8mb4"}
        url = URL.create("mysql+pymysql", "root", host="localhost", database="mysql", query=query)
        with _running(command, folder, url):
            yield DatabaseServer(url)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[DatabaseServer]:
    """A MariaDB server for the whole run."""
    with mariadb() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: DatabaseServer) -> URL:
    """An empty MariaDB database for one test; small enough to stay until the server goes."""
    return mariadb_server.create_database("CHARACTER SET utf8mb4")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> URL:
    """The address of a SQLite file that does not exist yet."""
    return URL.create(DRIVER, database=str(tmp_path / "test.sqlite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> URL:
    """An empty database of each kind that dsr itself runs on: the test runs once per kind."""
    url: URL = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def _folder(account: str) -> Iterator[Path]:
    """A folder that belongs to the account which the server will run as: neither server runs as root."""
    folder = Path(tempfile.mkdtemp(prefix="dsr-"))
    identity = _identity(account)
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _identity(account: str) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _as_owner(folder: Path) -> dict[str, Any]:
    owner = folder.stat()
    identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"cwd": folder, "stdin": subprocess.DEVNULL, **identity}


def _run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(command, **_as_owner(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"


@contextmanager
def _running(command: list[str | Path], folder: Path, url: URL) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, **_as_owner(folder), stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until(lambda: _answers(folder, url), alive=lambda: server.poll() is None, log=log)
        yield
    finally:
        server.terminate()
        server.wait(START_LIMIT)


def _wait_until(ready: Callable[[], bool], *, alive: Callable[[], bool], log: Path) -> None:
    limit = time.monotonic() + START_LIMIT
    while not ready():
        assert alive(), f"the server stopped:\n{log.read_text()}"
        assert time.monotonic() < limit, f"the server does not answer:\n{log.read_text()}"
        time.sleep(0.05)


def _answers(folder: Path, url: URL) -> bool:
    places = [path for path in folder.iterdir() if path.is_socket()]
    if not places or not _listens(places[0]):
        return False  # PyMySQL leaks its own socket when nobody listens
    try:
        with _engine(url).connect():
            return True
    except OperationalError:
        return False


def _listens(place: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        return probe.connect_ex(str(place)) == 0


def _engine(url: URL) -> Engine:
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")

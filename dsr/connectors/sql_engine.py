"""Opening the controller's databases: two accounts, time limits, and certificates that are checked."""

from __future__ import annotations

import ssl
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import URL, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DisconnectionError

from dsr.config import Account, DataSystem, Settings

CONNECT_SECONDS = 5
REST_SECONDS = 1
"""After how long a connection that nobody used is asked whether the server is still there."""


def engine_for(system: DataSystem, account: Account | None, settings: Settings, *, reads_only: bool) -> Engine:
    """An engine with one account of a system; it connects when it is first used."""
    if system.engine == "sqlite":
        return _sqlite(system, settings, reads_only=reads_only)
    open_url = _postgresql if system.engine == "postgresql" else _mariadb
    url, connect_args = open_url(system, settings, reads_only)
    password = account.password.read(settings.base) if account and account.password else None
    url = url.set(username=account.user if account else None, password=password)
    # One picture of all tables while reading. While erasing, what others committed since must be seen.
    isolation: Any = "REPEATABLE READ" if reads_only else "READ COMMITTED"
    engine = sa.create_engine(
        url,
        connect_args=connect_args,
        isolation_level=isolation,
        pool_size=2,
        hide_parameters=True,  # whoever logs statements must not log whom they are about
    )
    if system.engine == "mariadb":
        event.listen(engine, "connect", partial(_with_bits_and_times, engine.dialect.loaded_dbapi))
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", partial(_ping_after_rest, engine))
    return engine


def _with_bits_and_times(pymysql: Any, connection: Any, _record: Any) -> None:
    """Bits are read as the number they are, so that 0 means no; a TIME as text, since it may be below zero."""
    kinds = pymysql.constants.FIELD_TYPE
    connection.decoders = {**connection.decoders, kinds.BIT: int.from_bytes, kinds.TIME: str}


def _note_rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = monotonic()


def _ping_after_rest(engine: Engine, connection: Any, record: Any, _fairy: Any) -> None:
    """Ask whether the server is still there, unless it just was."""
    if monotonic() - record.info.get("rests_since", monotonic()) > REST_SECONDS:
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as fault:
            raise DisconnectionError from fault


def _sqlite(system: DataSystem, settings: Settings, *, reads_only: bool) -> Engine:
    path = settings.path(str(system.path)).resolve()
    url = URL.create(
        "sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro" if reads_only else "rw", "uri": "true"}
    )
    engine = sa.create_engine(url, connect_args={"timeout": system.lock_seconds}, hide_parameters=True)
    event.listen(engine, "connect", _with_foreign_keys)
    event.listen(engine, "begin", _begin_reading if reads_only else _begin_erasing)
    return engine


def _with_foreign_keys(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_erasing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(system: DataSystem, settings: Settings, reads_only: bool) -> tuple[URL, dict[str, Any]]:
    options = [
        f"-c statement_timeout={system.statement_seconds * 1000}",
        f"-c lock_timeout={system.lock_seconds * 1000}",
        f"-c default_transaction_read_only={'on' if reads_only else 'off'}",
        "-c cursor_tuple_fraction=1",  # whoever opens a cursor here reads it to the end
        "-c timezone=UTC",  # an offset of before the time zones has seconds, which JSON libraries round away
    ]
    arguments: dict[str, Any] = {"options": " ".join(options), "connect_timeout": CONNECT_SECONDS}
    arguments["tcp_user_timeout"] = _silence(system) * 1000
    if system.tls:
        arguments["sslmode"] = "verify-full"
        arguments["sslrootcert"] = str(settings.path(system.ca_file)) if system.ca_file else "system"
    return _url("postgresql+psycopg", system), arguments


def _mariadb(system: DataSystem, settings: Settings, reads_only: bool) -> tuple[URL, dict[str, Any]]:
    session = [
        f"SET SESSION max_statement_time={system.statement_seconds}",
        f"innodb_lock_wait_timeout={system.lock_seconds}",
        f"tx_read_only={int(reads_only)}",
        "sql_mode='STRICT_ALL_TABLES'",
    ]
    arguments: dict[str, Any] = {"init_command": ", ".join(session), "connect_timeout": CONNECT_SECONDS}
    arguments |= {"read_timeout": _silence(system), "write_timeout": _silence(system)}
    if system.tls:
        cafile = str(settings.path(system.ca_file)) if system.ca_file else None
        arguments["ssl"] = ssl.create_default_context(cafile=cafile)
    if system.host.startswith("/"):
        arguments["unix_socket"] = system.host
    return _url("mysql+pymysql", system).update_query_dict({"charset": "utf8mb4"}), arguments


def _silence(system: DataSystem) -> int:
    """After how many seconds without a word a server is given up, also in a COMMIT, which its own limits leave out."""
    return system.statement_seconds + system.lock_seconds


def _url(driver: str, system: DataSystem) -> URL:
    return URL.create(driver, host=system.host, port=system.port, database=system.name)

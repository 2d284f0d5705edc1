"""Engine, transactions and column types. Only this module knows Flask-SQLAlchemy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, DateTime, Dialect, LargeBinary, MetaData, Table
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from dsr.config import Database, Settings
from dsr.db import sqlite
from dsr.keys import Keys

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware moment, stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    """The base of all mapped classes."""

    registry = registry(metadata=MetaData(naming_convention=CONVENTION), type_annotation_map={datetime: Instant()})
    metadata = registry.metadata


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": True})

_writing = Lock()
_open_keys: list[Keys] = []


def use_keys(keys: Keys) -> None:
    """The key set that encrypted columns use from now on; one installation has one."""
    _open_keys[:] = [keys]


def keys() -> Keys:
    """The key set in use."""
    return _open_keys[0]


def sealed_column() -> Mapped[bytes | None]:
    """The column beneath an `Encrypted` attribute."""
    return mapped_column(LargeBinary, nullable=True)


class Encrypted:
    """A text attribute that its row keeps encrypted in the column `<name>_sealed`.

    The table, the attribute and the row's `sealed_for` (its case, as a rule) are bound in: a value moved to another
    row does not open. Set the identity of a row before its encrypted attributes.
    """

    def __set_name__(self, owner: Any, name: str) -> None:
        self.table, self.name = owner.__tablename__, name

    def __get__(self, row: Any, owner: type) -> Any:
        if row is None:
            return self
        sealed = getattr(row, f"{self.name}_sealed")
        return keys().decrypt(sealed, self._context(row.sealed_for)) if sealed is not None else None

    def __set__(self, row: Any, text: str | None) -> None:
        sealed = self.sealed(text, row.sealed_for) if text is not None else None
        setattr(row, f"{self.name}_sealed", sealed)

    def sealed(self, text: str, sealed_for: uuid.UUID | str) -> bytes:
        """What stands in the column beneath, for a row that is written without an object."""
        return keys().encrypt(text, self._context(sealed_for))

    def _context(self, sealed_for: uuid.UUID | str) -> str:
        return f"{self.table}.{self.name}:{sealed_for}"


def new_id() -> uuid.UUID:
    """An identity for a row; it orders nothing and tells nothing."""
    return uuid.uuid4()


def table_of(mapped: type[Base]) -> Table:
    """The table of a mapped class, for statements that need no objects."""
    return cast("Table", mapped.__table__)


def put(session: Session, row: Base, *, by: tuple[str, ...]) -> None:
    """Write a row at once, in the place of one with the same columns `by`, which are unique."""
    given = _columns(row)
    session.execute(_putting(table_of(type(row)), by, frozenset(given)), given)


def put_if_new(session: Session, row: Base, *, by: tuple[str, ...]) -> None:
    """Write a row at once, unless there is one with the same columns `by`."""
    session.execute(_putting(table_of(type(row)), by), _columns(row))


def put_all(session: Session, mapped: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Write new rows of one table at once, given by column; the same columns in each."""
    if rows:
        session.execute(_inserting(table_of(mapped)), rows)


def put_new(session: Session, *rows: Base) -> None:
    """Write new rows of one table at once, without the session getting to know them; the same columns set on each."""
    if rows:
        put_all(session, type(rows[0]), [_columns(row) for row in rows])


@cache
def _inserting(table: Table) -> Insert:
    return insert(table)


@cache
def _putting(table: Table, by: tuple[str, ...], given: frozenset[str] = frozenset()) -> Insert:
    # SQLite took over PostgreSQL's ON CONFLICT word for word.
    new = insert(table)
    anew = {name: new.excluded[name] for name in given.difference(by, ["id"])}
    if anew:
        return new.on_conflict_do_update(index_elements=by, set_=anew)
    return new.on_conflict_do_nothing(index_elements=by)


def _columns(row: Base) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name in row.__table__.columns}


def url(database: Database, settings: Settings) -> URL:
    """The address of our database, with the password read from where the configuration says."""
    if database.engine == "sqlite":
        return URL.create(sqlite.DRIVER, database=str(settings.path(str(database.path))))
    account = database.account
    password = account.password.read(settings.base) if account and account.password else None
    query = {"sslmode": "verify-full"} if database.tls else {}
    if database.tls and database.ca_file:
        query["sslrootcert"] = str(settings.path(database.ca_file))
    return URL.create(
        "postgresql+psycopg",
        username=account.user if account else None,
        password=password,
        host=database.host,
        port=database.port,
        database=database.name,
        query=query,
    )


def init_app(app: Flask, settings: Settings, key_set: Keys) -> None:
    """Bind the application to its database and key set."""
    use_keys(key_set)
    app.config["SQLALCHEMY_DATABASE_URI"] = url(settings.database, settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": settings.database.engine != "sqlite",
        "hide_parameters": True,  # an error may end in a log
    }
    db.init_app(app)


@contextmanager
def transaction(*, writes: bool = True) -> Iterator[Session]:
    """One transaction of the running application: committed at the end, rolled back on an error, then released."""
    with _turn(writes=writes):
        yield from _transaction(writes=writes)


@contextmanager
def _turn(*, writes: bool) -> Iterator[None]:
    # On SQLite one writes at a time, and the others ask again and again, ever more seldom: within a process they queue.
    queues = writes and db.engine.dialect.name == "sqlite" and _writing.acquire(timeout=sqlite.BUSY)
    try:
        yield
    finally:
        if queues:
            _writing.release()


def _transaction(*, writes: bool) -> Iterator[Session]:
    session = cast(Session, db.session())
    session.connection(execution_options={"writes": writes})
    try:
        yield session
        if writes:
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()

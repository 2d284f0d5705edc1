"""Bringing our own database up to date, and saying whether it is. Alembic is configured in code."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from dsr import paths
from dsr.db import (  # noqa: F401 - each maps its tables
    answers,
    audit,
    base,
    cases,
    drafts,
    erased,
    errands,
    holds,
    identity,
    later,
    mailboxes,
    notices,
    notifications,
    plans,
    restrictions,
    staff,
    statements,
)

TABLES = base.Base.metadata
_LOCK = 0x6D696772  # any number of our own: two programs that start at once migrate one after the other


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, the newest by default. Safe to repeat."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _lock(connection)
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an earlier revision; "base" empties it."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _lock(connection)
        command.downgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        return found == ScriptDirectory.from_config(_config(connection)).get_current_head()


def differences(engine: Engine) -> list[object]:
    """What the mapped classes say that the database does not have; empty when they agree."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), TABLES))


def write_revision(engine: Engine, message: str) -> None:
    """For developers: a new revision from the differences."""
    with engine.connect() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(paths.migrations()))
    config.attributes["connection"] = connection
    return config


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})

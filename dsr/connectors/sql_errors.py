"""What a driver's error means: try again later, or somebody must look. No text of the driver is passed on:
it may quote rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dsr.connectors.base import ConnectorError, SystemDown, SystemRefuses

_PASSING_SQLSTATES = ("08", "40", "53", "55P03", "57")
_PASSING_MARIADB = frozenset({1040, 1053, 1205, 1213, 1969, 2002, 2003, 2006, 2013, 4031})
_PASSING_SQLITE = ("database is locked", "unable to open", "disk i/o", "database is busy")


@contextmanager
def translated(system: str) -> Iterator[None]:
    """Turn errors of the driver into SystemDown or SystemRefuses."""
    try:
        yield
    except DBAPIError as error:
        raise _meaning(system, error) from None
    except SQLAlchemyError as error:
        raise SystemRefuses(system, f"the database cannot be used ({type(error).__name__})") from None


def _meaning(system: str, error: DBAPIError) -> ConnectorError:
    cause = error.orig
    if error.connection_invalidated or _is_passing(cause):
        return SystemDown(system, "the database does not answer, or is busy")
    sentence = _REFUSALS.get(str(getattr(cause, "sqlstate", "")), "the database refused the statement")
    return SystemRefuses(system, f"{sentence} ({type(cause).__name__})")


_REFUSALS = {
    "42P01": "a table of the register does not exist",
    "42703": "a column of the register does not exist",
    "42501": "the account may not do this",
    "25006": "the account may only read",
    "23503": "other rows point at a row that would go",
    "23502": "a column that may not be empty has no fixed value in the register",
}


def _is_passing(cause: BaseException | None) -> bool:
    sqlstate = getattr(cause, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate.startswith(_PASSING_SQLSTATES)
    number = cause.args[0] if cause and cause.args else None
    if isinstance(number, int):
        return number in _PASSING_MARIADB
    text = str(cause).lower()
    # psycopg gives no SQLSTATE when it never reached the server.
    return text.startswith(("connection", "consuming input failed")) or any(part in text for part in _PASSING_SQLITE)

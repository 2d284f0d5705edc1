"""What a driver's error means: try again later, or somebody must look. No text of the driver is passed on:
it may quote rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dsr.connectors.base import ConnectorError, SystemDown, SystemRefuses
from dsr.domain.wording import N_

Code = str | int
"""An SQLSTATE, a number of MariaDB, or words of SQLite, which has neither."""

_PASSING_SQLSTATES = ("08", "40", "53", "55P03", "57")
_PASSING_MARIADB = frozenset({1040, 1053, 1203, 1205, 1213, 1317, 1969, 2002, 2003, 2006, 2013, 4031})
_PASSING_SQLITE = ("database is locked", "unable to open", "disk i/o", "database is busy")
_TURNED_AWAY = ("authentication", "does not exist", "pg_hba.conf")

_SILENT = N_("the database does not answer, or is busy")
_NO_FILE = N_("the file of the database cannot be opened; look at its path")

_VIEW_DENIED = "show view command denied"

_FORBIDDEN: dict[str, tuple[Code, ...]] = {
    N_("the account may not do this"): ("42501", 1142, 1143),
    N_("the account has no right in this database yet; grant it what it needs"): (1044,),
    N_("the server does not let the account in; look at its name and password"): ("28", 1045, "authentication"),
    N_("the account may not see what a view is made of; grant it SHOW VIEW on the database"): (_VIEW_DENIED,),
}
_REFUSALS: dict[str, tuple[Code, ...]] = {
    **_FORBIDDEN,
    N_("a table of the register does not exist"): ("42P01", 1146, "no such table"),
    N_("a column of the register does not exist"): ("42703", 1054, "no such column"),
    N_("the account may only read"): ("25006", 1792, "readonly"),
    N_("other rows point at a row that would go"): ("23503", 1451, "foreign key constraint"),
    N_("a column that may not be empty has no fixed value in the register"): ("23502", 1048, "not null constraint"),
    N_("a value that must be unique is there already"): ("23505", 1062, "unique constraint"),
}


@contextmanager
def translated(system: str, account: str | None) -> Iterator[None]:
    """Turn errors of the driver into SystemDown or SystemRefuses, which names the account."""
    try:
        yield
    except DBAPIError as error:
        raise _meaning(system, account, error) from None
    except SQLAlchemyError as error:
        fault = type(error).__name__
        raise SystemRefuses(system, N_("the database cannot be used (%(fault)s)"), fault=fault) from None


def _meaning(system: str, account: str | None, error: DBAPIError) -> ConnectorError:
    code = _code(error.orig)
    if is_passing(error):
        return SystemDown(system, _NO_FILE if _is_code(code, "unable to open") else _SILENT)
    known = (sentence for sentence, codes in _REFUSALS.items() if any(_is_code(code, each) for each in codes))
    reason = next(known, N_("the database refused the statement"))
    fault = ", ".join(filter(None, [account, type(error.orig).__name__]))
    return SystemRefuses(system, "%(reason)s (%(fault)s)", reason=reason, fault=fault)


def going_on(connection: Connection) -> AbstractContextManager[object]:
    """Where a statement may fail and the transaction goes on.

    Only on PostgreSQL it would end there; Aria tables of MariaDB know no savepoint.
    """
    return connection.begin_nested() if connection.dialect.name == "postgresql" else nullcontext()


def is_passing(error: DBAPIError) -> bool:
    """Whether the same may go well later."""
    return error.connection_invalidated or _is_passing(_code(error.orig))


def is_forbidden(error: DBAPIError) -> bool:
    """Whether an account lacks the right to do something."""
    return any(_is_code(_code(error.orig), each) for codes in _FORBIDDEN.values() for each in codes)


def _code(cause: BaseException | None) -> Code:
    number = cause.args[0] if cause and cause.args else None
    if number == 1142 and _VIEW_DENIED in str(cause).lower():
        return _VIEW_DENIED
    if isinstance(number, int):  # MariaDB gives an SQLSTATE too, which says less
        return number
    return getattr(cause, "sqlstate", None) or str(cause).lower()


def _is_code(code: Code, known: Code) -> bool:
    if isinstance(code, int) or isinstance(known, int):
        return code == known
    # An SQLSTATE is known by its beginning; the words of SQLite are inside its sentence.
    return code.startswith(known) if known[0].isdigit() else known in code


def _is_passing(code: Code) -> bool:
    if isinstance(code, int):
        return code in _PASSING_MARIADB
    # psycopg gives no SQLSTATE when it never reached the server, or was turned away at the door.
    if code.startswith(("connection", "consuming input failed")):
        return not any(words in code for words in _TURNED_AWAY)
    return code.startswith(_PASSING_SQLSTATES) or any(words in code for words in _PASSING_SQLITE)

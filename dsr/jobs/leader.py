"""One worker leads: it alone does what must not be done twice at once.

On SQLite there is one worker at all, held to it by a lock on a file beside the database. On PostgreSQL any number of
workers share the mail and the steps of cases, and the one that holds an advisory lock leads; if it dies, its
connection goes, and another takes over.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from threading import Lock
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

_LOCK = 0x6473726C  # any number of our own: it names the lock of the leader


class WorkerRunning(Exception):
    """Another worker has this SQLite database."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"Another worker runs on this database (it holds {file}). Stop it first.")


class Leadership(Protocol):
    """Whether this worker leads."""

    def is_ours(self) -> bool:
        """Whether we lead now; takes the lead if nobody has it."""

    def release(self) -> None:
        """Leave the lead to somebody else."""


class FileLock:
    """Leadership on SQLite: ours from the start or never. Raises WorkerRunning."""

    def __init__(self, file: Path) -> None:
        self._file: IO[str] = file.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise WorkerRunning(file) from None

    def is_ours(self) -> bool:
        """Always: we would not run otherwise."""
        return True

    def release(self) -> None:
        """Let go of the file."""
        self._file.close()


class AdvisoryLock:
    """Leadership on PostgreSQL, bound to a connection that is kept open and outside any transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._guard = Lock()

    def is_ours(self) -> bool:
        """Whether we hold the lock, or get it now. A connection that was lost took the lock with it."""
        with self._guard:
            try:
                return self._is_held() or self._take()
            except SQLAlchemyError:
                self._drop()
                return False

    def release(self) -> None:
        """Give up the connection, and the lock with it."""
        with self._guard:
            self._drop()

    def _is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self._drop()
            return False
        return True

    def _take(self) -> bool:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = self._connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK})
        if not taken:
            self._drop()
        return bool(taken)

    def _drop(self) -> None:
        if self._connection is not None:
            # Not back to the pool: a pooled connection would go on holding the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

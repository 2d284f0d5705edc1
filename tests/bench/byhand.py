"""What our own notes of a piece of work cost at the least: its statements, run by hand through the driver.

They are recorded while the worker does the work, and run once more on a copy of our database as it was before:
prepared, durable, and with nothing between them. A program that keeps these notes takes the bare work and this, before
it does anything itself. (The bare erasure writes the ledger too: that counts twice.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from statistics import median
from typing import Any

from sqlalchemy import Engine, create_engine, event

from dsr.db.sqlite import DRIVER
from tests.bench.office import Office
from tests.bench.table import Row, milliseconds
from tests.bench.timing import seconds

ROUNDS = 9
BEGIN, COMMIT = "BEGIN IMMEDIATE", "COMMIT"
Steps = list[tuple[str, Any, bool]]
"""Statements with their values, and whether these are of many rows."""


def by_hand(office: Office, bare: Sequence[float]) -> Row:
    """What the worker does now, as statements alone; `bare` are the seconds of the same work done bare."""
    context, engine = office.workplace.context, office.workplace.store.engine
    with _database(context.settings.path("before.db")) as before, _database(context.settings.path("again.db")) as again:
        with closing(engine.raw_connection()) as ours:
            ours.driver_connection.backup(before)
        with _recorded(engine) as steps:
            office.work()
        times = [_again(before, again, steps) for _ in range(ROUNDS)]
    least = 1 + median(times) / median(bare)
    named = f"{milliseconds(median(bare))} (the same, bare)"
    return Row("  of it our own statements, by hand", milliseconds(median(times)), named, f"{least:.2f}x with that")


@contextmanager
def _database(file: object) -> Iterator[Any]:
    """A connection with the settings of ours, past the engine."""
    engine = create_engine(f"{DRIVER}:///{file}")
    with closing(engine.raw_connection()) as connection:
        yield connection.driver_connection
    engine.dispose()


@contextmanager
def _recorded(engine: Engine) -> Iterator[Steps]:
    steps: Steps = []

    def execute(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, is_many: bool) -> None:
        steps.append((statement, values, is_many))

    listeners = {
        "begin": lambda _connection: steps.append((BEGIN, (), False)),
        "before_cursor_execute": execute,
        "commit": lambda _connection: steps.append((COMMIT, (), False)),
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    yield steps
    for name, listener in listeners.items():
        event.remove(engine, name, listener)


def _again(before: Any, connection: Any, steps: Steps) -> float:
    before.backup(connection)
    rehearsed = [step for step in steps if step[0] not in (BEGIN, COMMIT)]
    _run(connection, [(BEGIN, (), False), *rehearsed, ("ROLLBACK", (), False)])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return seconds(lambda: _run(connection, steps))


def _run(connection: Any, steps: Steps) -> None:
    for statement, values, is_many in steps:
        if is_many:
            connection.executemany(statement, values)
        else:
            connection.execute(statement, values).fetchall()

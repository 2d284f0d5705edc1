"""Days and times of PostgreSQL that Python has no value for, such as infinity, those before Christ and 24:00."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

_KINDS = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


def read_again(psycopg: Any, cursor: Any) -> Sequence[tuple[Any, ...]]:
    """The rows that the server gave last and the driver could not read, now with the text of such values.

    What the cursor gives after these it reads the same way.
    """
    given = cursor.pgresult
    for kind in _KINDS:
        usual = cursor.connection.adapters.get_loader(psycopg.adapters.types[kind].oid, psycopg.pq.Format.TEXT)
        cursor.adapters.register_loader(kind, _or_text(usual, psycopg.DataError))
    reading = psycopg.adapt.Transformer(cursor)
    reading.set_pgresult(given)
    rows: Sequence[tuple[Any, ...]] = reading.load_rows(0, given.ntuples, tuple)
    return rows


@cache
def _or_text(usual: Any, fault: type[Exception]) -> type:
    """The driver's reader of a type, which is compiled and cannot be built on, with a way out."""

    class OrText:
        format = usual.format

        def __init__(self, oid: int, connection: Any = None) -> None:
            self._load = usual(oid, connection).load

        def load(self, data: Any) -> Any:
            try:
                return self._load(data)
            except fault:
                return bytes(data).decode()

    return OrText

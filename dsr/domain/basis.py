"""What verdicts are drawn from, as one digest: while it is the same, only time can change them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

Content = tuple[str, tuple[str, ...], Sequence[tuple[Any, ...]]]
"""A table, its columns, and the values of the rows found in it."""


class Basis(NamedTuple):
    """All that the verdicts on one system were drawn from, as a digest, and the day on which they were."""

    digest: str
    on: date


def digest_of(contents: Iterable[Content], judged_with: str) -> str:
    """SHA-256 over rows, in whatever order they come, and what they are judged with."""
    written = [f"{table} {columns} {sorted(map(repr, rows))}" for table, columns, rows in contents if rows]
    return hashlib.sha256("\n".join([judged_with, *sorted(written)]).encode()).hexdigest()

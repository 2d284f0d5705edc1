"""What verdicts are drawn from, as one digest: while it is the same, only time can change them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from dsr.domain.fingerprints import Columns, Rows, digest_of_rows

Content = tuple[str, Columns, Columns, Rows]
"""A table, the columns of its key and all of them, and the values of the rows found in it."""


class Basis(NamedTuple):
    """All that the verdicts on one system were drawn from, as a digest, and the day on which they were."""

    digest: str
    on: date


def digest_of(contents: Iterable[Content], judged_with: str) -> str:
    """SHA-256 over rows, in whatever order they come, and what they are judged with."""
    written = [f"{table} {digest_of_rows(columns, key, rows)}" for table, key, columns, rows in contents if rows]
    return hashlib.sha256("\n".join([judged_with, *sorted(written)]).encode()).hexdigest()

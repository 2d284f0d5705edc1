"""What a row that stays holds once it is emptied: nothing, the fixed value of the register, or a pseudonym."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dsr.domain.register import Fixed, Table


def is_emptied(table: Table, column: str, key: Mapping[str, Any], value: Any) -> bool:
    """Whether `value` is what a column of the row with this key holds once it is emptied."""
    if column in table.pseudonyms and value is not None:
        return re.fullmatch(f"[a-z2-7]{{{table.pseudonyms[column]}}}", as_written(value)) is not None
    fixed = _fixed(table, column, key)
    return value == fixed or (None not in (value, fixed) and as_written(value) == str(fixed).rstrip())


def _fixed(table: Table, column: str, key: Mapping[str, Any]) -> Fixed | None:
    fixed = table.fixed.get(column)
    return re.sub(r"\{(\w+)\}", lambda name: str(key[name[1]]), fixed) if isinstance(fixed, str) else fixed


def as_written(value: Any) -> str:
    """A value of a driver as the register writes it: a moment as its day, bytes and lists and padded text as text."""
    if isinstance(value, bytes):
        return value.decode("latin-1").rstrip("\0")
    if isinstance(value, date):
        return value.isoformat()[:10]
    return "{}" if value == [] else str(value).rstrip()

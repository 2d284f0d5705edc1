"""Primary keys as JSON carries them, and back: each value returns in the type that the database gave it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

Key = tuple[Any, ...]

_PLAIN = frozenset({int, str, float, bool, type(None)})
_READ: dict[str, Callable[[str], Any]] = {
    "bytes": bytes.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "Decimal": Decimal,
    "UUID": UUID,
}


def to_json(key: Iterable[Any]) -> list[Any]:
    """The values of a key: text and numbers as they are, what JSON does not know as {type: text}."""
    return [value if type(value) in _PLAIN else _written(value) for value in key]


def _written(value: Any) -> Any:
    kind = type(value).__name__
    text = value.hex() if isinstance(value, bytes) else str(value)
    return {kind: text} if kind in _READ else text


def from_json(values: Collection[Any]) -> Key:
    """The key that `to_json` wrote."""
    for value in values:
        if type(value) is dict:
            return tuple([_read(value) if isinstance(value, dict) else value for value in values])
    return tuple(values)


def _read(value: dict[str, str]) -> Any:
    ((kind, text),) = value.items()
    return _READ[kind](text)


def as_read(key: Iterable[Any]) -> Key:
    """A key of a row as `from_json` gives it back: what JSON cannot bring back is its text."""
    values = tuple(key)
    if _PLAIN.issuperset(map(type, values)):
        return values
    return tuple([value if type(value) in _PLAIN or type(value).__name__ in _READ else str(value) for value in values])


def loosely(values: Iterable[Any]) -> Key:
    """Values that are equal wherever some database takes them for the same: capitals, accents, spaces at the end."""
    return tuple([_without_marks(value) if type(value) is str else value for value in values])


def _without_marks(text: str) -> str:
    if text.isascii():
        return text.lower().rstrip()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).rstrip()


def key_text(key: Iterable[Any]) -> str:
    """A key as text, the same on every reading."""
    return json.dumps(to_json(key))

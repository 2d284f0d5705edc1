"""Reading the records of the machine interface: JSON objects whose every fault is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_

Record = Mapping[str, object]

VECTOR_KEYS = ("id", "tags", "why", "expected", "alternative", "hand_checked")
"""What a test vector carries besides its question; allowed, not read."""


class BadRecord(DomainError):
    """A record that is not of the agreed form."""


def read_object(value: object, *, required: Collection[str], optional: Collection[str] = ()) -> Record:
    """The value as an object that has the required keys and no unknown ones. Raises BadRecord."""
    if not isinstance(value, dict):
        raise BadRecord(N_('A JSON object is needed, such as {"%(key)s": ...}.'), key=next(iter(required)))
    for key in required:
        if key not in value:
            raise BadRecord(N_('The key "%(key)s" is missing.'), key=key)
    for key in value:
        if key not in required and key not in optional:
            raise BadRecord(N_('The key "%(key)s" is unknown.'), key=key[:40])
    return value


def read_list(record: Record, key: str) -> list[object]:
    """The list under a key, empty when the key is not there. Raises BadRecord."""
    value = record.get(key, [])
    if not isinstance(value, list):
        raise BadRecord(N_('"%(key)s" must be a list.'), key=key)
    return value


def read_text(record: Record, key: str) -> str:
    """The text under a key. Raises BadRecord."""
    value = record[key]
    if not isinstance(value, str):
        raise BadRecord(N_('"%(key)s" must be text.'), key=key)
    return value


def read_flag(record: Record, key: str) -> bool:
    """The true or false under a key. Raises BadRecord."""
    value = record[key]
    if not isinstance(value, bool):
        raise BadRecord(N_('"%(key)s" must be true or false.'), key=key)
    return value


def read_instant(record: Record, key: str) -> datetime:
    """The instant under a key, in ISO 8601; whether it has an offset is judged where it is used. Raises BadRecord."""
    text = read_text(record, key)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadRecord(
            N_('"%(key)s" must be a time such as 2026-01-31T10:00:00+01:00, not "%(value)s".'),
            key=key,
            value=text[:40],
        ) from None

"""What recipients are told when rows that a law kept go on their day (GDPR art. 19): which records, and of nobody."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping

from dsr.config import Settings
from dsr.domain.notifications import Change, listed
from dsr.domain.register import Text
from dsr.domain.row_keys import Key
from dsr.services import errands
from dsr.services.retention import Due, Kept, Settled, kept_rows


def changes(due: Due, results: Mapping[uuid.UUID, Settled], settings: Settings) -> Iterator[Change]:
    """What went of each category, also of what was found gone: an earlier attempt may have been committed.

    The records are named by their keys. The name of the person is told no more: it was kept for the law alone.
    """
    words: dict[str, list[Text]] = {}
    for entry in due.entries:
        category = settings.register.categories.get(entry.category)
        if category and category.recipients and (keys := _gone(due.kept[entry.id], results[entry.id])):
            words.setdefault(entry.category, []).extend(_records(settings, due.system, entry.table, keys))
    for told, records in words.items():
        yield Change(told, words=listed(records))


def _gone(kept: Kept, result: Settled) -> list[Key]:
    left = {*result.left, *(kept_rows(result.in_part) if result.in_part else ())}
    return [key for key in kept if key not in left]


def _records(settings: Settings, system: str, table: str, keys: Collection[Key]) -> Iterator[Text]:
    """The records of a table; a line of an invoice is told by its invoice, and our own numbers of items say nothing."""
    register, is_ours = settings.register, system in errands.by_hand(settings)
    if not is_ours and table in register.tables.get(system, {}) and not register.followed(system, table):
        numbers = ", ".join("/".join(map(str, key)) for key in keys)
        named = register.tables[system][table].named
        yield Text.in_both(lambda language: f"{named(language) or table} {numbers}")

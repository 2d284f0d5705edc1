"""The end of what a law kept: erased in the controller's system on its day, by the same checks as an approved plan."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import cache

from dsr.config import Settings
from dsr.connectors.base import Erasing, Found, rows_of
from dsr.db.plans import LedgerEntry
from dsr.domain import verdicts
from dsr.domain.holds import noted_ground
from dsr.domain.plans import Decision, PlanRow, Verdict
from dsr.domain.register import Register
from dsr.domain.row_keys import Key, as_read
from dsr.services.emptying import erase_rows, yet_to_go
from dsr.services.erased import NotedRows
from dsr.services.pointing import keys_pointed_at
from dsr.services.retention import (
    CHANGED,
    HELD,
    NOT_IN_REGISTER,
    STILL_NEEDED,
    Due,
    Kept,
    Settled,
    as_noted,
    found_rows,
    judge_kept,
    judged_tables,
    left_whole,
    read_kept,
    rules_of,
    why_left,
)


def erase_due(
    erasing: Erasing,
    settings: Settings,
    due: Due,
    decisions: Mapping[str, Decision],
    known_keys: Callable[[], Mapping[str, Set[Key]]],
    *,
    on: date,
) -> dict[uuid.UUID, Settled]:
    """Erase what is due in the open transaction, by the same checks as an approved plan; result per entry.

    A row that changed since, that a rule now keeps longer, or that a row points at which is not among `known_keys`, is
    left for a person; one that is held stays until the hold is lifted. Of one that kept rows need, or rows of others by
    another way than their first, that part stays.
    """
    order = list(reversed(judged_tables(settings.register, due.system)))
    known = sorted((e for e in due.entries if e.table in order), key=lambda entry: order.index(entry.table))
    found = {entry.id: _yet_to_go(erasing, settings.register, entry, due.kept[entry.id]) for entry in known}
    stands = all(_stands(settings, due, entry, found[entry.id], decisions) for entry in known)
    left = {} if stands else _left(settings, due, found, decisions, on)
    settled = {e.id: left_whole(due.kept[e.id], NOT_IN_REGISTER) for e in due.entries if e.table not in order}
    ending = _Ending(erasing, settings.register, due, cache(known_keys))
    return settled | {entry.id: ending.erase(entry, found[entry.id], left.get(entry.id, {})) for entry in known}


def _yet_to_go(erasing: Erasing, register: Register, entry: LedgerEntry, kept: Kept) -> Found:
    """The rows of an entry that are yet to go: an earlier attempt may have emptied them."""
    columns = verdicts.columns_left(register.tables[entry.system], entry.table)
    found = read_kept(erasing, entry.system, entry.table, [*kept])
    table = register.tables[entry.system][entry.table]
    return yet_to_go(found, table, kept, columns)


def _stands(settings: Settings, due: Due, entry: LedgerEntry, found: Found, decisions: Mapping[str, Decision]) -> bool:
    """Whether the day of an entry is that of every row: no rule and no row changed, none is gone, and none is held."""
    table = settings.register.tables[due.system][entry.table]
    return (
        entry.dated_with == rules_of(settings, due.system)
        and table.is_erasable
        and settings.register.categories[table.category].is_ours
        and decisions[table.category].hold is None
        and found.fingerprints(table) == due.kept[entry.id]
    )


def _left(
    settings: Settings, due: Due, found: Mapping[uuid.UUID, Found], decisions: Mapping[str, Decision], on: date
) -> dict[uuid.UUID, dict[Key, str]]:
    """By entry the rows that may not go after all, each with the reason."""
    judged = judge_kept(settings, due.system, rows_of(found.values()), decisions, on)
    # What rows that are held need waits with them: both are looked at again once the hold is lifted.
    needed_by = HELD if any(noted_ground(row.why) for row in judged.values()) else STILL_NEEDED
    left: dict[uuid.UUID, dict[Key, str]] = {}
    for entry_id, rows in found.items():
        digests = found_rows(rows, settings.register.tables[due.system][rows.table]).items()
        as_known = {key for key, digest in digests if digest in (due.kept[entry_id][key], due.begun[entry_id].get(key))}
        left[entry_id] = _left_of(rows, as_known, judged, needed_by)
    return left


def _left_of(
    found: Found, as_known: Set[Key], judged: Mapping[tuple[str, Key], PlanRow], needed_by: str
) -> dict[Key, str]:
    left: dict[Key, str] = {}
    for key in map(as_read, found.keys):
        row = judged[found.table, key]
        if key not in as_known:
            left[key] = CHANGED
        elif row.verdict is not Verdict.ERASE:
            left[key] = needed_by if (why := why_left(row)) == STILL_NEEDED else why
    return left


@dataclass(frozen=True, slots=True)
class _Ending:
    """The transaction in which kept rows go, whole or in part."""

    erasing: Erasing
    register: Register
    due: Due
    known_keys: Callable[[], Mapping[str, Set[Key]]]

    def erase(self, entry: LedgerEntry, found: Found, left: Mapping[Key, str]) -> Settled:
        going = found.without(left.keys())
        pointed_at, left = self._pointed_at(entry, going, left)
        erased = self._erase(entry, going.without(pointed_at))
        after, emptied = self._empty(entry, going.only(pointed_at - left.keys()))
        part = NotedRows(entry.table, emptied.columns_kept, len(after), as_noted(after)) if after else None
        gone = self._gone(entry, left.keys() | after.keys())
        return Settled(erased, len(self.due.kept[entry.id]) - len(found.rows), left, part, (gone, emptied))

    def _erase(self, entry: LedgerEntry, rows: Found) -> int:
        tables = self.register.tables[entry.system]
        least = verdicts.columns_left(tables, entry.table)
        return erase_rows(self.erasing, entry.system, tables[entry.table], rows, least)

    def _empty(self, entry: LedgerEntry, rows: Found) -> tuple[Kept, NotedRows]:
        """Leave of these rows what is needed; returns what is left of each, and those of which more was there."""
        tables, kept = self.register.tables[entry.system], self.due.kept[entry.id]
        table, less = tables[entry.table], verdicts.columns_needed(tables, entry.table)
        whole = rows if entry.columns_kept is None else rows.only(set())
        erase_rows(self.erasing, entry.system, table, whole, less)
        after = found_rows(self.erasing.read(entry.table, rows.keys), table) if rows.rows else {}
        emptied = as_noted({key: kept[key] for key in map(as_read, whole.keys)})
        return after, NotedRows(entry.table, less, len(whole.rows), emptied)

    def _gone(self, entry: LedgerEntry, remaining: Set[Key]) -> NotedRows:
        """The others, also those found gone: an earlier attempt may have committed, and a restore would bring them."""
        kept = self.due.kept[entry.id]
        gone = {key: digest for key, digest in kept.items() if key not in remaining} if remaining else kept
        noted = as_noted(gone) if remaining else str(entry.rows)
        least = verdicts.columns_left(self.register.tables[entry.system], entry.table)
        return NotedRows(entry.table, least, len(gone), noted)

    def _pointed_at(
        self, entry: LedgerEntry, going: Found, left: Mapping[Key, str]
    ) -> tuple[set[Key], Mapping[Key, str]]:
        """The rows that others point at, and those left, since a new one belongs to them."""
        table = self.register.tables[entry.system][entry.table]
        where = self.erasing, self.register, entry.system, going
        by_first_way, more_left = keys_pointed_at(*where, first=True), set[Key]()
        if by_first_way and entry.columns_kept is None:
            counts = None if table.keep_columns is None else lambda *new: not self._is_known(*new)
            more_left = keys_pointed_at(*where, first=True, counts=counts)
        # What stays when a row is emptied stays for others too.
        counts = self._is_known if table.on_erasure == "empty" else None
        by_another = keys_pointed_at(*where, first=False, counts=counts)
        return by_first_way | by_another, {**left, **dict.fromkeys(more_left, STILL_NEEDED)}

    def _is_known(self, name: str, key: Key) -> bool:
        return key in self.known_keys().get(name, ())

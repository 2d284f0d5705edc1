"""Giving rows of the controller new values: all of them as agreed, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from dsr.connectors.base import Erasing, Identifiers, rows_of
from dsr.domain.changes import RowChange, alike
from dsr.domain.plans import PlanChanged, Row
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_

At = tuple[str, Key]
"""A table and the key of a row in it."""


def carry_out(
    transaction: Erasing, identifiers: Identifiers, changes: Sequence[RowChange], is_repeated: Callable[[], bool]
) -> bool:
    """Give the rows their new values in the open transaction; whether the commit is observed by it.

    False where all rows have these values already and another attempt, which may have committed, is noted. Raises
    PlanChanged where a row is gone, of somebody else or holds another value than the old one.
    """
    found = _at(rows_of(transaction.find(identifiers)))
    if all(_place(change) in found and change.is_before(found[_place(change)]) for change in changes):
        write(transaction, changes)
        return True
    if is_repeated() and is_done(transaction, changes):
        return False
    raise PlanChanged(N_("The data changed after the approval: a row no longer holds what was there."))


def _at(rows: Sequence[Row]) -> dict[At, Row]:
    return {(row.table, row.key): row for row in rows}


def _place(change: RowChange) -> At:
    return change.table, change.key


def write(transaction: Erasing, changes: Sequence[RowChange]) -> None:
    """Give the rows their new values. PlanChanged if one is gone."""
    for group in alike(changes):
        first, keys = group[0], [change.key for change in group]
        if transaction.change(first.table, keys, first.new) != len(keys):
            raise PlanChanged(N_("Not every planned row could be changed; nothing was changed."))


def is_done(transaction: Erasing, changes: Sequence[RowChange]) -> bool:
    """Whether all rows hold their new values. By key: who was found by an old value is not found any more."""
    return all(map(partial(_is_written, transaction), changes))


def _is_written(transaction: Erasing, change: RowChange) -> bool:
    return any(map(change.is_after, transaction.read(change.table, [change.key]).to_rows()))


def counted(changes: Sequence[RowChange]) -> dict[str, int]:
    """Rows per table."""
    return dict(Counter(change.table for change in changes))

"""Erasing in one system, in a transaction of that system: rows checked under lock, what goes, what stays in part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsr.connectors.base import Erasing, Found, Going
from dsr.domain.groups import Group
from dsr.domain.plans import Columns, PlanChanged, PlanRow, Verdict
from dsr.domain.register import Register, Table
from dsr.domain.row_keys import Key, as_read, key_text
from dsr.domain.wording import N_
from dsr.services.emptying import emptied, erase_all, is_empty
from dsr.services.pointing import keys_pointed_at

Fingerprints = dict[str, dict[str, str]]
"""Table -> key as text -> fingerprint of a row of which a part stays."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one transaction on one system did: rows erased and rows emptied in part, by table."""

    erased: dict[str, int]
    changed: dict[str, int]
    after: Fingerprints
    is_observed: bool = True
    rules: str | None = None
    """The digest of the rules by which what stays was dated."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an execution goes by: the rows as approved, the locked rows, and whether the plan is known to stand.

    If not, `judge` gives the verdicts of this moment; only if these differ too, `is_repeated` says whether there is
    another attempt, which may have committed.
    """

    planned: Sequence[Group]
    found: Sequence[Found]
    stands: bool
    judge: Callable[[], Sequence[PlanRow]]
    is_repeated: Callable[[], bool]


def carry_out(erasing: Erasing, attempt: Attempt, register: Register, system: str) -> Receipt:
    """Erase as planned, in the open transaction, rows that point at others before those.

    Raises PlanChanged where what was approved differs from what is there, unless an earlier attempt turns out to have
    been committed.
    """
    planned = attempt.planned
    try:
        if not attempt.stands:
            check_unchanged(_rows(planned), attempt.judge())
    except PlanChanged:
        if attempt.is_repeated() and _is_done(erasing, register.tables[system], attempt):
            return _receipt(erasing, register.tables[system], planned, is_observed=False)
        raise
    order = list(reversed(register.nearest_first(system)))
    going = _keys(_erasable(planned))
    whole = [Going(table, going[table]) for table in order if table in going]
    erase_all(erasing, [*_emptied_rows(register.tables[system], system, attempt), *whole])
    _check_none_points(erasing, register, system, attempt)
    return _receipt(erasing, register.tables[system], planned)


def _receipt(
    erasing: Erasing, tables: Mapping[str, Table], planned: Sequence[Group], *, is_observed: bool = True
) -> Receipt:
    after = _after(erasing, tables, planned)
    return Receipt(_counted(_erasable(planned)), _changed(_emptied(planned), after), after, is_observed)


def _changed(emptied: Sequence[Group], after: Fingerprints) -> dict[str, int]:
    """Table -> how many rows of it do not look as before; an earlier request may have left no more of them."""
    changed: Counter[str] = Counter()
    for group in emptied:
        left = after.get(group.judged.table, {})
        changed[group.judged.table] += sum(left.get(json.dumps(key)) != digest for key, digest in group.rows)
    return dict(+changed)


def _rows(groups: Iterable[Group]) -> list[PlanRow]:
    return [row for group in groups for row in group.to_rows()]


def check_unchanged(planned: Sequence[PlanRow], current: Sequence[PlanRow]) -> None:
    """PlanChanged, with the numbers, unless the rows and verdicts are those that were approved."""
    before, now = _by_key(planned), _by_key(current)
    if before == now:
        return
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    other = [key for key in before.keys() & now.keys() if before[key] != now[key]]
    raise PlanChanged(
        N_("The data changed after the approval. Rows gone: %(gone)s, new: %(new)s, different: %(other)s."),
        gone=len(gone),
        new=len(new),
        other=len(other),
    )


def _by_key(rows: Sequence[PlanRow]) -> dict[tuple[str, Key], PlanRow]:
    return {(row.table, row.key_values): row for row in rows}


def _erasable(planned: Sequence[Group]) -> list[Group]:
    """The rows that go; one that is emptied stays."""
    return [group for group in planned if group.judged.verdict is Verdict.ERASE and group.judged.columns_kept is None]


def _emptied(planned: Sequence[Group]) -> list[Group]:
    return [group for group in planned if group.judged.columns_kept is not None]


def _counted(groups: Iterable[Group]) -> dict[str, int]:
    """Table -> how many rows of it."""
    counted: Counter[str] = Counter()
    for group in groups:
        counted[group.judged.table] += group.count
    return dict(counted)


def _keys(groups: Iterable[Group]) -> dict[str, list[Key]]:
    """Table -> the keys of the rows in it."""
    found: dict[str, list[Key]] = {}
    for group in groups:
        found.setdefault(group.judged.table, []).extend(group.keys)
    return found


def _is_done(erasing: Erasing, tables: Mapping[str, Table], attempt: Attempt) -> bool:
    """Whether what was to go is gone, and of the rows that stay in part only that part is left."""
    planned, going = attempt.planned, _keys(_erasable(attempt.planned))
    if any(not {*map(as_read, at.keys)}.isdisjoint(going.get(at.table, ())) for at in attempt.found):
        return False  # changed since, and still found as the person's
    # By fingerprint: a key may have been given out anew since, to a row that is somebody else's.
    erasable = {(row.table, row.key_values, row.fingerprint) for row in _rows(_erasable(planned))}
    found = [erasing.read(table, keys) for table, keys in going.items()]
    left = {(at.table, *row) for at in found for row in at.fingerprints(tables[at.table]).items()}
    return erasable.isdisjoint(left) and all(
        _is_cleared(erasing, tables[row.table], row) for row in _rows(_emptied(planned))
    )


def _is_cleared(erasing: Erasing, table: Table, planned: PlanRow) -> bool:
    found = erasing.read(planned.table, [planned.key_values]).to_rows()
    return len(found) == 1 and is_empty(table, found[0], planned.columns_kept or ())


def _after(erasing: Erasing, tables: Mapping[str, Table], planned: Sequence[Group]) -> Fingerprints:
    """What the rows look like of which a part stays: the ledger knows them by it."""
    found = {table: erasing.read(table, keys) for table, keys in _keys(_emptied(planned)).items()}
    return {
        table: {key_text(key): digest for key, digest in rows.fingerprints(tables[table]).items()}
        for table, rows in found.items()
    }


def _check_none_points(erasing: Erasing, register: Register, system: str, attempt: Attempt) -> None:
    """A row that was added after the search, or is somebody else's, may point at one that went: then nothing goes."""
    pointed_at = {parent for table in register.tables[system].values() for parent in table.parents}
    going = _keys(group for group in _erasable(attempt.planned) if group.judged.table in pointed_at)
    for found in attempt.found:
        if found.table in going and keys_pointed_at(erasing, register, system, found.only({*going[found.table]})):
            raise PlanChanged(N_("Rows that are not in the plan point at rows that would go; nothing was changed."))


def _emptied_rows(tables: Mapping[str, Table], system: str, attempt: Attempt) -> Iterator[Going]:
    for found in attempt.found:
        kept = _by_columns_kept(attempt.planned, found.table)
        rows = {row.key: row for row in found.to_rows()} if kept else {}
        if not all(key in rows for keys in kept.values() for key in keys):
            raise PlanChanged(N_("Not every planned row could be erased; nothing was changed."))
        for columns, keys in kept.items():
            yield from emptied(system, tables[found.table], [rows[key] for key in keys], columns)


def _by_columns_kept(planned: Sequence[Group], table: str) -> dict[Columns, list[Key]]:
    found: dict[Columns, list[Key]] = {}
    for group in planned:
        if group.judged.table == table and group.judged.columns_kept is not None:
            found.setdefault(group.judged.columns_kept, []).extend(group.keys)
    return found

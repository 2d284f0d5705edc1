"""What an erasure came to, table by table: every planned row is erased, emptied, kept, refused, waiting or left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from dsr.domain.groups import Group
from dsr.domain.plans import OTHERS_NEED, Verdict
from dsr.domain.row_keys import Key, from_json, key_text


@dataclass(frozen=True, slots=True)
class TableResult:
    """The planned rows of one table by what became of them; `left` have no receipt.

    Of those that were emptied `for_others` keep what rows of somebody else need.

    `digest` is over the rows that went or were emptied, as they were before.
    """

    table: str
    planned: int
    erased: int
    emptied: int
    for_others: int
    kept: int
    refused: int
    waiting: int
    left: int
    digest: str | None


def rows_digest(rows: Iterable[tuple[Key, str]]) -> str:
    """SHA-256 over keys and fingerprints, a line each, in order: equal for the same rows of a backup."""
    lines = sorted(f"{key_text(key)} {fingerprint}" for key, fingerprint in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def results(groups: Iterable[Group], *, is_done: bool, is_lost: bool = False) -> list[TableResult]:
    """The result per table of one system, whose receipt is there or not.

    In one that is lost, a database that was given up or that a plan did not come to, nobody sees to what it keeps.
    """
    by_table: dict[str, list[Group]] = {}
    for group in groups:
        by_table.setdefault(group.judged.table, []).append(group)
    fate = partial(_fate, is_done=is_done, is_lost=is_lost)
    return [_result(table, found, fate) for table, found in sorted(by_table.items())]


def _result(table: str, groups: Sequence[Group], fate: Callable[[Group], str]) -> TableResult:
    counts = dict.fromkeys(("erased", "emptied", "kept", "refused", "waiting", "left"), 0)
    for group in groups:
        counts[fate(group)] += group.count
    went = [group for group in groups if fate(group) in ("erased", "emptied")]
    rows = [(from_json(key), fingerprint) for group in went for key, fingerprint in group.rows]
    for_others = sum(group.count for group in went if group.judged.why == OTHERS_NEED)
    digest = rows_digest(rows) if rows else None
    return TableResult(table, sum(counts.values()), **counts, for_others=for_others, digest=digest)


def _fate(group: Group, *, is_done: bool, is_lost: bool) -> str:
    judged = group.judged
    if is_lost:
        return "refused" if judged.verdict is Verdict.REFUSE else "left"
    if judged.verdict is Verdict.ERASE or judged.columns_kept is not None:
        went = "erased" if judged.columns_kept is None else "emptied"
        return went if is_done else "left"
    if judged.verdict is Verdict.KEEP:
        return "kept"
    return "refused" if judged.verdict is Verdict.REFUSE else "waiting"

"""A plan as it is kept: per system what its verdicts were drawn from, and the rows that share a judgement together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from dsr.domain.basis import Basis
from dsr.domain.plans import NOT_OURS, PSEUDONYM, READ_ONLY, Judgement, PlanRow, Verdict
from dsr.domain.rights import Outcome
from dsr.domain.row_keys import Key, from_json


@dataclass(frozen=True)
class Group:
    """Rows of a plan with one judgement: how many, and as JSON the key and the fingerprint of each.

    Rows that are kept go into the ledger as they were written here, without being read.
    """

    judgement: Judgement
    count: int
    written: str

    @classmethod
    def of(cls, judgement: Judgement, rows: Sequence[Sequence[Any]]) -> Group:
        """The group of these rows, each a key, as JSON carries it, and a fingerprint."""
        return cls(judgement, len(rows), json.dumps(rows))

    @cached_property
    def judged(self) -> PlanRow:
        """What the rows share, as a row without a key."""
        return self._row((), "")

    @cached_property
    def rows(self) -> list[list[Any]]:
        """The key, as JSON carries it, and the fingerprint of each row."""
        rows: list[list[Any]] = json.loads(self.written)
        return rows

    @cached_property
    def keys(self) -> list[Key]:
        """The key of every row."""
        return [from_json(key) for key, _ in self.rows]

    def to_rows(self) -> list[PlanRow]:
        """The rows one by one."""
        return [self._row(key, digest) for key, digest in self.rows]

    def without(self, keys: Set[Key]) -> Group:
        """The group without the rows with these keys."""
        stays = [[key, digest] for key, digest in self.rows if from_json(key) not in keys] if keys else self.rows
        return self if len(stays) == self.count else Group.of(self.judgement, stays)

    def _row(self, key: Collection[Any], digest: str) -> PlanRow:
        return PlanRow(*self.judgement, from_json(key), digest)

    def stands_on(self, day: date) -> bool:
        """Whether its day has not come since: a row kept until a date is kept before that date alone."""
        kept_until = self.judged.may_erase_from
        return self.judged.verdict is not Verdict.KEEP or kept_until is None or day < kept_until


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan holds on one system."""

    basis: Basis | None
    groups: Sequence[Group]

    @property
    def by_hand(self) -> list[Group]:
        """The rows that we can only read, and a person has to erase."""
        return [group for group in self.groups if group.judged.why == READ_ONLY]

    def stands(self, basis: Basis) -> bool:
        """Whether a search with this basis would bring the same rows and verdicts: only time can change these then."""
        return (
            self.basis is not None
            and self.basis.digest == basis.digest
            and self.basis.on <= basis.on
            and all(group.stands_on(basis.on) for group in self.groups)
        )


def outcome_of(parts: Iterable[Part], *, is_done_by_hand: bool = False) -> Outcome:
    """Fulfilled if all went, partly if something stayed, refused if nothing went, not applicable without rows.

    Forwarded if all of it is of controllers we work for. What can only be read here stays, unless a person erased it.
    """
    rows = [group.judged for part in parts for group in part.groups]
    if not rows:
        return Outcome.NOT_APPLICABLE
    if all(row.why == NOT_OURS for row in rows):
        return Outcome.FORWARDED
    went = [row for row in rows if row.verdict is Verdict.ERASE or (is_done_by_hand and row.why == READ_ONLY)]
    if len(went) == len(rows) and all(row.why != PSEUDONYM for row in rows):
        return Outcome.FULFILLED
    return Outcome.PARTLY_FULFILLED if went or any(row.columns_kept is not None for row in rows) else Outcome.REFUSED

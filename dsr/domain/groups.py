"""A plan as it is kept: per system what its verdicts were drawn from, and the rows that share a judgement together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from dsr.domain.basis import Basis
from dsr.domain.plans import Judgement, PlanRow, Verdict
from dsr.domain.row_keys import Key, from_json


@dataclass(frozen=True)
class Group:
    """Rows of a plan with one judgement; `rows` holds the key, as JSON carries it, and the fingerprint of each."""

    judgement: Judgement
    rows: Sequence[Sequence[Any]]

    @cached_property
    def first(self) -> PlanRow:
        """The first row: what it shares with the others can be read from it."""
        return self._row(*self.rows[0])

    @property
    def keys(self) -> list[Key]:
        """The key of every row."""
        return [from_json(key) for key, _ in self.rows]

    def to_rows(self) -> list[PlanRow]:
        """The rows one by one."""
        return [self._row(key, digest) for key, digest in self.rows]

    def _row(self, key: Iterable[Any], digest: str) -> PlanRow:
        return PlanRow(*self.judgement, from_json(key), digest)

    def stands_on(self, day: date) -> bool:
        """Whether its day has not come since: a row kept until a date is kept before that date alone."""
        kept_until = self.first.may_erase_from
        return self.first.verdict is not Verdict.KEEP or kept_until is None or day < kept_until


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan holds on one system."""

    basis: Basis | None
    groups: Sequence[Group]

    def stands(self, basis: Basis) -> bool:
        """Whether a search with this basis would bring the same rows and verdicts: only time can change these then."""
        return (
            self.basis is not None
            and self.basis.digest == basis.digest
            and self.basis.on <= basis.on
            and all(group.stands_on(basis.on) for group in self.groups)
        )

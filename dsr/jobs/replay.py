"""Erasing again what a restore of the controller's database brought back, a transaction for each batch."""

from __future__ import annotations

from collections.abc import Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta

from dsr.domain.calendars import local_date
from dsr.jobs.context import Context
from dsr.services import drawing_up, erased, errand_replays, holds, replay, retention
from dsr.services.replay import AGAIN, GONE, Batch, Outcome, RowNoted


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every row; `remembered_from` is the first day of which everything is still remembered."""

    outcomes: list[Outcome]
    remembered_from: date

    def count(self, result: str) -> int:
        """How many rows had this result."""
        return sum(outcome.result == result for outcome in self.outcomes)

    @property
    def left(self) -> list[Outcome]:
        """The rows that somebody must look at."""
        return [outcome for outcome in self.outcomes if outcome.result not in (AGAIN, GONE)]


class _Rehearsed(Exception):
    """Takes back what a rehearsal did."""


def run(context: Context, system: str, since: date, *, dry_run: bool = False) -> Report:
    """Erase again what was erased in a system since a day. Raises SystemDown, SystemRefuses or PlanChanged.

    What a run that was stopped did is found gone by the next. A rehearsal does the same and takes it back.
    """
    with context.transaction(writes=False) as session:
        batches = replay.erased_since(session, system, since)
    noted = {row for batch in batches for row in batch.rows()}
    outcomes: list[Outcome] = []
    for batch in batches:
        drawing_up.check_schema(context.systems[system], within=drawing_up.CHECKED_FOR)
        outcomes += (_rehearse if dry_run else _replay)(context, system, batch, noted)
    return Report(outcomes, remembered_from(context))


def remembered_from(context: Context) -> date:
    """The first day of which everything that was erased is still remembered."""
    return local_date(context.now()) - timedelta(days=erased.remembered_days(context.settings.register))


def ask_owner(context: Context, system: str, since: date, *, dry_run: bool = False) -> int:
    """Ask who looks after a system without a database to erase again; returns for how many cases."""
    with context.transaction(writes=not dry_run) as session:
        if dry_run:
            return len(errand_replays.erased_since(session, system, since))
        return errand_replays.ask_owner(session, system, since, settings=context.settings, now=context.now())


def _replay(context: Context, system: str, batch: Batch, noted: Set[RowNoted]) -> list[Outcome]:
    with context.transaction(writes=False) as session:
        decisions = retention.decisions_on(session, batch.case_id, context.settings.register)
    with ExitStack() as ours:
        with context.systems[system].erasing() as transaction:
            on = local_date(context.now())
            outcomes = replay.replay(transaction, context.settings, system, batch, decisions, noted=noted, on=on)
            session = ours.enter_context(context.transaction())
            holds.check_unchanged(session, batch.case_id, None, decisions)
        replay.note(session, system, batch, outcomes, context.settings.register, now=context.now())
    return outcomes


def _rehearse(context: Context, system: str, batch: Batch, noted: Set[RowNoted]) -> list[Outcome]:
    with context.transaction(writes=False) as session:
        decisions = retention.decisions_on(session, batch.case_id, context.settings.register)
    outcomes: list[Outcome] = []
    try:
        with context.systems[system].erasing() as transaction:
            on = local_date(context.now())
            outcomes = replay.replay(transaction, context.settings, system, batch, decisions, noted=noted, on=on)
            raise _Rehearsed
    except _Rehearsed:
        return outcomes

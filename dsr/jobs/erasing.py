"""Erasing in the controller's systems: an approved plan now, and what the ledger kept on its day.

Between our database and theirs there is no common transaction. So the attempt is noted first; then their rows change;
then they commit while our transaction is open, and it writes the receipt. An attempt without a receipt is looked at
again: if what was to go is gone, it was committed.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from dsr import faults
from dsr.connectors.base import Connector, ConnectorError, Erasing, RegisterDoesNotFit, SystemDown, SystemRefuses
from dsr.connectors.manual import OwnerHasNotAnswered
from dsr.domain.calendars import local_date
from dsr.domain.plans import Decision, PlanChanged
from dsr.domain.row_keys import Key
from dsr.domain.wording import N_
from dsr.jobs.context import Context, Note, left_undone
from dsr.services import (
    drawing_up,
    ending,
    erasing,
    errand_dates,
    errand_erasures,
    errands,
    executions,
    holds,
    kept,
    later,
    ledger,
    plans,
    retention,
    work,
)

log = logging.getLogger(__name__)
T = TypeVar("T")


Approved = Sequence[executions.Approved] | PlanChanged
"""The plans to carry out, or why they no longer stand; none where there is nothing (more) to do."""


def begin(context: Context, session: Session, case_id: uuid.UUID) -> Approved:
    """Note the attempt on the approved plans of a case."""
    try:
        return executions.begin(session, case_id, context.settings.register, now=context.now())
    except PlanChanged as error:
        return error


def carry_out(context: Context, case_id: uuid.UUID, approved: Approved) -> Note:
    """Carry out approved plans, system by system; one that is down or refuses delays its own part only."""
    if isinstance(approved, PlanChanged):
        return partial(_void_all, context, case_id, approved)
    parts = [(plan, connector) for plan in approved for connector in _connectors(context, plan)]
    return by_system(context, parts, lambda part: _erase_in(context, *part)) if parts else left_undone(None)


def _connectors(context: Context, approved: executions.Approved) -> list[Connector]:
    """The systems of a plan without a receipt."""
    systems = {**context.systems, **_by_hand(context, approved)}
    return [systems[system] for system in approved.systems]


def by_system(context: Context, systems: Iterable[T], act: Callable[[T], Note]) -> Note:
    """Act on each system; the receipt of one is written before the next is touched. A plan that changed ends it."""
    *others, last = systems
    left: Exception | None = None
    for system in others:
        note = act(system)
        with context.transaction() as session:
            left = note(session) or left
        if isinstance(left, PlanChanged):
            return left_undone(left)
    last_note = act(last)
    return lambda session: last_note(session) or left


@dataclass(frozen=True)
class _Changed:
    """What was done in one system, whose transaction is still open; dropped, it is rolled back."""

    context: Context
    approved: executions.Approved
    system: str
    receipt: erasing.Receipt
    theirs: ExitStack

    def commit(self, session: Session) -> Exception | None:
        """Commit theirs, and write the receipt in ours."""
        # Until theirs has committed nobody places a hold: it comes before the rows go, or after that.
        try:
            with self.theirs:
                executions.check_holds(session, self.approved, self.receipt)
        except PlanChanged as error:
            return _void(self.context, self.approved, error, session)
        faults.point("customer-database-committed")
        settings, now = self.context.settings, self.context.now()
        errand_erasures.settle(session, self.approved, self.system, self.receipt, settings=settings, now=now)
        return None


def _by_hand(context: Context, approved: executions.Approved) -> Mapping[str, Connector]:
    """The systems that a person erases; whoever has something to do there is asked."""
    if not errands.by_hand(context.settings).keys() & approved.parts.keys():
        return {}
    with context.transaction() as session:
        return errand_erasures.systems_for(session, approved, settings=context.settings, now=context.now())


def _erase_in(context: Context, approved: executions.Approved, connector: Connector) -> Note:
    system = connector.name
    try:
        drawing_up.check_schema(connector, within=drawing_up.CHECKED_FOR)
        with ExitStack() as theirs:
            receipt = _erase(context, approved, system, theirs.enter_context(connector.erasing()))
            return _Changed(context, approved, system, receipt, theirs.pop_all()).commit
    except OwnerHasNotAnswered:
        return left_undone(None)  # the answer asks for this step again
    except (SystemDown, SystemRefuses) as error:
        return left_undone(error)
    except PlanChanged as error:
        return partial(_void, context, approved, error)


def _erase(context: Context, approved: executions.Approved, system: str, transaction: Erasing) -> erasing.Receipt:
    settings, part, on = context.settings, approved.parts[system], local_date(context.now())
    found = drawing_up.find(transaction, settings.register, system, approved.identifiers)
    stands = part.stands(drawing_up.basis_of(settings, found, approved.decisions, on=on))
    judge = partial(drawing_up.judge, settings, system, found, approved.decisions, on=on)
    # Asked only now that the rows are locked: another worker may have been there since we noted our attempt.
    is_repeated = partial(_is_repeated, context, approved.plan.id, system)
    attempt = erasing.Attempt(part.groups, found, stands, judge, is_repeated)
    receipt = erasing.carry_out(transaction, attempt, settings.register, system)
    faults.point("rows-changed")
    return replace(receipt, rules=retention.rules_of(settings, system))


def _void_all(context: Context, case_id: uuid.UUID, error: PlanChanged, session: Session) -> PlanChanged:
    for plan in plans.approved(session, case_id):
        executions.void(session, plan, context.settings.register, context.in_words(error), now=context.now())
    return error


def _void(context: Context, approved: executions.Approved, error: PlanChanged, session: Session) -> PlanChanged:
    plan = plans.locked(session, approved.plan.id)
    executions.void(session, plan, context.settings.register, context.in_words(error), now=context.now())
    if plans.approved(session, plan.case_id):
        work.ask(session, plan.case_id, "erase", now=context.now())  # another plan goes on
    return error


def _is_repeated(context: Context, plan_id: uuid.UUID, system: str) -> bool:
    with context.transaction(writes=False) as session:
        return executions.is_repeated(session, plan_id, system)


def erase_due(context: Context) -> int:
    """Erase what the ledger kept until today; returns how many groups of rows were looked at.

    A system that is down or that the register does not fit keeps its rows until the next run; what a system refuses is
    left for a person.
    """
    looked_at, unfit = 0, set[str]()
    for group, decisions in _due(context):
        looked_at += 1
        try:
            if group.system not in unfit:
                _erase_group(context, group, decisions)
        except OwnerHasNotAnswered:
            continue
        except RegisterDoesNotFit as error:
            log.warning("Kept rows wait until the register fits again: %s", error)
            unfit.add(group.system)
        except SystemDown as error:
            log.warning("Kept rows wait for the next run: %s", error)
    return looked_at


def _due(context: Context) -> Iterator[tuple[retention.Due, Mapping[str, Decision]]]:
    """What is due and what is held of it, a few groups at a time; each comes once, also where it stays due."""
    today, last = local_date(context.now()), None
    while True:
        with context.transaction(writes=False) as session:
            found = retention.due_entries(session, today, after=last)
            decided = [retention.decisions_on(session, due.case_id, context.settings.register) for due in found]
        yield from zip(found, decided, strict=True)
        if not found:
            return
        last = found[-1]


def _erase_group(context: Context, due: retention.Due, decisions: Mapping[str, Decision]) -> None:
    try:
        _erase_kept(context, due, decisions)
    except RegisterDoesNotFit:
        raise  # of every row in this system; once it is mended they go by themselves
    except SystemRefuses as error:
        log.warning("Kept rows are left for a person: %s", error)
        with context.transaction() as session:
            errand_erasures.settle_kept(
                session, due, retention.refused(due), settings=context.settings, now=context.now()
            )
    except PlanChanged as error:
        log.info("Kept rows wait for the next run: %s", error)


def _erase_kept(context: Context, due: retention.Due, decisions: Mapping[str, Decision]) -> None:
    connector = _connector(context, due, decisions)
    drawing_up.check_schema(connector, within=drawing_up.CHECKED_FOR)
    with ExitStack() as ours:
        with connector.erasing() as transaction:
            on = local_date(context.now())
            known = partial(_keys_kept, context, due)
            results = ending.erase_due(transaction, context.settings, due, decisions, known, on=on)
            if any(result.in_part for result in results.values()):
                with context.transaction() as beforehand:
                    retention.begin(beforehand, due, results)
            session = ours.enter_context(context.transaction())
            holds.check_unchanged(session, due.case_id, None, decisions)
        faults.point("kept-rows-erased")
        errand_erasures.settle_kept(session, due, results, settings=context.settings, now=context.now())


def _keys_kept(context: Context, due: retention.Due) -> Mapping[str, set[Key]]:
    with context.transaction(writes=False) as session:
        return kept.keys(session, due.case_id, due.system)


def _connector(context: Context, due: retention.Due, decisions: Mapping[str, Decision]) -> Connector:
    if due.system in errands.by_hand(context.settings):
        with context.transaction() as session:
            return errand_erasures.system_for(session, due, decisions, settings=context.settings, now=context.now())
    return _database(context, due.system)


def look_again(context: Context) -> int:
    """Give kept rows their days where these appeared or a rule changed; returns how many groups were looked at.

    What a system refuses is looked at again tomorrow; a system that is down, at the next run.
    """
    today = local_date(context.now())
    with context.transaction(writes=False) as session:
        groups = ledger.to_look_at(session, context.settings, today)
    for group in groups:
        try:
            _look_at(context, group)
        except (ConnectorError, PlanChanged) as error:
            log.warning("Kept rows are looked at again later: %s", error)
    return len(groups)


def _holding(context: Context, group: retention.Due) -> Connector:
    """The system that holds kept rows, to look at them; what an owner found, as they noted it. Raises SystemRefuses."""
    if group.system in errands.by_hand(context.settings):
        with context.transaction(writes=False) as session:
            return errand_erasures.holding(session, group.case_id, group.system, settings=context.settings)
    return _database(context, group.system)


def _database(context: Context, system: str) -> Connector:
    if system not in context.systems:
        raise SystemRefuses(system, N_("this system is not in the configuration any more"))
    return context.systems[system]


def _look_at(context: Context, group: retention.Due) -> None:
    with context.transaction(writes=False) as session:
        decisions = ledger.decisions_of(session, group, context.settings)
    seen = _seen(context, group, decisions)
    with context.transaction() as session:
        holds.check_unchanged(session, group.case_id, None, decisions)
        ledger.note(session, group, seen, settings=context.settings, now=context.now())
        if group.system in errands.by_hand(context.settings):
            errand_dates.ask_owner(session, group.case_id, group.system, settings=context.settings, now=context.now())


def _seen(context: Context, group: retention.Due, decisions: Mapping[str, Decision]) -> list[ledger.Seen]:
    """The kept rows of a group as they are now; none of a system that the register does not name any more."""
    if group.system not in context.settings.register.tables:
        return []
    known = _keys_kept(context, group)
    with _holding(context, group).erasing() as transaction:
        return ledger.look(transaction, context.settings, group, decisions, known, on=local_date(context.now()))


def preview_ledger(context: Context) -> dict[str, Counter[str]]:
    """By system how many kept rows would get another day, and how; nothing is changed. Raises ConnectorError."""
    today = local_date(context.now())
    with context.transaction(writes=False) as session:
        groups = ledger.to_look_at(session, context.settings, today, limit=None)
        decided = [(group, ledger.decisions_of(session, group, context.settings)) for group in groups]
    found: dict[str, Counter[str]] = {}
    for group, decisions in decided:
        seen = _seen(context, group, decisions)
        found.setdefault(group.system, Counter()).update(ledger.changes(seen, today))
    return found


def run_ledger(context: Context) -> None:
    """What the ledger asks for: new days first, then what may go today."""
    look_again(context)
    erase_due(context)
    with context.transaction(writes=False) as session:
        is_any_due = later.is_any_due(session, context.settings.register)
    if is_any_due:
        with context.transaction() as session:
            later.tell(session, settings=context.settings, now=context.now())

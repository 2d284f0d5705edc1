"""Marking in the controller's systems what may only be stored, and taking the marks away again (GDPR art. 18).

Which rows are marked is noted before they commit: whoever takes the mark away must know what was there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy.orm import Session

from dsr import faults
from dsr.connectors.base import SystemDown, SystemRefuses, rows_of
from dsr.db.cases import Case
from dsr.domain.changes import RowChange
from dsr.domain.errors import DomainError
from dsr.domain.plans import SeveralPersons
from dsr.domain.restriction import has_marks, marks, unmarked
from dsr.jobs.context import Context, Note, left_undone
from dsr.services import changing, drawing_up, errand_restrictions, objection, restriction, search
from dsr.services.restriction import Pending


class _ToTell(NamedTuple):
    """What the systems are to know, and which systems."""

    pending: Sequence[Pending]
    systems: Collection[str]


def begin(context: Context, session: Session, case_id: uuid.UUID) -> _ToTell:
    """Stop what an objection or a withdrawal is about, and ask the owners; what the systems are to know of it all."""
    case = session.get_one(Case, case_id)
    objection.stop_first(session, case, register=context.settings.register, now=context.now())
    errand_restrictions.tell_owners(session, case, settings=context.settings, now=context.now())
    return _ToTell(restriction.pending(session, case), search.without_given_up(session, case_id, context.systems))


def restrict(context: Context, case_id: uuid.UUID, found: _ToTell) -> Note:
    """Have every system know what is restricted, or is not any more; one that is down delays its own part only."""
    left: DomainError | None = None
    for pending in found.pending:
        for system in found.systems:
            try:
                _tell(context, pending, system)
            except (SystemDown, SystemRefuses, SeveralPersons) as fault:
                left = left or fault

    return left_undone(left) if left else partial(_finish, context, case_id)


def _finish(context: Context, case_id: uuid.UUID, session: Session) -> None:
    case = session.get_one(Case, case_id)
    restriction.finish(session, case, context.settings.register, now=context.now())
    errand_restrictions.note_given_up(session, case)


def _tell(context: Context, pending: Pending, system: str) -> None:
    with context.transaction(writes=False) as session:
        marking = restriction.noted(session, pending.restriction_id, system)
        noted = restriction.changes_of(marking)
        is_marked = marking is not None and marking.marked_at is not None
        is_over = marking is None or marking.unmarked_at is not None
    if pending.is_lifted and not is_over:
        _unmark(context, pending, system, noted)
    if not pending.is_lifted and not is_marked and has_marks(context.settings.register, system, pending.categories):
        _mark(context, pending, system, noted)


def _mark(context: Context, pending: Pending, system: str, noted: Sequence[RowChange]) -> None:
    register = context.settings.register
    drawing_up.check_schema(context.systems[system])
    with context.systems[system].erasing() as transaction:
        rows = rows_of(transaction.find(pending.identifiers))
        drawing_up.check_one_person(register, system, rows, pending.identifiers)
        changes = marks(register, system, rows, pending.categories)
        # An attempt may have committed without our knowing: its rows are marked, and what they held is in its note.
        earlier = [change for change in noted if changing.is_done(transaction, [change])]
        with context.transaction() as session:
            restriction.note(session, pending.restriction_id, system, [*earlier, *changes], now=context.now())
        changing.write(transaction, changes)
        faults.point("rows-marked")
    faults.point("marks-committed")
    with context.transaction() as session:
        restriction.settle(session, pending.restriction_id, system, now=context.now())


def _unmark(context: Context, pending: Pending, system: str, noted: Sequence[RowChange]) -> None:
    """Only rows that still bear our mark get back what they held, and not while another case restricts them."""
    drawing_up.check_schema(context.systems[system])
    with context.systems[system].erasing() as transaction:
        marked = [change for change in noted if changing.is_done(transaction, [change])]
        with context.transaction() as session:
            free = restriction.hand_over(session, pending, system, marked, now=context.now())
        changing.write(transaction, [unmarked(change) for change in free])
    faults.point("marks-removed")
    with context.transaction() as session:
        restriction.settle(session, pending.restriction_id, system, now=context.now())

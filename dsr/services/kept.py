"""What is still kept of a person after an earlier request: found by keyed digests, told, and never counted twice."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Identifiers
from dsr.db.cases import Case
from dsr.db.identity import IdentityCheck
from dsr.db.plans import LedgerEntry, LedgerIdentifier
from dsr.domain.answers import StillKept
from dsr.domain.copies import is_told
from dsr.domain.errands import ITEM
from dsr.domain.groups import Group
from dsr.domain.identifiers import EMAIL, KINDS
from dsr.domain.plans import Verdict
from dsr.domain.register import Register
from dsr.domain.retention import duty_named
from dsr.domain.row_keys import Key, from_json
from dsr.services import audit, later
from dsr.services.lookup import digests_of, identifiers_of, note_answer
from dsr.services.retention import ERASED, Kept, drop, kept_rows

LEDGER = "earlier-request"
"""What stands for a system where it is the ledger that knows the address."""


_CASES = select(LedgerIdentifier.case_id).where(LedgerIdentifier.digest.in_(bindparam("digests", expanding=True)))
_EARLIER = (
    select(LedgerEntry, Case.reference)
    .join(Case, Case.id == LedgerEntry.case_id)
    .where(LedgerEntry.case_id.in_(_CASES), LedgerEntry.case_id != bindparam("case"), LedgerEntry.state != ERASED)
    .order_by(Case.received_at, LedgerEntry.category, LedgerEntry.keep_through)
)

_IN_SYSTEM = select(LedgerEntry).where(
    or_(LedgerEntry.case_id.in_(_CASES), LedgerEntry.case_id == bindparam("case")),
    LedgerEntry.system == bindparam("system"),
    LedgerEntry.state != ERASED,
)


class Earlier(NamedTuple):
    """An entry of the ledger, and the request after which it stayed."""

    entry: LedgerEntry
    reference: str


def earlier(session: Session, case_id: uuid.UUID, identifiers: Identifiers) -> list[Earlier]:
    """What other requests of a person left in the ledger and is not erased yet."""
    of_person = {"case": case_id, "digests": digests_of(identifiers)}
    return [Earlier(*row) for row in session.execute(_EARLIER, of_person)]


def of_person(session: Session, case: Case) -> list[Earlier]:
    """The same by the address alone: a household may share its telephone number, and a number be given out anew."""
    return earlier(session, case.id, {EMAIL: case.data_subject.email})


def rows_for_copy(session: Session, case: Case, settings: Settings) -> dict[str, dict[str, Kept]]:
    """System -> table -> the rows that earlier requests of a person left, of what a copy shows from databases.

    Who was told apart from others behind one address is only the same person where the same row was chosen: what was
    chosen tells requests apart, and never brings them together.
    """
    rows: dict[str, dict[str, Kept]] = {}
    for entry, _ in of_person(session, case):
        if _is_in_copies(entry, settings) and _chosen(session.get_one(Case, entry.case_id)) == _chosen(case):
            tables = rows.setdefault(entry.system, {})
            tables[entry.table] = {**tables.get(entry.table, {}), **kept_rows(entry)}
    return rows


def _is_in_copies(entry: LedgerEntry, settings: Settings) -> bool:
    category, system = settings.register.categories.get(entry.category), settings.systems.get(entry.system)
    return category is not None and is_told(category) and not (system and system.is_manual)


def _chosen(case: Case) -> dict[str, str]:
    """SYSTEM.TABLE -> the rows that were chosen there, of the people behind one address."""
    return {kind: value for kind, value in identifiers_of(case).items() if kind not in KINDS}


def own(session: Session, case_id: uuid.UUID) -> list[LedgerEntry]:
    """What this request left in the ledger and is not erased yet, by day."""
    kept = select(LedgerEntry).where(LedgerEntry.case_id == case_id, LedgerEntry.state != ERASED)
    return list(session.scalars(kept.order_by(LedgerEntry.may_erase_from, LedgerEntry.category, LedgerEntry.table)))


def keys(session: Session, case_id: uuid.UUID, system: str) -> dict[str, set[Key]]:
    """Table -> the keys of all rows in a system that the ledger has of the person of a case, after any request."""
    digests = session.scalars(select(LedgerIdentifier.digest).where(LedgerIdentifier.case_id == case_id)).all()
    found: dict[str, set[Key]] = {}
    for entry in _in_system(session, case_id, digests, system):
        found.setdefault(entry.table, set()).update(kept_rows(entry))
    return found


def _in_system(session: Session, case_id: uuid.UUID, digests: Iterable[bytes], system: str) -> Sequence[LedgerEntry]:
    """What any request of a person left in a system and is not erased yet."""
    return session.scalars(_IN_SYSTEM, {"case": case_id, "digests": [*digests], "system": system}).all()


def look_up(session: Session, case: Case, *, now: datetime) -> None:
    """Note that an earlier request knew the address: of its data the systems may not know it any more."""
    if of_person(session, case):
        note_answer(session, case, LEDGER, {EMAIL: True}, now=now)
        audit.record(session, "earlier-request-found", by=audit.WORKER, now=now, case_id=case.id)


def told(session: Session, case: Case, register: Register) -> tuple[StillKept, ...]:
    """What the letter says is still kept after earlier requests; only to somebody whose identity is confirmed."""
    check = session.get(IdentityCheck, case.id)
    if check is None or not check.is_confirmed:
        return ()
    found: dict[tuple[str, str, str | None], list[date | None]] = {}
    for entry, reference in of_person(session, case):
        category = register.categories.get(entry.category)
        if category and not category.confidential:
            label = category.label.in_language(case.language)
            law = entry.law if duty_named(entry.rule) else None
            found.setdefault((label, reference, law), []).append(entry.keep_through)
    return tuple(
        StillKept(what, reference, law, None if None in days else max(day for day in days if day))
        for (what, reference, law), days in found.items()
    )


def take_over(
    session: Session,
    case_id: uuid.UUID,
    identifiers: Identifiers,
    system: str,
    planned: Sequence[Group],
    *,
    now: datetime,
) -> None:
    """Rows that a newer plan decided on leave the entries of earlier plans: the newer one keeps or erased them."""
    entries = _in_system(session, case_id, digests_of(identifiers), system)
    if _numbers_items(planned):
        entries = [entry for entry in entries if entry.case_id == case_id]
    if not entries:
        return
    decided = _rows(planned)
    # What is refused now goes on its day all the same where another request left it.
    not_refused = _rows(group for group in planned if group.judged.verdict is not Verdict.REFUSE)
    taken: Counter[uuid.UUID] = Counter()
    for entry in entries:
        taken[entry.case_id] += _leave(session, entry, decided if entry.case_id == case_id else not_refused, now)
    if rows := taken.total():
        later.hand_on(session, {*(+taken)} - {case_id}, case_id, now=now)
        audit.record(session, "ledger-taken-over", by=audit.WORKER, now=now, case_id=case_id, system=system, rows=rows)


def _rows(groups: Iterable[Group]) -> set[tuple[str, Key]]:
    return {(group.judged.table, key) for group in groups for key in group.keys}


def _numbers_items(planned: Iterable[Group]) -> bool:
    """Whether the keys are numbers of items: every request counts its own, so that the same number is another paper."""
    return any(group.judged.key_columns == (ITEM,) for group in planned)


def _leave(session: Session, entry: LedgerEntry, decided: set[tuple[str, Key]], now: datetime) -> int:
    """Take rows out of an entry; returns how many."""
    rows = json.loads(entry.rows or "[]")
    remaining = [row for row in rows if (entry.table, from_json(row[0])) not in decided]
    if not remaining:
        drop(session, entry, now=now)
    elif len(remaining) < len(rows):
        entry.rows, entry.row_count = json.dumps(remaining), len(remaining)
    return len(rows) - len(remaining)

"""What a handler proves besides the address: another identifier of the person, or which of several people this is."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dsr.db.answers import AccessCopy
from dsr.db.cases import Case, Identifier
from dsr.domain.identifiers import CUSTOMER_NUMBER, PHONE, normalised
from dsr.domain.wording import N_
from dsr.services import audit, casework, search, work
from dsr.services.lookup import require_identity

BY_HAND = "handler"
ADDED = (CUSTOMER_NUMBER, PHONE)
"""What a handler can add; the address is proved by a code."""


def confirm_identifier(session: Session, case: Case, kind: str, typed: str, *, by: uuid.UUID, now: datetime) -> None:
    """Record that a number is the person's too: somebody checked it. The systems are searched once more.

    Raises NotAnIdentifier, IdentityNotConfirmed or Conflict.
    """
    if kind not in ADDED:
        raise casework.NotPossible(N_("Choose a customer number or a telephone number."))
    _prove(session, case, kind, normalised(kind, typed), by=by, now=now)
    audit.record(session, "identifier-confirmed", by=by, now=now, case_id=case.id, kind=kind)


def choose_persons(
    session: Session, case: Case, place: str, chosen: Sequence[str], *, by: uuid.UUID, now: datetime
) -> None:
    """Record which of the people that answered in SYSTEM.TABLE is the person, by the numbers they were shown under.

    Raises NotPossible, IdentityNotConfirmed or Conflict.
    """
    people = persons_of(session, case).get(place, [])
    keys = [person["key"] for number, person in enumerate(people) if str(number) in chosen]
    if not keys:
        raise casework.NotPossible(N_("Choose which of these people it is."))
    _prove(session, case, place, json.dumps(keys), by=by, now=now)
    audit.record(
        session, "persons-chosen", by=by, now=now, case_id=case.id, place=place, chosen=len(keys), of=len(people)
    )


def persons_of(session: Session, case: Case) -> dict[str, list[dict[str, Any]]]:
    """SYSTEM.TABLE -> the people who answered there, of whom nobody has said yet which one this is."""
    newest = search.latest(session, case)
    found: dict[str, list[dict[str, Any]]] = json.loads(newest.persons or "{}") if newest else {}
    return {place: people for place, people in found.items() if all(known.kind != place for known in case.identifiers)}


def forget(session: Session, case: Case, kind: str, *, by: uuid.UUID, now: datetime) -> None:
    """Take back what was proved by hand, or chosen. Raises IdentityNotConfirmed or Conflict."""
    known = next((found for found in case.identifiers if found.kind == kind), None)
    if known is None:
        return
    _change(session, case, by=by, now=now)
    case.identifiers.remove(known)
    session.delete(known)
    audit.record(session, "identifier-forgotten", by=by, now=now, case_id=case.id, kind=kind)


def _prove(session: Session, case: Case, kind: str, value: str, *, by: uuid.UUID, now: datetime) -> None:
    _change(session, case, by=by, now=now)
    known = next((found for found in case.identifiers if found.kind == kind), None)
    if known is None:
        known = Identifier(case_id=case.id, kind=kind)
        case.identifiers.append(known)
    known.proof, known.proved_at, known.proved_by_id, known.value = BY_HAND, now, by, value


def _change(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    require_identity(session, case)
    casework.change(session, case)
    search.start_anew(session, case)
    work.ask(session, case.id, "search", by=by, now=now)
    _make_copy_anew(session, case, by=by, now=now)


def _make_copy_anew(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    copy = session.get(AccessCopy, case.id)
    if copy and copy.released_at is None:
        copy.viewed_at, copy.viewed_by_id = None, None
    if (copy and copy.released_at is None) or work.is_waiting(session, case.id, "copy"):
        work.ask(session, case.id, "copy", by=by, now=now)

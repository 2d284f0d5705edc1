"""Whether the controller's systems know who is asking, and the handler's check that builds on it (GDPR art. 12(6))."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dsr.connectors.base import Identifiers
from dsr.db.base import keys
from dsr.db.cases import Case, Identifier
from dsr.db.identity import IdentityCheck, Lookup
from dsr.domain.errors import DomainError
from dsr.domain.identifiers import CUSTOMER_NUMBER, EMAIL
from dsr.domain.lifecycle import Status
from dsr.domain.register import Register
from dsr.domain.wording import N_
from dsr.services import audit, casework, work

LOOKED_UP = "lookup"


class IdentityNotConfirmed(DomainError):
    """Who is asking is not certain yet; nothing is searched, released or erased."""


def identifiers_of(case: Case) -> Identifiers:
    """What a person is found by: the address, which a code can prove, and what was proved besides; never the name."""
    return {EMAIL: case.data_subject.email} | {found.kind: str(found.value) for found in case.identifiers}


def claimed_by(case: Case, register: Register, system: str) -> Identifiers:
    """What a person says they are known by, of the kinds that a system has: nothing of it is proved."""
    number = case.data_subject.customer_number
    known = {kind for table in register.tables.get(system, {}).values() for kind in table.match}
    claimed = {EMAIL: case.data_subject.email} | ({CUSTOMER_NUMBER: number} if number else {})
    return {kind: value for kind, value in claimed.items() if kind == EMAIL or kind in known}


def digests_of(identifiers: Identifiers) -> set[bytes]:
    """What holds and the ledger know a person by, before an erasure and after it."""
    return {keys().digest(f"ledger:{kind}", value.strip().casefold()) for kind, value in identifiers.items()}


def record_lookup(session: Session, case: Case, system: str, known: Mapping[str, bool], *, now: datetime) -> None:
    """Record a system's yes or no per identifier, in the place of an earlier answer.

    A number that the system has in a row of the address is proved as soon as the address is.
    """
    note_answer(session, case, system, known, now=now)
    if known.get(CUSTOMER_NUMBER) and all(found.kind != CUSTOMER_NUMBER for found in case.identifiers):
        number = case.data_subject.customer_number
        case.identifiers.append(
            Identifier(case_id=case.id, kind=CUSTOMER_NUMBER, proof=LOOKED_UP, proved_at=now, value=number)
        )
    audit.record(session, "identifiers-looked-up", by=audit.WORKER, now=now, case_id=case.id, system=system)


def note_answer(session: Session, case: Case, system: str, known: Mapping[str, bool], *, now: datetime) -> None:
    """Keep a yes or no per identifier, in the place of an earlier answer."""
    session.execute(delete(Lookup).where(Lookup.case_id == case.id, Lookup.system == system))
    for identifier, is_known in known.items():
        session.add(Lookup(case_id=case.id, system=system, identifier=identifier, is_known=is_known, looked_up_at=now))


def lookups_of(session: Session, case: Case) -> list[Lookup]:
    """What the systems answered so far."""
    return list(session.scalars(select(Lookup).where(Lookup.case_id == case.id).order_by(Lookup.system)))


def confirm_identity(
    session: Session, case: Case, *, by: uuid.UUID, now: datetime, is_seen_on_file: bool = False
) -> IdentityCheck:
    """Record that the person is who they say: the address was confirmed and is on file with the controller.

    Where no database knows it, the handler may have seen it on file (`is_seen_on_file`). Starts the search. Raises
    IdentityNotConfirmed, or casework's Conflict.
    """
    if case.data_subject.email_confirmed_at is None:
        raise IdentityNotConfirmed(N_("The e-mail address has not been confirmed with the code yet."))
    is_known = any(lookup.is_known for lookup in lookups_of(session, case) if lookup.identifier == EMAIL)
    if not (is_known or is_seen_on_file):
        raise IdentityNotConfirmed(N_("No system knows this e-mail address, so it proves nothing."))
    method = "code-to-address-on-file" if is_known else "code-to-address-seen-on-file"
    check = IdentityCheck(case_id=case.id, method=method, is_confirmed=True, checked_at=now, checked_by_id=by)
    session.add(check)
    casework.move(session, case, Status.HANDLING, by=by, now=now)
    audit.record(session, "identity-confirmed", by=by, now=now, case_id=case.id, method=check.method)
    casework.stop_first(session, case, by=by, now=now)
    work.ask(session, case.id, "search", by=by, now=now)
    return check


def require_identity(session: Session, case: Case) -> None:
    """Whether anything may be done for the person. Raises IdentityNotConfirmed, or NotPossible where the case ended."""
    casework.check_open(case)
    check = session.get(IdentityCheck, case.id)
    if check is None or not check.is_confirmed:
        raise IdentityNotConfirmed(N_("The identity check has not been recorded yet."))

"""The identity check builds on two things: the code came back, and the address is on file."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.identity import Lookup
from dsr.domain.lifecycle import IllegalTransition, Status
from dsr.domain.rights import Right
from dsr.services import lookup, work
from dsr.services.lookup import IdentityNotConfirmed
from tests.parts import cast
from tests.parts.store import NOW, Store


@pytest.fixture
def case(store: Store) -> Case:
    """A case in the hands of its handler, whose address is not confirmed yet."""
    with store.transaction() as session:
        handler = cast.add_member(session)
        return cast.add_case(session, Right.ACCESS, status=Status.IDENTIFYING, handler=handler)


def confirm_email(store: Store, case: Case) -> None:
    with store.transaction() as session:
        session.get_one(Case, case.id).data_subject.email_confirmed_at = NOW


def record(store: Store, case: Case, system: str, *, is_known: bool) -> None:
    with store.transaction() as session:
        lookup.record_lookup(session, session.get_one(Case, case.id), system, {"email": is_known}, now=NOW)


def confirm(store: Store, case: Case) -> None:
    with store.transaction() as session:
        assert case.handler_id is not None
        lookup.confirm_identity(session, session.get_one(Case, case.id), by=case.handler_id, now=NOW)


def test_a_person_is_looked_up_by_the_address_only(store: Store, case: Case) -> None:
    with store.transaction() as session:
        found = lookup.identifiers_of(session.get_one(Case, case.id))
    assert found == {"email": "hanna@example.org"}


def test_code_and_address_on_file_confirm_and_start_the_search(store: Store, case: Case) -> None:
    confirm_email(store, case)
    record(store, case, "crm", is_known=False)
    record(store, case, "shop", is_known=True)
    confirm(store, case)
    with store.transaction() as session:
        lookup.require_identity(session, case)
        assert session.get_one(Case, case.id).status == Status.HANDLING
        assert work.is_waiting(session, case.id, "search")
        events = list(session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))
        assert events[-1] == "identity-confirmed"
        assert events.count("identifiers-looked-up") == 2


def test_without_the_code_nothing_is_confirmed(store: Store, case: Case) -> None:
    record(store, case, "shop", is_known=True)
    with pytest.raises(IdentityNotConfirmed, match="has not been confirmed with the code yet"):
        confirm(store, case)


@pytest.mark.parametrize("is_asked", [True, False])
def test_an_address_that_is_not_on_file_proves_nothing(store: Store, case: Case, is_asked: bool) -> None:
    confirm_email(store, case)
    if is_asked:
        record(store, case, "shop", is_known=False)
    with pytest.raises(IdentityNotConfirmed, match="No system knows this e-mail address"):
        confirm(store, case)
    with store.transaction() as session, pytest.raises(IdentityNotConfirmed, match="has not been recorded yet"):
        lookup.require_identity(session, case)


def test_an_earlier_answer_of_a_system_is_replaced(store: Store, case: Case) -> None:
    confirm_email(store, case)
    record(store, case, "shop", is_known=True)
    record(store, case, "shop", is_known=False)
    with store.transaction() as session:
        assert [found.is_known for found in lookup.lookups_of(session, case)] == [False]
    with pytest.raises(IdentityNotConfirmed):
        confirm(store, case)


def test_what_is_kept_of_a_lookup_is_a_yes_or_no(store: Store, case: Case) -> None:
    record(store, case, "shop", is_known=True)
    with store.transaction() as session:
        (found,) = session.scalars(select(Lookup))
        kept = {column.name: getattr(found, column.name) for column in Lookup.__table__.columns}
        (entry,) = session.scalars(select(AuditEntry))
    assert kept == {**kept, "system": "shop", "identifier": "email", "is_known": True}
    assert entry.details == {"system": "shop"}
    assert "hanna" not in f"{kept} {entry.details}".lower()


def test_a_second_check_is_refused(store: Store, case: Case) -> None:
    confirm_email(store, case)
    record(store, case, "shop", is_known=True)
    confirm(store, case)
    with pytest.raises(IllegalTransition):
        confirm(store, case)

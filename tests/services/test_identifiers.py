"""What a handler proves besides the address, and which of several people is meant: searched, planned and erased so."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dsr.db.answers import AccessCopy
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case, Identifier
from dsr.domain.identifiers import NotAnIdentifier
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.services import copies, identifiers, lookup, plans, search
from dsr.services import work as asked_work
from dsr.services.casework import NotPossible
from dsr.services.copy_archive import write_copy
from dsr.services.lookup import IdentityNotConfirmed
from tests.parts import cast
from tests.parts.erasures import approve
from tests.parts.shop import Workplace, identified_case

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
PLACE = "shop.customer"


def _change(workplace: Workplace, case: Case, change: Any, *values: Any) -> None:
    with workplace.transaction() as session:
        change(session, session.get_one(Case, case.id), *values, by=case.handler_id, now=workplace.clock())


def _searched(workplace: Workplace, case: Case) -> dict[str, int]:
    workplace.clock.now += timedelta(minutes=1)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        newest = search.latest(session, session.get_one(Case, case.id))
        return {found["table"]: found["rows"] for found in newest.findings} if newest else {}


def _plan(workplace: Workplace, case: Case, by: uuid.UUID) -> Any:
    with workplace.transaction() as session:
        plans.propose(session, session.get_one(Case, case.id), {}, by=by, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        plan, step = plans.current(session, case.id), asked_work.of(session, case.id)["plan"]
        return plan, plan and plans.planned_rows(plan), step.error


def test_a_number_finds_more_once_somebody_has_checked_it(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE customer SET email = 'old@example.org' WHERE id = 1")
    case, _, _ = identified_case(workplace, Right.ACCESS)
    register = workplace.context.settings.register
    object.__setattr__(register.tables["shop"]["customer"], "match", {"email": "email", "phone": "phone"})
    workplace.shop.run("UPDATE customer SET phone = '+31 6 8765 4321' WHERE id = 1")
    _change(workplace, case, identifiers.confirm_identifier, "phone", "06-87654321")
    assert _searched(workplace, case)["customer"] == 1
    with workplace.transaction() as session:
        assert lookup.identifiers_of(session.get_one(Case, case.id))["phone"] == "31687654321"
        assert "87654321" not in str(session.scalars(select(AuditEntry.details)).all())
    _change(workplace, case, identifiers.forget, "phone")
    assert "customer" not in _searched(workplace, case)


def test_a_number_needs_an_identity_and_must_be_one(workplace: Workplace) -> None:
    case, _, _ = identified_case(workplace, Right.ACCESS)
    with pytest.raises(NotAnIdentifier):
        _change(workplace, case, identifiers.confirm_identifier, "phone", "Hanna")
    with pytest.raises(NotPossible):
        _change(workplace, case, identifiers.confirm_identifier, "name", "Hanna")
    with workplace.transaction() as session:
        unknown = cast.add_case(session, Right.ACCESS)
    with pytest.raises(IdentityNotConfirmed):
        _change(workplace, unknown, identifiers.confirm_identifier, "customer_number", "1")


def test_a_number_that_stands_with_the_address_needs_nobody(workplace: Workplace) -> None:
    with workplace.transaction() as session:
        case = cast.add_case(session, Right.ACCESS)
        case.data_subject.customer_number = "1"
        lookup.record_lookup(session, case, "shop", {"email": True, "customer_number": True}, now=workplace.clock())
        lookup.record_lookup(session, case, "crm", {"email": True, "customer_number": True}, now=workplace.clock())
    with workplace.transaction() as session:
        (known,) = session.scalars(select(Identifier))
        assert (known.kind, known.value, known.proof, known.proved_by_id) == ("customer_number", "1", "lookup", None)


def test_of_several_people_the_chosen_one_is_erased_and_no_other(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 2")
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    with workplace.transaction() as session:
        asked_work.ask(session, case.id, "search", by=handler.id, now=workplace.clock())
    assert _searched(workplace, case)["customer"] == 2
    assert "2 personen in shop.customer horen bij dit adres" in _plan(workplace, case, handler.id)[2]
    with workplace.transaction() as session:
        people = identifiers.persons_of(session, session.get_one(Case, case.id))[PLACE]
    assert [person["values"]["name"] for person in people] == ["Hanna Brinkman", "Bram Bos"]
    with pytest.raises(NotPossible):
        _change(workplace, case, identifiers.choose_persons, PLACE, ["7"])
    _change(workplace, case, identifiers.choose_persons, PLACE, ["0"])
    assert _searched(workplace, case)["customer"] == 1
    before = workplace.shop.everything()
    plan, rows, _ = _plan(workplace, case, handler.id)
    assert {row.key_values for row in rows if row.table == "customer"} == {(1,)}
    approve(workplace, case, plan, approver.id)
    work.run_all(workplace.context)
    after = workplace.shop.everything()
    assert after["ticket"] == [row for row in before["ticket"] if row["customer_id"] == 2]
    for table in ("customer", "invoice"):
        of_bram = [row for row in before[table] if row.get("customer_id", row["id"]) == 2]
        assert [row for row in after[table] if row.get("customer_id", row["id"]) == 2] == of_bram
    with workplace.transaction() as session:
        later = cast.add_case(session, Right.ACCESS, status=Status.HANDLING)
        later.data_subject.email_index = session.get_one(Case, case.id).data_subject.email_index
        cast.confirm(session, later, handler)
        asked_work.ask(session, later.id, "search", now=workplace.clock())
    assert _searched(workplace, later)["customer"] == 1
    with workplace.transaction() as session:
        (bram,) = identifiers.persons_of(session, session.get_one(Case, later.id))[PLACE]
    assert bram["values"]["name"] == "Bram Bos", "who of the two asks now, somebody has to say"


def _release(workplace: Workplace, case: Case) -> None:
    given: Any = {"by": case.handler_id, "settings": workplace.context.settings, "now": workplace.clock()}
    with workplace.transaction() as session:
        copies.release_copy(session, session.get_one(Case, case.id), **given)


def _copied(workplace: Workplace, case: Case) -> None:
    """A copy made and looked at."""
    with workplace.transaction() as session:
        asked_work.ask(session, case.id, "copy", by=case.handler_id, now=workplace.clock())
    work.run_all(workplace.context)
    given: Any = {"by": case.handler_id, "settings": workplace.context.settings, "now": workplace.clock()}
    with workplace.transaction() as session:
        list(copies.view_copy(session, session.get_one(Case, case.id), **given))


def test_a_copy_of_several_people_is_neither_released_nor_made(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 2")
    case, handler, _ = identified_case(workplace, Right.ACCESS)
    _copied(workplace, case)  # before the search told how many there are
    with workplace.transaction() as session:
        asked_work.ask(session, case.id, "search", by=handler.id, now=workplace.clock())
    _searched(workplace, case)
    with pytest.raises(copies.CopyOfSeveral):
        _release(workplace, case)
    with workplace.transaction() as session, pytest.raises(copies.CopyOfSeveral):
        copies.begin_copy(session, session.get_one(Case, case.id), settings=workplace.context.settings)
    _change(workplace, case, identifiers.choose_persons, PLACE, ["0"])
    with pytest.raises(copies.CopyNotViewed):
        _release(workplace, case)
    with workplace.transaction() as session:
        before = session.get_one(AccessCopy, case.id).row_count
    _searched(workplace, case)
    with workplace.transaction() as session:
        assert session.get_one(AccessCopy, case.id).row_count < before


def test_a_copy_of_what_the_person_was_found_by_before_is_thrown_away(workplace: Workplace) -> None:
    case, _, _ = identified_case(workplace, Right.ACCESS)
    settings, now = workplace.context.settings, workplace.clock()
    with workplace.transaction() as session:
        order = copies.begin_copy(session, session.get_one(Case, case.id), settings=settings)
    written = write_copy(order, {}, {}, settings=settings, now=now)
    _change(workplace, case, identifiers.confirm_identifier, "phone", "06-87654321")
    with workplace.transaction() as session, pytest.raises(copies.CopyOutdated):
        copies.record_copy(session, session.get_one(Case, case.id), written, settings=settings, now=now)
    assert list((settings.base / "files").iterdir()) == []

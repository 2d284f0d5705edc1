"""Holds: who may place one and how, whom it finds, what it does to a plan, and when somebody looks again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.holds import Hold
from dsr.db.notices import Task
from dsr.db.plans import LedgerIdentifier
from dsr.domain.holds import HoldGround, ReviewDate
from dsr.domain.plans import register_decisions
from dsr.domain.rights import Right
from dsr.services import holds
from dsr.services.holds import HoldNotPossible
from dsr.services.lookup import digests_of, identifiers_of
from tests.parts import cast
from tests.parts.store import NOW, Store
from tests.web.test_register import REGISTER

REVIEW = date(2027, 2, 1)
WHY = "De factuur van maart wordt betwist."


@pytest.fixture
def case(store: Store) -> Case:
    with store.transaction() as session:
        return cast.add_case(session, Right.ERASURE, handler=cast.add_member(session))


def place(store: Store, case: Case, **changed: Any) -> Hold:
    given = {"ground": HoldGround.DISPUTE, "category": None, "reason": WHY, "review_on": REVIEW, **changed}
    with store.transaction() as session:
        own = session.get_one(Case, case.id)
        return holds.place_hold(session, own, by=own.handler_id, settings=store.settings, now=NOW, **given)


def found(store: Store, case: Case, *, by_ledger: bool = False) -> list[Hold]:
    with store.transaction(writes=False) as session:
        own = session.get_one(Case, case.id)
        return holds.holds_of(session, own.id, None if by_ledger else identifiers_of(own))


def test_a_hold_is_sealed_and_named_in_the_trail_without_its_reason(store: Store, case: Case) -> None:
    hold = place(store, case)
    with store.transaction() as session:
        kept = session.get_one(Hold, hold.id)
        assert kept.reason == WHY
        assert WHY.encode() not in bytes(kept.reason_sealed or b"")
        (told,) = session.scalars(select(AuditEntry).where(AuditEntry.event == "hold-placed"))
        assert told.actor == str(case.handler_id)
        assert told.details == {
            "hold": str(hold.id),
            "ground": "dispute",
            "category": None,
            "review_on": "2027-02-01",
        }


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"reason": "  "}, HoldNotPossible),
        ({"category": "unknown"}, HoldNotPossible),
        ({"review_on": None}, ReviewDate),
        ({"review_on": date(2026, 11, 23)}, ReviewDate),
        ({"review_on": date(2028, 1, 1)}, ReviewDate),
    ],
)
def test_a_hold_without_reason_review_or_known_category_is_not_placed(
    store: Store, case: Case, changed: dict[str, Any], fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        place(store, case, **changed)
    assert found(store, case) == []


def test_it_is_on_the_person_and_so_on_every_case_of_theirs_and_no_other(store: Store, case: Case) -> None:
    hold = place(store, case)
    with store.transaction() as session:
        later = cast.add_case(session, Right.ACCESS)
        other = cast.add_case(session, Right.ACCESS, name="Bram Bos")
    assert [each.id for each in found(store, later)] == [hold.id]
    assert found(store, other) == []


def test_after_an_erasure_it_is_found_by_what_the_ledger_knows(store: Store, case: Case) -> None:
    hold = place(store, case)
    with store.transaction() as session:
        erased = cast.add_case(session, Right.ERASURE)
        digest = digests_of(identifiers_of(erased)).pop()
        session.add(LedgerIdentifier(digest=digest, case_id=erased.id))
    assert [each.id for each in found(store, erased, by_ledger=True)] == [hold.id]


def test_of_several_holds_each_category_has_its_own_ground(store: Store, case: Case) -> None:
    place(store, case, ground=HoldGround.INQUIRY)
    with store.transaction(writes=False) as session:
        decisions = holds.decided(session, case.id, None, register_decisions(REGISTER))
    assert {each.hold for each in decisions.values()} == {HoldGround.INQUIRY}


def test_a_hold_is_lifted_once_by_somebody_who_says_why(store: Store, case: Case) -> None:
    hold = place(store, case)

    def lift(reason: str) -> None:
        with store.transaction() as session:
            own, kept = session.get_one(Case, case.id), session.get_one(Hold, hold.id)
            by: Any = own.handler_id
            holds.lift_hold(session, own, kept, reason, by=by, settings=store.settings, now=NOW)

    with pytest.raises(HoldNotPossible):
        lift(" ")
    lift("Betaald.")
    assert found(store, case) == []
    with pytest.raises(HoldNotPossible):
        lift("Nog eens.")
    with store.transaction() as session:
        kept = session.get_one(Hold, hold.id)
        assert (kept.lifted_at, kept.lifted_by_id, kept.lift_reason) == (NOW, case.handler_id, "Betaald.")


def test_on_its_review_date_a_hold_asks_once_and_again_after_the_next(store: Store, case: Case) -> None:
    hold = place(store, case)

    def ask(day: int) -> list[str]:
        with store.transaction() as session:
            holds.ask_for_reviews(session, now=NOW.replace(year=2027, month=2, day=day))
            open_tasks = select(Task.kind).where(Task.done_at.is_(None))
            return list(session.scalars(open_tasks))

    with store.transaction() as session:
        holds.ask_for_reviews(session, now=NOW)
        assert session.scalars(select(Task)).all() == []
    assert ask(1) == ask(2) == ["hold-review"]
    with store.transaction() as session:
        kept = session.get_one(Hold, hold.id)
        by: Any = case.handler_id
        holds.review_hold(session, kept, date(2027, 2, 5), by=by, now=NOW + timedelta(days=71))
    assert ask(3) == []
    assert ask(5) == ["hold-review"]

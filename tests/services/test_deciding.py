"""What becomes of a plan where a handler decides the right by hand."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.base import new_id
from dsr.db.cases import Case, RequestedRight
from dsr.db.plans import CasePlan
from dsr.domain.lifecycle import Status
from dsr.domain.plans import PlanChanged
from dsr.domain.rectification import ByHand, Correction, Line
from dsr.domain.rights import CARRIED_OUT, Outcome, Right
from dsr.services import approvals, casework, corrections, deciding, plans
from tests.parts import cast
from tests.parts.store import NOW, Store


def case_with_plan(store: Store, state: str, *more: Right) -> Case:
    """A case that asks for erasure, with a plan as far as that state."""
    with store.transaction() as session:
        handler = cast.add_member(session)
        case = cast.add_case(session, Right.ERASURE, *more, status=Status.HANDLING, handler=handler)
        cast.confirm(session, case, handler)
        cast.add_plan(session, case.id, handler.id, state).outstanding = []
        return case


def decide(store: Store, case: Case, right: Right, outcome: Outcome, reason: str = "Het contract loopt nog.") -> None:
    with store.transaction() as session:
        found = session.get_one(Case, case.id)
        by = found.handler_id or new_id()
        deciding.decide_by_hand(session, found, right, outcome, reason, by=by, now=NOW)


def states(store: Store) -> list[str]:
    with store.transaction(writes=False) as session:
        return list(session.scalars(select(CasePlan.state).order_by(CasePlan.number)))


@pytest.mark.parametrize("state", plans.DROPPABLE)
def test_a_plan_that_goes_no_further_is_dropped(store: Store, state: str) -> None:
    case = case_with_plan(store, state)
    decide(store, case, Right.ERASURE, Outcome.REFUSED)
    assert states(store) == [plans.DROPPED]
    with store.transaction() as session:
        found = session.get_one(Case, case.id)
        assert session.scalars(select(AuditEntry.event)).all()[-2:] == ["right-decided", "plan-dropped"]
        with pytest.raises(PlanChanged):
            approvals.approve_plan(session, found, "0" * 64, by=new_id(), settings=store.settings, now=NOW)


@pytest.mark.parametrize("outcome", CARRIED_OUT)
def test_what_no_plan_did_is_not_told_as_done(store: Store, outcome: Outcome) -> None:
    case = case_with_plan(store, plans.RETURNED)
    with pytest.raises(casework.NotPossible, match="more than was carried out"):
        decide(store, case, Right.ERASURE, outcome)
    decide(store, case, Right.ERASURE, Outcome.REFUSED)
    with pytest.raises(casework.NotPossible, match="more than was carried out"):
        decide(store, case, Right.ERASURE, outcome)


def test_a_plan_that_is_being_carried_out_is_not_dropped_and_its_outcome_has_no_reason_of_before(store: Store) -> None:
    decide(store, case_with_plan(store, plans.APPROVED), Right.ERASURE, Outcome.REFUSED)
    assert states(store) == [plans.APPROVED]
    with store.transaction() as session:
        plans.decide(session, session.scalars(select(CasePlan)).one(), Outcome.FULFILLED, now=NOW)
    with store.transaction() as session:
        right = session.scalars(select(RequestedRight)).one()
        assert (right.outcome, right.reason) == ("fulfilled", None)


def test_who_makes_another_plan_takes_the_right_up_again(store: Store) -> None:
    case = case_with_plan(store, plans.RETURNED)
    decide(store, case, Right.ERASURE, Outcome.REFUSED)
    with store.transaction() as session:
        found = session.get_one(Case, case.id)
        plans.propose(session, found, {}, by=found.handler_id or new_id(), now=NOW)
    assert states(store) == [plans.DROPPED, plans.ASKED]
    with store.transaction() as session:
        right = session.scalars(select(RequestedRight)).one()
        assert (right.outcome, right.decided_at, right.reason) == (None, None, None)


def test_one_right_is_withdrawn_and_not_the_last(store: Store) -> None:
    case = case_with_plan(store, plans.PROPOSED, Right.ACCESS)
    decide(store, case, Right.ERASURE, Outcome.WITHDRAWN, "")
    assert states(store) == [plans.DROPPED]
    with pytest.raises(casework.NotPossible, match="all of it was withdrawn"):
        decide(store, case, Right.ACCESS, Outcome.WITHDRAWN, "")


@pytest.mark.parametrize(("state", "asked"), [(plans.PROPOSED, ["binder"]), (plans.DROPPED, [])])
def test_of_a_correction_that_was_dropped_no_owner_was_asked(store: Store, state: str, asked: list[str]) -> None:
    correction = Correction([], by_hand=ByHand(["binder"], [Line("straat", "Kade 1", "Dam 1")]))
    with store.transaction() as session:
        case = cast.add_case(session, Right.RECTIFICATION)
        made = cast.add_plan(session, case.id, cast.add_member(session).id, state, json.dumps(correction.to_record()))
        assert corrections.standing(made).by_hand.systems == asked

"""The plan between two people: who may ask, agree or give back, and what it binds."""

from __future__ import annotations

import json
import uuid
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice
from dsr.db.plans import CasePlan
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Decision, Plan, PlanChanged, PlanRow, Verdict
from dsr.domain.register import Category, ErasureGround, LegalBasis, Register, Text
from dsr.domain.rights import Outcome, Right
from dsr.services import approvals, casework, plans, work
from dsr.services.lookup import IdentityNotConfirmed
from tests.parts import cast
from tests.parts.store import NOW, Store

WORDS = Text("woorden", "words")
REGISTER = Register(
    {
        "customer": Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS),
        "ticket": Category(
            WORDS, WORDS, LegalBasis.CONTRACT, WORDS,
            erasure_ground=ErasureGround.NONE, refusal_reason=Text("Loopt nog.", "Still runs."),
        ),
    },
)  # fmt: skip
HOUR = timedelta(hours=1)


def planned(key: dict[str, Any], verdict: Verdict = Verdict.ERASE, **values: Any) -> PlanRow:
    facts = dict.fromkeys(("rule", "keep_through", "may_erase_from", "columns_kept", "why")) | values
    columns, values = tuple(key), tuple(key.values())
    return PlanRow(
        "shop", "customer", "customer", verdict, key_columns=columns, key_values=values, fingerprint="f", **facts
    )


DRAWN = Plan((planned({"id": 1}), planned({"id": 2}, Verdict.PROTECTED, why="date-missing")), "r" * 64)


@pytest.fixture
def staff(store: Store) -> tuple[StaffMember, StaffMember]:
    """Who makes plans, and who approves them."""
    with store.transaction() as session:
        return cast.add_member(session, "Noor Bakker"), cast.add_member(session, "Tim de Graaf", "approver")


@pytest.fixture
def case(store: Store, staff: tuple[StaffMember, StaffMember]) -> Case:
    """A case whose data subject is known."""
    with store.transaction() as session:
        made = cast.add_case(session, Right.ERASURE)
        cast.confirm(session, made, staff[0])
        return made


def propose(store: Store, case: Case, by: StaffMember, **decisions: Any) -> CasePlan:
    with store.transaction() as session:
        plan = plans.propose(session, session.get_one(Case, case.id), decisions, by=by.id, now=NOW)
        plans.record_plan(session, plan, DRAWN, now=NOW)
        return plan


def approve(
    store: Store,
    case: Case,
    by: StaffMember,
    *,
    settings: Settings | None = None,
    digest: str = DRAWN.digest,
    at: Any = NOW,
    signed_in_at: Any = None,
) -> None:
    with store.transaction() as session:
        found = session.get_one(Case, case.id)
        used = settings or store.settings
        approvals.approve_plan(session, found, digest, by=by.id, settings=used, now=at, signed_in_at=signed_in_at)


def current(store: Store, case: Case) -> CasePlan:
    with store.transaction(writes=False) as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        return plan


def events(store: Store) -> list[str]:
    with store.transaction(writes=False) as session:
        return list(session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))


def test_a_plan_is_asked_drawn_up_and_approved(store: Store, case: Case, staff: Any) -> None:
    with store.transaction() as session:
        plan = plans.propose(session, session.get_one(Case, case.id), {}, by=staff[0].id, now=NOW)
        assert (plan.state, plan.number) == (plans.ASKED, 1)
        assert work.is_waiting(session, case.id, "plan")
        plans.record_plan(session, plan, DRAWN, now=NOW)
    assert current(store, case).counts == {"erase": 1, "keep": 0, "refuse": 0, "first": 0, "protected": 1}
    approve(store, case, staff[1], at=NOW + HOUR)
    approved = current(store, case)
    assert (approved.state, approved.approved_by_id) == (plans.APPROVED, staff[1].id)
    assert (approved.approved_at, approved.register_digest) == (NOW + HOUR, "r" * 64)
    assert events(store) == ["plan-asked", "plan-proposed", "plan-approved"]
    with store.transaction() as session:
        assert work.is_waiting(session, case.id, "erase")


def test_without_the_identity_check_there_is_no_plan_and_no_approval(store: Store, staff: Any) -> None:
    with store.transaction() as session:
        unknown = cast.add_case(session, Right.ERASURE)
    with pytest.raises(IdentityNotConfirmed):
        propose(store, unknown, staff[0])
    with pytest.raises(IdentityNotConfirmed):
        approve(store, unknown, staff[1])


def test_a_plan_comes_back_as_it_was_drawn_up(store: Store, case: Case, staff: Any) -> None:
    rows = tuple(
        planned(key)
        for key in (
            {"id": uuid.UUID(int=7)},
            {"id": b"\x00\xff"},
            {"day": date(2020, 2, 29), "price": Decimal("1.50")},
            {"id": "1"},
            {"id": 1},
        )
    )
    kept = planned(
        {"id": 9}, Verdict.KEEP, rule="fiscal7", keep_through=date(2031, 12, 31), may_erase_from=date(2032, 1, 1),
        columns_kept=("id", "name"), why="invoice",
    )  # fmt: skip
    drawn = Plan((*rows, kept, planned({"id": 10}, Verdict.KEEP, columns_kept=())), "r" * 64)
    with store.transaction() as session:
        plan = plans.propose(session, session.get_one(Case, case.id), {}, by=staff[0].id, now=NOW)
        plans.record_plan(session, plan, drawn, now=NOW)
    stored = plans.planned_rows(current(store, case))
    assert sorted(map(repr, stored)) == sorted(map(repr, drawn.rows))
    assert Plan(tuple(stored), "r" * 64).digest == drawn.digest == current(store, case).digest


def test_the_decisions_of_the_handler_go_over_those_of_the_register(store: Store, case: Case, staff: Any) -> None:
    decided = {"ground": "b", "reason": None, "outstanding": "Eerst de eindfactuur."}
    gone = {"ground": "a", "reason": None, "outstanding": None}
    plan = propose(store, case, staff[0], customer=decided, no_longer_in_the_register=gone)
    assert plans.decisions_of(plan, REGISTER) == {
        "customer": Decision(ErasureGround.CONSENT_WITHDRAWN, None, "Eerst de eindfactuur."),
        "ticket": Decision(ErasureGround.NONE, "Loopt nog.", None),
    }


def test_who_made_a_plan_does_not_approve_it(store: Store, case: Case, staff: Any) -> None:
    propose(store, case, staff[0])
    with pytest.raises(approvals.SamePerson, match="Somebody else must approve it"):
        approve(store, case, staff[0])
    assert current(store, case).state == plans.PROPOSED


def test_alone_one_approves_ones_own_plan_after_72_hours(store: Store, case: Case, staff: Any) -> None:
    alone = replace(store.settings, procedure=replace(store.settings.procedure, approval="single"))
    propose(store, case, staff[0])
    with pytest.raises(approvals.TooEarly, match="72 hours"):
        approve(store, case, staff[0], settings=alone, at=NOW + 72 * HOUR - timedelta(seconds=1))
    at = NOW + 72 * HOUR
    for stale in (None, at - timedelta(minutes=16)):
        with pytest.raises(approvals.SignInAgain, match="Sign out and in again"):
            approve(store, case, staff[0], settings=alone, at=at, signed_in_at=stale)
    approve(store, case, staff[0], settings=alone, at=at, signed_in_at=at - timedelta(minutes=5))
    assert current(store, case).state == plans.APPROVED


def test_alone_a_correction_waits_as_an_erasure_does(store: Store, staff: Any) -> None:
    alone = replace(store.settings, procedure=replace(store.settings.procedure, approval="single"))
    with store.transaction() as session:
        wrong = cast.add_case(session, Right.RECTIFICATION)
        cast.confirm(session, wrong, staff[0])
    with store.transaction() as session:
        own = session.get_one(Case, wrong.id)
        plan = plans.new_plan(session, own, Right.RECTIFICATION, by=staff[0].id, now=NOW)
        session.flush()
        plans.move(session, plan, plans.PROPOSED, digest="d")
        approvals.announce(session, own, plan, settings=alone, now=NOW)
        facts = json.loads(session.scalars(select(Notice)).one().facts)
        assert (facts["not_before"], facts["is_final"]) == ("2026-11-26", False)
    for hours, signed_in, fault in (
        (71, True, approvals.TooEarly),
        (73, False, approvals.SignInAgain),
        (73, True, None),
    ):
        at = NOW + hours * HOUR
        with pytest.raises(fault) if fault else nullcontext(), store.transaction() as session:
            own, since = session.get_one(Case, wrong.id), at if signed_in else None
            approvals.approve_plan(session, own, "d", by=staff[0].id, settings=alone, now=at, signed_in_at=since)


def test_alone_the_address_on_file_is_told_before(store: Store, case: Case, staff: Any) -> None:
    alone = replace(store.settings, procedure=replace(store.settings.procedure, approval="single"))
    propose(store, case, staff[0])
    with store.transaction() as session:
        found, plan = session.get_one(Case, case.id), current(store, case)
        approvals.announce(session, found, plan, settings=store.settings, now=NOW)
        assert session.scalars(select(Notice)).all() == []
        approvals.announce(session, found, plan, settings=alone, now=NOW)
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.recipient) == ("erasure-planned", found.data_subject.email)


def test_the_copy_comes_before_the_erasure_of_its_source(store: Store, staff: Any) -> None:
    with store.transaction() as session:
        both = cast.add_case(session, Right.ACCESS, Right.ERASURE)
        cast.confirm(session, both, staff[0])
    propose(store, both, staff[0])
    with pytest.raises(approvals.CopyFirst):
        approve(store, both, staff[1])
    with store.transaction() as session:
        session.get_one(Case, both.id).rights[0].outcome = Outcome.REFUSED.value
    approve(store, both, staff[1])


def test_only_the_plan_that_was_looked_at_is_approved(store: Store, case: Case, staff: Any) -> None:
    propose(store, case, staff[0])
    with pytest.raises(PlanChanged, match="Look at the newest plan"):
        approve(store, case, staff[1], digest="0" * 64)
    propose(store, case, staff[0])
    approve(store, case, staff[1])
    with pytest.raises(PlanChanged):
        approve(store, case, staff[1])
    assert events(store).count("plan-approved") == 1


def test_a_plan_that_is_not_drawn_up_yet_cannot_be_approved(store: Store, case: Case, staff: Any) -> None:
    with store.transaction() as session:
        plans.propose(session, session.get_one(Case, case.id), {}, by=staff[0].id, now=NOW)
    with pytest.raises(PlanChanged):
        approve(store, case, staff[1], digest="")


def test_a_plan_given_back_says_why_and_a_new_one_follows(store: Store, case: Case, staff: Any) -> None:
    propose(store, case, staff[0])
    with store.transaction() as session:
        approvals.return_plan(session, session.get_one(Case, case.id), "Het contract liep af.", by=staff[1].id, now=NOW)
    returned = current(store, case)
    assert (returned.state, returned.note) == (plans.RETURNED, "Het contract liep af.")
    with pytest.raises(PlanChanged):
        approve(store, case, staff[1])
    assert propose(store, case, staff[0]).number == 2
    with store.transaction() as session:
        assert list(session.scalars(select(CasePlan.state).order_by(CasePlan.number))) == ["void", "proposed"]


def test_while_a_plan_is_carried_out_no_other_is_made(store: Store, case: Case, staff: Any) -> None:
    propose(store, case, staff[0])
    approve(store, case, staff[1])
    with pytest.raises(PlanChanged, match="is being carried out"):
        propose(store, case, staff[0])
    refuse_to_erase(store)
    assert propose(store, case, staff[0]).number == 2


def refuse_to_erase(store: Store) -> None:
    with store.transaction() as session:
        found = work.claim(session, now=NOW)
        while found is not None and found.kind != "erase":
            found = work.claim(session, now=NOW)
        assert found is not None
        work.refuse(session, found, "shop: refuses")


@pytest.fixture
def both(store: Store, staff: tuple[StaffMember, StaffMember]) -> Case:
    """A case that asks for erasure and withdraws a consent; an erasure plan without the binder was approved."""
    with store.transaction() as session:
        made = cast.add_case(session, Right.ERASURE, Right.CONSENT_WITHDRAWAL)
        cast.confirm(session, made, staff[0])
        plan = plans.propose(session, made, {}, by=staff[0].id, now=NOW)
        plans.record_plan(session, plan, DRAWN, outstanding=["binder"], now=NOW)
    approve(store, made, staff[1])
    refuse_to_erase(store)
    return made


def propose_for_consent(store: Store, case: Case, staff: tuple[StaffMember, StaffMember]) -> None:
    with store.transaction() as session:
        found = session.get_one(Case, case.id)
        plan = plans.propose(session, found, {}, right=Right.CONSENT_WITHDRAWAL, by=staff[0].id, now=NOW)
        plans.record_plan(session, plan, DRAWN, now=NOW)
    approve(store, case, staff[1])
    refuse_to_erase(store)


def test_a_plan_for_another_right_between_changes_nothing_of_what_is_outstanding(
    store: Store, both: Case, staff: Any
) -> None:
    with store.transaction() as session:
        first = plans.current(session, both.id)
        assert first is not None
        further = plans.add_further(session, first, now=NOW)
        plans.record_plan(session, further, DRAWN, now=NOW)
        approvals.return_plan(session, session.get_one(Case, both.id), "Nog niet.", by=staff[1].id, now=NOW)
    propose_for_consent(store, both, staff)
    anew = propose(store, both, staff[0])
    assert (anew.number, anew.follows_id) == (4, first.id), "and so it is for the binder alone"


def test_a_plan_for_another_right_between_does_not_leave_two_of_one_right(store: Store, both: Case, staff: Any) -> None:
    propose_for_consent(store, both, staff)
    propose(store, both, staff[0])
    with store.transaction() as session:
        states = list(session.scalars(select(CasePlan.state).order_by(CasePlan.number)))
        assert states == ["void", "approved", "proposed"]


def test_a_plan_that_somebody_moved_meanwhile_is_not_overwritten(store: Store, case: Case, staff: Any) -> None:
    stale = propose(store, case, staff[0])
    approve(store, case, staff[1])
    with store.transaction() as session, pytest.raises(PlanChanged, match="Somebody else has just decided"):
        plans.move(session, stale, plans.VOID)


def test_of_a_case_that_was_withdrawn_nothing_is_planned_or_approved(store: Store, case: Case, staff: Any) -> None:
    propose(store, case, staff[0])
    with store.transaction() as session:
        casework.move(session, session.get_one(Case, case.id), Status.HANDLING, by="test", now=NOW)
        casework.withdraw(session, session.get_one(Case, case.id), by=staff[0].id, now=NOW)
    with pytest.raises(casework.NotPossible, match="no longer open"):
        approve(store, case, staff[1])
    with pytest.raises(casework.NotPossible, match="no longer open"):
        propose(store, case, staff[0])


def test_who_did_not_ask_for_erasure_is_not_erased(store: Store, staff: Any) -> None:
    with store.transaction() as session:
        case = cast.add_case(session, Right.ACCESS)
        cast.confirm(session, case, staff[0])
    with pytest.raises(casework.NotPossible, match="does not invoke that right"):
        propose(store, case, staff[0])


def test_a_page_with_an_earlier_plan_is_out_of_date(store: Store, case: Case, staff: Any) -> None:
    """Two plans for the same rows have the same digest, whatever grounds they were decided on."""
    propose(store, case, staff[0])
    with store.transaction() as session:
        looked_at = session.get_one(Case, case.id).version
    propose(store, case, staff[0], customer={"ground": "b"})
    with store.transaction() as session, pytest.raises(casework.Conflict):
        casework.check_version(session.get_one(Case, case.id), looked_at)

"""A hold and an erasure in a real database: one of the two comes first, whole, on every engine."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select

from dsr import faults
from dsr.db.cases import Case
from dsr.db.holds import Hold
from dsr.db.notices import Task
from dsr.db.plans import Execution, LedgerEntry
from dsr.domain.holds import HoldGround
from dsr.domain.plans import PlanChanged
from dsr.jobs import erasing, work
from dsr.services import holds, plans
from tests.jobs.test_erasing_races import at_once, carry_out_plan, once_more
from tests.parts.erasures import newest_plan, propose_again
from tests.parts.shop import Workplace

REVIEW = date(2027, 3, 1)


def place(workplace: Workplace, case: Case, category: str | None = None) -> uuid.UUID:
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        by: Any = own.handler_id
        hold = holds.place_hold(
            session,
            own,
            ground=HoldGround.DISPUTE,
            category=category,
            reason="Er loopt een geschil.",
            review_on=REVIEW.replace(year=workplace.clock().year + (workplace.clock().month > 2)),
            by=by,
            settings=workplace.context.settings,
            now=workplace.clock(),
        )
        return hold.id


def lift(workplace: Workplace, case: Case, hold_id: uuid.UUID) -> None:
    with workplace.transaction() as session:
        own, hold = session.get_one(Case, case.id), session.get_one(Hold, hold_id)
        by: Any = own.handler_id
        settings, now = workplace.context.settings, workplace.clock()
        holds.lift_hold(session, own, hold, "Het geschil is voorbij.", by=by, settings=settings, now=now)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_hold_after_the_approval_voids_it_and_tells_the_difference(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    place(workplace, approved)
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    plan = newest_plan(workplace, approved)
    assert plan.state == plans.VOID
    assert str(plan.note).startswith("Er worden gegevens vastgehouden: 9 rijen")
    assert "Klantgegevens" in str(plan.note)
    with workplace.transaction() as session:
        assert session.scalars(select(Task.kind)).all() == ["plan-void"]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_plan_under_a_hold_keeps_what_would_have_gone_and_says_why(workplace: Workplace, approved: Case) -> None:
    hold = place(workplace, approved, "ticket")
    plan = propose_again(workplace, approved)
    rows = {row.table: row for row in plans.planned_rows(plan)}
    assert (rows["ticket"].verdict, rows["ticket"].why, rows["ticket"].may_erase_from) == ("keep", "hold:dispute", None)
    assert rows["newsletter"].verdict == "erase"
    lift(workplace, approved, hold)
    assert "1 rijen die moesten blijven, mogen weg" in str(newest_plan(workplace, approved).note)
    rows = {row.table: row for row in plans.planned_rows(propose_again(workplace, approved))}
    assert rows["ticket"].verdict == "erase"


def test_a_hold_that_is_placed_while_rows_go_wins_as_long_as_they_are_not_gone(
    workplace: Workplace, approved: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = workplace.shop.everything()

    def point(name: str) -> None:
        if name == "rows-changed":
            place(workplace, approved)

    monkeypatch.setattr(faults, "point", point)
    with pytest.raises(PlanChanged):
        carry_out_plan(workplace.context, approved.id)
    assert workplace.shop.everything() == before
    assert newest_plan(workplace, approved).state == plans.VOID
    with workplace.transaction() as session:
        assert session.scalars(select(LedgerEntry)).all() == []


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_after_a_crash_a_hold_does_not_hide_that_the_rows_are_gone(
    workplace: Workplace, approved: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def point(name: str) -> None:
        if name == "customer-database-committed":
            raise KeyboardInterrupt

    monkeypatch.setattr(faults, "point", point)
    with pytest.raises(KeyboardInterrupt):
        carry_out_plan(workplace.context, approved.id)
    monkeypatch.undo()
    place(workplace, approved)
    carry_out_plan(workplace.context, approved.id)
    assert newest_plan(workplace, approved).state == plans.EXECUTED
    with workplace.transaction() as session:
        execution = session.scalars(select(Execution)).one()
        assert (execution.state, execution.is_observed) == ("done", False)


def test_of_a_hold_and_an_execution_at_once_one_comes_first_and_nothing_is_half(
    workplace: Workplace, approved: Case
) -> None:
    untouched = workplace.shop.everything()
    once_more(workplace)
    carry_out_plan(workplace.context, approved.id)
    erased = workplace.shop.everything()
    for _ in range(3):
        once_more(workplace)
        with workplace.transaction() as session:
            session.execute(delete(Task))
        _, hold = at_once(lambda: carry_out_plan(workplace.context, approved.id), lambda: place(workplace, approved))
        after, state = workplace.shop.everything(), newest_plan(workplace, approved).state
        with workplace.transaction() as session:
            receipts = list(session.scalars(select(Execution.state)))
            ledger = session.scalars(select(LedgerEntry)).all()
        assert after in (untouched, erased)
        if after == erased:
            assert (state, receipts) == (plans.EXECUTED, ["done"])
        else:
            assert state == plans.VOID
            assert "done" not in receipts
            assert ledger == []
        lift(workplace, approved, hold)


def test_what_is_held_on_its_day_stays_and_goes_after_the_hold(workplace: Workplace, approved: Case) -> None:
    work.run_all(workplace.context)
    hold = place(workplace, approved, "invoice")
    workplace.clock.set(date(2027, 1, 1))
    erasing.erase_due(workplace.context)
    assert 119 in [row["id"] for row in workplace.shop.rows("invoice")]
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []
        held = select(LedgerEntry.table).where(LedgerEntry.keep_through == date(2026, 12, 31))
        assert set(session.scalars(held.where(LedgerEntry.may_erase_from.is_(None)))) == {"invoice", "invoice_line"}
    assert erasing.erase_due(workplace.context) == 0
    lift(workplace, approved, hold)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_held_rows_need_waits_for_the_hold_as_they_do(workplace: Workplace, approved: Case) -> None:
    work.run_all(workplace.context)
    workplace.shop.run("UPDATE invoice SET paid_on = '2026-11-30' WHERE paid_on IS NULL AND customer_id = 1")
    erasing.run_ledger(workplace.context)
    hold = place(workplace, approved, "invoice")
    workplace.clock.set(date(2034, 1, 1))
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.scalars(select(Task).where(Task.kind == "ledger-left")).all() == []
    lift(workplace, approved, hold)
    erasing.run_ledger(workplace.context)
    assert 1 not in [row["id"] for row in workplace.shop.rows("customer")]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_hold_placed_while_the_ledger_erases_wins(
    workplace: Workplace, approved: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.run_all(workplace.context)
    workplace.clock.set(date(2027, 1, 1))
    before = workplace.shop.everything()
    take_turn = holds.check_unchanged

    def placed_first(*given: Any) -> None:
        monkeypatch.setattr(holds, "check_unchanged", take_turn)
        raise PlanChanged("A hold was placed or lifted meanwhile.")

    monkeypatch.setattr(holds, "check_unchanged", placed_first)
    erasing.erase_due(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert set(session.scalars(select(LedgerEntry.state))) == {"kept"}

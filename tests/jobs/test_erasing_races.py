"""Two at once: one approval, one erasure, one set of receipts, however it falls out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from dsr.connectors.base import Found, Identifiers, SystemDown
from dsr.connectors.sql import SqlSystem
from dsr.connectors.sql_erasing import SqlErasing
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.db.staff import StaffMember
from dsr.domain.plans import Plan, PlanChanged
from dsr.domain.rights import Right
from dsr.jobs import erasing
from dsr.jobs.context import Context
from dsr.services import approvals, audit, plans, retention
from dsr.services.casework import Conflict
from tests.parts import cast
from tests.parts.shop import TABLES, Workplace, fill
from tests.parts.store import NOW, Store

RACES = 40


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each gave, or the fault that it raised, when all began at the same moment."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return act()
        except (PlanChanged, Conflict, SystemDown) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def proposed(store: Store) -> tuple[Case, list[StaffMember]]:
    """A case with a plan to approve, drawn up without rows, and those who may."""
    with store.transaction() as session:
        maker, *approvers = [cast.add_member(session, name, "approver") for name in ("Noor", "Tim", "Els")]
        case = cast.add_case(session, Right.ERASURE)
        cast.confirm(session, case, maker)
        plan = plans.propose(session, case, {}, by=maker.id, now=NOW)
        plans.record_plan(session, plan, Plan((), "0" * 64), now=NOW)
        return case, approvers


def decide(store: Store, case: Case, decision: Callable[..., Any]) -> str:
    with store.transaction() as session:
        decision(session, session.get_one(Case, case.id))
    return "decided"


def approve(store: Store, by: StaffMember) -> Callable[..., Any]:
    digest = Plan((), "0" * 64).digest
    return lambda session, case: approvals.approve_plan(
        session, case, digest, by=by.id, settings=store.settings, now=NOW
    )


def reset(store: Store) -> None:
    with store.transaction() as session:
        session.execute(update(CasePlan).values(state=plans.PROPOSED, note_sealed=None))


def test_of_two_approvals_at_once_one_counts(store: Store) -> None:
    case, (tim, els) = proposed(store)
    for _ in range(RACES):
        reset(store)
        acts = [lambda by=by: decide(store, case, approve(store, by)) for by in (tim, els)]  # type: ignore[misc]
        outcomes = at_once(*acts)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PlanChanged", "str"]
    with store.transaction() as session:
        events = [entry.event for entry in session.scalars(select(AuditEntry))]
        assert events.count("plan-approved") == RACES
        assert audit.verify(session, Path("none")).faults == ()


def test_of_an_approval_and_a_return_at_once_one_counts(store: Store) -> None:
    case, (tim, els) = proposed(store)
    give_back = lambda session, case: approvals.return_plan(session, case, "Nee.", by=els.id, now=NOW)  # noqa: E731
    for _ in range(RACES // 2):
        reset(store)
        outcomes = at_once(lambda: decide(store, case, approve(store, tim)), lambda: decide(store, case, give_back))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PlanChanged", "str"]
        with store.transaction() as session:
            plan = plans.current(session, case.id)
            assert plan is not None
            assert plan.state == (plans.APPROVED if outcomes[0] == "decided" else plans.RETURNED)
            assert (plan.note is None) == (plan.state == plans.APPROVED)


def test_of_two_new_plans_at_once_one_is_the_newest(store: Store) -> None:
    case, (tim, els) = proposed(store)
    made = 1
    for _ in range(RACES // 2):
        propose = [
            lambda session, case, by=by: plans.propose(session, case, {}, by=by.id, now=NOW)  # type: ignore[misc]
            for by in (tim, els)
        ]
        outcomes = at_once(*(lambda act=act: decide(store, case, act) for act in propose))  # type: ignore[misc]
        made += outcomes.count("decided")
        assert {type(outcome) for outcome in outcomes} <= {str, Conflict}
        assert "decided" in outcomes
        with store.transaction() as session:
            states = list(session.scalars(select(CasePlan.state).order_by(CasePlan.number)))
            assert states == [*[plans.VOID] * (made - 1), plans.ASKED]


def once_more(workplace: Workplace) -> None:
    """The shop as it was, and the plan approved and not carried out."""
    for table in reversed(TABLES):
        workplace.shop.run(f"DELETE FROM {table}")  # noqa: S608 - a constant of the test
    fill(workplace.shop)
    with workplace.transaction() as session:
        session.execute(delete(LedgerEntry))
        session.execute(delete(Execution))
        session.execute(update(CasePlan).values(state=plans.APPROVED, executed_at=None))


def test_of_two_executions_at_once_one_erases(workplace: Workplace, approved: Case) -> None:
    expected = None
    for _ in range(RACES // 2):
        once_more(workplace)
        run = [lambda: carry_out_plan(workplace.context, approved.id)] * 2
        outcomes = at_once(*run)
        assert not any(isinstance(outcome, PlanChanged) for outcome in outcomes)
        carry_out_plan(workplace.context, approved.id)
        with workplace.transaction() as session:
            plan = plans.current(session, approved.id)
            assert plan is not None
            assert plan.state == plans.EXECUTED
            assert [execution.state for execution in session.scalars(select(Execution))] == ["done"]
            kept = sorted((e.table, str(e.keep_through), e.row_count) for e in session.scalars(select(LedgerEntry)))
        after = workplace.shop.everything()
        assert len(kept) == len(set(kept))
        assert (kept, after) == (expected or (kept, after))
        expected = (kept, after)
        assert [row["id"] for row in after["invoice"] if row["customer_id"] == 1] == list(range(119, 126))
    with workplace.transaction() as session:
        receipts = session.scalars(select(AuditEntry).where(AuditEntry.event == "rows-erased")).all()
        assert len(receipts) == RACES // 2
        assert audit.verify(session, Path("none")).faults == ()


def carry_out_plan(context: Context, case_id: uuid.UUID) -> None:
    """The step, without its claim: as by a worker whose lease ran out."""
    with context.transaction() as session:
        approved = erasing.begin(context, session, case_id)
    note = erasing.carry_out(context, case_id, approved)
    with context.transaction() as session:
        left = note(session)
    if left:
        raise left


FREED = {
    "postgresql": "ALTER TABLE invoice_line DROP CONSTRAINT invoice_line_invoice_id_fkey",
    "mysql": "ALTER TABLE invoice_line DROP FOREIGN KEY invoice_line_ibfk_1",
}
ADDED = "INSERT INTO invoice_line VALUES (117, 3, 'added')"


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_a_row_added_between_reading_and_erasing_is_never_orphaned(
    workplace: Workplace, approved: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.shop.run(FREED[workplace.shop.engine.dialect.name])
    before = workplace.shop.everything()
    search: Callable[[SqlErasing, Identifiers], list[Found]] = SqlErasing.find

    def searched(erasing: SqlErasing, identifiers: Identifiers) -> list[Found]:
        rows = search(erasing, identifiers)
        workplace.shop.run(ADDED)
        return rows

    monkeypatch.setattr(SqlErasing, "find", searched)
    with pytest.raises(PlanChanged, match="Rows that are not in the plan point at"):
        carry_out_plan(workplace.context, approved.id)
    after = workplace.shop.everything()
    assert [row for row in after["invoice_line"] if row not in before["invoice_line"]] == [
        {"invoice_id": 117, "line": 3, "what": "added"}
    ]
    assert {**after, "invoice_line": []} == {**before, "invoice_line": []}


class Late(SqlSystem):
    """A system that a worker reaches only after another worker was there."""

    other: Callable[[], None]

    def erasing(self) -> AbstractContextManager[SqlErasing]:
        self.other()
        return super().erasing()


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_worker_that_comes_late_finds_all_done(workplace: Workplace, approved: Case) -> None:
    late = Late("shop", workplace.context.settings)
    late.other = lambda: carry_out_plan(workplace.context, approved.id)
    carry_out_plan(replace(workplace.context, systems={"shop": late}), approved.id)
    late.close()
    with workplace.transaction() as session:
        plan = plans.current(session, approved.id)
        assert plan is not None
        assert plan.state == plans.EXECUTED
        assert session.scalars(select(Task)).all() == []
        events = list(session.scalars(select(AuditEntry.event)))
        assert (events.count("rows-erased"), events.count("plan-executed")) == (1, 1)
        keys = [key for entry in session.scalars(select(LedgerEntry)) for key in retention.kept_rows(entry)]
        assert len(keys) == 22

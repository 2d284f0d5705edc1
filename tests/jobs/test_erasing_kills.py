"""The worker is killed at each step of an erasure, in a process of its own: after the next run all is accounted for."""

from __future__ import annotations

import subprocess
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import Execution, LedgerEntry
from dsr.domain.plans import PlanRow, Verdict
from dsr.jobs import replay, work
from dsr.services import audit, giving_up, plans, retention
from dsr.services.work import of as work_of
from tests.jobs.test_replay import restore
from tests.parts.dying import ends_well, killed_at, start
from tests.parts.erasures import approved_plan, newest_plan
from tests.parts.shop import TABLES, Workplace

State = dict[str, list[dict[str, Any]]]


def expected_after(before: State, planned: list[PlanRow]) -> State:
    """The shop as the plan would leave it, worked out without our program."""
    return {table: [row for row in map(_applied(table, planned), before[table]) if row] for table in TABLES}


def _applied(table: str, planned: list[PlanRow]) -> Any:
    of_table = [row for row in planned if row.table == table]

    def apply(row: dict[str, Any]) -> dict[str, Any] | None:
        fixed = {"email": f"erased-{row.get('id')}@erased.invalid"}
        for plan_row in of_table:
            if all(row[column] == value for column, value in plan_row.key.items()):
                if plan_row.verdict is Verdict.ERASE:
                    return None
                if plan_row.columns_kept is not None:
                    return {c: value if c in plan_row.columns_kept else fixed.get(c) for c, value in row.items()}
        return row

    return apply


def check_accounts(workplace: Workplace, case: Case, planned: list[PlanRow], *, is_observed: bool) -> None:
    """One receipt, one set of ledger entries, nothing left over and a chain that holds."""
    to_erase = sum(row.verdict is Verdict.ERASE for row in planned)
    to_keep = {(row.table, str(row.key_values)) for row in planned if row.verdict is not Verdict.ERASE}
    with workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        assert (plan.state, work_of(session, case.id)["erase"].state) == ("executed", "done")
        execution = session.scalars(select(Execution)).one()
        assert (execution.state, execution.is_observed) == ("done", is_observed)
        assert sum(execution.erased.values()) == to_erase
        entries = session.scalars(select(LedgerEntry)).all()
        kept = [(entry.table, str(key)) for entry in entries for key in retention.kept_rows(entry)]
        assert sorted(kept) == sorted(to_keep)
        events = [entry.event for entry in session.scalars(select(AuditEntry))]
        assert (events.count("rows-erased"), events.count("plan-executed")) == (1, 1)
        assert audit.verify(session, Path("none")).faults == ()


@pytest.mark.parametrize(
    ("fault", "is_committed", "is_observed"),
    [
        ("rows-changed", False, True),
        ("customer-database-committed", True, False),
        ("erase-noted", True, True),
    ],
)
def test_killed_here_the_next_run_accounts_for_every_row(
    workplace: Workplace, key_file: Path, fault: str, is_committed: bool, is_observed: bool
) -> None:
    case, plan = approved_plan(workplace)
    planned = plans.planned_rows(plan)
    before = workplace.shop.everything()
    expected = expected_after(before, planned)
    killed_at(workplace, key_file, fault)
    assert workplace.shop.everything() == (expected if is_committed else before)
    ends_well(workplace, key_file)
    assert workplace.shop.everything() == expected
    check_accounts(workplace, case, planned, is_observed=is_observed)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_key_given_out_anew_after_the_kill_is_somebody_elses(workplace: Workplace, key_file: Path) -> None:
    case, plan = approved_plan(workplace)
    planned = plans.planned_rows(plan)
    killed_at(workplace, key_file, "customer-database-committed")
    workplace.shop.run("INSERT INTO ticket VALUES (1, 2, 'a new question of somebody else')")
    ends_well(workplace, key_file)
    assert [row["body"] for row in workplace.shop.rows("ticket")] == ["a new question of somebody else", "help"]
    check_accounts(workplace, case, planned, is_observed=False)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_may_have_gone_in_a_database_that_is_given_up_is_remembered(workplace: Workplace, key_file: Path) -> None:
    case, _ = approved_plan(workplace)
    before = workplace.shop.everything()
    killed_at(workplace, key_file, "customer-database-committed")
    erased = workplace.shop.everything()
    shop = Path(workplace.context.settings.systems["shop"].path or "")
    workplace.context.systems["shop"].close()
    away = shop.rename(shop.with_suffix(".away"))
    workplace.clock.now += timedelta(hours=2)
    work.run_all(workplace.context)
    give_up(workplace, case)
    away.rename(shop)
    with workplace.transaction() as session:
        execution = session.scalars(select(Execution)).one()
        assert (execution.state, execution.erased, execution.is_lost) == ("done", {}, True)
        assert session.scalars(select(LedgerEntry)).all() == []
        events = [entry.event for entry in session.scalars(select(AuditEntry))]
        assert (events.count("rows-erased"), events.count("plan-executed")) == (0, 1)
    restore(workplace, before)
    assert replay.run(workplace.context, "shop", workplace.clock.now.date(), dry_run=False).left == []
    assert workplace.shop.everything() == erased


def give_up(workplace: Workplace, case: Case) -> None:
    """The handler goes on without the shop."""
    settings, now = workplace.context.settings, workplace.clock()
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        by = own.handler_id or pytest.fail("nobody")
        giving_up.give_up_system(session, own, "shop", "De winkel is gestopt.", by=by, settings=settings, now=now)


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_plan_that_changed_after_the_kill_is_void(workplace: Workplace, key_file: Path) -> None:
    case, _ = approved_plan(workplace)
    killed_at(workplace, key_file, "rows-changed")
    workplace.shop.run("UPDATE ticket SET body = 'changed' WHERE id = 1")
    before = workplace.shop.everything()
    ends_well(workplace, key_file)
    assert workplace.shop.everything() == before
    assert newest_plan(workplace, case).state == "void"


def test_killed_when_kept_rows_went_on_their_day(workplace: Workplace, key_file: Path) -> None:
    approved_plan(workplace)
    ends_well(workplace, key_file)
    workplace.clock.set(date(2027, 1, 1))
    before = workplace.shop.everything()
    killed_at(workplace, key_file, "kept-rows-erased")
    after = workplace.shop.everything()
    assert [row["id"] for row in before["invoice"] if row not in after["invoice"]] == [119]
    ends_well(workplace, key_file)
    assert workplace.shop.everything() == after
    with workplace.transaction() as session:
        settled = session.scalars(select(LedgerEntry).where(LedgerEntry.may_erase_from == date(2027, 1, 1))).all()
        assert {(entry.table, entry.state) for entry in settled} == {("invoice", "erased"), ("invoice_line", "erased")}
        assert session.scalars(select(Task)).all() == []
        (told,) = session.scalars(select(AuditEntry).where(AuditEntry.event == "kept-rows-erased"))
        assert (told.details["erased"], told.details["gone"]) == (0, 3)
        assert audit.verify(session, Path("none")).faults == ()


@pytest.mark.parametrize("shop_url", ["sqlite", "postgresql"], indirect=True)
def test_killed_at_any_moment_nothing_is_lost_or_done_twice(workplace: Workplace, key_file: Path) -> None:
    case, plan = approved_plan(workplace)
    planned = plans.planned_rows(plan)
    before = workplace.shop.everything()
    expected = expected_after(before, planned)
    for moment in (0.0, 0.02, 0.06):
        worker = start(workplace, key_file)
        _wait_for_attempt(workplace, worker)
        time.sleep(moment)
        worker.kill()
        worker.wait(60)
        assert workplace.shop.everything() in (before, expected)
    ends_well(workplace, key_file)
    assert workplace.shop.everything() == expected
    with workplace.transaction() as session:
        is_observed = session.scalars(select(Execution)).one().is_observed
    check_accounts(workplace, case, planned, is_observed=is_observed)


def _wait_for_attempt(workplace: Workplace, worker: subprocess.Popen[bytes]) -> None:
    seen = _attempts(workplace)
    while worker.poll() is None and _attempts(workplace) == seen:
        time.sleep(0.002)


def _attempts(workplace: Workplace) -> int:
    with workplace.store.transaction(writes=False) as session:
        return session.scalar(select(Execution.attempts)) or 0

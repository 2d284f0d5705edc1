"""A correction carried out in a real database: as agreed or not at all, on every engine."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dsr.connectors.base import SystemDown
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import Execution
from dsr.domain.rights import Outcome, Right
from dsr.jobs import changing, work
from dsr.services import audit, corrections, plans, rectification
from dsr.services.work import of as work_of
from tests.jobs.test_erasing_races import at_once
from tests.parts.corrections import CUSTOMER, INVOICE, approve, approved_case, ask_rows, opened_case, propose
from tests.parts.dying import ends_well, killed_at
from tests.parts.restrictions import case_of_hanna
from tests.parts.shop import Workplace, identified_case

# What does not hang on the engine is tried on one of them.
on_one_engine = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
ADDRESS = {f"{CUSTOMER}.address": "Dorpsstraat 1\r\nLeiden", f"{CUSTOMER}.phone": ""}


def hanna(workplace: Workplace) -> dict[str, Any]:
    return workplace.shop.rows("customer")[0]


def state_of(workplace: Workplace, case: Case) -> str:
    with workplace.transaction() as session:
        plan = corrections.current(session, case.id)
        assert plan is not None
        return plan.state


def test_what_was_agreed_is_changed_and_nothing_else(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case = approved_case(workplace, {**ADDRESS, f"{CUSTOMER}.birthday": "1981-05-07"})
    work.run_all(workplace.context)
    after = workplace.shop.everything()
    changed = {"address": "Dorpsstraat 1\nLeiden", "phone": None, "birthday": date(1981, 5, 7)}
    assert {**hanna(workplace), "birthday": str(hanna(workplace)["birthday"])} == {
        **before["customer"][0],
        **changed,
        "birthday": "1981-05-07",
    }
    assert after["customer"][1:] == before["customer"][1:]
    assert {**after, "customer": []} == {**before, "customer": []}
    with workplace.transaction() as session:
        assert session.get_one(Case, case.id).rights[0].result is Outcome.FULFILLED
        execution = session.scalars(select(Execution)).one()
        assert (execution.state, execution.is_observed, execution.changed) == ("done", True, {"customer": 1})
        assert audit.verify(session, Path("none")).faults == ()


@on_one_engine
def test_the_old_and_the_new_value_stay_with_the_case(workplace: Workplace) -> None:
    case = approved_case(workplace, ADDRESS)
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        plan = corrections.current(session, case.id)
        assert plan is not None
        change = corrections.correction_of(plan).changes[0]
    assert change.old == {"address": "Sluisweg 3", "phone": "0612345678"}
    assert change.new == {"address": "Dorpsstraat 1\nLeiden", "phone": None}


@on_one_engine
def test_the_address_they_are_known_by_can_be_corrected(workplace: Workplace) -> None:
    case = approved_case(workplace, {f"{CUSTOMER}.email": "hanna.b@example.org"})
    work.run_all(workplace.context)
    assert hanna(workplace)["email"] == "hanna.b@example.org"
    assert state_of(workplace, case) == "executed"


@on_one_engine
def test_an_invoice_is_not_rewritten_the_books_get_a_task(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case = approved_case(workplace, {f"{CUSTOMER}.name": "Hanna Brinkmans", f"{INVOICE}.total": "10,00"})
    work.run_all(workplace.context)
    assert workplace.shop.rows("invoice") == before["invoice"]
    assert hanna(workplace)["name"] == "Hanna Brinkmans"
    with workplace.transaction() as session:
        assert session.get_one(Case, case.id).rights[0].result is Outcome.PARTLY_FULFILLED
        task = session.scalars(select(Task)).one()
        assert (task.kind, task.facts) == ("books-correction", {"tables": ["shop.invoice"], "values": 1})


@on_one_engine
def test_what_is_for_the_books_alone_changes_no_system(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case = approved_case(workplace, {f"{INVOICE}.total": "10.00"})
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    assert state_of(workplace, case) == "executed"


@on_one_engine
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE customer SET address = 'Kerkweg 9' WHERE id = 1",
        "UPDATE customer SET email = 'other@example.org' WHERE id = 1",
        "UPDATE customer SET address = NULL WHERE id = 1",
    ],
)
def test_a_row_that_changed_after_the_approval_voids_it(workplace: Workplace, change: str) -> None:
    case = approved_case(workplace, ADDRESS)
    workplace.shop.run(change)
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    assert state_of(workplace, case) == "void"
    with workplace.transaction() as session:
        assert {task.kind for task in session.scalars(select(Task))} == {"plan-void"}
        assert session.get_one(Case, case.id).rights[0].result is None


@on_one_engine
def test_a_change_of_another_column_does_not_matter(workplace: Workplace) -> None:
    case = approved_case(workplace, ADDRESS)
    workplace.shop.run("UPDATE customer SET name = 'H. Brinkman' WHERE id = 1")
    work.run_all(workplace.context)
    assert state_of(workplace, case) == "executed"
    assert hanna(workplace)["name"] == "H. Brinkman"


@on_one_engine
def test_a_trigger_that_may_reach_other_rows_stops_a_correction(workplace: Workplace) -> None:
    case = approved_case(workplace, ADDRESS)
    workplace.shop.run("CREATE TRIGGER spread AFTER UPDATE ON customer BEGIN DELETE FROM newsletter; END")
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert "shop.customer: a trigger runs" in str(work_of(session, case.id)["rectify"].error)
    other = case_of_hanna(workplace, Right.RECTIFICATION)
    with workplace.transaction() as session:
        by = session.get_one(Case, case.id).handler_id
        assert by
        rectification.ask_rows(session, session.get_one(Case, other.id), by=by, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        assert "shop.customer: a trigger runs" in str(work_of(session, other.id)["rows"].error)


def test_a_database_that_refuses_leaves_everything_and_a_new_plan_can_be_made(workplace: Workplace) -> None:
    workplace.shop.run("CREATE UNIQUE INDEX one_email ON customer (email)")
    case, handler, approver = opened_case(workplace)
    plan = propose(workplace, case, handler.id, {f"{CUSTOMER}.email": "bram@example.org", **ADDRESS})
    approve(workplace, case, plan, approver.id)
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert "uniek" in str(work_of(session, case.id)["rectify"].error)
    ask_rows(workplace, case, handler.id)
    assert state_of(workplace, case) == "open"


def test_killed_after_their_commit_the_next_run_finds_it_done(workplace: Workplace, key_file: Path) -> None:
    dies_and_is_followed(workplace, key_file, "columns-committed", is_committed=True, is_observed=False)


@on_one_engine
@pytest.mark.parametrize(("fault", "is_committed"), [("columns-changed", False), ("rectify-noted", True)])
def test_killed_here_the_next_run_accounts_for_every_row(
    workplace: Workplace, key_file: Path, fault: str, is_committed: bool
) -> None:
    dies_and_is_followed(workplace, key_file, fault, is_committed=is_committed, is_observed=True)


def dies_and_is_followed(
    workplace: Workplace, key_file: Path, fault: str, *, is_committed: bool, is_observed: bool
) -> None:
    case = approved_case(workplace, {**ADDRESS, f"{CUSTOMER}.email": "hanna.b@example.org"})
    killed_at(workplace, key_file, fault)
    assert (hanna(workplace)["phone"] is None) == is_committed
    ends_well(workplace, key_file)
    assert (hanna(workplace)["phone"], hanna(workplace)["email"]) == (None, "hanna.b@example.org")
    assert state_of(workplace, case) == "executed"
    with workplace.transaction() as session:
        execution = session.scalars(select(Execution)).one()
        assert (execution.is_observed, execution.changed) == (is_observed, {"customer": 1})


def _carry_out(workplace: Workplace, case: Case) -> Exception | None:
    context = workplace.context
    with context.transaction() as session:
        approved = changing.begin(context, session, case.id)
    note = changing.rectify(context, case.id, approved)
    with context.transaction() as session:
        left = note(session)
    return None if isinstance(left, SystemDown) else left


def test_of_two_workers_at_once_one_changes_and_both_end_well(workplace: Workplace) -> None:
    case = approved_case(workplace, ADDRESS)
    carry_out = partial(_carry_out, workplace, case)
    assert at_once(carry_out, carry_out) == [None, None]
    work.run_all(workplace.context)
    assert state_of(workplace, case) == "executed"
    assert hanna(workplace)["phone"] is None


@on_one_engine
def test_an_erasure_waits_until_the_correction_is_decided(workplace: Workplace) -> None:
    case, handler, _ = identified_case(workplace, Right.RECTIFICATION, Right.ERASURE)
    ask_rows(workplace, case, handler.id)
    propose(workplace, case, handler.id, ADDRESS)
    with workplace.transaction() as session, pytest.raises(plans.casework.NotPossible):
        plans.propose(session, session.get_one(Case, case.id), {}, by=handler.id, now=workplace.clock())

"""An approved plan carried out in a real database, and the later erasure of what was kept, on every engine."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import Execution, LedgerEntry
from dsr.domain.plans import PlanChanged
from dsr.domain.rights import Outcome, Right
from dsr.jobs import erasing, work
from dsr.services import approvals, audit, casework, plans
from dsr.services.work import of as work_of
from tests.parts.erasures import approve, approved_plan, propose
from tests.parts.shop import Workplace, identified_case


def _erased(workplace: Workplace) -> Case:
    case, _ = approved_plan(workplace)
    work.run_all(workplace.context)
    return case


def test_what_may_go_goes_what_tax_law_protects_stays_and_nobody_else_is_touched(workplace: Workplace) -> None:
    before = workplace.shop.everything()
    case = _erased(workplace)
    after = workplace.shop.everything()
    # 2017 and 2018 are over seven years old in November 2026; 2019 may go on 1 January 2027; 2025 is unpaid.
    assert [row["id"] for row in after["invoice"] if row["customer_id"] == 1] == list(range(119, 126))
    assert {row["invoice_id"] for row in after["invoice_line"] if row["invoice_id"] < 200} == set(range(119, 126))
    assert after["ticket"] == [row for row in before["ticket"] if row["customer_id"] == 2]
    assert [row["email"] for row in after["newsletter"]] == ["bram@example.org"]
    hanna = after["customer"][0]
    assert (hanna["name"], hanna["address"]) == ("Hanna Brinkman", "Sluisweg 3")
    assert (hanna["email"], hanna["phone"], hanna["birthday"]) == ("erased-1@erased.invalid", None, None)
    assert after["customer"][1] == before["customer"][1]
    assert [r for r in after["invoice"] if r["customer_id"] == 2] == [
        r for r in before["invoice"] if r["customer_id"] == 2
    ]
    with workplace.transaction() as session:
        assert session.get_one(Case, case.id).rights[0].result is Outcome.PARTLY_FULFILLED
        execution = session.scalars(select(Execution)).one()
        assert execution.state == "done"
        assert execution.is_observed
        assert execution.erased == {"invoice": 2, "invoice_line": 4, "ticket": 1, "newsletter": 1}
        assert execution.changed == {"customer": 1}


def test_the_ledger_says_until_when_each_row_stays(workplace: Workplace) -> None:
    case = _erased(workplace)
    with workplace.transaction() as session:
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.case_id == case.id)).all()
        days = {(entry.table, entry.keep_through): entry.row_count for entry in entries}
    assert days[("invoice", date(2026, 12, 31))] == 1
    assert days[("invoice_line", date(2031, 12, 31))] == 2
    # The unpaid invoice has no end yet, and neither has the buyer it needs.
    assert days[("invoice", date(2032, 12, 31))] == 1
    assert days[("customer", None)] == 1


def test_kept_rows_go_on_their_day_and_not_before(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE invoice SET paid_on = '2025-06-01' WHERE id = 125")
    case = _erased(workplace)
    workplace.clock.set(date(2026, 12, 31))
    assert erasing.erase_due(workplace.context) == 0
    workplace.clock.set(date(2027, 1, 1))
    erasing.erase_due(workplace.context)
    assert [row["id"] for row in workplace.shop.rows("invoice") if row["customer_id"] == 1] == list(range(120, 126))
    workplace.clock.set(date(2033, 1, 1))
    erasing.erase_due(workplace.context)
    everything = workplace.shop.everything()
    assert [row["id"] for row in everything["customer"]] == [2]
    assert {row["customer_id"] for row in everything["invoice"]} == {2}
    assert len(everything["invoice_line"]) == 18
    with workplace.transaction() as session:
        states = set(session.scalars(select(LedgerEntry.state).where(LedgerEntry.case_id == case.id)))
        assert states == {"erased"}
        assert session.scalars(select(Task)).all() == []
        assert audit.verify(session, workplace.context.settings.path("none")).faults == ()


def test_a_row_that_changed_since_becomes_a_task_and_stays(workplace: Workplace) -> None:
    _erased(workplace)
    workplace.shop.run("UPDATE invoice SET total = 99 WHERE id = 119")
    workplace.clock.set(date(2027, 1, 1))
    erasing.erase_due(workplace.context)
    assert 119 in [row["id"] for row in workplace.shop.rows("invoice")]
    with workplace.transaction() as session:
        assert {task.kind for task in session.scalars(select(Task))} == {"ledger-left"}


def test_a_customer_who_came_back_is_not_erased(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE invoice SET paid_on = '2025-06-01' WHERE id = 125")
    _erased(workplace)
    workplace.shop.run("INSERT INTO invoice VALUES (999, 1, '2032-03-03', '2032-04-04', 20)")
    workplace.clock.set(date(2033, 1, 1))
    erasing.erase_due(workplace.context)
    assert [row["id"] for row in workplace.shop.rows("customer")] == [1, 2]
    assert 999 in [row["id"] for row in workplace.shop.rows("invoice")]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ticket SET body = 'changed' WHERE id = 1",
        "INSERT INTO ticket VALUES (77, 1, 'new')",
        "DELETE FROM ticket WHERE id = 1",
        "UPDATE invoice SET issued_on = '2024-01-01' WHERE id = 117",
    ],
)
def test_a_change_after_the_approval_voids_it_and_nothing_is_erased(workplace: Workplace, change: str) -> None:
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    approve(workplace, case, propose(workplace, case, handler.id), approver.id)
    workplace.shop.run(change)
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        assert plan.state == "void"
        assert "De gegevens zijn na de goedkeuring veranderd" in str(plan.note)
        assert {task.kind for task in session.scalars(select(Task))} == {"plan-void"}


def test_the_maker_cannot_approve_and_a_wrong_digest_is_refused(workplace: Workplace) -> None:
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    plan = propose(workplace, case, handler.id)
    with pytest.raises(approvals.SamePerson):
        approve(workplace, case, plan, handler.id)
    plan.digest = "0" * 64
    with pytest.raises(PlanChanged):
        approve(workplace, case, plan, approver.id)


def test_no_erasure_before_the_copy_when_both_were_asked(workplace: Workplace) -> None:
    case, handler, approver = identified_case(workplace, Right.ACCESS, Right.ERASURE)
    plan = propose(workplace, case, handler.id)
    with pytest.raises(approvals.CopyFirst):
        approve(workplace, case, plan, approver.id)


def test_a_category_without_a_ground_is_refused_and_its_rows_stay(workplace: Workplace) -> None:
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    refused = {"ground": "none", "reason": "Uw contract loopt nog.", "outstanding": None}
    plan = propose(workplace, case, handler.id, ticket=refused)
    assert plan.counts["refuse"] == 1
    approve(workplace, case, plan, approver.id)
    work.run_all(workplace.context)
    assert [row["id"] for row in workplace.shop.rows("ticket")] == [1, 2]


def test_two_persons_behind_one_address_are_never_both_erased(workplace: Workplace) -> None:
    workplace.shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 2")
    case, handler, _ = identified_case(workplace, Right.ERASURE)
    with workplace.transaction() as session:
        plans.propose(session, session.get_one(Case, case.id), {}, by=handler.id, now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        asked = work_of(session, case.id)["plan"]
        assert asked.state == "refused"
        assert "2 personen" in str(asked.error)


def test_a_request_withdrawn_after_the_approval_is_not_carried_out(workplace: Workplace) -> None:
    case, handler, approver = identified_case(workplace, Right.ERASURE)
    before = workplace.shop.everything()
    approve(workplace, case, propose(workplace, case, handler.id), approver.id)
    with workplace.transaction() as session:
        casework.withdraw(session, session.get_one(Case, case.id), by=handler.id, now=workplace.clock())
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert work_of(session, case.id)["erase"].state == "refused"

"""An erasure of rows that are only marked as deleted, of which a view shows some, and another their number."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.domain.groups import Group, Part, outcome_of
from dsr.domain.notifications import Change
from dsr.domain.plans import READ_ONLY, SOFT_DELETED, Judgement, Verdict
from dsr.domain.register import Recipient, Table
from dsr.domain.rights import Outcome, Right
from dsr.jobs import erasing, replay, work
from dsr.services import answers, casework, notifications, tasks
from tests.parts.erasures import approved_plan, judged_in
from tests.parts.shop import Shop, Workplace

NOTE = Table("ticket", ("id",), via={"customer_id": "customer.id"}, soft_deleted="deleted_at")
SEEN = Table("ticket", ("id",), via={"customer_id": "customer.id"}, view_of="note")
COUNTED = Table("ticket", ("customer_id",), via={"customer_id": "customer.id"}, read_only=True)


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """The shop with notes, a view of those that are not marked as deleted, and one that counts."""
    shop.run(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id),"
        " deleted_at TIMESTAMP NULL)"
    )
    shop.run("INSERT INTO note VALUES (1, 1, '2026-01-02 03:04:05'), (2, 1, NULL), (3, 2, NULL)")
    shop.run("CREATE VIEW seen AS SELECT * FROM note WHERE deleted_at IS NULL")
    shop.run("CREATE VIEW counted AS SELECT customer_id, count(*) AS notes FROM note GROUP BY customer_id")
    tables = {**shop_settings.register.tables["shop"], "note": NOTE, "seen": SEEN, "counted": COUNTED}
    return replace(shop_settings, register=replace(shop_settings.register, tables={"shop": tables}))


def test_what_is_marked_goes_for_real_and_nothing_goes_by_way_of_a_view(workplace: Workplace) -> None:
    case, plan = approved_plan(workplace)
    judged = {place: (row.verdict, row.why) for place, row in judged_in(plan).items()}
    assert judged["note", (1,)] == (Verdict.ERASE, SOFT_DELETED)
    assert judged["note", (2,)] == (Verdict.ERASE, None)
    assert judged["counted", (1,)] == (Verdict.FIRST, READ_ONLY)
    assert "seen" not in {table for table, _ in judged}
    work.run_all(workplace.context)
    assert [row["id"] for row in workplace.shop.rows("note")] == [3]
    with workplace.transaction() as session:
        done = session.get_one(CasePlan, plan.id)
        assert done.state == "executed"
        assert [execution.erased["note"] for execution in session.query(Execution)] == [2]
        assert [right.result for right in session.merge(case).rights] == [Outcome.PARTLY_FULFILLED]
    _the_rest_is_erased_by_hand(workplace, case)
    _a_restore_brings_it_up_again(workplace, case)


def _the_rest_is_erased_by_hand(workplace: Workplace, case: Case) -> None:
    """What the program can only read is a task; once it is done nothing is left that the letter has to explain."""
    settings, now = workplace.context.settings, workplace.clock()
    category = replace(settings.register.categories["ticket"], recipients=("desk",))
    categories = {**settings.register.categories, "ticket": category}
    register = replace(settings.register, categories=categories, recipients={"desk": Recipient("Balie", "processor")})
    given: dict[str, Any] = {"register": register, "by": new_id(), "now": now}
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        (task,) = tasks.open_of(session, own.id)
        assert (task.kind, task.facts["tables"], task.facts["rows"]) == ("erase-by-hand", ["shop.counted"], 1)
        first = [Change("ticket", is_part=True)]
        source_id = uuid.UUID(task.facts["plan"])
        notifications.propose(session, own.id, Right.ERASURE, first, source_id=source_id, register=register, now=now)
        told = answers.facts_of(session, own, settings=settings, now=now)
        assert any(left.reason and "met de hand" in left.reason for left in told.not_erased)
        before = list(told.not_erased)
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        (task,) = tasks.open_of(session, own.id)
        with pytest.raises(casework.NotPossible):
            tasks.settle(session, own, task, " ", is_done=False, **given)
        tasks.settle(session, own, task, "", is_done=True, **given)
        told = answers.facts_of(session, own, settings=settings, now=now)
        assert len(told.not_erased) == len(before) - 1
        assert tasks.open_of(session, own.id) == []
        changes = [
            change for each in notifications.of_case(session, own.id) for change in notifications.changes_of(each)
        ]
        assert Counter(changes) == {Change("ticket", is_part=True): 1, Change("ticket"): 1}, "the rest is told as well"


def _a_restore_brings_it_up_again(workplace: Workplace, case: Case) -> None:
    """What a person erased comes back with a backup, and only a person can erase it again."""
    workplace.shop.run("INSERT INTO note VALUES (4, 1, NULL), (5, 1, NULL)")
    report = replay.run(workplace.context, "shop", workplace.clock().date())
    assert report.left == [replay.Outcome("counted", "[1]", READ_ONLY)]
    with workplace.transaction() as session:
        (task,) = tasks.open_of(session, case.id)
        told = {"reasons": [READ_ONLY], "rows": 1, "tables": ["shop.counted"]}
        assert (task.kind, task.facts) == ("replay-left", told)


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_the_ledger_passes_by_a_view_that_cannot_be_locked(workplace: Workplace) -> None:
    approved_plan(workplace)
    work.run_all(workplace.context)
    workplace.shop.run("UPDATE invoice SET paid_on = '2026-02-01' WHERE id = 125")
    erasing.look_again(workplace.context)
    with workplace.transaction() as session:
        without_day = select(LedgerEntry.table).where(LedgerEntry.may_erase_from.is_(None))
        assert list(session.scalars(without_day)) == []


def test_all_of_it_erased_by_hand_is_a_request_fulfilled() -> None:
    by_hand = Group.of(_judged(Verdict.FIRST, READ_ONLY), [[[1], "0"]])
    part = Part(None, [by_hand])
    assert outcome_of([part]) is Outcome.REFUSED
    assert outcome_of([part], is_done_by_hand=True) is Outcome.FULFILLED
    kept = Part(None, [by_hand, Group.of(_judged(Verdict.KEEP, None), [[[1], "0"]])])
    assert outcome_of([kept], is_done_by_hand=True) is Outcome.PARTLY_FULFILLED


def _judged(verdict: Verdict, why: str | None) -> Judgement:
    return "shop", "ticket", "counted", verdict, None, None, None, None, why, ("customer_id",)

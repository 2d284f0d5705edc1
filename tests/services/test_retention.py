"""The ledger: what is due on a day, and what became of it."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.rights import Right
from dsr.domain.row_keys import to_json
from dsr.services import plans, retention
from dsr.services.retention import Settled
from tests.parts import cast
from tests.parts.store import NOW, Store

DAY = date(2027, 1, 1)


@pytest.fixture
def plan(store: Store) -> CasePlan:
    """The plan that a ledger comes from."""
    with store.transaction() as session:
        handler = cast.add_member(session)
        case = cast.add_case(session, Right.ERASURE)
        cast.confirm(session, case, handler)
        return plans.propose(session, case, {}, by=handler.id, now=NOW)


def keep(store: Store, plan: CasePlan, keys: list[int], day: date | None = DAY, **values: str) -> LedgerEntry:
    facts = {"system": "shop", "category": "invoice", "table": "invoice", "verdict": "keep", **values}
    with store.transaction() as session:
        entry = LedgerEntry(case_id=plan.case_id, plan_id=plan.id, may_erase_from=day, row_count=len(keys), **facts)
        entry.rows = json.dumps([[to_json((key,)), f"print-{key}"] for key in keys])
        session.add(entry)
        return entry


def due(store: Store, on: date) -> list[retention.Due]:
    with store.transaction(writes=False) as session:
        return retention.due_entries(session, on)


def settle(store: Store, group: retention.Due, results: dict[LedgerEntry, Settled]) -> None:
    with store.transaction() as session:
        settled = {entry.id: result for entry, result in results.items()}
        retention.settle(session, group, settled, store.settings.register, now=NOW)


def test_rows_are_due_from_their_day(store: Store, plan: CasePlan) -> None:
    keep(store, plan, [1])
    keep(store, plan, [2], day=None)
    assert due(store, DAY - timedelta(days=1)) == []
    (group,) = due(store, DAY)
    assert [list(retention.kept_rows(entry)) for entry in group.entries] == [[(1,)]]
    assert len(due(store, DAY + timedelta(days=400))) == 1


def test_what_is_due_comes_per_system(store: Store, plan: CasePlan) -> None:
    for system in ("shop", "crm", "shop"):
        keep(store, plan, [1], system=system)
    assert {group.system: len(group.entries) for group in due(store, DAY)} == {"shop": 2, "crm": 1}


def test_what_is_due_comes_a_few_groups_at_a_time(
    store: Store, plan: CasePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in ("shop", "crm", "shop", "till"):
        keep(store, plan, [1], system=system)
    monkeypatch.setattr(retention, "GROUPS_AT_ONCE", 2)
    with store.transaction(writes=False) as session:
        first = retention.due_entries(session, DAY)
        second = retention.due_entries(session, DAY, after=first[-1])
        assert [(group.system, len(group.entries)) for group in first + second] == [
            ("crm", 1),
            ("shop", 2),
            ("till", 1),
        ]
        assert retention.due_entries(session, DAY, after=second[-1]) == []


def test_what_went_is_forgotten(store: Store, plan: CasePlan) -> None:
    entry = keep(store, plan, [1, 2])
    (group,) = due(store, DAY)
    settle(store, group, {entry: Settled(erased=1, gone=1)})
    assert due(store, DAY) == []
    with store.transaction() as session:
        settled = session.get_one(LedgerEntry, entry.id)
        assert (settled.state, settled.erased_at, settled.rows) == ("erased", NOW, None)
        assert session.scalars(select(Task)).all() == []
        (told,) = session.scalars(select(AuditEntry).where(AuditEntry.event == "kept-rows-erased"))
        assert told.details == {"system": "shop", "erased": 1, "gone": 1, "left": 0}


def test_what_is_left_becomes_one_task_with_the_reasons(store: Store, plan: CasePlan) -> None:
    entry = keep(store, plan, [1, 2, 3])
    (group,) = due(store, DAY)
    left = {(2,): retention.CHANGED, (3,): retention.KEPT_LONGER}
    settle(store, group, {entry: Settled(erased=1, left=left)})
    assert due(store, DAY) == []
    with store.transaction() as session:
        settled = session.get_one(LedgerEntry, entry.id)
        assert (settled.state, settled.erased_at, settled.row_count) == ("task", None, 2)
        (gone,) = session.scalars(select(LedgerEntry).where(LedgerEntry.state == "erased"))
        assert (gone.row_count, gone.rows, gone.category, gone.erased_at) == (1, None, "invoice", NOW)
        assert retention.kept_rows(settled) == {(2,): "print-2", (3,): "print-3"}
        (task,) = session.scalars(select(Task))
        assert task.facts == {"reasons": ["changed", "kept-longer"], "rows": 2, "table": "shop.invoice"}


def test_what_a_system_refuses_is_left_whole(store: Store, plan: CasePlan) -> None:
    entry = keep(store, plan, [1, 2])
    (group,) = due(store, DAY)
    results = retention.refused(group)
    assert results == {entry.id: Settled(left={(1,): "refused", (2,): "refused"})}


def test_the_ledger_opens_in_its_own_case_only(store: Store, plan: CasePlan) -> None:
    entry = keep(store, plan, [1])
    with store.transaction() as session:
        other = cast.add_case(session, Right.ERASURE, name="Bram Bos")
        moved = session.get_one(LedgerEntry, entry.id)
        moved.case_id = session.get_one(Case, other.id).id
        with pytest.raises(Exception, match="does not open with this key set"):
            retention.kept_rows(moved)

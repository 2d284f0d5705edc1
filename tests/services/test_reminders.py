"""Who is told of which date, on which day, and that nobody is told twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from dsr.config import Procedure
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.notices import Notice, Reminder, Task
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import reminders
from tests.parts.cast import add_case, add_member, add_plan
from tests.parts.store import NOW, Store

TODAY = date(2026, 11, 23)


def remind(store: Store, days: float = 0) -> None:
    with store.transaction() as session:
        reminders.remind(session, settings=store.settings, now=NOW + timedelta(days=days))


def tell_tasks(store: Store, now: datetime = NOW) -> None:
    with store.transaction() as session:
        reminders.tell_tasks(session, settings=store.settings, now=now)


def mails(store: Store, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Who gets a mail of this kind, and what it says, in order."""
    with store.transaction(writes=False) as session:
        found = session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.made_at))
        return [(notice.recipient, json.loads(notice.facts)) for notice in found]


def told(store: Store) -> list[tuple[str, list[tuple[str, int]]]]:
    """The digests: to whom, and which cases with how many days left."""
    return [
        (recipient, [(case["reference"], case["days"]) for case in facts["cases"]])
        for recipient, facts in mails(store, "staff-digest")
    ]


def rows(store: Store, kind: str = "staff") -> list[tuple[str, date, str]]:
    with store.transaction(writes=False) as session:
        found = session.scalars(select(Reminder).order_by(Reminder.on))
        return [(row.kind, row.on, row.state) for row in found if (row.kind == "confirmation") == (kind != "staff")]


def case_due(store: Store, days: int, **more: Any) -> Case:
    """A case of a month ago whose next legal date is so many days away."""
    with store.transaction() as session:
        received_at = NOW - timedelta(days=30)
        return add_case(session, received_at=received_at, next_legal_on=TODAY + timedelta(days=days), **more)


@pytest.mark.parametrize("days", [7, 3, 1, -1, -2, -40])
def test_on_these_days_staff_are_told(store: Store, days: int) -> None:
    with store.transaction() as session:
        noor = add_member(session)
    case = case_due(store, days, handler=noor)
    remind(store)
    assert told(store) == [("noor@polder.example", [(case.reference, days)])]


@pytest.mark.parametrize("days", [8, 30])
def test_before_that_nobody_is_told(sqlite_store: Store, days: int) -> None:
    with sqlite_store.transaction() as session:
        add_member(session)
    case_due(sqlite_store, days)
    remind(sqlite_store)
    assert told(sqlite_store) == []


def test_a_case_is_told_of_on_its_days_and_no_others(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    case = case_due(store, 8)
    for day in range(12):
        remind(store, day)
    assert told(store) == [("noor@polder.example", [(case.reference, days)]) for days in (7, 3, 1, -1, -2, -3)]
    assert {state for _, _, state in rows(store)} == {"told"}


def test_one_digest_a_day_however_often_it_is_called(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    first = case_due(store, -1)
    remind(store)
    case_due(store, 3)
    for minutes in range(0, 600, 60):
        remind(store, minutes / 1440)
    assert told(store) == [("noor@polder.example", [(first.reference, -1)])]


def test_what_came_up_after_the_digest_is_told_tomorrow(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    remind(store)
    case = case_due(store, 3)
    remind(store, 1)
    assert told(store) == [("noor@polder.example", [(case.reference, 2)])]
    assert mails(store, "staff-digest")[0][1]["missed"] == ["2026-11-19"]


def test_a_clock_that_goes_back_tells_nothing_twice(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    case_due(store, 0)
    remind(store, 1)
    remind(store, 0)
    remind(store, 1)
    assert len(told(store)) == 1


def test_the_handler_is_told_and_of_other_cases_every_handler(store: Store) -> None:
    with store.transaction() as session:
        noor = add_member(session)
        add_member(session, "Tim de Graaf")
        add_member(session, "Ans Visser", "approver", "administrator")
        gone = add_member(session, "Bob Smit")
        gone.is_active = False
    hers = case_due(store, 3, handler=noor)
    nobodys = case_due(store, 1)
    of_somebody_gone = case_due(store, -1, handler=gone)
    remind(store)
    everybodys = [(of_somebody_gone.reference, -1), (nobodys.reference, 1)]
    assert dict(told(store)) == {
        "noor@polder.example": [*everybodys, (hers.reference, 3)],
        "tim@polder.example": everybodys,
    }


@pytest.mark.parametrize("status", [Status.ANSWERED, Status.CLOSED, Status.SET_ASIDE, Status.WITHDRAWN])
def test_what_is_done_with_is_not_told_of(sqlite_store: Store, status: Status) -> None:
    with sqlite_store.transaction() as session:
        add_member(session)
    case_due(sqlite_store, -1, status=status)
    remind(sqlite_store)
    assert told(sqlite_store) == []


def test_after_a_week_of_downtime_one_digest_tells_what_was_missed(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    case, soon = case_due(store, 3), case_due(store, 8)
    remind(store)
    for hours in (0, 1, 5):
        remind(store, 7 + hours / 24)
    assert told(store)[1:] == [("noor@polder.example", [(case.reference, -4), (soon.reference, 1)])]
    _, digest = mails(store, "staff-digest")[1]
    assert digest["missed"] == ["2026-11-24", "2026-11-25", "2026-11-27", "2026-11-28", "2026-11-29"]
    november = [(kind, on.day, state) for kind, on, state in rows(store) if on > TODAY]
    assert sorted(november) == [
        ("1-days", 25, "superseded"),
        ("1-days", 30, "told"),
        ("3-days", 28, "superseded"),
        ("7-days", 24, "superseded"),
        *(("overdue", day, "superseded") for day in (27, 28, 29)),
        ("overdue", 30, "told"),
    ]


@given(runs=st.sets(st.integers(0, 25)), received=st.integers(1, 40), last_day=st.integers(-10, 20))
def test_every_day_of_a_case_is_noted_once_whenever_the_worker_ran(
    runs: set[int], received: int, last_day: int
) -> None:
    case = Case(received_on=TODAY - timedelta(days=received), next_legal_on=TODAY + timedelta(days=last_day))
    noted: list[tuple[str, date]] = []
    for day in sorted(runs):
        noted += [each for each in reminders.reminders_of(case, TODAY + timedelta(days=day)) if each not in noted]
    assert len(noted) == len(set(noted)) == len({day for _, day in noted})
    if runs:
        assert sorted(noted) == sorted(reminders.reminders_of(case, TODAY + timedelta(days=max(runs))))


def test_a_date_that_moved_is_told_of_anew(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    case = case_due(store, 3)
    remind(store)
    with store.transaction() as session:
        session.get_one(Case, case.id).next_legal_on = TODAY + timedelta(days=64)
    for day in range(1, 62):
        remind(store, day)
    assert [cases[0][1] for _, cases in told(store)] == [3, 7, 3]


def test_without_a_handler_nothing_counts_as_told(store: Store) -> None:
    case = case_due(store, 3)
    remind(store)
    assert rows(store) == []
    with store.transaction() as session:
        add_member(session)
    remind(store, 1)
    assert told(store) == [("noor@polder.example", [(case.reference, 2)])]


def test_the_digest_speaks_the_language_of_its_reader_and_lists_open_tasks(store: Store) -> None:
    with store.transaction() as session:
        add_member(session).language = "en"
    case = case_due(store, 1)
    with store.transaction() as session:
        session.add(Task(key="one", case_id=case.id, kind="mail-failed", made_at=NOW))
        session.add(Task(key="two", kind="other", made_at=NOW))
        session.add(Task(key="done", kind="other", made_at=NOW, done_at=NOW))
    remind(store)
    ((_, facts),) = mails(store, "staff-digest")
    assert facts["link"] == "http://localhost:8080/staff/"
    assert facts["tasks"] == [
        {"kind": "mail-failed", "reference": case.reference},
        {"kind": "other", "reference": None},
    ]
    with store.transaction(writes=False) as session:
        assert session.scalars(select(Notice)).one().language == "en"


def test_a_person_is_asked_once_to_confirm_their_address(store: Store) -> None:
    with store.transaction() as session:
        case = add_case(session, Right.ACCESS)
    for day in (0, 1, 2.5):
        remind(store, day)
    assert mails(store, "confirmation-reminder") == []
    for day in (3, 4, 5, 30):
        remind(store, day)
    ((recipient, facts),) = mails(store, "confirmation-reminder")
    assert recipient == "hanna@example.org"
    assert facts["reference"] == case.reference
    assert facts["link"].startswith("http://localhost:8080/status/")
    assert rows(store, "confirmation") == [("confirmation", TODAY, "told")]


def test_who_confirmed_or_need_not_is_not_asked(store: Store) -> None:
    with store.transaction() as session:
        add_case(session, Right.ACCESS).data_subject.email_confirmed_at = NOW
        add_case(session, Right.MARKETING_OBJECTION)
        add_case(session, Right.ACCESS, status=Status.SET_ASIDE)
    remind(store, 10)
    assert mails(store, "confirmation-reminder") == []


def test_what_comes_up_is_mailed_together_and_once(store: Store) -> None:
    with store.transaction() as session:
        noor, tim = add_member(session), add_member(session, "Tim de Graaf")
        hers = add_case(session, Right.ACCESS, handler=noor)
        session.add(Task(key="one", case_id=hers.id, kind="mail-failed", made_at=NOW))
        session.add(Task(key="two", kind="other", made_at=NOW + timedelta(seconds=1)))
        session.add(Task(key="done", kind="other", made_at=NOW, done_at=NOW))
        session.add(Task(key="told", kind="other", made_at=NOW, told_at=NOW))
    tell_tasks(store)
    tell_tasks(store, NOW + timedelta(minutes=15))
    other = {"kind": "other", "reference": None}
    assert {to: facts["tasks"] for to, facts in mails(store, "staff-task")} == {
        noor.email: [{"kind": "mail-failed", "reference": hers.reference}, other],
        tim.email: [other],
    }


def test_a_task_waits_until_there_is_somebody_to_tell(store: Store) -> None:
    with store.transaction() as session:
        session.add(Task(key="one", kind="other", made_at=NOW))
    tell_tasks(store)
    with store.transaction() as session:
        add_member(session)
    tell_tasks(store, NOW + timedelta(minutes=15))
    assert len(mails(store, "staff-task")) == 1


@pytest.mark.parametrize(("approval", "told"), [("two-people", ["ans"]), ("single", ["ans", "noor"])])
def test_whoever_may_approve_a_plan_is_told(
    store: Store, approval: Literal["two-people", "single"], told: list[str]
) -> None:
    settings = replace(store.settings, procedure=Procedure(approval=approval))
    with store.transaction() as session:
        noor = add_member(session, "Noor Bakker", "handler", "approver")
        add_member(session, "Ans Visser", "approver")
        add_member(session, "Tim de Graaf", "handler")
        add_member(session, "Bob Smit", "approver").is_active = False
        case = add_case(session, Right.ERASURE)
        plan = CasePlan(id=new_id(), made_by_id=noor.id)
        for _ in range(2):
            reminders.tell_approvers(session, case, plan, settings=settings, now=NOW)
    link = f"http://localhost:8080/staff/cases/{case.reference}"
    facts = {"reference": case.reference, "link": link}
    assert sorted(mails(store, "plan-to-approve"), key=str) == [(f"{name}@polder.example", facts) for name in told]


def kept(store: Store, rows: int, **values: Any) -> None:
    """An entry of the ledger of a shop, as it was settled."""
    with store.transaction() as session:
        case = session.scalars(select(Case)).first() or add_case(session, Right.ERASURE, status=Status.CLOSED)
        plan = session.scalars(select(CasePlan)).first()
        if plan is None:
            plan = add_plan(session, case.id, add_member(session, "Els Smit").id)
        facts = {"system": "shop", "category": "invoice", "table": "invoice", "verdict": "keep", **values}
        session.add(LedgerEntry(case_id=case.id, plan_id=plan.id, row_count=rows, **facts))


def test_what_the_ledger_erased_is_told_once_to_every_handler_with_what_waits(store: Store) -> None:
    with store.transaction() as session:
        add_member(session)
    kept(store, 7, state="kept")
    kept(store, 1, state="task")
    remind(store)
    assert mails(store, "staff-digest") == []
    kept(store, 3, state="erased", erased_at=NOW + timedelta(hours=1))
    kept(store, 2, state="erased", erased_at=NOW + timedelta(hours=2), category="ticket")
    for hours in (24, 25, 48):
        remind(store, hours / 24)
    told_of = {recipient: facts["ledger"] for recipient, facts in mails(store, "staff-digest")}
    lines = [
        {"what": "invoice", "where": "shop", "erased": 3, "waiting": 1},
        {"what": "ticket", "where": "shop", "erased": 2, "waiting": 0},
    ]
    assert told_of == {"noor@polder.example": lines, "els@polder.example": lines}
    assert len(mails(store, "staff-digest")) == 2


def test_what_is_past_its_day_and_still_there_is_told_once(sqlite_store: Store) -> None:
    kept(sqlite_store, 4, state="kept", may_erase_from=NOW.date())
    told = []
    for days in range(3):
        remind(sqlite_store, days)
        told.append([facts["ledger"] for _, facts in mails(sqlite_store, "staff-digest")])
    line = {"what": "invoice", "where": "shop", "erased": 0, "waiting": 4}
    assert told == [[], [[line]], [[line]]]


def test_what_could_not_be_erased_is_told_where_nothing_went(sqlite_store: Store) -> None:
    kept(sqlite_store, 4, state="task")
    with sqlite_store.transaction() as session:
        session.add(Task(key="ledger:1", kind="ledger-left", made_at=NOW))
    remind(sqlite_store)
    ((_, facts),) = mails(sqlite_store, "staff-digest")
    assert facts["ledger"] == [{"what": "invoice", "where": "shop", "erased": 0, "waiting": 4}]

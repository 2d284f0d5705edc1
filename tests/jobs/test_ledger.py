"""The ledger looked at again in a real database: new days, and rows that waited for one."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from dsr.connectors.sql import SqlSystem
from dsr.db.audit import AuditEntry
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.later import LaterNotice
from dsr.db.notices import Notice, Task
from dsr.db.plans import LedgerEntry
from dsr.domain.register import Recipient, Text
from dsr.jobs import erasing, replay, work
from dsr.jobs.context import Context
from dsr.services import audit, casework, later, ledger, notifications, plans, tasks
from dsr.services.replay import Outcome
from tests.jobs.test_erasing_holds import lift, place
from tests.jobs.test_replay import restore
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, TABLES, Workplace

sqlite = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
Days = dict[tuple[str, date | None], int]


@pytest.fixture
def erased(workplace: Workplace, approved: Case) -> Case:
    """Hanna's case once its plan was carried out; the invoice of 2025 is unpaid."""
    work.run_all(workplace.context)
    return approved


def days(workplace: Workplace) -> Days:
    """Table and day -> rows."""
    found: Days = {}
    with workplace.transaction() as session:
        for entry in session.scalars(select(LedgerEntry).where(LedgerEntry.state == "kept")):
            place = entry.table, entry.may_erase_from
            found[place] = found.get(place, 0) + entry.row_count
    return found


def noted(workplace: Workplace) -> list[dict[str, object]]:
    with workplace.transaction() as session:
        entries = select(AuditEntry).where(AuditEntry.event == "ledger-dated-again").order_by(AuditEntry.number)
        return [dict(entry.details) for entry in session.scalars(entries)]


@pytest.fixture
def with_other_fiscal_year(workplace: Workplace) -> Context:
    """The firm's books begin in April from now on."""
    procedure = replace(workplace.context.settings.procedure, fiscal_year_start_month=4)
    return replace(workplace.context, settings=replace(workplace.context.settings, procedure=procedure))


def test_an_unpaid_invoice_and_its_buyer_get_their_day_when_it_is_paid(workplace: Workplace, erased: Case) -> None:
    before = days(workplace)
    assert {place: rows for place, rows in before.items() if place[1] is None} == {
        ("customer", None): 1,
        ("invoice", None): 1,
        ("invoice_line", None): 2,
    }
    assert erasing.look_again(workplace.context) == 1
    assert days(workplace) == before
    assert erasing.look_again(workplace.context) == 0, "once a day is enough"
    workplace.shop.run("UPDATE invoice SET paid_on = '2027-02-01' WHERE id = 125")
    workplace.clock.set(date(2027, 2, 2))
    with workplace.transaction() as session:
        read_by_another = ledger.to_look_at(session, workplace.context.settings, date(2027, 2, 2))
    erasing.run_ledger(workplace.context)
    after = days(workplace)
    for due in read_by_another:  # a worker whose lock was lost
        erasing._look_at(workplace.context, due)
    assert days(workplace) == after
    assert after["customer", date(2035, 1, 1)] == after["invoice", date(2035, 1, 1)] == 1
    assert noted(workplace)[-1]["dated"] == 4
    workplace.clock.set(date(2035, 1, 1))
    erasing.run_ledger(workplace.context)
    assert days(workplace) == {}
    assert [row["id"] for row in workplace.shop.rows("customer")] == [2]
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []


@sqlite
def test_another_fiscal_year_moves_the_days_and_what_would_go_sooner_waits_a_week(
    workplace: Workplace, erased: Case, with_other_fiscal_year: Context
) -> None:
    before = days(workplace)
    assert erasing.preview_ledger(with_other_fiscal_year)["shop"]["later"] == 18
    assert days(workplace) == before
    erasing.look_again(with_other_fiscal_year)
    # Invoices of March and payments of April: the year that began in April ends three months after the calendar year.
    assert ("invoice", date(2027, 4, 1)) in days(workplace)
    assert ("invoice", date(2027, 1, 1)) not in days(workplace)
    assert noted(workplace)[0]["later"] == 18
    workplace.clock.set(date(2027, 3, 30))
    erasing.look_again(workplace.context)
    assert days(workplace)["invoice", date(2027, 4, 1)] == 1, (
        "2 April would be a week from now; the day itself is sooner"
    )
    assert noted(workplace)[1]["earlier"] == 15


@sqlite
def test_a_longer_rule_moves_the_days_before_anything_goes(workplace: Workplace, erased: Case) -> None:
    text = REGISTER.replace('"fiscal7"', '"oss10"').replace("document_date", "transaction_date")
    file = workplace.context.settings.base / "longer.toml"
    file.write_text(text.replace(', current_value_ended = "paid_on"', ""))
    longer = replace(workplace.context, settings=replace(workplace.context.settings, register=load_register(file)))
    workplace.clock.set(date(2027, 1, 1))
    before = workplace.shop.everything()
    erasing.run_ledger(longer)
    assert workplace.shop.everything() == before
    assert ("invoice", date(2030, 1, 1)) in days(workplace)
    assert not any(day and day < date(2030, 1, 1) for _, day in days(workplace))


@sqlite
def test_what_was_held_goes_once_the_hold_is_lifted(workplace: Workplace, erased: Case) -> None:
    hold = place(workplace, erased, "invoice")
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    assert 119 in [row["id"] for row in workplace.shop.rows("invoice")]
    workplace.clock.set(date(2027, 1, 2))
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        held = select(LedgerEntry.why).where(LedgerEntry.may_erase_from.is_(None), LedgerEntry.table == "invoice")
        assert "hold:dispute" in set(session.scalars(held))
    lift(workplace, erased, hold)
    erasing.run_ledger(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]


@sqlite
def test_a_row_that_changed_keeps_its_day_and_one_that_is_gone_leaves_the_ledger(
    workplace: Workplace, erased: Case, with_other_fiscal_year: Context
) -> None:
    workplace.shop.run("UPDATE invoice SET total = 99 WHERE id = 119")
    workplace.shop.run("DELETE FROM invoice_line WHERE invoice_id = 120")
    erasing.look_again(with_other_fiscal_year)
    assert days(workplace)["invoice", date(2027, 1, 1)] == 1
    assert noted(workplace)[0]["gone"] == 2
    workplace.clock.now += timedelta(days=1)
    erasing.look_again(with_other_fiscal_year)
    assert len(noted(workplace)) == 1


def test_the_lines_of_an_invoice_that_somebody_dated_anew_stay_with_it(workplace: Workplace, erased: Case) -> None:
    workplace.shop.run("UPDATE invoice SET issued_on = '2025-06-01' WHERE id = 119")
    workplace.clock.set(date(2027, 1, 1))
    erasing.erase_due(workplace.context)
    shop = workplace.shop.everything()
    assert [row["id"] for row in shop["invoice"] if row["id"] == 119] == [119]
    assert {row["invoice_id"] for row in shop["invoice_line"]} >= {119}
    with workplace.transaction() as session:
        left = session.scalars(select(Task).where(Task.kind == "ledger-left")).all()
        assert {(task.facts["table"], *task.facts["reasons"]) for task in left} == {
            ("shop.invoice", "changed"),
            ("shop.invoice_line", "kept-longer"),
        }


VIEWED = """
[tables.shop.lines]
category = "invoice"
table = "invoice_line"
key = ["invoice_id", "line"]
via = { invoice_id = "invoice.id" }

[tables.shop.invoice_line]
view_of = "lines"
"""


@sqlite
@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ('key = ["invoice_id", "line"]', 'key = ["line", "invoice_id"]', 14),
        ("[tables.shop.invoice_line]", VIEWED, 14),
    ],
)
def test_rows_that_the_register_has_by_another_key_or_as_a_view_are_never_called_gone(
    workplace: Workplace, erased: Case, before: str, after: str, rows: int
) -> None:
    file = workplace.context.settings.base / "other.toml"
    file.write_text(REGISTER.replace(before, after))
    settings = replace(workplace.context.settings, register=load_register(file))
    with closing(SqlSystem("shop", settings)) as shop:
        context = replace(workplace.context, settings=settings, systems={"shop": shop})
        workplace.clock.set(date(2033, 1, 1))
        erasing.run_ledger(context)
    with workplace.transaction() as session:
        left = session.scalars(select(Task).where(Task.kind == "ledger-left")).all()
        lines = [task for task in left if task.facts["table"] == "shop.invoice_line"]
    assert sum(task.facts["rows"] for task in lines) == rows
    assert {reason for task in lines for reason in task.facts["reasons"]} == {"not-in-register"}
    assert len(workplace.shop.rows("invoice_line")) >= 14


@sqlite
def test_rows_without_a_day_of_a_system_that_the_register_no_longer_names_are_for_a_person(
    workplace: Workplace, erased: Case
) -> None:
    register = replace(workplace.context.settings.register, tables={})
    context = replace(workplace.context, settings=replace(workplace.context.settings, register=register), systems={})
    erasing.preview_ledger(context)
    erasing.run_ledger(context)
    with workplace.transaction() as session:
        left = {task.facts["table"]: task.facts for task in session.scalars(select(Task)) if task.kind == "ledger-left"}
    assert {table: (facts["rows"], facts["reasons"]) for table, facts in left.items()} == {
        "shop.customer": (1, ["not-in-register"]),
        "shop.invoice": (1, ["not-in-register"]),
        "shop.invoice_line": (2, ["not-in-register"]),
    }


@sqlite
def test_an_empty_column_that_was_added_since_is_no_change(workplace: Workplace, erased: Case) -> None:
    workplace.shop.run("ALTER TABLE invoice ADD COLUMN channel VARCHAR(10)")
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
def test_a_number_that_is_also_that_of_somebody_else_goes_with_neither(workplace: Workplace, erased: Case) -> None:
    workplace.shop.run("ALTER TABLE invoice DROP CONSTRAINT invoice_pkey CASCADE")
    workplace.shop.run("INSERT INTO invoice VALUES (119, 2, '2026-03-05', '2026-04-01', 99)")
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    assert {row["customer_id"] for row in workplace.shop.rows("invoice") if row["id"] == 119} == {1, 2}


@sqlite
def test_nothing_is_forgotten_in_a_night_in_which_the_database_is_empty(workplace: Workplace, erased: Case) -> None:
    before, content = days(workplace), workplace.shop.everything()
    for table in reversed(TABLES):
        workplace.shop.run(f"DELETE FROM {table}")  # noqa: S608 - a constant of the test
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    assert days(workplace) == before
    restore(workplace, content)
    erasing.run_ledger(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]


@sqlite
def test_only_who_asked_is_told_on_the_day_the_last_of_it_went_and_is_then_forgotten(
    workplace: Workplace, erased: Case
) -> None:
    workplace.shop.run("UPDATE invoice SET paid_on = '2025-06-01' WHERE id = 125")
    with workplace.transaction() as session:
        own = session.get_one(Case, erased.id)
        by: Any = own.handler_id
        register = workplace.context.settings.register
        later.want(session, own, register=register, by=by, now=workplace.clock())

    def told(on: date) -> tuple[int, list[str]]:
        workplace.clock.set(on)
        erasing.run_ledger(workplace.context)
        with workplace.transaction() as session:
            wishes = session.scalars(select(LaterNotice)).all()
            mails = session.scalars(select(Notice).where(Notice.kind == "kept-erased")).all()
            return len(wishes), [mail.recipient for mail in mails]

    def plan(state: str, *outstanding: str) -> None:
        with workplace.transaction() as session:
            newest = plans.current(session, erased.id)
            assert newest is not None
            newest.state, newest.outstanding = state, [*outstanding]

    assert told(date(2027, 1, 1)) == (1, [])
    for state, outstanding in (("executed", ["crm"]), ("asked", []), ("proposed", [])):
        plan(state, *outstanding)
        assert told(date(2033, 1, 1)) == (1, []), f"something may be kept yet: {state}"
    plan("executed")
    assert told(date(2033, 1, 1)) == (1, []), "nobody was answered yet"
    answered(workplace, erased)
    assert told(date(2033, 1, 1)) == (0, ["hanna@example.org"])
    assert told(date(2033, 1, 2)) == (0, ["hanna@example.org"])


@sqlite
def test_who_asked_on_the_form_is_not_told_where_nothing_was_kept(workplace: Workplace, erased: Case) -> None:
    with workplace.transaction() as session:
        own = session.get_one(Case, erased.id)
        later.note(session, own, by=audit.DATA_SUBJECT, now=workplace.clock())
        session.execute(delete(LedgerEntry).where(LedgerEntry.case_id == erased.id))
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.get(LaterNotice, erased.id), "while the request is open something may be kept yet"
    with workplace.transaction() as session:
        own, now = session.get_one(Case, erased.id), workplace.clock()
        by: Any = own.handler_id
        own.status = "set-aside"
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.get(LaterNotice, erased.id) is None, "nobody deals with it, so no address is kept for it"
        own = session.get_one(Case, erased.id)
        casework.restore(session, own, by=by, now=now)
        later.bring_back(session, own, by=by, now=now)
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.get(LaterNotice, erased.id), "it is dealt with after all"
    answered(workplace, erased)
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.get(LaterNotice, erased.id) is None
        assert session.scalar(select(Notice).where(Notice.kind == "kept-erased")) is None


def answered(workplace: Workplace, case: Case) -> None:
    with workplace.transaction() as session:
        session.get_one(Case, case.id).status = "answered"


@sqlite
def test_recipients_are_told_which_records_went_and_of_nobody(workplace: Workplace, erased: Case) -> None:
    settings = workplace.context.settings
    categories = dict(settings.register.categories)
    categories["invoice"] = replace(categories["invoice"], recipients=("bookkeeper",))
    recipients = {"bookkeeper": Recipient("Boekhoudkantoor Dijkstra", "processor")}
    register = replace(settings.register, categories=categories, recipients=recipients)
    workplace.clock.set(date(2027, 1, 1))
    context = replace(workplace.context, settings=replace(settings, register=register))
    read_by_another = [*erasing._due(context)]
    erasing.run_ledger(context)
    for due, decisions in read_by_another:  # a worker whose lock was lost
        erasing._erase_group(context, due, decisions)
    with workplace.transaction() as session:
        assert [entry.event for entry in session.scalars(select(AuditEntry))].count("kept-rows-erased") == 1
        (told,) = notifications.of_case(session, erased.id)
        assert (told.recipient, told.about, told.state) == ("bookkeeper", "later", "proposed")
        (change,) = notifications.changes_of(told)
        assert change.category == "invoice"
        assert change.words == Text("invoice 119", "invoice 119")
        assert [task.kind for task in session.scalars(select(Task))] == ["recipients-to-tell"]


@sqlite
def test_what_was_left_and_then_erased_by_hand_is_gone_from_the_ledger(workplace: Workplace, erased: Case) -> None:
    workplace.shop.run("UPDATE invoice SET total = 99 WHERE id = 119")
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        case, now = session.get_one(Case, erased.id), workplace.clock()
        (task,) = tasks.open_of(session, case.id)
        by, register = case.handler_id or new_id(), workplace.context.settings.register
        tasks.settle(session, case, task, "Zelf gewist.", is_done=True, register=register, by=by, now=now)
        entry = session.get_one(LedgerEntry, uuid.UUID(task.key.removeprefix("ledger:")))
        assert (entry.state, entry.rows, entry.erased_at) == ("erased", None, now)
    report = replay.run(workplace.context, "shop", date(2027, 1, 1), dry_run=True)
    assert Outcome("invoice", "[119]", "changed") in report.left, "a backup would bring it back"

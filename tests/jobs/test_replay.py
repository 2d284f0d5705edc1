"""What was erased stays erased when a backup of the shop is put back, on every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from dsr import faults
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.erased import ErasedRows
from dsr.db.notices import Task
from dsr.jobs import erasing, replay, work
from dsr.services import housekeeping
from tests.jobs.test_erasing_holds import place
from tests.parts.erasures import approve_anew
from tests.parts.shop import REGISTER, TABLES, Workplace
from tests.parts.store import NOW

sqlite = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
TODAY = NOW.date()
Content = Mapping[str, list[dict[str, Any]]]


def restore(workplace: Workplace, content: Content) -> None:
    """The shop as it was in a backup."""
    with workplace.shop.engine.begin() as connection:
        for table in reversed(TABLES):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant of the test
        for table in TABLES:
            for row in content[table]:
                values = ", ".join(f":{column}" for column in row)
                connection.execute(text(f"INSERT INTO {table} VALUES ({values})"), row)  # noqa: S608


@pytest.fixture
def backup(workplace: Workplace, approved: Case) -> Content:
    """What was in the shop before the erasure, which has been carried out since."""
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    return before


@pytest.fixture
def emptied_invoices(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invoice of which the day has come stays, empty."""
    invoice = '[tables.shop.invoice]\non_erasure = "empty"\nkeep_columns = ["customer_id"]\nfixed = { total = 0 }'
    customer = '[tables.shop.customer]\non_erasure = "empty"'
    emptied = REGISTER.replace("[tables.shop.invoice]", invoice).replace("[tables.shop.customer]", customer)
    monkeypatch.setattr("tests.parts.shop.REGISTER", emptied)


def run(workplace: Workplace, since: date = TODAY, *, dry_run: bool = False) -> tuple[int, int, list[tuple[str, str]]]:
    report = replay.run(workplace.context, "shop", since, dry_run=dry_run)
    left = [(f"{outcome.table} {outcome.key}", outcome.result) for outcome in report.left]
    return report.count("again"), report.count("gone"), left


@sqlite
@pytest.mark.parametrize("came", ["before the first", "after the first"])
@pytest.mark.parametrize("hours", [0, 1])
def test_a_row_that_came_anew_under_the_same_key_goes_with_the_request_that_erased_it(
    workplace: Workplace, approved: Case, backup: Content, came: str, hours: int
) -> None:
    workplace.shop.run("INSERT INTO newsletter VALUES ('hanna@example.org', '2026-01-01')")
    between = workplace.shop.everything()
    workplace.clock.now += timedelta(hours=hours)
    approve_anew(workplace, approved)
    work.run_all(workplace.context)
    erased = workplace.shop.everything()
    restore(workplace, backup if came == "before the first" else between)
    assert run(workplace)[2] == []
    assert workplace.shop.everything() == erased


def test_after_a_restore_the_erased_go_again_and_a_second_time_there_is_nothing_to_do(
    workplace: Workplace, backup: Content
) -> None:
    erased = workplace.shop.everything()
    restore(workplace, backup)
    assert run(workplace, dry_run=True) == (9, 0, [])
    assert workplace.shop.everything() == backup
    assert run(workplace) == (9, 0, [])
    assert workplace.shop.everything() == erased
    assert run(workplace) == (0, 9, [])
    with workplace.transaction() as session:
        told = [
            dict(entry.details) for entry in session.scalars(select(AuditEntry)) if entry.event == "erasure-replayed"
        ]
    assert [(each["again"], each["gone"], each["left"]) for each in told] == [(9, 0, 0), (0, 9, 0)]


@sqlite
def test_what_went_again_is_in_a_backup_that_was_made_before_that(workplace: Workplace, backup: Content) -> None:
    restore(workplace, backup)
    workplace.clock.now += timedelta(days=5)
    assert run(workplace) == (9, 0, [])
    restore(workplace, backup)
    assert run(workplace, TODAY + timedelta(days=3)) == (9, 0, [])


def test_what_the_ledger_erased_later_goes_again_too(workplace: Workplace, backup: Content) -> None:
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    erased = workplace.shop.everything()
    restore(workplace, backup)
    assert run(workplace, date(2027, 1, 1)) == (3, 0, [])
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]
    assert run(workplace) == (9, 3, [])
    assert workplace.shop.everything() == erased


@sqlite
def test_a_key_that_was_used_again_and_a_row_that_differs_are_left_and_told(
    workplace: Workplace, backup: Content
) -> None:
    restore(workplace, backup)
    workplace.shop.run("UPDATE ticket SET customer_id = 2, body = 'of Bram' WHERE id = 1")
    workplace.shop.run("UPDATE customer SET phone = '0699999999' WHERE id = 1")
    again, gone, left = run(workplace)
    assert (again, gone) == (7, 0)
    assert left == [("customer [1]", "changed"), ("ticket [1]", "changed")]
    assert [row["body"] for row in workplace.shop.rows("ticket")] == ["of Bram", "help"]
    with workplace.transaction() as session:
        task = session.scalars(select(Task).where(Task.kind == "replay-left")).one()
        assert task.facts == {"reasons": ["changed"], "rows": 2, "tables": ["shop.customer", "shop.ticket"]}


@sqlite
def test_of_two_rows_with_the_same_key_neither_goes(workplace: Workplace, backup: Content) -> None:
    restore(workplace, backup)
    workplace.shop.run("ALTER TABLE ticket RENAME TO numbered")
    workplace.shop.run("CREATE TABLE ticket AS SELECT 1 AS id, 2 AS customer_id, 'of Bram' AS body")
    workplace.shop.run("INSERT INTO ticket SELECT id, customer_id, body FROM numbered WHERE id = 1")
    _, _, left = run(workplace)
    assert left == [("ticket [1]", "changed")]
    assert [row["body"] for row in workplace.shop.rows("ticket")] == ["help", "of Bram"]


@sqlite
def test_what_is_held_since_and_what_others_point_at_stay(
    workplace: Workplace,
    approved: Case,
    backup: Content,
) -> None:
    place(workplace, approved, "ticket")
    place(workplace, approved, "customer")
    restore(workplace, backup)
    workplace.shop.run("INSERT INTO invoice_line VALUES (117, 9, 'added')")
    _, _, left = run(workplace)
    assert ("ticket [1]", "held") in left
    assert ("customer [1]", "held") in left
    assert workplace.shop.rows("customer") == backup["customer"]
    assert ("invoice [117]", "still-needed") in left
    assert 117 in [row["id"] for row in workplace.shop.rows("invoice")]


@sqlite
def test_what_can_only_be_read_by_now_is_left_for_a_person(workplace: Workplace, backup: Content) -> None:
    settings = workplace.context.settings
    shop = dict(settings.register.tables["shop"])
    shop["customer"] = replace(shop["customer"], read_only=True)
    register = replace(settings.register, tables={"shop": shop})
    restore(workplace, backup)
    context = replace(workplace.context, settings=replace(settings, register=register))
    left = {(outcome.table, outcome.result) for outcome in replay.run(context, "shop", TODAY).left}
    assert ("customer", "read-only") in left
    assert workplace.shop.rows("customer") == backup["customer"]


@sqlite
def test_it_is_forgotten_once_no_backup_can_bring_it_back(workplace: Workplace, backup: Content) -> None:
    def remembered(days: int) -> int:
        with workplace.transaction() as session:
            housekeeping.purge(session, settings=workplace.context.settings, now=NOW + timedelta(days=days))
            return len(session.scalars(select(ErasedRows)).all())

    assert remembered(119) == 7
    assert remembered(120) == 0
    with workplace.transaction() as session:
        assert backup["newsletter"][0]["email"].encode() not in b"".join(
            bytes(value) for value in session.scalars(select(ErasedRows.rows_sealed)) if value
        )


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_row_of_somebody_else_whose_key_is_the_same_to_the_database_stays(
    workplace: Workplace, backup: Content
) -> None:
    workplace.shop.run("INSERT INTO newsletter VALUES ('HÄNNA@example.org', '2027-01-01')")
    before = workplace.shop.everything()
    assert run(workplace) == (0, 9, [])
    assert workplace.shop.everything() == before


@sqlite
@pytest.mark.usefixtures("emptied_invoices")
def test_what_was_emptied_goes_again_with_its_lines_and_is_then_known_to_be_empty(
    workplace: Workplace, backup: Content
) -> None:
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    erased = workplace.shop.everything()
    assert {"id": 119, "customer_id": 1, "issued_on": None, "paid_on": None, "total": 0} in erased["invoice"]
    assert run(workplace) == (0, 12, [])
    restore(workplace, backup)
    assert run(workplace) == (12, 0, [])
    assert workplace.shop.everything() == erased
    workplace.shop.run("UPDATE invoice SET total = 99 WHERE id = 119")
    assert run(workplace) == (0, 11, [("invoice [119]", "changed")])


def night_that_is_cut_off(workplace: Workplace, day: date = date(2027, 1, 1)) -> None:
    """The shop commits what the ledger erases, and our process ends before the receipt."""

    def end_here(name: str) -> None:
        if name == "kept-rows-erased":
            raise KeyboardInterrupt

    workplace.clock.set(day)
    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(faults, "point", end_here)
        with pytest.raises(KeyboardInterrupt):
            erasing.run_ledger(workplace.context)


@sqlite
@pytest.mark.usefixtures("emptied_invoices")
def test_what_was_emptied_in_a_night_that_was_cut_off_needs_nobody(workplace: Workplace, backup: Content) -> None:
    night_that_is_cut_off(workplace)
    erased = workplace.shop.everything()
    erasing.run_ledger(workplace.context)
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == []
    restore(workplace, backup)
    run(workplace)
    assert workplace.shop.everything() == erased


@sqlite
def test_what_went_in_a_night_that_was_cut_off_is_remembered_too(workplace: Workplace, backup: Content) -> None:
    night_that_is_cut_off(workplace)
    erased = workplace.shop.everything()
    assert 119 not in [row["id"] for row in erased["invoice"]], "the shop had committed"
    erasing.run_ledger(workplace.context)
    restore(workplace, backup)
    run(workplace)
    assert workplace.shop.everything() == erased


@sqlite
def test_a_replay_that_finds_nothing_prolongs_no_memory(workplace: Workplace, backup: Content) -> None:
    def purged_on() -> set[date]:
        with workplace.transaction() as session:
            return set(session.scalars(select(ErasedRows.purge_on)))

    before = purged_on()
    workplace.clock.now += timedelta(days=5)
    assert run(workplace) == (0, 9, [])
    assert purged_on() == before

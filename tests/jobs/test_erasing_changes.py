"""What changes between the plan and the day: the register, the settings, the calendar, and the shop itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import LedgerEntry
from dsr.jobs import erasing, work
from dsr.jobs.context import Context
from dsr.services.work import of as work_of
from tests.parts.erasures import newest_plan
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Workplace

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@contextmanager
def with_settings(workplace: Workplace, settings: Settings) -> Iterator[Context]:
    """The worker after a restart with other settings."""
    systems = open_systems(settings)
    yield replace(workplace.context, settings=settings, systems=systems)
    for system in systems.values():
        system.close()


def with_register(workplace: Workplace, text: str) -> Settings:
    file = workplace.context.settings.base / "other.toml"
    file.write_text(text)
    return replace(workplace.context.settings, register=load_register(file))


def check_void(workplace: Workplace, case: Case, before: Any, note: str) -> None:
    plan = newest_plan(workplace, case)
    assert plan.state == "void"
    assert note in str(plan.note)
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert work_of(session, case.id)["erase"].state == "refused"


def test_another_register_voids_the_approval(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    with with_settings(workplace, with_register(workplace, f"{REGISTER}\n# a remark\n")) as context:
        work.run_all(context)
    check_void(workplace, approved, before, "Het register is veranderd nadat dit plan was gemaakt.")


def test_another_fiscal_year_voids_the_approval(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    settings = workplace.context.settings
    july = replace(settings, procedure=replace(settings.procedure, fiscal_year_start_month=7))
    with with_settings(workplace, july) as context:
        work.run_all(context)
    check_void(workplace, approved, before, "De gegevens zijn na de goedkeuring veranderd")


def test_a_duty_that_ends_at_midnight_voids_the_approval(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    workplace.clock.set(date(2027, 1, 1))
    work.run_all(workplace.context)
    check_void(workplace, approved, before, "Rijen weg: 0, nieuw: 0, anders: 3")


# What was kept, on its day


def _carried_out(workplace: Workplace, day: date) -> None:
    work.run_all(workplace.context)
    workplace.clock.set(day)


def _tasks(workplace: Workplace) -> list[dict[str, Any]]:
    with workplace.transaction() as session:
        return [task.facts for task in session.scalars(select(Task).order_by(Task.key))]


def test_of_rows_of_one_day_only_the_changed_one_stays(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    workplace.shop.run("UPDATE invoice_line SET what = 'changed' WHERE invoice_id = 119 AND line = 2")
    erasing.erase_due(workplace.context)
    lines = [row["line"] for row in workplace.shop.rows("invoice_line") if row["invoice_id"] == 119]
    assert lines == [2]
    assert 119 in [row["id"] for row in workplace.shop.rows("invoice")]
    assert {facts["table"]: facts["reasons"] for facts in _tasks(workplace)} == {
        "shop.invoice": ["still-needed"],
        "shop.invoice_line": ["changed"],
    }


def test_a_longer_duty_in_a_later_register_keeps_the_rows(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    before = workplace.shop.everything()
    longer = REGISTER.replace('"fiscal7"', '"oss10"').replace("document_date", "transaction_date")
    with with_settings(
        workplace, with_register(workplace, longer.replace(', current_value_ended = "paid_on"', ""))
    ) as context:
        erasing.erase_due(context)
    assert workplace.shop.everything() == before
    assert {reason for facts in _tasks(workplace) for reason in facts["reasons"]} == {"kept-longer"}


def test_rows_that_can_only_be_read_by_now_are_left_for_a_person_with_that_reason(
    workplace: Workplace, approved: Case
) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    read_only = REGISTER.replace("[tables.shop.invoice_line]", "[tables.shop.invoice_line]\nread_only = true")
    read_only = read_only.replace('rectifiable = ["total"]', 'keep_columns = ["total"]')
    with with_settings(workplace, with_register(workplace, read_only)) as context:
        erasing.erase_due(context)
    assert {facts["table"]: facts["reasons"] for facts in _tasks(workplace)} == {
        "shop.invoice": ["still-needed"],
        "shop.invoice_line": ["read-only"],
    }


def test_a_duty_that_a_category_got_later_keeps_the_buyer(workplace: Workplace, approved: Case) -> None:
    workplace.shop.run("UPDATE invoice SET paid_on = '2025-06-01' WHERE id = 125")
    _carried_out(workplace, date(2033, 1, 1))
    duty = 'source = { nl = "van uzelf", en = "from you" }\nretention = "claim20"\n'
    later = REGISTER.replace('source = { nl = "van uzelf", en = "from you" }\n', duty, 1)
    dated = 'match = { email = "email" }\ndates = { anchor_date = "birthday" }\n'
    later = later.replace('match = { email = "email" }\n', dated, 1).replace(', "birthday"]', "]", 1)
    with with_settings(workplace, with_register(workplace, later)) as context:
        erasing.erase_due(context)
    assert [row["id"] for row in workplace.shop.rows("customer")] == [1, 2]


def test_rows_of_a_table_that_left_the_register_are_left_for_a_person(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    workplace.shop.run("DELETE FROM invoice_line WHERE invoice_id = 119")
    without = (
        REGISTER[: REGISTER.index("[tables.shop.invoice_line]")] + REGISTER[REGISTER.index("[tables.shop.ticket]") :]
    )
    with with_settings(workplace, with_register(workplace, without)) as context:
        erasing.erase_due(context)
    assert {facts["table"]: facts["reasons"] for facts in _tasks(workplace)} == {
        "shop.invoice_line": ["not-in-register"]
    }
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]


def test_a_system_that_left_the_configuration_is_left_for_a_person(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    erasing.erase_due(replace(workplace.context, systems={}))
    assert {reason for facts in _tasks(workplace) for reason in facts["reasons"]} == {"refused"}


def test_a_system_that_refuses_is_told_once(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    workplace.shop.run("CREATE TABLE reminder (id INTEGER PRIMARY KEY, invoice_id INTEGER REFERENCES invoice (id))")
    workplace.shop.run("INSERT INTO reminder VALUES (1, 119)")
    before = workplace.shop.everything()
    erasing.erase_due(workplace.context)
    assert erasing.erase_due(workplace.context) == 0
    assert workplace.shop.everything() == before
    assert [facts["reasons"] for facts in _tasks(workplace)] == [["refused"], ["refused"]]


def test_a_system_that_is_down_keeps_its_rows_until_the_next_run(workplace: Workplace, approved: Case) -> None:
    _carried_out(workplace, date(2027, 1, 1))
    settings = workplace.context.settings
    away = replace(settings, systems={"shop": replace(settings.systems["shop"], path="nowhere/shop.db")})
    with with_settings(workplace, away) as context:
        assert erasing.erase_due(context) == 1
    assert _tasks(workplace) == []
    erasing.erase_due(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]
    with workplace.transaction() as session:
        assert "erased" in set(session.scalars(select(LedgerEntry.state)))

"""Retention: the vectors, every rule at its edges, holds, and anchors as databases hold them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsr.domain import retention
from dsr.domain.records import BadRecord
from dsr.domain.retention import RULES, AnchorMissing, AnchorUnreadable, Retention, UnknownRule, retain, retain_period

FILE = json.loads((Path(__file__).parents[1] / "data" / "retention.json").read_text("utf-8"))
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))
MONTHS = st.integers(1, 12)
RULE_NAMES = st.sampled_from(sorted(RULES))


def kept(rule: str, day: date, hold_until: date | None = None, **inputs: object) -> Retention:
    return retain(rule, {RULES[rule].anchor: day, **inputs}, hold_until)


@pytest.mark.parametrize("vector", FILE["vectors"], ids=[vector["id"] for vector in FILE["vectors"]])
def test_the_vectors(vector: dict[str, Any]) -> None:
    assert retention.from_record(vector) == {**vector["expected"], "law": vector["law"]}
    assert RULES[vector["rule"]].bound == vector["bound"]
    assert set(RULES[vector["rule"]].anchors) <= set(vector["inputs"])


@pytest.mark.parametrize("name", FILE["meta"]["rules"])
def test_every_rule_is_there(name: str) -> None:
    assert (RULES[name].bound, RULES[name].law) == tuple(FILE["meta"]["rules"][name][key] for key in ("bound", "law"))


@pytest.mark.parametrize(
    ("rule", "anchor", "keep_through"),
    [
        ("claim20", "2024-02-29", "2044-02-29"),
        ("claim5", "2026-11-23", "2031-11-23"),
        ("wgbo20", "2080-02-29", "2100-02-28"),
        ("dsr_log_5y", "2026-10-01", "2031-10-01"),
        ("personnel2", "2024-02-29", "2026-02-28"),
        ("applicant_1y_consent", "2024-02-29", "2025-02-28"),
        ("camera_4w", "2026-12-15", "2027-01-12"),
        ("oss10", "2024-02-29", "2034-12-31"),
        ("payroll7", "2020-12-31", "2027-12-31"),
    ],
)
def test_rules_beyond_the_vectors(rule: str, anchor: str, keep_through: str) -> None:
    assert kept(rule, date.fromisoformat(anchor)).keep_through == date.fromisoformat(keep_through)


@pytest.mark.parametrize(
    ("month", "day", "keep_through"),
    [
        (1, "2019-12-31", "2026-12-31"),
        (2, "2019-01-31", "2026-01-31"),
        (2, "2019-02-01", "2027-01-31"),
        (12, "2019-11-30", "2026-11-30"),
        (12, "2019-12-01", "2027-11-30"),
        (3, "2024-02-29", "2031-02-28"),
        (3, "2024-03-01", "2032-02-29"),
    ],
)
def test_a_fiscal_year_begins_in_any_month(month: int, day: str, keep_through: str) -> None:
    found = kept("fiscal7", date.fromisoformat(day), fiscal_year_start_month=month)
    assert found.keep_through == date.fromisoformat(keep_through)


def test_current_value_prolongs_the_duty_and_never_shortens_it() -> None:
    document = date(2021, 1, 2)
    assert kept("fiscal7", document, current_value_ended=date(2023, 5, 1)).keep_through == date(2030, 12, 31)
    assert kept("fiscal7", document, current_value_ended=date(2020, 12, 30)).keep_through == date(2028, 12, 31)


def test_property_records_follow_the_fiscal_year_of_the_document() -> None:
    found = kept("immovable9", date(2015, 1, 1), document_date="2024-09-01", fiscal_year_start_month=7)
    assert found.keep_through == date(2032, 6, 30)


@pytest.mark.parametrize(
    ("rule", "hold", "keep_through", "may", "must"),
    [
        ("wwft5", "2032-01-01", "2032-01-01", "2032-01-02", "2032-01-02"),
        ("wwft5", "2027-01-01", "2031-03-15", "2031-03-16", "2031-03-16"),
        ("camera_4w", "2026-03-20", "2026-04-12", "2026-03-21", "2026-04-13"),
        ("camera_4w", "2026-06-01", "2026-06-01", "2026-06-02", "2026-06-02"),
        ("camera_4w", "2026-01-01", "2026-04-12", "2026-03-15", "2026-04-13"),
    ],
)
def test_a_hold_by_bound(rule: str, hold: str, keep_through: str, may: str, must: str) -> None:
    found = kept(rule, date(2026, 3, 15), date.fromisoformat(hold))
    assert found.hold_until == date.fromisoformat(hold)
    assert found.to_record() | {"law": ""} == {
        "keep_through": keep_through,
        "may_erase_from": may,
        "must_erase_from": must,
        "law": "",
    }


@given(RULE_NAMES, DAYS, DAYS, MONTHS)
def test_a_hold_never_shortens(rule: str, day: date, hold: date, month: int) -> None:
    free = kept(rule, day, fiscal_year_start_month=month)
    held = kept(rule, day, hold, fiscal_year_start_month=month)
    assert held.keep_through == max(free.keep_through, hold)
    assert held.may_erase_from >= max(free.may_erase_from, hold + timedelta(days=1))
    assert held.must_erase_from >= free.must_erase_from


@given(RULE_NAMES, DAYS, MONTHS)
def test_the_dates_of_a_rule_stand_in_order(rule: str, day: date, month: int) -> None:
    found = kept(rule, day, fiscal_year_start_month=month)
    assert day <= found.may_erase_from <= found.must_erase_from == found.keep_through + timedelta(days=1)
    assert (found.may_erase_from == day) == (found.bound == "max")


@given(RULE_NAMES, DAYS, st.integers(0, 400), MONTHS)
def test_a_later_record_is_kept_at_least_as_long(rule: str, day: date, later: int, month: int) -> None:
    other = kept(rule, day + timedelta(days=later), fiscal_year_start_month=month)
    assert other.keep_through >= kept(rule, day, fiscal_year_start_month=month).keep_through


@given(DAYS, MONTHS)
def test_seven_years_are_counted_from_the_end_of_a_fiscal_year(day: date, month: int) -> None:
    through = kept("fiscal7", day, fiscal_year_start_month=month).keep_through
    assert (through + timedelta(days=1)).day == 1
    assert (through + timedelta(days=1)).month == month
    assert 7 * 365 < (through - day).days <= 8 * 366


@pytest.mark.parametrize(
    "anchor",
    [
        date(2021, 1, 1),
        datetime(2021, 1, 1, 23, 59),  # noqa: DTZ001 - as a database without time zones returns it
        datetime(2020, 12, 31, 23, 30, tzinfo=UTC),
        "2021-01-01",
        "2021-01-01 00:00:00",
        "2021-01-01T00:00:00.000",
        "2020-12-31T23:30:00Z",
        " 2021-01-01 ",
    ],
)
def test_an_anchor_is_read_as_a_database_holds_it(anchor: object) -> None:
    assert retain("payroll7", {"document_date": anchor}).keep_through == date(2028, 12, 31)


@pytest.mark.parametrize(
    "anchor",
    ["", "soon", "0000-00-00", "01-02-2021", "2021-02-29", "2021", 20210101, 1.5, True, b"2021-01-01", [],
     date(1, 1, 1), date(1899, 12, 31), "9999-12-31", "0001-01-01T00:00:00+02:00", datetime(9999, 12, 31, tzinfo=UTC)],
)  # fmt: skip
def test_an_anchor_that_cannot_be_true_is_refused(anchor: object) -> None:
    with pytest.raises(AnchorUnreadable, match='"document_date" is not a date of these centuries') as caught:
        retain("fiscal7", {"document_date": anchor})
    assert (caught.value.field, caught.value.value) == ("document_date", anchor)


@pytest.mark.parametrize(
    ("rule", "inputs", "field"),
    [
        ("fiscal7", {}, "document_date"),
        ("fiscal7", {"document_date": None}, "document_date"),
        ("fiscal7", {"document_date": "2021-01-01", "current_value_ended": None}, "current_value_ended"),
        ("immovable9", {"first_use_date": "2021-01-01", "document_date": None}, "document_date"),
    ],
)
def test_an_anchor_that_is_not_there_is_named(rule: str, inputs: dict[str, object], field: str) -> None:
    with pytest.raises(AnchorMissing) as caught:
        retain(rule, inputs)
    assert caught.value.field == field


def test_a_rule_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownRule, match='There is no retention rule "fiscal8"'):
        retain("fiscal8", {})


@pytest.mark.parametrize("month", [0, 13, 1.0, "1", True, None])
def test_a_fiscal_year_begins_in_a_month(month: object) -> None:
    with pytest.raises(BadRecord, match='"fiscal_year_start_month" must be a whole number from 1 to 12'):
        retain("fiscal7", {"document_date": "2021-01-01", "fiscal_year_start_month": month})


def test_a_rule_says_what_it_needs() -> None:
    assert RULES["immovable9"].anchors == ("first_use_date",)
    assert RULES["immovable9"].optional_anchors == ("document_date", "current_value_ended")
    assert [name for name, rule in RULES.items() if rule.settings] == ["fiscal7", "immovable9"]


@pytest.mark.parametrize(
    ("length", "keep_through"),
    [
        ({"months": 6}, "2027-02-28"),
        ({"years": 1}, "2027-08-31"),
        ({"weeks": 1, "days": 1}, "2026-09-08"),
        ({"days": 30}, "2026-09-30"),
    ],
)
def test_a_period_of_our_own(length: dict[str, int], keep_through: str) -> None:
    period = SimpleNamespace(**{"years": 0, "months": 0, "weeks": 0, "days": 0, **length})
    found = retain_period("2026-08-31 12:00:00", period)
    assert (found.rule, found.bound, found.may_erase_from) == ("period", "max", date(2026, 8, 31))
    assert found.keep_through == date.fromisoformat(keep_through)
    record = retention.from_record({"rule": "period", "inputs": {"start": "2026-08-31", **length}})
    assert record == found.to_record()


def test_a_period_without_a_start_is_refused() -> None:
    with pytest.raises(AnchorMissing, match='The date "start" is missing'):
        retain_period(None, SimpleNamespace(years=1, months=0, weeks=0, days=0))

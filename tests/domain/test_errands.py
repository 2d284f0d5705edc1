"""Items of a system without a database are judged as rows are; dates and names as people give them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dsr.domain.errands import (
    HEADINGS,
    LONGEST_NAME,
    UnreadableDate,
    dates_of,
    is_reminder_due,
    read_date,
    safe_name,
    with_items,
)
from dsr.domain.plans import Row, Verdict, register_decisions
from dsr.domain.register import Category, LegalBasis, Period, Register, Text
from dsr.domain.retention import RULES
from dsr.domain.verdicts import judge

WORDS = Text("woorden", "words")
MONDAY = date(2026, 11, 23)


def register(**retentions: str | Period) -> Register:
    held = {
        name: Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS, retention=retention, held_in=("binder",))
        for name, retention in retentions.items()
    }
    return with_items(Register(held))


@pytest.mark.parametrize(
    ("retention", "dates", "verdict"),
    [
        ("not-stated", {}, Verdict.ERASE),
        ("fiscal7", {"document_date": date(2024, 3, 5), "current_value_ended": date(2024, 4, 1)}, Verdict.KEEP),
        ("fiscal7", {"document_date": date(2016, 3, 5), "current_value_ended": date(2016, 4, 1)}, Verdict.ERASE),
        ("fiscal7", {"document_date": None, "current_value_ended": date(2016, 4, 1)}, Verdict.PROTECTED),
        ("fiscal7", {"document_date": date(2016, 3, 5), "current_value_ended": None}, Verdict.FIRST),
        (Period(years=2), {"start": date(2026, 1, 1)}, Verdict.ERASE),
        (Period(until=WORDS), {"event": None}, Verdict.FIRST),
        (Period(until=WORDS), {"event": date(2026, 1, 1)}, Verdict.ERASE),
    ],
)
def test_an_item_is_judged_by_the_retention_of_its_category(
    retention: str | Period, dates: dict[str, date | None], verdict: Verdict
) -> None:
    known = register(quote=retention)
    assert set(dates_of(known.categories["quote"])) == set(dates)
    row = Row("quote", (1,), {"item": 1, "description": "een stuk", **dates, "files": None})
    (judged,) = judge(known, "binder", [row], on=MONDAY, decisions=register_decisions(known))
    assert judged.verdict is verdict


def test_every_date_of_the_law_has_a_name_to_ask_for() -> None:
    asked = {anchor for rule in RULES.values() for anchor in (*rule.anchors, *rule.optional_anchors)}
    assert asked <= HEADINGS.keys()


@pytest.mark.parametrize("typed", ["2024-03-05", "05-03-2024", "5-3-2024", "05/03/2024", " 5.3.2024 "])
def test_a_date_is_read_as_people_write_it(typed: str) -> None:
    assert read_date(typed) == date(2024, 3, 5)


def test_no_date_is_no_fault() -> None:
    assert read_date("  ") is None


@pytest.mark.parametrize("typed", ["31-02-2024", "maart", "5-3-24", "0001-01-01", "2024", "99999-01-01", "١-٢-٢٠٢٤ x"])
def test_what_is_no_date_is_said(typed: str) -> None:
    with pytest.raises(UnreadableDate):
        read_date(typed)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("offerte.pdf", "offerte.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\blad 1.png", "blad 1.png"),
        ("a\x00b\r\nX: y.pdf", "a_b__X_ y.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        (".htaccess", "htaccess"),
        ("...", ""),
        ("é" * 200 + ".pdf", "é" * (LONGEST_NAME - 4) + ".pdf"),
        ("x" * 200, "x" * LONGEST_NAME),
    ],
)
def test_the_name_of_a_file_is_made_harmless(given: str, kept: str) -> None:
    assert safe_name(given) == kept
    assert len(safe_name(given)) <= LONGEST_NAME


def test_an_owner_is_reminded_half_way_and_daily_once_it_is_late() -> None:
    due_on, reminded_on, days = MONDAY + timedelta(days=7), None, []
    for number in range(12):
        today = MONDAY + timedelta(days=number)
        if is_reminder_due(today, asked_on=MONDAY, due_on=due_on, reminded_on=reminded_on):
            reminded_on = today
            days.append(number)
    assert days == [3, 8, 9, 10, 11]


def test_a_missed_reminder_is_caught_up_with_once() -> None:
    due_on = MONDAY + timedelta(days=7)
    on_day_5 = MONDAY + timedelta(days=5)
    assert is_reminder_due(on_day_5, asked_on=MONDAY, due_on=due_on, reminded_on=None)
    assert not is_reminder_due(on_day_5 + timedelta(1), asked_on=MONDAY, due_on=due_on, reminded_on=on_day_5)


def test_an_errand_of_a_day_has_no_half_way() -> None:
    assert not is_reminder_due(MONDAY, asked_on=MONDAY, due_on=MONDAY + timedelta(days=1), reminded_on=None)

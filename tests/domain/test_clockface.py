"""The drawing of the clock says what the clock says: every mark at its day, no two labels on top of each other."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsr.domain import clockface
from dsr.domain.calendars import AMSTERDAM
from dsr.domain.clockface import Event, Face, place_labels
from dsr.domain.deadlines import Clock, Extension, Suspension, compute

TODAY = date(2026, 11, 23)


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=AMSTERDAM)


def question(month: int, asked: int, answered: int | None) -> Suspension:
    return Suspension(at(month, asked), at(month, answered) if answered else None, "identity", True, True)


def running() -> Face:
    return clockface.face(compute(at(11, 4)), today=TODAY)


def extended() -> Face:
    clock = compute(at(10, 11, 21), [question(10, 12, 18), Extension(at(11, 5), True)])
    stop = (date(2026, 10, 12), date(2026, 10, 18))
    return clockface.face(clock, today=TODAY, suspensions=[stop], extension_on=date(2026, 11, 5))


def stopped(today: date = TODAY) -> Face:
    clock = compute(at(11, 9), [question(11, 13, None)])
    return clockface.face(clock, today=today, suspensions=[(date(2026, 11, 13), None)])


def late() -> Face:
    return clockface.face(compute(at(10, 20)), today=TODAY)


def bars(face: Face) -> dict[str, tuple[float, float]]:
    return {bar.kind: (bar.start, bar.end) for bar in face.bars}


def events(face: Face) -> dict[str, Event]:
    return {event.kind: event for event in face.events}


def test_a_running_clock_lies_between_receipt_and_the_end_of_the_last_day() -> None:
    face = running()
    assert (face.received.at, face.due.at, face.due.day) == (0, 100, date(2026, 12, 4))
    assert face.today.at == pytest.approx(19.5 / 31 * 100, abs=0.01)
    assert bars(face) == {"rest": (0, 100), "gone": (0, face.today.at)}
    assert (face.day_number, face.day_count, face.days_late) == (19, 30, 0)


def test_reminders_stand_seven_three_and_one_day_before_the_last_day() -> None:
    days = [mark.day for mark in running().of_kind("reminder")]
    assert days == [date(2026, 11, 27), date(2026, 12, 1), date(2026, 12, 3)]


def test_an_extension_is_drawn_from_the_end_of_the_first_term() -> None:
    face = extended()
    assert face.due.day == date(2027, 1, 18)
    assert bars(face) == {"rest": (0, 37), "extension": (37, 100), "gone": (0, 43.5), "stopped": (2, 7)}
    assert [(mark.at, mark.day) for mark in face.of_kind("first-term")] == [(37, date(2026, 11, 16))]
    assert [mark.at for mark in face.of_kind("extension")] == [25.5]
    assert [mark.at for mark in face.of_kind("target")] == [96.5]
    assert (face.is_extended, face.day_number, face.day_count) == (True, 43, 99)


def test_only_the_days_between_question_and_reply_stand_still() -> None:
    stop = events(extended())["stopped"]
    assert (stop.day, stop.days) == (date(2026, 10, 13), 5)


def test_a_reply_on_the_next_day_stops_nothing() -> None:
    clock = compute(at(10, 11), [question(10, 12, 13)])
    face = clockface.face(clock, today=TODAY, suspensions=[(date(2026, 10, 12), date(2026, 10, 13))])
    assert "stopped" not in bars(face)
    assert "stopped" not in events(face)


def test_a_clock_that_stands_still_has_no_last_day_and_fills_nothing_after_the_question() -> None:
    face = stopped()
    assert face.is_stopped
    assert (face.due.day, face.due.at) == (date(2026, 12, 9), 100)
    assert bars(face)["gone"] == (0, pytest.approx(5 / 31 * 100, abs=0.01))
    assert bars(face)["stopped"][1] == face.today.at
    assert events(face)["stopped"].days is None
    assert not face.of_kind("reminder")
    assert not face.of_kind("target")


def test_the_drawing_of_a_long_stop_ends_nine_days_after_today() -> None:
    face = stopped(date(2027, 2, 1))
    assert face.due.day == date(2027, 2, 10)
    assert face.days_late == 0


def test_a_late_clock_ends_today_and_is_red_since_the_last_day() -> None:
    face = late()
    assert face.days_late == 3
    assert face.today.at == 100
    assert bars(face)["late"] == (face.due.at, 100)
    assert face.due.at == pytest.approx(32 / 35 * 100, abs=0.01)
    assert [event.kind for event in face.events] == ["today"]


def test_today_is_told_below_where_it_would_touch_receipt_or_last_day() -> None:
    clock = compute(at(10, 26))
    places = {
        day: clockface.face(clock, today=day).is_today_above
        for day in (date(2026, 10, 26), date(2026, 11, 10), date(2026, 11, 23))
    }
    assert list(places.values()) == [False, True, False]
    assert events(clockface.face(clock, today=date(2026, 10, 26)))["today"].anchor == "start"
    assert events(clockface.face(clock, today=date(2026, 11, 23)))["today"].anchor == "end"


def test_a_last_day_long_past_moves_below_the_track() -> None:
    face = clockface.face(compute(at(1, 5)), today=TODAY)
    assert not face.is_due_above
    assert events(face)["due"].day == date(2026, 2, 5)


def test_months_are_named_with_the_year_first_and_in_january() -> None:
    months = [(month.day, month.has_year) for month in extended().months]
    assert months == [
        (date(2026, 10, 11), True),
        (date(2026, 11, 1), False),
        (date(2026, 12, 1), False),
        (date(2027, 1, 1), True),
    ]


def test_a_month_of_two_days_has_no_name_and_leaves_the_year_to_the_next() -> None:
    first, second = clockface.face(compute(at(10, 30)), today=TODAY).months
    assert (first.has_name, second.has_name, second.has_year) == (False, True, True)


def test_labels_take_the_first_free_row_and_a_leader_where_none_crosses() -> None:
    texts = {
        "stopped": "klok stil, 5 dagen",
        "extension": "verlengd do 5 nov",
        "first-term": "eerste termijn t/m ma 16 nov",
        "reminders": "herinneringen 7, 3 en 1 dag ervoor",
        "target": "intern doel vr 15 jan",
    }
    face = extended()
    labels = place_labels(face.events, [texts[event.kind] for event in face.events])
    assert {label.kind: label.row for label in labels} == {
        "stopped": 0,
        "extension": 1,
        "first-term": 0,
        "reminders": 0,
        "target": 1,
    }
    assert {label.kind for label in labels if label.has_leader} == {"extension", "first-term"}


def test_a_leader_does_not_cross_the_label_above_it() -> None:
    day = date(2026, 11, 5)
    above, below = place_labels(
        [Event("today", 20, "start", day), Event("extension", 30, "middle", day)], ["x" * 40, "y"]
    )
    assert (above.row, below.row, below.has_leader) == (0, 1, False)


def test_a_label_that_would_leave_the_drawing_turns_around() -> None:
    day = date(2026, 11, 5)
    (right,) = place_labels([Event("first-term", 95, "start", day)], ["eerste termijn"])
    (left,) = place_labels([Event("extension", 2, "middle", day)], ["verlengd"])
    assert (right.anchor, left.anchor) == ("end", "start")


@given(received=st.dates(date(2024, 1, 1), date(2028, 12, 31)), days=st.integers(0, 400))
def test_everything_lies_inside_the_drawing(received: date, days: int) -> None:
    clock = _received_on(received)
    face = clockface.face(clock, today=received + timedelta(days=days))
    places = [mark.at for mark in (face.today, face.due, *face.marks)] + [event.at for event in face.events]
    ends = [end for bar in face.bars for end in (bar.start, bar.end)]
    assert all(0 <= place <= 100 for place in places + ends)
    assert all(bar.width > 0 for bar in face.bars)


@given(places=st.lists(st.tuples(st.floats(0, 100), st.text("x", min_size=1, max_size=30)), max_size=8))
def test_labels_of_one_row_never_overlap(places: list[tuple[float, str]]) -> None:
    day = date(2026, 11, 5)
    labels = place_labels([Event("today", at, "middle", day) for at, _ in places], [text for _, text in places])
    spans = sorted((label.row, *_span(label)) for label in labels)
    assert all(one[0] != other[0] or one[2] <= other[1] + 1e-6 for one, other in pairwise(spans))


def _received_on(day: date) -> Clock:
    return compute(datetime(day.year, day.month, day.day, 12, tzinfo=AMSTERDAM))


def _span(label: clockface.Label) -> tuple[float, float]:
    """The width that the design gives a label: 5.8 pixels a character and 10 more, on 700."""
    width = (len(label.text) * 5.8 + 10) / 7
    left = {"start": label.at, "middle": label.at - width / 2, "end": label.at - width}[label.anchor]
    return left, left + width

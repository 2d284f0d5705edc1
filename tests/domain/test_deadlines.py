"""The clock of art. 12(3)-(4): the vectors, what they leave open, and what must hold for every date."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from dsr.domain import deadlines
from dsr.domain.calendars import AMSTERDAM, NaiveInstant, Profile, roll
from dsr.domain.deadlines import AnsweredBeforeAsked, AnswerSent, Clock, Event, Extension, Suspension, compute

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "deadlines.json").read_text("utf-8"))["vectors"]
NAMES = [vector["id"] for vector in VECTORS]


def at(text: str) -> datetime:
    """Ten in the morning of a day in Amsterdam, or the very instant."""
    if "T" in text:
        return datetime.fromisoformat(text)
    return datetime.combine(date.fromisoformat(text), time(10), AMSTERDAM)


def asked(on: str, answered: str | None, *, valid: bool = True, prompt: bool = True) -> Suspension:
    return Suspension(at(on), at(answered) if answered else None, "identity", valid, prompt)


def extended(on: str, *, reasons: bool = True) -> Extension:
    return Extension(at(on), reasons)


BARE = extended("2026-10-01", reasons=False)


def clock(received: str, *events: Event, profile: Profile = Profile.NL_DEFAULT) -> Clock:
    return compute(at(received), events, profile)


def codes(clock: Clock) -> list[str]:
    return [step.code for step in clock.steps]


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_vectors(vector: dict[str, Any]) -> None:
    found = deadlines.from_record(vector).to_record()
    steps = found.pop("steps")
    expected = dict(vector["expected"])
    assert (found.pop("extension_reason") is None) == (expected.pop("extension_reason") is None)
    assert found == expected
    assert steps


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_vectors_under_the_other_readings(vector: dict[str, Any]) -> None:
    other = vector["alternative"]
    due = {profile: deadlines.from_record(vector, profile).to_record()["due"] for profile in Profile}
    assert due[Profile.NL_STRICT] == other["due_nl_strict"]
    assert due[Profile.NL_ATW_FULL] == other["due_nl_atw_full"]
    assert deadlines.from_record(vector).refusal_notice_latest.isoformat() == other["due_without_suspension"]


def test_the_steps_tell_the_whole_count() -> None:
    case = clock("2026-10-11T21:14:00+02:00", asked("2026-10-12", "2026-10-18"), extended("2026-11-05"))
    assert [(step.code, step.rule, step.law, step.end.isoformat()) for step in case.steps] == [
        ("received", "R0", "Reg. 1182/71 art. 3(1)", "2026-10-11"),
        ("month", "R1", "Reg. 1182/71 art. 3(2)(c)", "2026-11-11"),
        ("suspended", "R2", "EDPB Guidelines 01/2022, para 159", "2026-11-16"),
        ("extended_and_suspended", "R5", "GDPR art. 12(3)", "2027-01-16"),
        ("rolled", "R3", "Reg. 1182/71 art. 3(4)", "2027-01-18"),
    ]
    assert case.steps[2].why == (
        "Clock stopped: identity asked on 2026-10-12, answered on 2026-10-18. The days in between are added: 5."
    )
    assert case.steps[4].why == "Not a working day (Saturday, Sunday): the first working day after it."
    assert case.due_on == case.next_legal_on == date(2027, 1, 18)
    assert case.due_on_without_suspension == date(2027, 1, 11)
    assert case.target_on == date(2027, 1, 15)


def test_a_step_names_the_holidays_it_passes() -> None:
    why = clock("2028-11-25").steps[-1].why
    assert why == "Not a working day (Christmas Day, Second Christmas Day): the first working day after it."


def test_a_step_can_be_said_in_another_language() -> None:
    step = clock("2026-10-11", asked("2026-10-12", "2026-10-18")).steps[2]
    said = step.say(lambda text: text.replace("identity", "identiteit"), lambda day: f"{day:%d-%m-%Y}")
    assert said.startswith("Clock stopped: identiteit asked on 12-10-2026, answered on 18-10-2026.")


def test_a_step_as_a_record() -> None:
    assert clock("2026-01-31").steps[1].to_record() == {
        "rule": "R1",
        "law": "Reg. 1182/71 art. 3(2)(c)",
        "from": "2026-01-31",
        "to": "2026-02-28",
        "why": "One month later. That month has no day 31, so its last day counts.",
    }


@pytest.mark.parametrize(
    ("suspensions", "days"),
    [
        ([asked("2026-06-02", "2026-06-09"), asked("2026-06-05", "2026-06-12")], 9),
        ([asked("2026-06-05", "2026-06-12"), asked("2026-06-02", "2026-06-09")], 9),
        ([asked("2026-06-02", "2026-06-12"), asked("2026-06-04", "2026-06-08")], 9),
        ([asked("2026-06-02", "2026-06-05"), asked("2026-06-02", "2026-06-05")], 2),
        # The 5th is the day of an answer and of a question: strictly between neither pair.
        ([asked("2026-06-02", "2026-06-05"), asked("2026-06-05", "2026-06-08")], 4),
        ([asked("2026-06-02", "2026-06-05"), asked("2026-06-04", "2026-06-08")], 5),
        ([asked("2026-06-02", "2026-06-02")], 0),
        ([asked("2026-05-20", "2026-06-04")], 2),
        ([asked("2026-06-02", "2026-06-20", prompt=False)], 0),
        ([asked("2026-06-02", "2026-06-20", valid=False), asked("2026-06-08", "2026-06-11")], 2),
        ([asked("2026-07-01", "2026-07-04")], 2),
        ([asked("2026-07-02", "2026-07-09")], 0),
        # Asked after the month, though before the day the first question had won: still not credited.
        ([asked("2026-06-02", "2026-06-30"), asked("2026-07-10", "2026-07-15")], 27),
    ],
)
def test_days_that_the_clock_stood_still(suspensions: list[Suspension], days: int) -> None:
    case = clock("2026-06-01", *suspensions)
    assert case.suspended_days == days
    assert case.due == roll(date(2026, 7, 1) + timedelta(days=days), Profile.NL_DEFAULT)
    assert case.refusal_notice_latest == case.extension_notice_latest == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("suspension", "code"),
    [
        (asked("2026-06-02", None, valid=False), "suspension_without_ground"),
        (asked("2026-06-20", "2026-06-25", prompt=False), "suspension_asked_late"),
        (asked("2026-07-02", None), "suspension_after_due"),
    ],
)
def test_a_question_that_is_not_credited_is_told(suspension: Suspension, code: str) -> None:
    case = clock("2026-06-01", suspension)
    assert codes(case) == ["received", "month", code]
    assert (case.state, case.due) == ("running", date(2026, 7, 1))


def test_while_the_clock_stands_still_the_refusal_day_leads() -> None:
    case = clock("2026-06-01", asked("2026-06-02", "2026-06-05"), asked("2026-06-10", None), asked("2026-06-12", None))
    assert (case.state, case.due, case.due_on) == ("suspended", None, None)
    assert case.suspended_since == date(2026, 6, 10)
    assert case.suspended_days == 2
    assert case.safe_target == date(2026, 7, 3)
    assert case.next_legal_on == case.refusal_notice_latest == date(2026, 7, 1)
    assert codes(case)[-1] == "standing_still"


def test_an_extension_is_accepted_while_the_clock_stands_still_but_has_no_date_yet() -> None:
    case = clock("2026-06-01", asked("2026-06-02", None), extended("2026-06-20"))
    assert (case.extension_accepted, case.extended_due, case.extended_due_if_extended_in_time) == (True, None, None)


@pytest.mark.parametrize(
    ("extensions", "accepted", "told"),
    [
        ([extended("2026-10-01"), extended("2026-10-05")], True, ["extended", "extension_again"]),
        ([extended("2026-10-01"), extended("2026-12-01")], True, ["extended", "extension_late"]),
        ([BARE, extended("2026-10-05")], True, ["extension_without_reasons", "extended"]),
        ([extended("2026-10-05"), BARE], True, ["extension_without_reasons", "extended"]),
        ([BARE], False, ["extension_without_reasons"]),
        ([extended("2026-10-13"), extended("2026-10-14")], False, ["extension_late", "extension_late"]),
        ([extended("2026-10-14", reasons=False)], False, ["extension_late"]),
    ],
)
def test_only_one_extension_with_reasons_in_the_first_month(
    extensions: list[Extension], accepted: bool, told: list[str]
) -> None:
    case = clock("2026-09-10", *extensions)
    assert case.extension_accepted is accepted
    assert (case.extension_reason is None) is accepted
    assert case.extended_due == (date(2026, 12, 10) if accepted else None)
    assert case.due == date(2026, 10, 12)
    assert case.due_on == (case.extended_due or case.due)
    assert [code for code in codes(case) if code.startswith("exten")] == told


@pytest.mark.parametrize(
    ("sent", "on_time"),
    [
        (["2026-10-12"], True),
        (["2026-10-12T21:59:59.999999Z"], True),
        (["2026-10-12T22:00:00Z"], False),
        (["2026-11-01", "2026-10-01"], True),
        ([], None),
    ],
)
def test_the_first_answer_decides_whether_it_was_on_time(sent: list[str], on_time: bool | None) -> None:
    assert clock("2026-09-10", *(AnswerSent(at(text)) for text in sent)).answered_on_time is on_time


def test_an_answer_while_the_clock_stands_still_has_no_date_to_be_late_for() -> None:
    record = clock("2026-06-01", asked("2026-06-02", None), AnswerSent(at("2026-06-20"))).to_record()
    assert record["answered_on_time"] is None


def test_an_answer_older_than_its_question_is_refused() -> None:
    with pytest.raises(AnsweredBeforeAsked, match="The answer of 2026-06-02 comes before the question of 2026-06-05"):
        clock("2026-06-01", asked("2026-06-05", "2026-06-02"))


def test_events_need_an_offset_too() -> None:
    with pytest.raises(NaiveInstant):
        clock("2026-06-01", AnswerSent(datetime(2026, 6, 2)))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("received", "profile", "told"),
    [
        ("2013-03-29", Profile.NL_DEFAULT, True),
        ("2019-03-27", Profile.NL_DEFAULT, False),
        ("2030-12-02", Profile.NL_DEFAULT, True),
        ("2028-11-28", Profile.NL_ATW_FULL, False),
        ("2028-11-30", Profile.NL_ATW_FULL, True),
    ],
)
def test_a_year_outside_the_list_is_told(received: str, profile: Profile, told: bool) -> None:
    assert ("not_covered" in codes(clock(received, profile=profile))) is told


@pytest.mark.parametrize(
    ("received", "due"), [("2019-03-27", "2019-04-29"), ("2035-02-26", "2035-03-27"), ("2035-03-05", "2035-04-05")]
)
def test_the_count_goes_on_outside_the_list(received: str, due: str) -> None:
    assert clock(received).due == date.fromisoformat(due)


def test_reminders_come_seven_three_and_one_days_before() -> None:
    assert deadlines.reminder_dates(clock("2026-09-10")) == (
        (date(2026, 10, 5), 7),
        (date(2026, 10, 9), 3),
        (date(2026, 10, 11), 1),
    )


def test_days_left_are_calendar_days() -> None:
    case = clock("2026-09-10")
    assert deadlines.days_left(case, date(2026, 10, 5)) == 7
    assert deadlines.days_left(case, date(2026, 10, 12)) == 0
    assert deadlines.days_left(date(2026, 10, 12), date(2026, 10, 14)) == -2

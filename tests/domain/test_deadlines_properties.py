"""What holds for the clock of every request, whatever happened to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dsr.domain import deadlines
from dsr.domain.calendars import AMSTERDAM, Profile, is_working_day, local_date
from dsr.domain.deadlines import AnswerSent, Clock, Event, Extension, Suspension, compute

Story = tuple[datetime, list[Event]]

OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
RECEIPTS = st.datetimes(datetime(2015, 1, 1), datetime(2040, 12, 31), timezones=OFFSETS)  # noqa: DTZ001
PROFILES = st.sampled_from(Profile)
DAYS_LATER = st.integers(0, 120).map(lambda days: timedelta(days=days))


@st.composite
def suspensions(draw: st.DrawFn, received: datetime) -> Suspension:
    asked_at = received + draw(DAYS_LATER)
    answered_at = draw(st.none() | DAYS_LATER.map(lambda later: asked_at + later))
    return Suspension(asked_at, answered_at, "identity", draw(st.booleans()), draw(st.booleans()))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """An instant of receipt and what happened afterwards, in any order."""
    received = draw(RECEIPTS)
    extension = st.builds(Extension, DAYS_LATER.map(lambda later: received + later), st.booleans())
    answer = st.builds(AnswerSent, DAYS_LATER.map(lambda later: received + later))
    return received, draw(st.lists(suspensions(received) | extension | answer, max_size=6))


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    received, events = draw(stories())
    return compute(received, events, draw(PROFILES))


def last_days(clock: Clock) -> list[date]:
    days = [clock.due, clock.extended_due, clock.extended_due_if_extended_in_time, clock.refusal_notice_latest]
    return [day for day in days if day]


def days_between(start: date, end: date) -> list[date]:
    return [start + timedelta(days=n) for n in range(1, (end - start).days)]


@given(clocks())
def test_the_last_day_is_a_working_day_and_not_before_the_nominal_one(clock: Clock) -> None:
    for day in last_days(clock):
        assert is_working_day(day, clock.profile)
        assert day >= clock.nominal_due


@given(clocks())
def test_the_clock_has_a_last_day_unless_it_stands_still(clock: Clock) -> None:
    assert (clock.due is None) == (clock.state == "suspended") == (clock.suspended_since is not None)
    assert clock.next_legal_on >= clock.refusal_notice_latest


@given(clocks())
def test_an_extension_is_never_earlier_than_the_first_term(clock: Clock) -> None:
    if clock.extended_due and clock.due:
        assert clock.extended_due > clock.due


@given(clocks())
def test_the_target_is_safe(clock: Clock) -> None:
    assert is_working_day(clock.safe_target, Profile.NL_ATW_FULL)
    assert clock.safe_target <= (clock.due or clock.safe_target)
    assert clock.target_on <= (clock.due_on or clock.target_on)


@given(clocks())
def test_the_steps_join_receipt_to_the_last_day(clock: Clock) -> None:
    assert clock.steps[0].start == clock.received_local_date
    assert all(before.end == after.start for before, after in zip(clock.steps, clock.steps[1:], strict=False))
    assert clock.due_on in {clock.steps[-1].end, None}
    assert all(step.why and step.law and step.rule for step in clock.steps)


@given(stories(), st.randoms())
def test_the_order_in_which_events_are_told_changes_no_date(story: Story, random: Random) -> None:
    received, events = story
    shuffled = list(events)
    random.shuffle(shuffled)
    first, second = compute(received, events).to_record(), compute(received, shuffled).to_record()
    for record in (first, second):
        del record["steps"], record["extension_reason"]
    assert first == second


@given(stories(), st.data())
def test_a_suspension_never_brings_the_last_day_forward(story: Story, data: st.DataObject) -> None:
    received, events = story
    before = compute(received, events)
    after = compute(received, [*events, data.draw(suspensions(received))])
    assert after.suspended_days >= before.suspended_days
    if before.due and after.due:
        assert after.due >= before.due
    assert after.refusal_notice_latest == before.refusal_notice_latest


@given(stories())
def test_each_day_the_clock_stood_still_counts_once(story: Story) -> None:
    received, events = story
    clock = compute(received, events)
    still = {
        day
        for event in events
        if isinstance(event, Suspension) and event.answered_at and event.valid_ground and event.without_undue_delay
        if local_date(event.asked_at) <= clock.refusal_notice_latest
        for day in days_between(local_date(event.asked_at), local_date(event.answered_at))
    }
    assert clock.suspended_days == len(still)


@given(RECEIPTS)
def test_a_month_ends_on_the_same_day_number_or_on_the_last_day(received: datetime) -> None:
    clock = compute(received)
    start, end = clock.received_local_date, clock.nominal_due
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@given(RECEIPTS, OFFSETS)
def test_the_offset_in_which_an_instant_is_written_changes_nothing(received: datetime, offset: timezone) -> None:
    assert compute(received) == compute(received.astimezone(offset)) == compute(received.astimezone(AMSTERDAM))


@given(st.integers(2015, 2040), st.sampled_from([(3, 23), (10, 25)]))
def test_the_days_on_which_clocks_change_are_days_like_any_other(year: int, change: tuple[int, int]) -> None:
    month, hours = change
    sunday = max(day for n in range(25, 32) if (day := date(year, month, n)).weekday() == 6)
    midnight = datetime(year, month, sunday.day, tzinfo=AMSTERDAM).astimezone(UTC)
    days = [local_date(midnight + timedelta(hours=hour)) for hour in range(26)]
    assert days.count(sunday) == hours
    assert compute(midnight + timedelta(hours=hours) - timedelta(seconds=1)).received_local_date == sunday


@given(clocks())
def test_reminders_lie_before_the_next_legal_day(clock: Clock) -> None:
    for day, before in deadlines.reminder_dates(clock):
        assert deadlines.days_left(clock, day) == before

"""Days, working days and the three holiday profiles."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import holidays as published
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsr.domain import calendars
from dsr.domain.calendars import NaiveInstant, Profile, YearOutOfRange, local_date

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "deadlines.json").read_text("utf-8"))
PROFILES = st.sampled_from(Profile)
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@pytest.mark.parametrize("profile", Profile)
def test_the_holidays_are_those_of_the_vectors(profile: Profile) -> None:
    days = [day for year in range(2024, 2031) for day in calendars.holidays(year, profile)]
    assert sorted(map(date.isoformat, days)) == VECTORS["meta"]["holidays"][profile]


@pytest.mark.parametrize("year", range(2014, 2041))
def test_the_holidays_are_those_that_others_publish(year: int) -> None:
    public = set(published.country_holidays("NL", years=year))
    easter_sunday = min(day for day in public if day.month in {3, 4} and day.weekday() == 6)
    extra = {easter_sunday, easter_sunday - timedelta(days=2), easter_sunday + timedelta(days=49)}
    assert set(calendars.holidays(year, Profile.NL_DEFAULT)) == (public - extra) | {date(year, 5, 5)}


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2025, 4, 26), "King's Day"),
        (date(2026, 4, 27), "King's Day"),
        (date(2031, 4, 26), "King's Day"),
        (date(2026, 5, 5), "Liberation Day"),
        (date(2026, 5, 14), "Ascension Day"),
        (date(2026, 12, 26), "Second Christmas Day"),
    ],
)
def test_a_holiday_has_its_name(day: date, name: str) -> None:
    assert calendars.holidays(day.year, Profile.NL_DEFAULT)[day] == name


def test_profiles_differ_in_liberation_day_good_friday_and_equated_days() -> None:
    default, strict, full = (set(calendars.holidays(2026, profile)) for profile in Profile)
    assert default - strict == {date(2026, 5, 5)}
    assert full - default == {date(2026, 1, 2), date(2026, 4, 3), date(2026, 5, 15)}
    assert not strict - default
    assert not default - full


def test_the_holidays_of_a_year_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        calendars.holidays(2026, Profile.NL_DEFAULT)[date(2026, 6, 1)] = "Fair"  # type: ignore[index]


@pytest.mark.parametrize(
    ("profile", "first", "last"),
    [(Profile.NL_DEFAULT, 2014, 2030), (Profile.NL_STRICT, 2014, 2030), (Profile.NL_ATW_FULL, 2023, 2028)],
)
def test_a_profile_knows_its_years(profile: Profile, first: int, last: int) -> None:
    assert calendars.covered_years(profile) == (first, last)
    covered = [year for year in range(2000, 2050) if calendars.is_covered(profile, year)]
    assert covered == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 11, 20), None),
        (date(2026, 11, 21), "Saturday"),
        (date(2026, 11, 22), "Sunday"),
        (date(2026, 12, 26), "Second Christmas Day"),
        (date(2026, 4, 3), None),
    ],
)
def test_a_day_off_has_a_reason(day: date, why: str | None) -> None:
    assert calendars.why_not_working(day, Profile.NL_DEFAULT) == why
    assert calendars.is_working_day(day, Profile.NL_DEFAULT) is (why is None)


def test_rolling_passes_weekend_and_holidays_together() -> None:
    assert calendars.roll(date(2027, 3, 27), Profile.NL_DEFAULT) == date(2027, 3, 30)
    assert calendars.roll_back(date(2027, 3, 29), Profile.NL_ATW_FULL) == date(2027, 3, 25)
    assert calendars.roll(date(2031, 12, 31), Profile.NL_DEFAULT) == date(2031, 12, 31)


@given(DAYS, PROFILES)
def test_rolling_ends_on_the_nearest_working_day(day: date, profile: Profile) -> None:
    forward, back = calendars.roll(day, profile), calendars.roll_back(day, profile)
    assert calendars.is_working_day(forward, profile)
    assert calendars.is_working_day(back, profile)
    assert back <= day <= forward
    passed = [day + timedelta(days=n) for n in range((forward - day).days)]
    assert not any(calendars.is_working_day(one, profile) for one in passed)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-01-31T22:59:59Z", date(2026, 1, 31)),
        ("2026-01-31T23:00:00Z", date(2026, 2, 1)),
        ("2026-07-14T21:59:59.999999Z", date(2026, 7, 14)),
        ("2026-07-14T22:00:00Z", date(2026, 7, 15)),
        ("2026-01-01T00:30:00+14:00", date(2025, 12, 31)),
        ("2026-01-01T23:30:00-11:00", date(2026, 1, 2)),
        ("2026-03-29T00:30:00Z", date(2026, 3, 29)),
        ("2026-10-25T00:30:00Z", date(2026, 10, 25)),
    ],
)
def test_a_day_is_an_amsterdam_day(instant: str, day: date) -> None:
    assert local_date(datetime.fromisoformat(instant)) == day


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(NaiveInstant, match="2026-01-31T10:00:00 has no UTC offset"):
        local_date(datetime(2026, 1, 31, 10))  # noqa: DTZ001


@pytest.mark.parametrize("year", [1, 1899, 2201, 9999])
def test_a_year_of_no_case_is_refused(year: int) -> None:
    with pytest.raises(YearOutOfRange, match=f"The year {year} is not between 1900 and 2200"):
        local_date(datetime.fromisoformat(f"{year:04}-12-31T23:59:59-11:00"))

"""Dates of the law: Europe/Amsterdam days, working days and the holiday profiles of `calendars.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.easter import easter

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST_YEAR, LAST_YEAR = 1900, 2200
ONE_DAY = timedelta(days=1)
WEEKEND = {5: N_("Saturday"), 6: N_("Sunday")}
EQUATED_DAY = N_("a day equated with a holiday by decree")

_TABLE: dict[str, Any] = tomllib.loads((files("dsr.domain") / "calendars.toml").read_text("utf-8"))


class Profile(StrEnum):
    """Which holidays move the last day of a period; see `calendars.toml` for days, source and years."""

    NL_DEFAULT = "nl_default"
    NL_STRICT = "nl_strict"
    NL_ATW_FULL = "nl_atw_full"


class NaiveInstant(DomainError):
    """A time without a UTC offset says no instant."""

    def __init__(self, instant: datetime) -> None:
        super().__init__(N_("%(time)s has no UTC offset: add one, such as +01:00 or Z."), time=instant.isoformat())


class YearOutOfRange(DomainError):
    """A date this far away is a mistake, not a date of a case."""

    def __init__(self, year: int) -> None:
        super().__init__(
            N_("The year %(year)s is not between %(first)s and %(last)s."), year=year, first=FIRST_YEAR, last=LAST_YEAR
        )


def local_date(instant: datetime) -> date:
    """The day of an aware instant in Europe/Amsterdam. Raises NaiveInstant or YearOutOfRange."""
    if instant.utcoffset() is None:
        raise NaiveInstant(instant)
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise YearOutOfRange(instant.year)
    return instant.astimezone(AMSTERDAM).date()


@cache
def holidays(year: int, profile: Profile) -> Mapping[date, str]:
    """The holidays of a year by date, with their English names (msgids), weekends included."""
    rules = _TABLE["profiles"][profile]
    days = {_date_in(year, _TABLE["days"][key]): _TABLE["days"][key]["name"] for key in rules["days"]}
    days |= {day: EQUATED_DAY for day in rules.get("equated", ()) if day.year == year}
    return MappingProxyType(days)


def _date_in(year: int, rule: Mapping[str, Any]) -> date:
    if "from_easter" in rule:
        return easter(year) + timedelta(days=rule["from_easter"])
    day = date(year, rule["month"], rule["day"])
    moves = rule.get("day_before_if_sunday", False) and day.weekday() == 6
    return day - ONE_DAY if moves else day


def covered_years(profile: Profile) -> tuple[int, int]:
    """The first and last year for which the profile's list was checked."""
    rules = _TABLE["profiles"][profile]
    return rules["first_year"], rules["last_year"]


def is_covered(profile: Profile, year: int) -> bool:
    """Whether the year lies in the range for which the profile's list was checked."""
    first, last = covered_years(profile)
    return first <= year <= last


def why_not_working(day: date, profile: Profile) -> str | None:
    """The holiday or weekend day (msgid) that makes this no working day; None on a working day."""
    return holidays(day.year, profile).get(day) or WEEKEND.get(day.weekday())


def is_working_day(day: date, profile: Profile) -> bool:
    """Whether a period may end on this day (Reg. 1182/71 art. 2(2))."""
    return why_not_working(day, profile) is None


def roll(day: date, profile: Profile) -> date:
    """The day itself, or else the next working day (Reg. 1182/71 art. 3(4))."""
    while not is_working_day(day, profile):
        day += ONE_DAY
    return day


def roll_back(day: date, profile: Profile) -> date:
    """The day itself, or else the last working day before it."""
    while not is_working_day(day, profile):
        day -= ONE_DAY
    return day

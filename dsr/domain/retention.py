"""How long a law makes us keep a record, or lets us, by the rules of `retention.toml`. All dates are inclusive days."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, Protocol

from dateutil.relativedelta import relativedelta

from dsr.domain.calendars import FIRST_YEAR, LAST_YEAR, ONE_DAY, local_date
from dsr.domain.errors import DomainError
from dsr.domain.records import VECTOR_KEYS, BadRecord, read_object, read_text
from dsr.domain.wording import N_

Bound = Literal["min", "fixed", "max"]
FISCAL_YEAR_START_MONTH = "fiscal_year_start_month"
LONGEST_PERIOD = 999
_UNITS = ("years", "months", "weeks", "days")


class UnknownRule(DomainError):
    """No rule of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(N_('There is no retention rule "%(name)s".'), name=name[:40])
        self.name = name


class AnchorMissing(DomainError):
    """The date a period counts from is not there."""

    def __init__(self, field: str) -> None:
        super().__init__(N_('The date "%(field)s" is missing.'), field=field)
        self.field = field


class AnchorUnreadable(DomainError):
    """The date a period counts from cannot be read, or lies too far away to be true."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(
            N_('"%(field)s" is not a date of these centuries: %(value)s.'), field=field, value=repr(value)[:40]
        )
        self.field = field
        self.value = value


class Period(Protocol):
    """A length of time; the parts are added together."""

    @property
    def years(self) -> int: ...
    @property
    def months(self) -> int: ...
    @property
    def weeks(self) -> int: ...
    @property
    def days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of `retention.toml`; `law` and `text` are msgids."""

    name: str
    bound: Bound
    law: str
    text: str
    anchor: str
    counted_from: Literal["day", "calendar-year", "fiscal-year"]
    later_anchor: str | None = None
    also: str | None = None
    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    fiscal: bool = False

    @property
    def anchors(self) -> tuple[str, ...]:
        """The dates the rule cannot do without."""
        return (self.anchor,)

    @property
    def optional_anchors(self) -> tuple[str, ...]:
        """The dates that may prolong the duty, where they are known."""
        also = (RULES[self.also].anchor, *RULES[self.also].optional_anchors) if self.also else ()
        return (*((self.later_anchor,) if self.later_anchor else ()), *also)

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings of the controller on which the rule depends."""
        by_fiscal_year = self.counted_from == "fiscal-year" or (self.also and RULES[self.also].settings)
        return (FISCAL_YEAR_START_MONTH,) if by_fiscal_year else ()


@dataclass(frozen=True, slots=True)
class Retention:
    """What a rule means for one record.

    Keep it through `keep_through` (of a `max` rule: at most), erase it at the earliest on `may_erase_from` and at the
    latest on `must_erase_from`.
    """

    rule: str
    bound: Bound
    law: str
    keep_through: date
    may_erase_from: date
    must_erase_from: date
    hold_until: date | None = None

    def to_record(self) -> dict[str, str]:
        """The dates as the machine interface writes them."""
        return {
            "keep_through": self.keep_through.isoformat(),
            "may_erase_from": self.may_erase_from.isoformat(),
            "must_erase_from": self.must_erase_from.isoformat(),
            "law": self.law,
        }


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        name: Rule(name=name, **row)
        for name, row in tomllib.loads((files("dsr.domain") / "retention.toml").read_text("utf-8")).items()
    }
)

PERIOD = Rule(
    name="period",
    bound="max",
    law=N_("no statute: the controller's own period"),
    text=N_("a period of our own choosing after a date"),
    anchor="start",
    counted_from="day",
)


def rule_named(name: str | None) -> Rule | None:
    """The rule of this name, the controller's own period among them."""
    return PERIOD if name == PERIOD.name else RULES.get(name or "")


def duty_named(name: str | None) -> Rule | None:
    """The rule of this name where it has something kept; one that says how long at most is no duty."""
    rule = RULES.get(name or "")
    return rule if rule and rule.bound != "max" else None


def retain(rule_name: str, inputs: Mapping[str, object], hold_until: date | None = None) -> Retention:
    """The dates of a record under a rule, from the dates in `inputs` (date, datetime or ISO text).

    `fiscal_year_start_month` (1 to 12, default 1) may stand among the inputs; rules that count by calendar year or by
    day do not look at it. Raises UnknownRule, AnchorMissing, AnchorUnreadable or BadRecord.
    """
    rule = RULES.get(rule_name)
    if rule is None:
        raise UnknownRule(rule_name)
    return _retention(rule, read_day(inputs, rule.anchor), _last_day(rule, inputs), hold_until)


def retain_period(start: object, period: Period, hold_until: date | None = None) -> Retention:
    """The dates of a record that may be kept for a period of our own choosing, counted from `start`.

    Raises AnchorMissing or AnchorUnreadable.
    """
    rule = replace(PERIOD, years=period.years, months=period.months, weeks=period.weeks, days=period.days)
    anchor = read_day({rule.anchor: start}, rule.anchor)
    return _retention(rule, anchor, anchor + _length(rule), hold_until)


def read_day(inputs: Mapping[str, object], field: str) -> date:
    """The Europe/Amsterdam day under a name: a date, a datetime or ISO text. Raises AnchorMissing, AnchorUnreadable."""
    value = inputs.get(field)
    if value is None:
        raise AnchorMissing(field)
    try:
        day = _day_of(value)
    except (ValueError, TypeError, DomainError):
        raise AnchorUnreadable(field, value) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise AnchorUnreadable(field, value)
    return day


def from_record(record: object) -> dict[str, str]:
    """The dates of a record in the form of the test vectors. Raises DomainError with what is wrong in it."""
    known = ("hold_until", "category", "bound", "law", *VECTOR_KEYS)
    read = read_object(record, required=("rule", "inputs"), optional=known)
    hold_until = read_day(read, "hold_until") if read.get("hold_until") is not None else None
    return _retain_record(read_text(read, "rule"), read["inputs"], hold_until).to_record()


def _retain_record(name: str, inputs: object, hold_until: date | None) -> Retention:
    if name == PERIOD.name:
        read = read_object(inputs, required=(PERIOD.anchor,), optional=_UNITS)
        return retain_period(read[PERIOD.anchor], _read_period(read), hold_until)
    rule = RULES.get(name)
    if rule is None:
        raise UnknownRule(name)
    known = (*rule.optional_anchors, FISCAL_YEAR_START_MONTH)
    return retain(name, read_object(inputs, required=rule.anchors, optional=known), hold_until)


def _read_period(inputs: Mapping[str, object]) -> Period:
    number = partial(_whole_number, inputs, least=0, most=LONGEST_PERIOD)
    years, months, weeks, days = (number(unit) for unit in _UNITS)
    if not years + months + weeks + days:
        raise BadRecord(N_("A period needs years, months, weeks or days."))
    return replace(PERIOD, years=years, months=months, weeks=weeks, days=days)


def _retention(rule: Rule, anchor: date, keep_through: date, hold_until: date | None) -> Retention:
    """The bound's meaning: `max` may be erased at any time, the others not before their last day has passed."""
    keep_through = max(keep_through, hold_until or keep_through)
    after_hold = hold_until + ONE_DAY if hold_until else anchor
    return Retention(
        rule=rule.name,
        bound=rule.bound,
        law=rule.law,
        keep_through=keep_through,
        may_erase_from=max(anchor, after_hold) if rule.bound == "max" else keep_through + ONE_DAY,
        must_erase_from=keep_through + ONE_DAY,
        hold_until=hold_until,
    )


def _last_day(rule: Rule, inputs: Mapping[str, object]) -> date:
    start = read_day(inputs, rule.anchor)
    if rule.later_anchor and rule.later_anchor in inputs:
        start = max(start, read_day(inputs, rule.later_anchor))
    last_day = _count(rule, start, _whole_number(inputs, FISCAL_YEAR_START_MONTH, least=1, most=12))
    if rule.also and RULES[rule.also].anchor in inputs:
        last_day = max(last_day, _last_day(RULES[rule.also], inputs))
    return last_day


def _count(rule: Rule, start: date, fiscal_year_start_month: int) -> date:
    if rule.counted_from == "day":
        return start + _length(rule)
    month = fiscal_year_start_month if rule.counted_from == "fiscal-year" else 1
    return _end_of_years(rule, _next_year_begins(start, month))


@lru_cache
def _end_of_years(rule: Rule, next_year: date) -> date:
    # Counted from the first day after the year, so that a year that ends in February ends on its last day.
    return next_year + _length(rule) - ONE_DAY


def _next_year_begins(day: date, month: int) -> date:
    return date(day.year if day.month < month else day.year + 1, month, 1)


def _length(period: Period) -> relativedelta:
    return relativedelta(years=period.years, months=period.months, weeks=period.weeks, days=period.days)


def _day_of(value: object) -> date:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return local_date(value) if value.utcoffset() is not None else value.date()
    if isinstance(value, date):
        return value
    raise TypeError


def _whole_number(inputs: Mapping[str, object], key: str, *, least: int, most: int) -> int:
    value = inputs.get(key, least)
    if type(value) is not int or not least <= value <= most:
        raise BadRecord(
            N_('"%(key)s" must be a whole number from %(least)s to %(most)s.'), key=key, least=least, most=most
        )
    return value

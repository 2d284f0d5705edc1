"""What a person looks up or erases by hand in a system without a database: an errand for the owner of the system.

Each category that such a system holds is a table of items, so that the law judges an item as it judges a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from dsr.domain.errors import DomainError
from dsr.domain.register import Category, Period, Register, Table
from dsr.domain.retention import PERIOD, RULES
from dsr.domain.wording import N_

EVENT = "event"
ITEM, DESCRIPTION, FILES = "item", "description", "files"
LONGEST = 1000
"""Characters of a description."""
LONGEST_NAME = 80
_NOT_IN_NAMES = '<>:"|?*'
HEADINGS: Mapping[str, str] = {
    ITEM: N_("number"),
    DESCRIPTION: N_("what it is"),
    FILES: N_("files in this archive"),
    "document_date": N_("date of the document"),
    "current_value_ended": N_("paid or settled on"),
    "employment_ended": N_("end of the employment"),
    "transaction_date": N_("date of the transaction"),
    "first_use_date": N_("day of first use"),
    "anchor_date": N_("end of the relation"),
    PERIOD.anchor: N_("start of the period"),
    EVENT: N_("day on which it ended"),
}
"""What the columns of an item are called; a date without a name here keeps that of its rule."""

_OF_RULES = {anchor for rule in RULES.values() for anchor in (*rule.anchors, *rule.optional_anchors)}
EVERY_DATE = frozenset({*_OF_RULES, PERIOD.anchor, EVENT})
"""What an item can have a date of, by whichever rule."""
_WRITTEN = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y")
_YEARS = range(1900, 2101)


class UnreadableDate(DomainError):
    """Something that is no date, in a field for one."""

    def __init__(self) -> None:
        super().__init__(N_("Write the date as day-month-year, such as 31-12-2024. Or leave it empty."))


def dates_of(category: Category) -> tuple[str, ...]:
    """The dates of an item that the retention of its category counts from, the one it cannot do without first."""
    rule = category.retention
    if isinstance(rule, Period):
        return (EVENT,) if rule.until else (PERIOD.anchor,)
    known = RULES.get(rule)
    return (*known.anchors, *known.optional_anchors) if known else ()


def table_of(name: str, category: Category) -> Table:
    """The items of a category, as a table."""
    return Table(name, (ITEM,), dates={anchor: anchor for anchor in dates_of(category)})


def with_items(register: Register) -> Register:
    """The register with a table of items for each category that a person looks up in a system."""
    tables = {system: dict(found) for system, found in register.tables.items()}
    for name, category in register.categories.items():
        for system in category.held_in:
            tables.setdefault(system, {})[name] = table_of(name, category)
    return replace(register, tables=tables)


def safe_name(given: str) -> str:
    """The name of a file as we keep it: no folders, nothing that cannot be seen, at most 80 characters."""
    last = given.replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign if sign.isprintable() and sign not in _NOT_IN_NAMES else "_" for sign in last).strip(" ._")
    name, dot, ending = seen.rpartition(".")
    return (
        f"{name[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}" if name and len(ending) < 10 else seen[:LONGEST_NAME]
    )


def read_date(text: str) -> date | None:
    """The date that was typed or chosen; None where nothing was. Raises UnreadableDate."""
    typed = text.strip()
    if not typed:
        return None
    for written in _WRITTEN:
        try:
            day = datetime.strptime(typed, written).date()  # noqa: DTZ007 - a day of the calendar has no time zone
        except ValueError:
            continue
        if day.year in _YEARS:
            return day
    raise UnreadableDate


def is_reminder_due(today: date, *, asked_on: date, due_on: date, reminded_on: date | None) -> bool:
    """Whether the owner is reminded today: once from half-way on, and every day once it is late."""
    if reminded_on == today:
        return False
    middle = half_way(asked_on, due_on)
    is_half_way = asked_on < middle <= today and (reminded_on is None or reminded_on < middle)
    return today > due_on or is_half_way


def half_way(asked_on: date, due_on: date) -> date:
    """The day in the middle of an errand."""
    return asked_on + timedelta(days=(due_on - asked_on).days // 2)

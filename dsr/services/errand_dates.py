"""Dates that a rule counts from and that nobody gave, or that had not come: the owner of the system is asked."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.manual import judged
from dsr.db.cases import Case
from dsr.db.errands import Errand, Item
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.calendars import local_date
from dsr.domain.errands import dates_of
from dsr.domain.plans import DATE_MISSING, EVENT
from dsr.domain.register import Register
from dsr.domain.row_keys import to_json
from dsr.domain.wording import N_
from dsr.services import errand_answers, errand_items, errands, retention
from dsr.services.errand_answers import NotAnAnswer
from dsr.services.errands import DATES

Given = Mapping[int, Mapping[str, date | None]]
"""Number of an item -> its dates, by what they are the date of."""


def ask_owner(session: Session, case_id: uuid.UUID, system: str, *, settings: Settings, now: datetime) -> None:
    """Ask for the dates without which kept items have no last day, of each item once a year.

    One that had not come yet is first asked for in the year after.
    """
    case, year = session.get_one(Case, case_id), local_date(now).year
    undated = {
        key[0]
        for entry in _undated(session, case_id, system, settings.register)
        if entry.why == DATE_MISSING or _kept_since(session, entry) < year
        for key in retention.kept_rows(entry)
    }
    if items := sorted(undated - _asked(session, case_id, system, year)):
        key = f"dates:{case_id}:{system}:{year}:{items[0]}"
        errands.ask(session, case, system, DATES, key, settings=settings, now=now, items=items)


def _asked(session: Session, case_id: uuid.UUID, system: str, year: int) -> set[int]:
    """The items of which the dates are being asked for, or were this year."""
    found = (each for each in errands.of_case(session, case_id) if (each.kind, each.system) == (DATES, system))
    asked = (each for each in found if each.is_outstanding or local_date(each.asked_at).year == year)
    return {number for errand in asked for number in errand.items}


def _undated(session: Session, case_id: uuid.UUID, system: str, register: Register) -> Iterator[LedgerEntry]:
    """What cannot be dated, and is of a category that is still held there."""
    known = register.tables.get(system, {})
    return (entry for entry in errands.undated(session, case_id, system) if entry.table in known)


def _kept_since(session: Session, entry: LedgerEntry) -> int:
    """The year in which the plan was carried out that left it."""
    plan = session.get_one(CasePlan, entry.plan_id)
    return local_date(plan.executed_at or plan.made_at).year


def give(session: Session, errand: Errand, given: Given, *, by: str, register: Register, now: datetime) -> None:
    """The owner gives the dates; the ledger counts from them. Raises NotAnAnswer or AnsweredAlready."""
    found = errand_items.items_of(session, errand.case_id, errand.system)
    items = [item for item in found if item.number in errand.items and item.category in register.categories]
    for item in items:
        _date(item, given.get(item.number, {}), register)
    errand_answers.answer(session, errand, by=by, now=now, items=len(items))
    for entry in _undated(session, errand.case_id, errand.system, register):
        _know_anew(entry, items, register)


def _date(item: Item, given: Mapping[str, date | None], register: Register) -> None:
    wanted = dates_of(register.categories[item.category])
    days = errand_items.read_dates(item) | {anchor: day for anchor in wanted if (day := given.get(anchor))}
    if wanted and wanted[0] not in (*days, EVENT):
        raise NotAnAnswer(f"{wanted[0]}-{item.number}", N_("Fill in this date. Can nobody find it? Then say so below."))
    item.dates = json.dumps({anchor: str(day) for anchor, day in days.items()})


def _know_anew(entry: LedgerEntry, items: list[Item], register: Register) -> None:
    """What changed in these items is what was given: that leaves nothing to be looked at by a person."""
    fingerprint = register.tables[entry.system][entry.table].fingerprint
    dated = {(item.number,): fingerprint(judged(errand_items.row_of(item)).values) for item in items}
    rows = retention.kept_rows(entry).items()
    entry.rows = json.dumps([[to_json(key), dated.get(key, digest)] for key, digest in rows])

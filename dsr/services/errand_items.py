"""What owners found, as rows of the systems without a database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.manual import ManualSystem
from dsr.db.cases import Case
from dsr.db.errands import Errand, ErrandFile, Item
from dsr.domain.errands import DESCRIPTION, EVERY_DATE, FILES, ITEM
from dsr.domain.plans import Row
from dsr.domain.register import Register
from dsr.domain.row_keys import Key
from dsr.services import errands


def items_of(session: Session, case_id: uuid.UUID, system: str) -> list[Item]:
    """What was found in a system for a case and is not erased, by number."""
    found = select(Item).where(Item.case_id == case_id, Item.system == system, Item.erased_at.is_(None))
    return list(session.scalars(found.order_by(Item.number)))


def systems_of(
    session: Session, case: Case, settings: Settings, erased: Mapping[str, frozenset[Key] | None] | None = None
) -> dict[str, ManualSystem]:
    """The systems without a database, as their owners answered for a case; those that were given up are left out.

    `erased` holds, by system, the keys that the owner confirmed.
    """
    if not errands.by_hand(settings) or not errands.concerns_owners(case):
        return {}
    asked = {errand.system: errand for errand in errands.of_case(session, case.id) if errand.kind == errands.SEARCH}
    return {
        name: ManualSystem(name, tables, _found(session, asked.get(name), settings.register), (erased or {}).get(name))
        for name, tables in errands.by_hand(settings).items()
        if name not in asked or asked[name].state != errands.GIVEN_UP
    }


def _found(session: Session, errand: Errand | None, register: Register) -> list[Row] | None:
    if errand is None or errand.state != errands.ANSWERED:
        return None
    tables = register.tables[errand.system]
    items = items_of(session, errand.case_id, errand.system)
    return [row_of(item) for item in items if item.category in tables]


def row_of(item: Item) -> Row:
    """An item as a row of its category: with all its dates, also those that its rule of today does not count from."""
    dates = read_dates(item)
    names = ", ".join(archive_name(item, file) for file in item.files)
    values = {
        ITEM: item.number,
        DESCRIPTION: item.description,
        **{date: dates.get(date) for date in sorted(EVERY_DATE)},
    }
    return Row(item.category, (item.number,), {**values, FILES: names or None})


def archive_name(item: Item, file: ErrandFile) -> str:
    """What a file of an item is called in the access copy."""
    return f"{item.system}-{item.number}-{file.name}"


def read_dates(item: Item) -> dict[str, date]:
    """The dates that were given with an item, by what they are the date of."""
    return {anchor: date.fromisoformat(day) for anchor, day in json.loads(item.dates or "{}").items()}

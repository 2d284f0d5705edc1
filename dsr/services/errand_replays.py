"""After a restore where a person erases by hand: the owner sees to it that what went before stays gone.

What was noted of papers went with them: the owner reads whose they were, of which kind, and what of that person stays.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.errands import Errand, Item
from dsr.domain.calendars import local_date
from dsr.services import audit, errands, replay
from dsr.services.errands import AGAIN


def erased_since(session: Session, system: str, since: date) -> dict[uuid.UUID, list[int]]:
    """Case -> the numbers of the items that went on a day or later."""
    found: dict[uuid.UUID, list[int]] = {}
    for batch in replay.erased_since(session, system, since):
        rows = (row for part in batch.parts for row in json.loads(part.rows))
        found.setdefault(batch.case_id, []).extend(key[0] for key, *_ in rows)
    return found


def ask_owner(session: Session, system: str, since: date, *, settings: Settings, now: datetime) -> int:
    """Ask the owner of a system, once a day, for each case of which something went; returns for how many."""
    erased = erased_since(session, system, since)
    for case_id, numbers in erased.items():
        case = session.get_one(Case, case_id)
        kinds = sorted({item.category for item in items(session, case_id, system, numbers)})
        key = f"again:{case_id}:{system}:{since}:{local_date(now)}"
        errands.ask(session, case, system, AGAIN, key, settings=settings, now=now, items=numbers, categories=kinds)
    return len(erased)


def items(session: Session, case_id: uuid.UUID, system: str, numbers: Sequence[int]) -> list[Item]:
    """Items that were erased: their kind and their day are all that is left."""
    of_system = (Item.case_id == case_id, Item.system == system, Item.number.in_(numbers))
    return list(session.scalars(select(Item).where(*of_system).order_by(Item.number)))


def gone(session: Session, errand: Errand) -> Counter[tuple[str, date]]:
    """How many items of a kind went on a day."""
    found = items(session, errand.case_id, errand.system, errand.items)
    return Counter((item.category, local_date(item.erased_at)) for item in found if item.erased_at)


def note(session: Session, errand: Errand, *, by: str, now: datetime) -> None:
    """The receipt of what an owner erased again, or found to be gone, in the trail of the case."""
    found = items(session, errand.case_id, errand.system, errand.items)
    again = sum(item.category in errand.done_in for item in found)
    counts = {"again": again, "gone": len(found) - again, "left": 0, "reasons": []}
    audit.record(session, "erasure-replayed", by=by, now=now, case_id=errand.case_id, system=errand.system, **counts)

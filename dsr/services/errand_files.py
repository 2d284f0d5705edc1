"""The files that owners sent along: into the access copy, looked at by a handler, and away when their time has come."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.errands import ErrandFile, Item
from dsr.db.plans import LedgerEntry
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import OPEN, Status
from dsr.domain.wording import N_
from dsr.files import FileDamaged, FileGone, Place, open_store
from dsr.services import errand_items

PURPOSE = "errand"
_OVER = (Status.CLOSED, Status.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that belongs to an item: where it is, what it is called, and what it is called in an archive."""

    place: Place
    name: str
    archive_name: str
    system: str
    table: str


class UploadDamaged(DomainError):
    """A file is not what was sent along."""

    def __init__(self, name: str) -> None:
        super().__init__(N_("The file %(name)s is damaged or gone. Ask for it once more."), name=name)


def place_of(file: ErrandFile) -> Place:
    """Where a file is."""
    return Place(file.file, file.case_id, PURPOSE)


def attached(session: Session, case_id: uuid.UUID) -> list[Attached]:
    """The files of the items that were found for a case."""
    items = session.scalars(select(Item).where(Item.case_id == case_id, Item.erased_at.is_(None)).order_by(Item.number))
    return [
        Attached(place_of(file), file.name, errand_items.archive_name(item, file), item.system, item.category)
        for item in items
        for file in item.files
    ]


def read(place: Place, name: str, settings: Settings) -> Iterator[bytes]:
    """What a file holds, proven whole before the first byte. Raises UploadDamaged."""
    try:
        return open_store(settings, keys()).read(place)
    except (FileDamaged, FileGone):
        raise UploadDamaged(name) from None


def purge(session: Session, settings: Settings, now: datetime) -> None:
    """What was found for a case that is over goes, but for what a law keeps and somebody must erase one day."""
    files = select(ErrandFile).join(Case, Case.id == ErrandFile.case_id)
    unused = files.where(ErrandFile.item_id.is_not(None), Case.status.not_in(OPEN))
    delete(session, session.scalars(unused).all(), settings)
    waits = exists().where(
        LedgerEntry.case_id == Item.case_id, LedgerEntry.system == Item.system, LedgerEntry.state != "erased"
    )
    items = select(Item).join(Case, Case.id == Item.case_id)
    over = items.where(Item.erased_at.is_(None), Case.status.in_(_OVER), ~waits)
    for item in session.scalars(over).all():
        forget(session, item, settings, now=now)


def delete(session: Session, files: Iterable[ErrandFile], settings: Settings) -> None:
    """Remove files."""
    store = open_store(settings, keys())
    for file in files:
        store.delete(file.file)
        session.delete(file)


def forget(session: Session, item: Item, settings: Settings, *, now: datetime) -> None:
    """An item is erased where it was: here goes what it said, and its files."""
    item.erased_at, item.description, item.dates = now, None, None
    delete(session, item.files, settings)

"""What an owner answers, or a handler in their place: items found, nothing found, erased, or that it cannot be done."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.base import new_id
from dsr.db.errands import Errand, ErrandFile, Item
from dsr.domain.errands import LONGEST, dates_of
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.files import Place
from dsr.services import audit, errand_erasures, errand_files, errand_items, errand_replays, errands, work
from dsr.services.errands import ANSWERED, DECLINED, DECLINED_TASK, OPEN

MOST_ITEMS = 500


class AnsweredAlready(DomainError):
    """Somebody else did it, or it is not needed any more."""

    def __init__(self) -> None:
        super().__init__(N_("This has been answered already. You do not have to do anything."))


class NotAnAnswer(DomainError):
    """Something is missing in what was filled in; `field` is where."""

    def __init__(self, field: str, template: str, **params: int) -> None:
        super().__init__(template, **params)
        self.field = field


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent along and is in the store: its own name there, and the name it came with."""

    stored: str
    name: str
    size: int


def place(errand: Errand, stored: str) -> Place:
    """Where a file of an errand is."""
    return Place(stored, errand.case_id, errand_files.PURPOSE)


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that was found: what it is, the dates its retention counts from, and files."""

    category: str
    description: str
    dates: Mapping[str, date | None] = field(default_factory=dict)
    uploads: Sequence[Upload] = ()

    @property
    def words(self) -> str:
        """What it is, or else the names of its files."""
        return self.description.strip() or ", ".join(upload.name for upload in self.uploads)[:LONGEST]


def note_item(session: Session, errand: Errand, noted: Noted, *, by: str, settings: Settings, now: datetime) -> Item:
    """Add something that was found. Raises NotAnAnswer or AnsweredAlready."""
    _claim(session, errand, OPEN)
    _check(noted, settings.register.tables.get(errand.system, {}))
    item = Item(id=new_id(), case_id=errand.case_id, errand_id=errand.id, system=errand.system, category=noted.category)
    item.number = _next_number(session, errand)
    item.description = noted.words
    wanted = dates_of(settings.register.categories[noted.category])
    item.dates = json.dumps({anchor: str(day) for anchor in wanted if (day := noted.dates.get(anchor))})
    session.add(item)
    session.flush()
    session.add_all(_files(errand, noted.uploads, item.id, now))
    audit.record(session, "item-noted", by=by, now=now, case_id=errand.case_id, system=errand.system)
    return item


def _check(noted: Noted, known: Container[str]) -> None:
    if noted.category not in known:
        raise NotAnAnswer("category", N_("Choose what kind of data it is."))
    if not noted.words:
        raise NotAnAnswer("description", N_("Say in a few words what you found, or add a file."))
    _check_length("description", noted.words)


def _check_length(field: str, text: str) -> None:
    if len(text.strip()) > LONGEST:
        raise NotAnAnswer(field, N_("Make it shorter: at most %(limit)s characters."), limit=LONGEST)


def _next_number(session: Session, errand: Errand) -> int:
    of_system = select(func.max(Item.number)).where(Item.case_id == errand.case_id, Item.system == errand.system)
    last = session.scalar(of_system) or 0
    if last >= MOST_ITEMS:
        raise NotAnAnswer("description", N_("That is more than fits: at most %(limit)s items."), limit=MOST_ITEMS)
    return last + 1


def _files(errand: Errand, uploads: Sequence[Upload], item_id: uuid.UUID | None, now: datetime) -> list[ErrandFile]:
    return [_file(errand, upload, item_id, now) for upload in uploads]


def _file(errand: Errand, upload: Upload, item_id: uuid.UUID | None, now: datetime) -> ErrandFile:
    file = ErrandFile(
        id=new_id(),
        case_id=errand.case_id,
        errand_id=errand.id,
        item_id=item_id,
        file=upload.stored,
        size=upload.size,
        added_at=now,
    )
    file.name = upload.name
    return file


def remove_item(session: Session, errand: Errand, number: int, *, by: str, settings: Settings, now: datetime) -> None:
    """Take back something that was noted by mistake; nothing happens where it is gone. Raises AnsweredAlready."""
    _claim(session, errand, OPEN)
    found = select(Item).where(Item.case_id == errand.case_id, Item.system == errand.system, Item.number == number)
    item = session.scalar(found)
    if item is None:
        return
    errand_files.delete(session, item.files, settings)
    session.delete(item)
    audit.record(session, "item-removed", by=by, now=now, case_id=errand.case_id, system=errand.system)


def finish_search(session: Session, errand: Errand, *, is_nothing: bool, by: str, now: datetime) -> None:
    """The owner looked everywhere, and this is all. Raises NotAnAnswer or AnsweredAlready."""
    found = len(errand_items.items_of(session, errand.case_id, errand.system))
    if is_nothing and found:
        raise NotAnAnswer("answer", N_("You noted something above. Take it away first if it was a mistake."))
    if not is_nothing and not found:
        raise NotAnAnswer("answer", N_("You have not noted anything yet. Did you find nothing? Then say so."))
    answer(session, errand, by=by, now=now, items=found)
    errands.wake_waiting(session, errand, now=now)


def confirm_erasure(
    session: Session,
    errand: Errand,
    ticked: Collection[int],
    evidence: str,
    uploads: Sequence[Upload] = (),
    *,
    by: str,
    settings: Settings,
    now: datetime,
) -> None:
    """The owner erased every item asked for, and says how. Raises NotAnAnswer or AnsweredAlready."""
    if {*errand.items} - {*ticked}:
        raise NotAnAnswer("items", N_("Tick each item that is gone. Is one of them still there? Say below why."))
    if not evidence.strip() and not uploads:
        raise NotAnAnswer("evidence", N_("Say in a few words how it was destroyed, or add a file that shows it."))
    _check_length("evidence", evidence)
    errand.evidence = evidence.strip() or None
    session.add_all(_files(errand, uploads, None, now))
    answer(session, errand, by=by, now=now, items=len(errand.items))
    if errand.plan_id:
        errand_erasures.note_erased(session, errand, settings=settings, now=now)


def confirm_change(
    session: Session,
    errand: Errand,
    done_in: Collection[str],
    evidence: str,
    uploads: Sequence[Upload] = (),
    *,
    by: str,
    now: datetime,
) -> None:
    """The owner corrected or marked these kinds of data, or stopped the advertising, and says how.

    Raises NotAnAnswer or AnsweredAlready.
    """
    done = [name for name in errand.categories if name in done_in]
    if errand.categories and not done:
        raise NotAnAnswer("done_in", N_("Tick where you did it. Is nothing of this person there? Then say so below."))
    if not evidence.strip() and not uploads:
        raise NotAnAnswer("evidence", N_("Say in a few words what you did, or add a file that shows it."))
    _check_length("evidence", evidence)
    errand.done_in, errand.evidence = done, evidence.strip() or None
    session.add_all(_files(errand, uploads, None, now))
    answer(session, errand, by=by, now=now, items=len(done))
    _go_on(session, errand, by=by, now=now)


def say_absent(session: Session, errand: Errand, *, by: str, now: datetime) -> None:
    """The system has nothing of this person to correct, to mark or to stop. Raises AnsweredAlready."""
    answer(session, errand, by=by, now=now, items=0)
    _go_on(session, errand, by=by, now=now)


def _go_on(session: Session, errand: Errand, *, by: str, now: datetime) -> None:
    if errand.kind == errands.AGAIN:
        errand_replays.note(session, errand, by=by, now=now)
    if step := errands.NEXT.get(errand.kind):
        work.ask(session, errand.case_id, step, now=now)


def answer(session: Session, errand: Errand, *, by: str, now: datetime, items: int) -> None:
    """An errand is done; what staff were told of it is over. Raises AnsweredAlready."""
    _claim(session, errand, ANSWERED, answered_at=now, answered_by=by)
    errands.settle_tasks(session, errand, now=now)
    audit.record(
        session,
        "errand-answered",
        by=by,
        now=now,
        case_id=errand.case_id,
        system=errand.system,
        errand=errand.kind,
        items=items,
    )


def decline(session: Session, errand: Errand, reason: str, *, by: str, now: datetime) -> None:
    """The owner cannot do it and says why: a handler decides what next. Raises NotAnAnswer or AnsweredAlready."""
    if not reason.strip():
        raise NotAnAnswer("reason", N_("Say why you cannot do this. Your colleague then sees what to do."))
    _check_length("reason", reason)
    errand.reason = reason.strip()
    _claim(session, errand, DECLINED)
    errands.tell_staff(session, errand, DECLINED_TASK, now=now)
    audit.record(session, "errand-declined", by=by, now=now, case_id=errand.case_id, system=errand.system)


def _claim(session: Session, errand: Errand, to: str, **values: Any) -> None:
    """Bring an errand that is still to be done to another state, unless somebody else was first: AnsweredAlready."""
    session.flush()
    outstanding = update(Errand).where(Errand.id == errand.id, Errand.state.in_((OPEN, DECLINED)))
    moving = outstanding.values(state=to, **values).execution_options(synchronize_session=False)
    if cast("CursorResult[Any]", session.execute(moving)).rowcount != 1:
        raise AnsweredAlready
    session.refresh(errand, ["state", *values])

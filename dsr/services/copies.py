"""The access copy (art. 15(3)): noted once its archive is written, looked at and released by a handler, fetched."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.errands import ErrandFile
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.files import FileDamaged, FileGone, FileStore, Place, open_store
from dsr.services import audit, errands, identifiers, lookup, notices
from dsr.services.copy_archive import PURPOSE, WrittenCopy, order_of
from dsr.services.copy_data import CopyOrder
from dsr.services.identity import status_path
from dsr.services.receipt_codes import check_receipt_code

_FILE_NAME = {"nl": "kopie-{}.zip", "en": "copy-{}.zip"}
_OVER = (Status.CLOSED, Status.WITHDRAWN, Status.SET_ASIDE)
_STRAY_AFTER = timedelta(days=1)
_ZIP_HEADER = 30  # bytes, before the member's name and extra field


class CopyNotThere(DomainError):
    """There is no copy, or not any more, or it may not be fetched (again)."""


class CopyDamaged(DomainError):
    """The stored file is not what was put there; none of it was released."""

    def __init__(self) -> None:
        super().__init__(N_("The file of the copy is damaged, so it was not opened. It has to be made again."))


class CopyNotViewed(DomainError):
    """Who releases a copy must have looked at it."""

    def __init__(self) -> None:
        super().__init__(N_("Look at the copy first; only then can you release it."))


class CopyReleased(DomainError):
    """What was released stays as it is."""

    def __init__(self) -> None:
        super().__init__(N_("The copy has been released already."))


class CopyOfSeveral(DomainError):
    """Several people answered, and nobody said which of them this is: a copy would hold data of others."""

    def __init__(self) -> None:
        super().__init__(N_("Several people answer to this address. Choose on the page of the case which one it is."))


class CopyOutdated(DomainError):
    """What the person is found by was changed while the copy was written."""

    def __init__(self) -> None:
        super().__init__(N_("What the person is found by was changed meanwhile, so the copy is made again."))


class CopyIncomplete(DomainError):
    """A system has not answered yet."""

    def __init__(self, systems: Collection[str]) -> None:
        template = N_("The copy is not complete: %(systems)s did not answer yet. It is made again when it does.")
        super().__init__(template, systems=tuple(systems))


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out; reading `chunks` needs no database. `size` is in bytes."""

    filename: str
    size: int
    chunks: Iterator[bytes]


def begin_copy(session: Session, case: Case, *, settings: Settings) -> CopyOrder:
    """What the copy for a case is to be made of.

    Raises IdentityNotConfirmed, NotPossible, CopyOfSeveral or CopyReleased.
    """
    _check_wanted(session, case)
    return order_of(session, case, settings)


def record_copy(session: Session, case: Case, written: WrittenCopy, *, settings: Settings, now: datetime) -> AccessCopy:
    """What was written takes the place of a copy not yet released; where it may not, its file goes.

    While systems are missing it can be looked at, not released.

    Raises IdentityNotConfirmed, NotPossible, CopyOfSeveral, CopyOutdated or CopyReleased.
    """
    try:
        copy = _check_wanted(session, case) or AccessCopy(case_id=case.id)
        if lookup.identifiers_of(case) != written.found_by:
            raise CopyOutdated
    except DomainError:
        open_store(settings, keys()).delete(written.file)
        raise
    # A new name each time: the file of an earlier copy stays whole until this one is certain.
    copy.file, copy.size, copy.page_at = written.file, written.size, written.page_at
    copy.row_count, copy.made_at, copy.viewed_at, copy.viewed_by_id = written.row_count, now, None, None
    copy.kept_missing = written.kept_missing
    copy.missing = sorted({*written.faults, *errands.awaited(session, case.id, settings)})
    session.add(copy)
    audit.record(
        session,
        "copy-made",
        by=audit.WORKER,
        now=now,
        case_id=case.id,
        rows=written.row_count,
        left_out=list(written.left_out),
        **({"missing": copy.missing} if copy.missing else {}),
    )
    return copy


def _check_wanted(session: Session, case: Case) -> AccessCopy | None:
    """The copy there is already, which may be replaced."""
    _check_one_person(session, case)
    copy = session.get(AccessCopy, case.id)
    if copy and copy.released_at:
        raise CopyReleased
    return copy


def _check_one_person(session: Session, case: Case) -> None:
    lookup.require_identity(session, case)
    if identifiers.persons_of(session, case):
        raise CopyOfSeveral


def _place(copy: AccessCopy) -> Place:
    return Place(copy.file, copy.case_id, PURPOSE)


def view_copy(session: Session, case: Case, *, by: uuid.UUID, settings: Settings, now: datetime) -> Iterator[bytes]:
    """The readable page of the copy, for the handler who must look at it before release; noted.

    Raises CopyNotThere or CopyDamaged.
    """
    copy = _copy_of(session, case)
    chunks = _read(open_store(settings, keys()), copy)
    copy.viewed_at, copy.viewed_by_id = now, by
    audit.record(session, "copy-viewed", by=by, now=now, case_id=case.id)
    return _member_at(copy.page_at, chunks)


def _copy_of(session: Session, case: Case) -> AccessCopy:
    copy = session.get(AccessCopy, case.id)
    if copy is None or copy.purged_at:
        raise CopyNotThere(N_("There is no copy of this request."))
    return copy


def _read(files: FileStore, copy: AccessCopy) -> Iterator[bytes]:
    try:
        return files.read(_place(copy))
    except FileGone:
        raise CopyNotThere(N_("There is no copy of this request.")) from None
    except FileDamaged:
        raise CopyDamaged from None


def _member_at(place: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A file of an archive, unpacked as it is read: a copy is never whole in memory, nor on disk in clear."""
    head = b""
    while place >= len(head):
        place -= len(head)
        head = next(chunks)
    head = head[place:]
    while len(head) < _ZIP_HEADER or len(head) < _start_of_content(head):
        head += next(chunks)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    yield inflate.decompress(head[_start_of_content(head) :])
    while not inflate.eof:
        yield inflate.decompress(next(chunks))


def _start_of_content(header: bytes) -> int:
    return _ZIP_HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def release_copy(session: Session, case: Case, *, by: uuid.UUID, settings: Settings, now: datetime) -> AccessCopy:
    """Lay the copy ready behind the status page and tell the person.

    Raises IdentityNotConfirmed, CopyOfSeveral, CopyNotThere, CopyIncomplete, CopyNotViewed or CopyReleased.
    """
    _check_one_person(session, case)
    copy = _copy_of(session, case)
    if copy.released_at:
        raise CopyReleased
    if copy.missing:
        raise CopyIncomplete(copy.missing)
    if copy.viewed_by_id != by:
        raise CopyNotViewed
    copy.released_at, copy.released_by_id = now, by
    copy.expires_on = local_date(now) + timedelta(days=settings.procedure.copy_days)
    _fulfil_access(session, case, by=by, now=now)
    audit.record(session, "copy-released", by=by, now=now, case_id=case.id, until=copy.expires_on.isoformat())
    notices.enqueue(
        session,
        "copy-ready",
        key=f"copy-ready:{case.id}",
        case=case,
        recipient=case.data_subject.email,
        facts={
            "reference": case.reference,
            "link": settings.web.base_url + status_path(case),
            "expires_on": copy.expires_on.isoformat(),
        },
        now=now,
    )
    return copy


def _fulfil_access(session: Session, case: Case, *, by: uuid.UUID, now: datetime) -> None:
    is_part = errands.systems_given_up(session, case.id, errands.SEARCH)
    outcome = Outcome.PARTLY_FULFILLED if is_part else Outcome.FULFILLED
    for right in case.rights:
        if right.kind is Right.ACCESS:
            right.outcome, right.decided_at, right.decided_by_id = outcome.value, now, by


def open_copy(session: Session, case: Case, receipt_code: str, *, settings: Settings, now: datetime) -> Download:
    """The archive for the person, after their receipt code; one download of those they have.

    Raises WrongReceiptCode, ReceiptCodeLocked (commit all the same: a try counts), CopyNotThere or CopyDamaged.
    """
    check_receipt_code(session, case, receipt_code, now=now)
    copy = _copy_of(session, case)
    if copy.expires_on is None or copy.expires_on < local_date(now):
        raise CopyNotThere(N_("There is no copy of this request."))
    chunks = _read(open_store(settings, keys()), copy)
    _count_download(session, copy, settings.procedure.copy_downloads)
    audit.record(session, "copy-downloaded", by=audit.DATA_SUBJECT, now=now, case_id=case.id, times=copy.downloads)
    return Download(_FILE_NAME[case.language].format(case.reference), copy.size, chunks)


def _count_download(session: Session, copy: AccessCopy, most: int) -> None:
    counted = update(AccessCopy).where(AccessCopy.case_id == copy.case_id, AccessCopy.downloads < most)
    if session.execute(counted.values(downloads=AccessCopy.downloads + 1)).rowcount != 1:  # type: ignore[attr-defined]
        raise CopyNotThere(N_("You have downloaded the copy as often as you can. Call us if you need it again."))
    session.refresh(copy, ["downloads"])


def purge_copies(session: Session, settings: Settings, now: datetime) -> int:
    """Remove copies that expired, or whose case ended before they were released; returns how many.

    Files that belong to no copy (any more) go too: a copy made anew leaves one, and so does a process that was killed.
    """
    files = open_store(settings, keys())
    is_expired = AccessCopy.expires_on < local_date(now)
    is_unused = and_(AccessCopy.released_at.is_(None), Case.status.in_(_OVER))
    found = select(AccessCopy).join(Case).where(AccessCopy.purged_at.is_(None), or_(is_expired, is_unused))
    purge = partial(_purge, session, files, now=now)
    purged = [purge(copy) for copy in session.scalars(found).all()]
    _delete_strays(session, files, now - _STRAY_AFTER)
    return len(purged)


def _purge(session: Session, files: FileStore, copy: AccessCopy, *, now: datetime) -> None:
    files.delete(copy.file)
    copy.purged_at = now
    audit.record(session, "copy-purged", by=audit.WORKER, now=now, case_id=copy.case_id)


def _delete_strays(session: Session, files: FileStore, before: datetime) -> None:
    session.flush()
    known: set[Any] = set(session.scalars(select(AccessCopy.file).where(AccessCopy.purged_at.is_(None))))
    known |= set(session.scalars(select(ErrandFile.file)))
    for name in files.names_before(before):
        if name not in known:
            files.delete(name)

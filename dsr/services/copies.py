"""The access copy (art. 15(3)): made of the rows found, looked at and released by a handler, fetched by the person."""

from __future__ import annotations

import json
import stat
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from jinja2.environment import TemplateStream
from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session
from stream_zip import ZIP_64, stream_zip

from dsr.config import TIMEZONE, Settings
from dsr.db.answers import AccessCopy
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.errands import ErrandFile
from dsr.domain import copies
from dsr.domain.calendars import local_date
from dsr.domain.copies import Content, Listing
from dsr.domain.errands import HEADINGS
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Row
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.files import FileDamaged, FileGone, FileStore, Place, open_store
from dsr.services import audit, errand_files, errands, notices
from dsr.services.errand_files import Attached
from dsr.services.identity import status_path
from dsr.services.lookup import require_identity
from dsr.services.receipt_codes import check_receipt_code
from dsr.services.rectification import statements_of
from dsr.templating import bytes_size, date_plain, environment, translations

INDEX, DATA = "index.html", "data.json"
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


class CopyIncomplete(DomainError):
    """A system has not answered yet."""

    def __init__(self, systems: Collection[str]) -> None:
        template = N_("The copy is not complete: %(systems)s did not answer yet. It is made again when it does.")
        super().__init__(template, systems=", ".join(systems))


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out; reading `chunks` needs no database. `size` is in bytes."""

    filename: str
    size: int
    chunks: Iterator[bytes]


def make_copy(
    session: Session,
    case: Case,
    rows: Mapping[str, Iterable[Row]],
    *,
    missing: Collection[str] = (),
    settings: Settings,
    now: datetime,
) -> AccessCopy:
    """Write the copy of all `rows`, by system, to the file store; it takes the place of one not yet released.

    While systems are `missing` it can be looked at, not released.

    Raises IdentityNotConfirmed or CopyReleased.
    """
    require_identity(session, case)
    copy = session.get(AccessCopy, case.id) or AccessCopy(case_id=case.id)
    if copy.released_at:
        raise CopyReleased
    statements = tuple(each.text for each in statements_of(session, case.data_subject.email_index))
    content = replace(copies.content(settings.register, rows), statements=statements)
    # A new name each time: the file of an earlier copy stays whole until this one is certain.
    copy.file = uuid.uuid4().hex
    files = errand_files.attached(session, case.id, content, settings)
    copy.size = open_store(settings, keys()).put(_place(copy), _archive(case, content, files, settings, now))
    copy.row_count, copy.made_at, copy.viewed_at, copy.viewed_by_id = content.row_count, now, None, None
    copy.missing = [*missing]
    session.add(copy)
    audit.record(
        session,
        "copy-made",
        by=audit.WORKER,
        now=now,
        case_id=case.id,
        rows=content.row_count,
        left_out=list(content.left_out),
        **({"missing": [*missing]} if missing else {}),
    )
    return copy


def _place(copy: AccessCopy) -> Place:
    return Place(copy.file, copy.case_id, "access-copy")


def _archive(
    case: Case, content: Content, files: Iterable[Attached], settings: Settings, now: datetime
) -> Iterable[bytes]:
    mode = stat.S_IFREG | 0o600
    local = now.astimezone(TIMEZONE).replace(tzinfo=None)
    members = [(INDEX, _index(case, content, settings, now)), (DATA, _data(case, content, settings, now)), *files]
    return stream_zip((name, local, mode, ZIP_64, chunks) for name, chunks in members)


def _index(case: Case, content: Content, settings: Settings, now: datetime) -> Iterator[bytes]:
    page: TemplateStream = (
        environment(case.language)
        .get_template("copy/index.html")
        .stream(
            case=case,
            content=content,
            controller=settings.controller,
            automated_decisions=settings.register.automated_decisions,
            made_on=local_date(now),
            legal_bases=copies.LEGAL_BASES,
            roles=copies.ROLES,
            keeping_grounds=copies.KEEPING_GROUNDS,
            register=settings.register,
            shown=partial(_shown, language=case.language),
            heading=partial(_heading, settings, case.language),
            place=partial(_place_of, settings, case.language),
        )
    )
    page.enable_buffering(200)
    return (part.encode() for part in page)


def _heading(settings: Settings, language: str, system: str, column: str) -> str:
    """The name of a column as a person reads it: that of the database, or the word for what an owner noted."""
    by_hand = system in settings.systems and settings.systems[system].is_manual
    return str(translations(language).gettext(HEADINGS.get(column, column))) if by_hand else column


def _place_of(settings: Settings, language: str, listing: Listing) -> str:
    """Where rows come from: table and system, or the place where an owner looked."""
    system = settings.systems.get(listing.system)
    if system and system.is_manual:
        return system.label.in_language(language)
    return f"{listing.table} ({listing.system})"


def _shown(value: Any, language: str) -> str:
    """A value as a person reads it; data.json has it exactly."""
    _ = translations(language).gettext
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        local = value.astimezone(TIMEZONE) if value.tzinfo else value
        return f"{date_plain(local, language=language)} {local.time().isoformat('seconds')}"
    if isinstance(value, date):
        return date_plain(value, language=language)
    if isinstance(value, bytes):
        return _("a file of %(size)s, see data.json") % {"size": bytes_size(len(value), language=language)}
    return str(value)


def _data(case: Case, content: Content, settings: Settings, now: datetime) -> Iterator[bytes]:
    document = {
        "reference": case.reference,
        "controller": settings.controller.name,
        "made_at": now.isoformat(),
        "categories": copies.to_record(content, case.language),
        "statements": content.statements,
    }
    encoder = json.JSONEncoder(default=copies.exact, ensure_ascii=False, indent=1)
    return _in_pieces(encoder.iterencode(document))


def _in_pieces(words: Iterable[str], size: int = 16_384) -> Iterator[bytes]:
    """Join short pieces of text, since each one costs the archive a call."""
    gathered: list[str] = []
    length = 0
    for word in words:
        gathered.append(word)
        length += len(word)
        if length >= size:
            yield "".join(gathered).encode()
            gathered, length = [], 0
    yield "".join(gathered).encode()


def view_copy(session: Session, case: Case, *, by: uuid.UUID, settings: Settings, now: datetime) -> Iterator[bytes]:
    """The readable page of the copy, for the handler who must look at it before release; noted.

    Raises CopyNotThere or CopyDamaged.
    """
    copy = _copy_of(session, case)
    chunks = _read(open_store(settings, keys()), copy)
    copy.viewed_at, copy.viewed_by_id = now, by
    audit.record(session, "copy-viewed", by=by, now=now, case_id=case.id)
    return _first_member(chunks)


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


def _first_member(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The first file of an archive, unpacked as it is read: a copy is never whole in memory, nor on disk in clear."""
    head = b""
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

    Raises IdentityNotConfirmed, CopyNotThere, CopyIncomplete, CopyNotViewed or CopyReleased.
    """
    require_identity(session, case)
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
    is_part = errands.is_given_up(session, case.id, errands.SEARCH)
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

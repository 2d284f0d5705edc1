"""Writing the archive of an access copy as the rows stream by: no transaction of ours is open, and little is held."""

from __future__ import annotations

import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy.orm import Session

from dsr.config import TIMEZONE, Settings
from dsr.connectors.base import Connector, ConnectorError, Identifiers
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.files import Place, open_store
from dsr.services import copy_data, copy_page, errand_files, errands, kept, statements
from dsr.services.copy_data import CopyOrder, Gathered
from dsr.services.lookup import identifiers_of

PURPOSE = "access-copy"
INDEX, DATA = "index.html", "data.json"
_PIECE = 1024 * 1024  # bytes: with small ones the two threads wait for each other
_LEVEL = 1
"""Of zlib: a higher one takes twice as long for an archive that is a tenth smaller."""


@dataclass(frozen=True, slots=True)
class WrittenCopy:
    """An archive in the file store that no row of ours names yet; `size` and `page_at` are in bytes.

    `kept_missing` counts the rows that an earlier request left and that are not in it: changed since, or gone.
    `faults` are those of the systems that did not answer, or not to the end: what is in it of these is not all.
    """

    file: str
    size: int
    page_at: int
    row_count: int
    left_out: tuple[str, ...]
    kept_missing: int
    found_by: Identifiers
    faults: Mapping[str, ConnectorError] = field(default_factory=dict)


def order_of(session: Session, case: Case, settings: Settings) -> CopyOrder:
    """What the copy for a case is made of, beside the rows."""
    return CopyOrder(
        case.id,
        case.language,
        case.reference,
        case.data_subject.name,
        case.received_on,
        tuple(each.text for each in statements.of_person(session, case.data_subject.email_index)),
        tuple(errand_files.attached(session, case.id) if errands.by_hand(settings) else ()),
        identifiers_of(case),
        kept.rows_for_copy(session, case, settings),
    )


def write_copy(
    order: CopyOrder, systems: Mapping[str, Connector], whom: Identifiers, *, settings: Settings, now: datetime
) -> WrittenCopy:
    """Write every row of the person to the file store, straight from the systems. Raises UploadDamaged."""
    place = Place(uuid.uuid4().hex, order.case_id, PURPOSE)
    gathered = Gathered(settings.register, settings.labels(order.language))
    writer = open_store(settings, keys()).writer(place)
    with ZipFile(cast("IO[bytes]", writer), "w", ZIP_DEFLATED) as archive:
        add = partial(_add, archive, now=now)
        add(
            DATA,
            _read_ahead(_in_pieces(copy_data.document(order, systems, whom, gathered, settings=settings, now=now))),
        )
        content = replace(gathered.content(systems), statements=order.statements)
        for attached in filter(gathered.holds, order.attached):
            add(attached.archive_name, errand_files.read(attached.place, attached.name, settings))
        add(INDEX, copy_page.page(order, content, settings, now))  # last: it begins with what was found
        page_at = archive.getinfo(INDEX).header_offset
    writer.finish()
    return WrittenCopy(
        place.name,
        writer.size,
        page_at,
        content.row_count,
        content.left_out,
        order.kept_count - gathered.kept_count,
        order.found_by,
        gathered.faults,
    )


def _add(archive: ZipFile, name: str, pieces: Iterable[bytes], *, now: datetime) -> None:
    member = ZipInfo(name, now.astimezone(TIMEZONE).timetuple()[:6])
    member.compress_type, member.external_attr = ZIP_DEFLATED, (stat.S_IFREG | 0o600) << 16
    member._compresslevel = _LEVEL  # type: ignore[attr-defined]
    with archive.open(member, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)


def _read_ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The next piece is read in another thread while this one is packed and sealed; a short one is the last."""
    with ThreadPoolExecutor(1) as thread:
        piece = next(pieces)
        while len(piece) >= _PIECE:
            coming = thread.submit(next, pieces)
            yield piece
            piece = coming.result()
        yield piece


def _in_pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts: each piece costs a call of everything behind it."""
    gathered = bytearray()
    for part in parts:
        gathered += part
        if len(gathered) >= _PIECE:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)

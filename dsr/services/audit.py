"""Writing the audit trail, verifying it, and anchoring its head outside the database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session, SessionTransaction

from dsr.db.audit import AuditEntry
from dsr.db.base import keys, table_of
from dsr.domain.audit import GENESIS, link

DATA_SUBJECT, WORKER, COMMAND = "data-subject", "worker", "command"
_ENTRIES = table_of(AuditEntry)
_LAST = select(_ENTRIES.c.number, _ENTRIES.c.hash).order_by(_ENTRIES.c.number.desc()).limit(1)
_APPEND = insert(_ENTRIES)
_HEAD = "audit-head"
_LOCK = 0x64737261  # any number of our own: it names the lock under which entries are appended


def record(
    session: Session,
    event: str,
    *,
    by: uuid.UUID | str,
    now: datetime,
    case_id: uuid.UUID | None = None,
    **details: Any,
) -> None:
    """Append one event, in the caller's transaction; two writers never fork the chain.

    `details` are ids, dates and counts, never personal data; `by` is a staff member's id or one of the constants above.
    """
    session.flush()
    last, previous = _head(session)
    number = last + 1
    case = str(case_id) if case_id else None
    digest = link(previous, number=number, at=now, event=event, actor=str(by), case_id=case, details=details)
    session.execute(
        _APPEND,
        {
            "number": number,
            "at": now,
            "event": event,
            "actor": str(by),
            "case_id": case_id,
            "details": details,
            "previous": previous,
            "hash": digest,
        },
    )
    session.info[_HEAD] = (_transaction(session), number, digest)


def _head(session: Session) -> tuple[int, bytes]:
    """Number and hash of the newest entry. Asked once in a transaction: until it ends, nobody else appends."""
    transaction, *head = session.info.get(_HEAD, (None, 0, GENESIS))
    if transaction is _transaction(session):
        return cast("tuple[int, bytes]", tuple(head))
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = session.execute(_LAST).first()
    return (last.number, last.hash) if last else (0, GENESIS)


def _transaction(session: Session) -> SessionTransaction | None:
    # The innermost one: what was appended after a savepoint may be taken back.
    return session.get_nested_transaction() or session.get_transaction()


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of reading the whole chain: how many entries, how many anchors, and what is wrong, if anything."""

    entries: int
    anchors: int
    faults: tuple[str, ...]


def verify(session: Session, anchors: Path) -> Verification:
    """Whether every entry still is what was written, and none is missing before the last anchor."""
    faults: list[str] = []
    hashes: dict[int, bytes] = {}
    previous, expected = GENESIS, 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1000)):
        faults += _faults_of(entry, previous, expected)
        hashes[entry.number] = entry.hash
        previous, expected = entry.hash, entry.number + 1
    anchored = list(_read_anchors(anchors))
    for number, digest in anchored:
        if number is None:
            faults.append(f"an anchor is not ours: {digest}")
        elif hashes.get(number, b"").hex() != digest:
            faults.append(f"entry {number} is anchored, but missing or different")
    return Verification(len(hashes), len(anchored), tuple(faults))


def _faults_of(entry: AuditEntry, previous: bytes, expected: int) -> Iterator[str]:
    if entry.number != expected:
        yield f"entry {expected} is missing"
    if entry.previous != previous:
        yield f"entry {entry.number} does not follow the one before it"
    if not is_unaltered(entry):
        yield f"entry {entry.number} was altered"


def is_unaltered(entry: AuditEntry) -> bool:
    """Whether an entry still says what was written; `verify` tells whether one is missing."""
    written = link(
        entry.previous,
        number=entry.number,
        at=entry.at,
        event=entry.event,
        actor=entry.actor,
        case_id=str(entry.case_id) if entry.case_id else None,
        details=entry.details,
    )
    return entry.hash == written


def anchor(session: Session, anchors: Path, *, now: datetime) -> None:
    """Write the head of the chain, sealed, to a file outside the database, unless it is there already."""
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    if last is None or _last_anchored(anchors) == last.number:
        return
    line = {"number": last.number, "hash": last.hash.hex(), "at": now.isoformat()}
    with anchors.open("a") as out:
        out.write(json.dumps({**line, "seal": _seal(line)}) + "\n")


def _seal(line: dict[str, Any]) -> str:
    return keys().digest("audit-anchor", f"{line['number']}:{line['hash']}:{line['at']}").hex()


def _last_anchored(anchors: Path) -> int | None:
    return max((number for number, _ in _read_anchors(anchors) if number), default=None)


def _read_anchors(anchors: Path) -> Iterator[tuple[int | None, str]]:
    if not anchors.exists():
        return
    for text_line in anchors.read_text(errors="replace").splitlines():
        try:
            line = json.loads(text_line)
            genuine = line.pop("seal") == _seal(line)
            yield (line["number"] if genuine else None), line["hash"]
        except (ValueError, KeyError, TypeError, AttributeError):
            yield None, "unreadable line"

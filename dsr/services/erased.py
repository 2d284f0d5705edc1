"""What went in the controller's systems is remembered while one of their backups may bring it back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from dsr.db.base import put_all
from dsr.db.erased import ErasedRows
from dsr.domain.calendars import local_date
from dsr.domain.groups import Group
from dsr.domain.plans import Verdict
from dsr.domain.register import Register

BACKUP_DAYS = 90
"""How long we reckon that a backup lives, where the register does not say."""
MARGIN_DAYS = 30
"""A restore is noticed late, and a replay comes later still."""


def remembered_days(register: Register) -> int:
    """How many days it is remembered what was erased: while a backup may bring it back, and a month."""
    backup_days = BACKUP_DAYS if register.backup_days is None else register.backup_days
    return backup_days + MARGIN_DAYS


class NotedRows(NamedTuple):
    """Rows of one table that are noted together; in `rows`, as JSON, the key of each and its fingerprint."""

    table: str
    columns_kept: Sequence[str] | None
    row_count: int
    rows: str


def remember(
    session: Session, case_id: uuid.UUID, system: str, gone: Iterable[NotedRows], register: Register, *, now: datetime
) -> None:
    """Note what went, for as long as a backup may bring it back."""
    purge_on = _purge_on(register, now)
    rows = [
        {
            "case_id": case_id,
            "system": system,
            "table": noted.table,
            "erased_at": now,
            "columns_kept": noted.columns_kept,
            "row_count": noted.row_count,
            "purge_on": purge_on,
            "rows_sealed": ErasedRows.rows.sealed(noted.rows, case_id),
        }
        for noted in gone
        if noted.row_count
    ]
    put_all(session, ErasedRows, rows)


def went_again(session: Session, parts: Iterable[ErasedRows], register: Register, *, now: datetime) -> None:
    """Rows that a restore brought back went once more: a backup made before that may bring them back again."""
    ids = [part.id for part in parts]
    moved = {"erased_at": now, "purge_on": _purge_on(register, now)}
    session.execute(update(ErasedRows).where(ErasedRows.id.in_(ids)).values(moved))


def _purge_on(register: Register, now: datetime) -> date:
    return local_date(now) + timedelta(days=remembered_days(register))


def went(
    planned: Iterable[Group], touched: Collection[str], after: Mapping[str, Mapping[str, str]]
) -> Iterator[NotedRows]:
    """What of a plan went, whole or in part, in the `touched` tables; `after` has what is left of rows, by table and
    key."""
    for group in planned:
        judged = group.judged
        if judged.table in touched and judged.columns_kept is not None:
            yield _changed(group, after.get(judged.table, {}))
        elif judged.table in touched and judged.verdict is Verdict.ERASE:
            yield NotedRows(judged.table, None, group.count, group.written)


def _changed(group: Group, after: Mapping[str, str]) -> NotedRows:
    """The rows of which a part went now: of one that looks as before, an earlier request left that part."""
    rows = [[key, digest] for key, digest in group.rows if after.get(json.dumps(key)) != digest]
    return NotedRows(group.judged.table, group.judged.columns_kept, len(rows), json.dumps(rows))

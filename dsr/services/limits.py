"""Counting tries and requests, shared by every process: one row per thing counted, under a keyed digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dsr.db.answers import CodeAttempt
from dsr.db.base import keys


def allow(session: Session, what: str, limit: int, window: timedelta, *, now: datetime) -> bool:
    """Count one more of `what`; False once there were more than `limit` within `window`. A limit of 0 is no limit.

    The count lives in the caller's transaction: commit it also where the answer is a refusal.
    """
    if limit == 0:
        return True
    # SQLite took over PostgreSQL's ON CONFLICT word for word.
    first = insert(CodeAttempt).values(digest=keys().digest("limit", what), window_start=now, count=1)
    is_over = CodeAttempt.window_start <= now - window
    counted = first.on_conflict_do_update(
        index_elements=[CodeAttempt.digest],
        set_={
            "count": case((is_over, 1), else_=CodeAttempt.count + 1),
            "window_start": case((is_over, now), else_=CodeAttempt.window_start),
        },
    )
    return (session.scalar(counted.returning(CodeAttempt.count)) or 0) <= limit


def forget(session: Session, what: str) -> None:
    """Start the count of `what` anew: the right code was given."""
    session.execute(delete(CodeAttempt).where(CodeAttempt.digest == keys().digest("limit", what)))


def network(address: str | None) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 that a household or firm has with IPv6."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip if ip.version == 4 else ip_network((ip, 64), strict=False))

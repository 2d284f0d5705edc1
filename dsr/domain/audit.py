"""The chain of the audit trail: each entry is bound to the one before it, and a sealed head tells what was last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

GENESIS = b"\0" * 32


def link(
    previous: bytes,
    *,
    number: int,
    at: datetime,
    event: str,
    actor: str,
    case_id: str | None,
    details: Mapping[str, Any],
) -> bytes:
    """The SHA-256 of an entry and the hash before it: changing, removing or moving an entry breaks the chain."""
    content = json.dumps(
        ["dsr-audit-1", number, at.astimezone(UTC).isoformat(), event, actor, case_id, details, previous.hex()],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(content.encode()).digest()

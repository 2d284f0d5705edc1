"""What the ledger notes of a kept row: by which rules it was dated, why it stays, and its new day."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from dsr.domain.holds import noted_ground
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    EVENT,
    OTHERS_NEED,
    PARENT_ELSEWHERE,
    PSEUDONYM,
    READ_ONLY,
    SOFT_DELETED,
    PlanRow,
    Verdict,
)
from dsr.domain.register import Register
from dsr.domain.retention import RULES

NEEDED, STEP = "needed", "step"
"""Why a row has no day: others need it, or a step comes first that the plan has in words."""

EARLIER_WAITS = timedelta(days=7)
"""A day that a change of the rules brings forward is not today: a mistake in the register can be put right."""

_UNDATED = (DATE_MISSING, DATE_UNREADABLE, PARENT_ELSEWHERE, CURRENT_VALUE, EVENT)
_CODES = frozenset({*_UNDATED, OTHERS_NEED, READ_ONLY, SOFT_DELETED, PSEUDONYM})


def rules_digest(register: Register, system: str, fiscal_year_start_month: int) -> str:
    """SHA-256 over all that gives the kept rows of a system their dates."""
    tables = register.tables.get(system, {})
    retentions = {name: register.categories[table.category].retention for name, table in tables.items()}
    shapes = {
        name: (table.key, sorted(table.dates.items()), sorted(table.via.items())) for name, table in tables.items()
    }
    laws = [RULES[rule] for rule in sorted(set(map(str, retentions.values())) & set(RULES))]
    content = [fiscal_year_start_month, sorted(retentions.items()), sorted(shapes.items()), laws]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def noted_reason(row: PlanRow) -> str | None:
    """Why a row stays, as a code; what a handler put into words stays in the plan."""
    if noted_ground(row.why) or row.why in _CODES:
        return row.why
    if row.verdict is Verdict.KEEP:
        return None if row.may_erase_from else NEEDED
    return STEP


def new_day(before: date | None, row: PlanRow, today: date) -> date | None:
    """From when a kept row may go, now that it was judged again; None while it has no day."""
    if row.verdict is Verdict.ERASE:
        found: date | None = today
    else:
        found = row.may_erase_from if row.verdict is Verdict.KEEP else None
    if before is None or found is None or found >= before:
        return found
    return min(before, max(found, today + EARLIER_WAITS))

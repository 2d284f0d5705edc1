"""An entry of the ledger in words, as the page of the ledger and that of a case show it."""

from __future__ import annotations

from typing import Any

from dsr.db.plans import LedgerEntry
from dsr.domain.holds import noted_ground
from dsr.domain.ledger import NEEDED, STEP
from dsr.domain.register import Register
from dsr.domain.wording import N_
from dsr.web.pages import called
from dsr.web.staff import case_view
from dsr.web.staff.case_facts import CaseFacts


def shown_entry(entry: LedgerEntry, register: Register, language: str) -> dict[str, Any]:
    """An entry in words: what, why, and its last day."""
    return {
        "entry": entry,
        "label": case_view.label(register, entry.category, language),
        "why": _why(entry),
        "verdict": "hold" if noted_ground(entry.why) else entry.verdict,
        "until": entry.keep_through if entry.may_erase_from else None,
    }


def _why(entry: LedgerEntry) -> str | None:
    """The law with a day; a code in words where there is none."""
    if entry.may_erase_from or entry.why is None:
        return entry.law
    words = {**case_view.WHY, NEEDED: case_view.NEEDED, STEP: N_("a step comes first, see the plan")}
    return words.get(entry.why, entry.law)


def shown_kept(facts: CaseFacts, register: Register, language: str) -> list[dict[str, Any]]:
    """What is kept of the person of a case, by this request and after earlier ones: a line for what goes together."""
    grouped: dict[tuple[Any, ...], list[LedgerEntry]] = {}
    noted = [*facts.kept_earlier, *((entry, None) for entry in facts.kept)]
    for entry, reference in noted:
        like = reference, entry.category, entry.state, entry.verdict, entry.why, entry.law, entry.may_erase_from
        grouped.setdefault(like, []).append(entry)
    return [
        {**shown_entry(entries[0], register, language), **_together(entries), "reference": like[0]}
        for like, entries in grouped.items()
    ]


def _together(entries: list[LedgerEntry]) -> dict[str, Any]:
    tables = dict.fromkeys(called(f"{entry.system}.{entry.table}") for entry in entries)
    return {"tables": list(tables), "rows": sum(entry.row_count for entry in entries)}

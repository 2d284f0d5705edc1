"""The panels of the page of a case, from its facts: what the templates lay out, in words of the law and dates."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from dsr.db.holds import Hold
from dsr.db.notifications import Notification
from dsr.db.plans import CasePlan
from dsr.domain.calendars import local_date
from dsr.domain.clockface import Face, face
from dsr.domain.deadlines import days_left
from dsr.domain.holds import HoldGround, noted_ground, why_held
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    EVENT,
    NOT_OURS,
    OTHERS_NEED,
    PARENT_ELSEWHERE,
    PSEUDONYM,
    READ_ONLY,
    SOFT_DELETED,
    PlanRow,
    Verdict,
)
from dsr.domain.register import Register
from dsr.domain.restriction import INVOKED, Ground
from dsr.domain.retention import duty_named
from dsr.domain.rights import ARTICLES, Right
from dsr.domain.wording import N_
from dsr.services.notifications import changes_of
from dsr.services.plans import DROPPABLE, parts_of
from dsr.web.pages import called
from dsr.web.staff.case_facts import CaseFacts
from dsr.web.staff.states import identity_of, state_of
from dsr.web.staff.words import HOLD_GROUNDS, RIGHTS

WHY = {
    DATE_MISSING: N_("no date in the system"),
    DATE_UNREADABLE: N_("the date cannot be read"),
    PARENT_ELSEWHERE: N_("belongs to a row that was not found with this person"),
    CURRENT_VALUE: N_("still open"),
    EVENT: N_("waits for what ends its retention"),
    NOT_OURS: N_("of a controller we work for"),
    OTHERS_NEED: N_("needed for rows outside this request"),
    READ_ONLY: N_("read only here: erase it in the system itself"),
    PSEUDONYM: N_("stays under a pseudonym"),
    SOFT_DELETED: N_("marked as deleted in the system, but still there"),
    **{why_held(ground): words for ground, words in HOLD_GROUNDS.items()},
}
NEEDED = N_("needed by a row without a day")


def head(facts: CaseFacts) -> dict[str, Any]:
    """What stands above the panels."""
    case = facts.case
    return {
        "state": state_of(case, facts.work, facts.plan.state if facts.plan else None),
        "identity": identity_of(case, facts.is_identified),
        "is_restricted": any(held.lifted_at is None for held in facts.restrictions),
        "is_extended": bool(facts.clock.extension_accepted),
        "days": days_left(case.next_legal_on, facts.today),
        "answered_on": facts.clock.answered_on,
        "answered_on_time": facts.clock.answered_on_time,
    }


def drawn_clock(facts: CaseFacts) -> Face:
    """The clock as it is drawn: as it stood at the answer, once there is one."""
    events = facts.case.events
    stops = [
        (local_date(event.started_at), local_date(event.ended_at) if event.ended_at else None)
        for event in events
        if event.kind == "suspension"
    ]
    announced = [local_date(event.started_at) for event in events if event.kind == "extension"]
    return face(
        facts.clock,
        today=facts.clock.answered_on or facts.today,
        suspensions=stops,
        extension_on=announced[0] if facts.clock.extension_accepted else None,
    )


def rights(facts: CaseFacts) -> list[dict[str, Any]]:
    """The rights in the order to carry them out, with what is told about each."""
    return [
        {
            "right": right.kind,
            "name": RIGHTS[right.kind],
            "article": ARTICLES[right.kind],
            "outcome": right.outcome or "",
            "decided_at": right.decided_at,
            "decided_by": facts.name_of(right.decided_by_id),
            "reason": right.reason,
            "note": _note(facts, right.kind) if right.outcome is None else None,
            "is_automatic": right.kind in _BY_THE_PROGRAM,
            "drops_plan": any(plan.right == right.right and plan.state in DROPPABLE for plan in _plans(facts)),
            "page": PAGES.get(right.kind) if facts.is_identified else None,
        }
        for right in facts.case.rights
    ]


_BY_THE_PROGRAM = frozenset(Right) - {Right.PORTABILITY, Right.AUTOMATED_DECISION}
_STOPPED = {
    Right.RESTRICTION: INVOKED,
    Right.OBJECTION: (Ground.OBJECTION,),
    Right.CONSENT_WITHDRAWAL: (Ground.CONSENT,),
}
PAGES = {
    Right.RECTIFICATION: ("staff.rectify", N_("To the correction")),
    Right.RESTRICTION: ("staff.restrict", N_("To the restriction")),
    Right.OBJECTION: ("staff.restrict", N_("To the weighing")),
    Right.CONSENT_WITHDRAWAL: ("staff.restrict", N_("See what was stopped")),
}
"""The page on which a right is carried out: its view, and the words of the link."""


def lacking(series: Sequence[CasePlan]) -> dict[str, Any]:
    """What had not answered when the newest plan was drawn up, what was gone on without, and the plan before it."""
    return {
        "systems": [called(name) for name in series[-1].outstanding] if series else [],
        "left": [called(name) for name in _given_up(series)],
        "follows": series[-2].number if len(series) > 1 else None,
    }


def _given_up(series: Sequence[CasePlan]) -> Iterable[str]:
    """The systems that a plan was ended without, but for those that a later one reaches."""
    found: dict[str, None] = {}
    for plan in series:
        for system in parts_of(plan) if found else ():
            found.pop(system, None)
        found |= dict.fromkeys(each.system for each in plan.executions if each.is_given_up)
    return found


def _note(facts: CaseFacts, right: Right) -> str | None:
    if right is Right.ACCESS and facts.copy and not facts.copy.purged_at:
        return N_("the copy is made")
    if any(plan.right == right and plan.state == "executed" and plan.outstanding for plan in _plans(facts)):
        return N_("a system has not answered yet")
    if facts.plan and facts.plan.right == right:
        return PLAN_STATES[facts.plan.state]
    if right is Right.RECTIFICATION and facts.correction:
        return CORRECTION_STATES[facts.correction.state]
    if any(held.why in _STOPPED.get(right, ()) for held in facts.restrictions):
        return N_("the use of these data has stopped")
    return None


def _plans(facts: CaseFacts) -> list[CasePlan]:
    """The newest plans of the case."""
    return [plan for plan in (facts.plan, facts.correction) if plan]


PLAN_STATES = {
    "asked": N_("the plan is being drawn up"),
    "proposed": N_("the plan waits for approval"),
    "approved": N_("the plan is being carried out"),
    "executed": N_("the plan was carried out"),
    "returned": N_("the plan was returned"),
    "void": N_("the plan lapsed"),
    "dropped": N_("the plan was dropped"),
}


CORRECTION_STATES = {
    "asked": N_("the rows are being read"),
    "open": N_("new values can be typed"),
    "proposed": N_("the correction waits for approval"),
    "approved": N_("the correction is being carried out"),
    "executed": N_("the correction was carried out"),
    "returned": N_("the correction was returned"),
    "void": N_("the correction lapsed"),
    "dropped": N_("the correction was dropped"),
}


def findings(facts: CaseFacts, register: Register, language: str) -> list[dict[str, Any]]:
    """What was found, per category: tables, number of rows, and the verdicts of the newest plan."""
    found = facts.search.findings if facts.search else []
    shown: dict[str, dict[str, Any]] = {}
    for finding in found:
        row = shown.setdefault(finding["category"], {"tables": [], "rows": 0, "soft_deleted": 0})
        row["tables"].append(called(f"{finding['system']}.{finding['table']}"))
        row["rows"] += finding["rows"]
        row["soft_deleted"] += finding.get("soft_deleted", 0)
    return [
        {**row, "label": label(register, name, language), "verdicts": verdicts(facts.all_rows, name)}
        for name, row in shown.items()
    ]


def notifications(facts: CaseFacts, register: Register, language: str) -> list[dict[str, Any]]:
    """The recipients of art. 19: who, what they are told, and how far that is."""
    return [_notification(each, register, language) for each in facts.notifications]


def _notification(notification: Notification, register: Register, language: str) -> dict[str, Any]:
    recipient = register.recipients.get(notification.recipient)
    changes = [
        {
            "label": label(register, change.category, language),
            "is_part": change.is_part,
            "words": change.words.in_language(language) if change.words else None,
        }
        for change in changes_of(notification)
    ]
    return {
        "row": notification,
        "name": recipient.named(language) if recipient else notification.recipient,
        "when": recipient.when.in_language(language) if recipient and recipient.when else None,
        "contact": recipient.contact if recipient else None,
        "ground": recipient.confidential if recipient else None,
        "email": recipient.email if recipient else None,
        "changes": changes,
    }


def shown_hold(hold: Hold, names: Mapping[uuid.UUID, str], register: Register, language: str) -> dict[str, Any]:
    """A hold in words: what stays, on what ground, by whom."""
    return {
        "hold": hold,
        "what": label(register, hold.category, language) if hold.category else None,
        "ground": HOLD_GROUNDS[HoldGround(hold.ground)],
        "placed_by": names.get(hold.placed_by_id, ""),
    }


def label(register: Register, category: str, language: str) -> str:
    """The name of a category; its key, where the register no longer has it."""
    known = register.categories.get(category)
    return known.label.in_language(language) if known else category


def column_called(register: Register, language: str, place: str, column: str) -> str:
    """What people call a column of SYSTEM.TABLE."""
    system, _, name = place.partition(".")
    table = register.tables.get(system, {}).get(name)
    return table.column_named(column, language) if table else column


def verdicts(rows: Iterable[PlanRow], category: str) -> list[dict[str, Any]]:
    """The chips of a category: each verdict with its number of rows and, for what is kept, its last day."""
    grouped: dict[tuple[str, str | None, bool, bool], list[PlanRow]] = {}
    for row in rows:
        if row.category == category:
            like = shown_verdict(row), row.rule, row.columns_kept is not None, row.why == SOFT_DELETED
            grouped.setdefault(like, []).append(row)
    return [_chip(members) for members in grouped.values()]


def shown_verdict(row: PlanRow) -> str:
    """The verdict as its chip is drawn: what is held is kept too, but by somebody's hand."""
    return "hold" if noted_ground(row.why) else row.verdict.value


def _chip(rows: list[PlanRow]) -> dict[str, Any]:
    kept = rows[0].verdict is Verdict.KEEP
    days = [row.keep_through for row in rows if row.keep_through]
    return {
        "verdict": shown_verdict(rows[0]),
        "rows": len(rows),
        "until": max(days) if days and kept else None,
        "law": rows[0].law if kept and days else None,
        "in_part": rows[0].columns_kept is not None,
        "why": why_of(rows[0]),
    }


def why_of(row: PlanRow) -> str | None:
    """Why a row has the verdict it has, where no law with a date says so."""
    if row.verdict is Verdict.KEEP and row.why != SOFT_DELETED:
        return None if row.may_erase_from else WHY.get(row.why or "", NEEDED)
    return WHY.get(row.why or "", row.why)


def plan_counts(plan: CasePlan, rows: Iterable[PlanRow]) -> dict[str, int]:
    """What a plan comes to, for its four counts."""
    parts = Counter(row.verdict for row in rows if row.columns_kept is not None)
    return {
        "erase": plan.counts.get("erase", 0) - parts[Verdict.ERASE],
        "in_part": parts.total(),
        "keep": plan.counts.get("keep", 0) - parts[Verdict.KEEP],
        "other": sum(plan.counts.get(verdict, 0) for verdict in ("refuse", "first", "protected")),
    }


def going(rows: Iterable[PlanRow], register: Register, language: str) -> list[dict[str, Any]]:
    """What goes, per category: the rows, and apart from them the rows of which a part stays."""
    counted: Counter[tuple[str, bool]] = Counter()
    tables: dict[tuple[str, bool], list[str]] = {}
    for row in rows:
        if row.verdict is Verdict.ERASE or row.columns_kept is not None:
            key = (row.category, row.columns_kept is not None)
            counted[key] += 1
            tables.setdefault(key, []).append(called(f"{row.system}.{row.table}"))
    return [
        {
            "label": label(register, category, language),
            "category": category,
            "tables": list(dict.fromkeys(tables[category, in_part])),
            "in_part": in_part,
            "rows": count,
        }
        for (category, in_part), count in counted.items()
    ]


def staying(rows: Iterable[PlanRow], register: Register, language: str) -> list[dict[str, Any]]:
    """What stays until a day, per rule: the categories, and how many rows go on which day."""
    by_rule: dict[tuple[str | None, str | None], list[PlanRow]] = {}
    for row in rows:
        if row.verdict is Verdict.KEEP and row.may_erase_from:
            by_rule.setdefault((row.rule, row.law), []).append(row)
    return [
        {
            "law": law,
            "years": duty.years if (duty := duty_named(rule)) else 0,
            "labels": list(dict.fromkeys(label(register, row.category, language) for row in kept)),
            "rows": len(kept),
            "in_part": sum(row.columns_kept is not None for row in kept),
            "days": _days(kept),
        }
        for (rule, law), kept in by_rule.items()
    ]


def _days(rows: Iterable[PlanRow]) -> list[dict[str, Any]]:
    counted: Counter[date] = Counter(row.may_erase_from for row in rows if row.may_erase_from)
    return [{"day": day, "rows": count} for day, count in sorted(counted.items())]


def without_day(rows: Iterable[PlanRow], register: Register, language: str) -> list[dict[str, Any]]:
    """What stays and has no day: refused, waiting for another step, needed by such a row, or protected."""
    counted = Counter((row.category, shown_verdict(row), why_of(row)) for row in rows if _has_no_day(row))
    return [
        {"label": label(register, category, language), "verdict": verdict, "why": why, "rows": count}
        for (category, verdict, why), count in counted.items()
    ]


def _has_no_day(row: PlanRow) -> bool:
    if row.verdict is Verdict.KEEP:
        return row.may_erase_from is None
    return row.verdict is not Verdict.ERASE

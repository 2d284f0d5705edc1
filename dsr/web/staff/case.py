"""The page of a case, and the pages that are read from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db import queries
from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.services import audit, deadlines
from dsr.services import staff as accounts
from dsr.templating import date_plain, translations
from dsr.web.pages import called, language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import case_view, errand_view, ledger_view, timeline
from dsr.web.staff.case_facts import CaseFacts, actors_of, gather
from dsr.web.staff.next_step import next_step
from dsr.web.staff.pages import may, me, say, staff, staff_page
from dsr.web.staff.words import (
    ANSWERS,
    CHANNELS,
    HOLD_GROUNDS,
    IDENTIFIERS,
    NOTIFICATIONS,
    OUTCOMES,
    PROFILES,
    RIGHTS,
    SET_ASIDE_GROUNDS,
    TASK_REASONS,
    TASKS,
    TOLD_BY,
    WAIVERS,
)


@staff.get("/cases/<reference>")
@allows("case.read")
def case(reference: str) -> ResponseReturnValue:
    """The whole case: clock, rights, findings, plan, copy, letter, people, timeline."""
    return case_page(reference)


def find_case(session: Session, reference: str) -> Case:
    """The case of an address; a page that does not exist otherwise."""
    return queries.case_by_reference(session, reference) or abort(404)


def case_page(reference: str, *, error: str = "", typed: Mapping[str, str] | None = None) -> str:
    """The page of a case; with `error`, what was typed stands in its form again."""
    with transaction(writes=False) as session:
        facts = gather(session, find_case(session, reference), settings(), now())
        handlers = [member for member in accounts.list_staff_members(session) if is_handler(member)]
        return staff_page(
            "staff/case.html",
            **_panels(facts),
            errands=errand_view.rows(session, facts.case, settings(), facts.today),
            owners=errand_view.choices(settings()),
            handlers=handlers,
            error=error,
            typed=typed or {},
            timeline=_timeline(facts),
        )


def is_handler(member: Any) -> bool:
    """Whether cases may be handed over to a staff member."""
    return "case.handle" in accounts.permissions_of(member)


def _panels(facts: CaseFacts) -> dict[str, Any]:
    register = settings().register
    return {
        "facts": facts,
        "say": say,
        "missing_systems": [called(name) for name in facts.copy.missing] if facts.copy else [],
        "case": facts.case,
        "head": case_view.head(facts),
        "column_called": partial(case_view.column_called, register, language()),
        "face": case_view.drawn_clock(facts),
        "rights": case_view.rights(facts),
        "findings": case_view.findings(facts, register, language()),
        "notifications": case_view.notifications(facts, register, language()),
        "holds": [case_view.shown_hold(hold, facts.names, register, language()) for hold in facts.holds],
        "hold_grounds": HOLD_GROUNDS,
        "kept": ledger_view.shown_kept(facts, register, language()),
        "categories": {name: each.label.in_language(language()) for name, each in register.categories.items()},
        "task_words": TASKS,
        "task_reasons": TASK_REASONS,
        "can_hold": may("hold.place"),
        "plan": facts.plan,
        "plan_counts": case_view.plan_counts(facts.plan, facts.rows) if facts.plan else {},
        "plan_states": case_view.PLAN_STATES,
        "lacking": case_view.lacking(facts.series),
        "step": next_step(facts, may_handle=may("case.handle"), may_approve=may("plan.approve"), by=me()),
        "no_extension": deadlines.why_no_extension(facts.case, facts.clock, facts.today),
        "can_handle": may("case.handle") and facts.case.is_open,
        "can_act": may("case.handle"),
        "profile_name": PROFILES[facts.clock.profile],
        "approval": settings().procedure.approval,
        "right_names": RIGHTS,
        "outcome_names": OUTCOMES,
        "channels": CHANNELS,
        "notification_states": NOTIFICATIONS,
        "answers": ANSWERS,
        "told_by": TOLD_BY,
        "waivers": WAIVERS,
        "set_aside_grounds": SET_ASIDE_GROUNDS,
        "identifier_names": IDENTIFIERS,
    }


def _timeline(facts: CaseFacts) -> dict[str, Any]:
    return {
        "events": _events(facts.entries, facts.names),
        "count": facts.entry_count,
        "is_sound": all(map(audit.is_unaltered, facts.entries)),
    }


def _events(entries: Any, names: Any) -> list[dict[str, Any]]:
    words = translations(language()).gettext
    return timeline.events(entries, names, words, partial(date_plain, language=language()), _labels())


def _labels() -> timeline.Labels:
    register, read_in = settings().register, language()
    called = settings().labels(read_in)
    return {
        "system": called,
        "systems": called,
        "place": called,
        "categories": {name: category.label.in_language(read_in) for name, category in register.categories.items()},
        "recipient": {name: recipient.named(read_in) for name, recipient in register.recipients.items()},
    }


@staff.get("/cases/<reference>/timeline")
@allows("case.read")
def case_timeline(reference: str) -> ResponseReturnValue:
    """Every event of a case, a page at a time."""
    with transaction(writes=False) as session:
        found = find_case(session, reference)
        before = request.args.get("before", type=_number)
        entries = queries.timeline(session, found.id, before=before, limit=200)
        names = queries.staff_names(session, actors_of(entries))
        return staff_page(
            "staff/timeline.html",
            case=found,
            events=_events(entries, names),
            following=entries[-1].number if len(entries) == 200 else None,
        )


def _number(text: str) -> int:
    """The number of an entry; ValueError for one that no database could hold."""
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError(text)
    return number

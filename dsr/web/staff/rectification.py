"""Correcting data: the rows laid out, what is typed over them, what a second person agrees to, and statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.changes import RowChange
from dsr.domain.column_types import Kind, WrongValue, write_text
from dsr.domain.rectification import LINES_BY_HAND, PARTS, Correction, Sheet
from dsr.domain.wording import N_
from dsr.services import approvals, corrections, errand_changes, plans, rectification, statements
from dsr.web.pages import called, language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import case_view
from dsr.web.staff.acting import act
from dsr.web.staff.case import find_case
from dsr.web.staff.case_facts import CaseFacts, gather
from dsr.web.staff.pages import may, me, say, staff, staff_page

HINTS = {
    Kind.WHOLE: N_("a whole number"),
    Kind.DECIMAL: N_("a number, such as 12.50"),
    Kind.DATE: N_("a date, such as 2026-11-30"),
    Kind.YES_NO: N_("1 for yes, 0 for no"),
}


@staff.get("/cases/<reference>/rectification")
@allows("case.read")
def rectify(reference: str) -> ResponseReturnValue:
    """What can be corrected, what is proposed or done, and the statements of the data subject."""
    return rectification_page(reference)


def rectification_page(
    reference: str,
    *,
    error: str = "",
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, WrongValue] | None = None,
) -> str:
    """The page of the correction; after a refusal with what was typed, and why a value cannot be kept beside it."""
    with transaction(writes=False) as session:
        facts = gather(session, find_case(session, reference), settings(), now())
        plan = facts.correction
        correction = corrections.standing(plan) if plan else None
        return staff_page(
            "staff/rectification.html",
            facts=facts,
            case=facts.case,
            plan=plan,
            state=case_view.CORRECTION_STATES[plan.state] if plan else None,
            sheets=_sheets(rectification.sheets_of(plan) if plan else [], typed or {}, wrong or {}),
            changes=_changes(correction.changes if correction else []),
            done=_changes(_done_before(session, facts.case, plan)),
            is_beside=_goes_on_beside(session, plan),
            given_up=[called(name) for name in corrections.given_up_of(plan)] if plan else [],
            lacking=[called(name) for name in plan.outstanding] if plan else [],
            for_books=_changes(correction.for_books if correction else []),
            by_hand=_by_hand(plan, correction) if plan and correction else None,
            owners=_owners(typed or {}, is_ticked=plan.follows_id is None) if plan and plan.state == "open" else [],
            lines=_lines(typed or {}, wrong or {}),
            statements=statements.of_person(session, facts.case.data_subject.email_index),
            can_handle=may("case.handle") and facts.case.is_open and facts.is_identified,
            is_own=plan is not None and plan.made_by_id == me() and settings().procedure.approval == "two-people",
            waits_until=approvals.waits_until(plan, settings(), now()) if plan else None,
            refusal=_refusal(facts),
            is_reading=plan is not None and plan.state == "asked",
            error=error,
            typed=typed or {},
        )


def _done_before(session: Session, case: Case, plan: CasePlan | None) -> list[RowChange]:
    """What earlier plans of the case have corrected."""
    earlier = [each for each in corrections.executed(session, case.id) if each is not plan]
    return [change for each in earlier for change in corrections.standing(each).changes]


def _goes_on_beside(session: Session, plan: CasePlan | None) -> bool:
    """Whether a plan that this one follows is still being carried out."""
    return plan is not None and any(each.state == plans.APPROVED for each in plans.series(session, plan)[:-1])


def _refusal(facts: CaseFacts) -> str | None:
    """Why a step was not done; not that it waits for a system that is named already."""
    steps = [facts.work[kind] for kind in ("rectify", "rows") if kind in facts.work]
    is_named = facts.correction is not None and bool(facts.correction.outstanding)
    return next((step.error for step in steps if step.error and not (is_named and step.state == "queued")), None)


def _column(of: Sheet | RowChange, column: str) -> str:
    table = settings().register.tables.get(of.system, {}).get(of.table)
    return table.column_named(column, language()) if table else column


def _label(category: str) -> str:
    return case_view.label(settings().register, category, language())


def _sheets(sheets: Sequence[Sheet], typed: Mapping[str, str], wrong: Mapping[str, WrongValue]) -> list[dict[str, Any]]:
    return [
        {
            "name": called(f"{sheet.system}.{sheet.table}"),
            "label": _label(sheet.category),
            "is_for_books": sheet.is_for_books,
            "left_out": sheet.left_out,
            "rows": [
                {"key": ", ".join(map(str, key)), "fields": _fields(sheet, values, f"{number}.{place}", typed, wrong)}
                for place, (key, values) in enumerate(sheet.rows)
            ],
        }
        for number, sheet in enumerate(sheets)
    ]


def _fields(
    sheet: Sheet, values: Mapping[str, Any], at: str, typed: Mapping[str, str], wrong: Mapping[str, WrongValue]
) -> list[dict[str, Any]]:
    names = {column: f"{at}.{column}" for column in sheet.columns}
    return [
        {
            "name": names[column],
            "label": _column(sheet, column),
            "value": typed.get(names[column], write_text(values[column], held)),
            "help": HINTS.get(held.kind, ""),
            "error": say(wrong[names[column]]) if names[column] in wrong else "",
        }
        for column, held in sheet.columns.items()
    ]


def _changes(changes: Iterable[RowChange]) -> list[dict[str, Any]]:
    return [
        {
            "label": _label(change.category),
            "at": called(f"{change.system}.{change.table}"),
            "key": ", ".join(map(str, change.key)),
            "column": _column(change, column),
            "old": change.old[column],
            "new": new,
        }
        for change in changes
        for column, new in change.new.items()
    ]


def _by_hand(plan: CasePlan, correction: Correction) -> dict[str, Any]:
    lines = corrections.lines_by_hand(plan, settings().register, language())
    return {"systems": [called(name) for name in correction.by_hand.systems], "lines": lines}


def _owners(typed: Mapping[str, str], *, is_ticked: bool) -> list[dict[str, Any]]:
    """The systems in which a person can correct something; at first each is ticked, or none."""
    return [
        {
            "name": f"by-hand.{system}",
            "label": called(system),
            "help": ", ".join(_label(name) for name in names),
            "is_ticked": f"by-hand.{system}" in typed if typed else is_ticked,
        }
        for system, names in errand_changes.kinds_by_hand(settings()).items()
    ]


def _lines(typed: Mapping[str, str], wrong: Mapping[str, WrongValue]) -> list[dict[str, dict[str, str]]]:
    def field(number: int, part: str) -> dict[str, str]:
        name = f"line.{number}.{part}"
        return {"name": name, "value": typed.get(name, ""), "error": say(wrong[name]) if name in wrong else ""}

    return [{part: field(number, part) for part in PARTS} for number in range(LINES_BY_HAND)]


@staff.post("/cases/<reference>/rectification/rows")
@allows("case.handle")
def ask_rows(reference: str) -> ResponseReturnValue:
    """Have the rows that can be corrected read, or read anew."""
    return _act(reference, lambda session, case: rectification.ask_rows(session, case, by=me(), now=now()))


@staff.post("/cases/<reference>/rectification")
@allows("case.handle")
def propose_correction(reference: str) -> ResponseReturnValue:
    """Propose the values that were typed."""
    wrong: dict[str, WrongValue] = {}

    def change(session: Session, case: Case) -> None:
        try:
            seen = request.form.get("sheets", type=int)
            rectification.propose(session, case, request.form, by=me(), settings=settings(), now=now(), seen=seen)
        except rectification.WrongValues as error:
            wrong.update(error.wrong)
            raise

    return act(reference, change, view="staff.rectify", page=partial(rectification_page, wrong=wrong))


@staff.post("/cases/<reference>/rectification/statement")
@allows("case.handle")
def add_statement(reference: str) -> ResponseReturnValue:
    """Keep a statement of the data subject with their data."""
    text = request.form.get("statement", "")
    return _act(
        reference,
        lambda session, case: statements.add(session, case, text, by=me(), settings=settings(), now=now()),
    )


_act = partial(act, view="staff.rectify", page=rectification_page)

"""The erasure plan: deciding per category, and the approval by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.plans import CasePlan
from dsr.domain.plans import Decision
from dsr.domain.register import ErasureGround
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import approvals, casework, objection, plans
from dsr.services import search as searches
from dsr.web.pages import language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import case_view
from dsr.web.staff.acting import act
from dsr.web.staff.case import case_page, find_case
from dsr.web.staff.case_facts import CaseFacts, gather
from dsr.web.staff.pages import may, me, say, staff, staff_page
from dsr.web.staff.rectification import rectification_page
from dsr.web.staff.words import GROUNDS

_ROWS_SHOWN = 200


@staff.get("/cases/<reference>/plan")
@allows("case.read")
def plan(reference: str) -> ResponseReturnValue:
    """The whole plan: what was decided per category, and every row with its verdict."""
    with transaction(writes=False) as session:
        case = find_case(session, reference)
        newest = plans.current(session, case.id)
        rows = plans.planned_rows(newest) if newest else []
        return staff_page(
            "staff/plan.html",
            case=case,
            plan=newest,
            lacking=case_view.lacking(plans.series(session, newest) if newest else []),
            categories=_categories(session, case),
            grounds={ground.value: name for ground, name in GROUNDS.items()},
            rows=rows[:_ROWS_SHOWN],
            rows_left=max(0, len(rows) - _ROWS_SHOWN),
            label_of=lambda name: case_view.label(settings().register, name, language()),
            why_of=case_view.why_of,
            shown_verdict=case_view.shown_verdict,
            can_propose=may("case.handle") and case.is_open and _is_to_plan(case, newest),
            plan_states=case_view.PLAN_STATES,
            searched=searches.latest(session, case) is not None,
        )


def _is_to_plan(case: Case, newest: CasePlan | None) -> bool:
    """Whether an erasure was asked for and not carried out."""
    is_asked = any(right.kind is Right.ERASURE for right in case.rights)
    return is_asked and (newest is None or newest.right != Right.ERASURE or newest.state != "executed")


def _categories(session: Session, case: Case) -> list[dict[str, Any]]:
    """The categories in which something was found, with what is decided about each so far."""
    register = settings().register
    newest = plans.current(session, case.id, Right.ERASURE)
    begun = objection.first_decisions(session, case, register)
    decided = plans.decisions_of(newest, register) if newest else begun
    search = searches.latest(session, case)
    found = {finding["category"] for finding in search.findings} if search else set()
    return [
        {
            "name": name,
            "label": category.label.in_language(language()),
            "purpose": category.purpose.in_language(language()),
            "decision": decided[name],
            "turn_to": None if category.is_ours else register.turn_to(name, language()),
        }
        for name, category in register.categories.items()
        if name in found
    ]


@staff.post("/cases/<reference>/plan")
@allows("case.handle")
def propose_plan(reference: str) -> ResponseReturnValue:
    """Have the plan drawn up with these decisions."""

    def change(session: Session, case: Case) -> None:
        names = [category["name"] for category in _categories(session, case)]
        decisions = {name: _decision(name) for name in names}
        if any(each["ground"] == ErasureGround.NONE and not each["reason"] for each in decisions.values()):
            raise casework.NotPossible(N_("Give the reason where there is no ground to erase."))
        plans.propose(session, case, decisions, by=me(), now=now())

    return act(reference, change, anchor="plan")


def _decision(name: str) -> dict[str, str | None]:
    ground = request.form.get(f"ground.{name}", "")
    if ground not in set(ErasureGround):
        abort(400)
    texts = {part: request.form.get(f"{part}.{name}", "").strip() or None for part in ("reason", "outstanding")}
    return {"ground": ground, **texts}


@staff.get("/cases/<reference>/approve")
@allows("plan.approve")
def approve(reference: str) -> ResponseReturnValue:
    """What a second person looks at: what goes, what stays until when, what has no day."""
    return approval_page(reference)


def approval_page(reference: str, *, error: str = "", typed: Mapping[str, str] | None = None) -> str:
    """The page of the approval, after a refusal with the sentence and what was typed; without a plan that of the case.

    A mailed link leads here, however long ago the plan was returned, lapsed or was dropped.
    """
    with transaction(writes=False) as session:
        facts = gather(session, find_case(session, reference), settings(), now())
        if facts.plan and facts.plan.state in (plans.PROPOSED, plans.APPROVED, plans.EXECUTED):
            return _approval(facts, facts.plan, error, typed or {})
    gone = casework.NotPossible(
        N_("No plan waits for approval any more. Under Erasure plan you see what became of it.")
    )
    return case_page(reference, error=error or say(gone), typed=typed)


def _approval(facts: CaseFacts, plan: CasePlan, error: str, typed: Mapping[str, str]) -> str:
    register = settings().register
    return staff_page(
        "staff/approve.html",
        facts=facts,
        case=facts.case,
        plan=plan,
        lacking=case_view.lacking(facts.series),
        counts=case_view.plan_counts(plan, facts.rows),
        going=_with_grounds(case_view.going(facts.rows, register, language()), plan),
        staying=case_view.staying(facts.rows, register, language()),
        without_day=case_view.without_day(facts.rows, register, language()),
        systems=len({row.system for row in facts.rows}),
        backup_days=register.backup_days,
        is_own=plan.made_by_id == me() and settings().procedure.approval == "two-people",
        waits_until=approvals.waits_until(plan, settings(), now()),
        approval=settings().procedure.approval,
        error=error,
        typed=typed,
    )


def _with_grounds(groups: list[dict[str, Any]], newest: Any) -> list[dict[str, Any]]:
    decided: dict[str, Decision] = plans.decisions_of(newest, settings().register)
    grounds = {name: GROUNDS[decision.ground] for name, decision in decided.items()}
    return [{**group, "ground": grounds.get(group["category"], "")} for group in groups]


@staff.post("/cases/<reference>/approve")
@allows("plan.approve")
def approve_plan(reference: str) -> ResponseReturnValue:
    """Agree to the plan with the posted digest; the program erases at once."""

    def change(session: Session, case: Case) -> None:
        if "looked" not in request.form:
            raise casework.NotPossible(N_("Tick that you have looked at what goes and what stays."))
        digest = request.form.get("digest", "")
        approvals.approve_plan(
            session, case, digest, by=me(), settings=settings(), now=now(), signed_in_at=current_user.signed_in_at
        )

    return act(reference, change, anchor="plan", page=_page_of_waiting)


@staff.post("/cases/<reference>/return")
@allows("plan.approve")
def return_plan(reference: str) -> ResponseReturnValue:
    """Do not agree, and say why."""

    def change(session: Session, case: Case) -> None:
        note = request.form.get("note", "").strip()
        if not note:
            raise casework.NotPossible(N_("Say why you return the plan."))
        approvals.return_plan(session, case, note, by=me(), now=now())

    return act(reference, change, anchor="plan", page=_page_of_waiting)


def _page_of_waiting(reference: str, *, error: str, typed: Mapping[str, str]) -> str:
    """The page on which the plan that waits is decided on."""
    with transaction(writes=False) as session:
        plan = plans.waiting(session, find_case(session, reference).id)
    page = rectification_page if plan and plan.right == Right.RECTIFICATION else approval_page
    return page(reference, error=error, typed=typed)

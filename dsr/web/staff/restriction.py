"""What of a case is restricted, its lifting, and the weighing of an objection; what rested on a withdrawn consent."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.restrictions import Restriction
from dsr.domain.restriction import INVOKED, Ground, Weighed, restrictable
from dsr.domain.rights import Right
from dsr.domain.wording import N_
from dsr.services import casework, errand_restrictions, errands, objection, restriction
from dsr.web.pages import called, language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import case_view
from dsr.web.staff.acting import act
from dsr.web.staff.case import find_case
from dsr.web.staff.case_facts import CaseFacts, gather
from dsr.web.staff.pages import may, me, staff, staff_page
from dsr.web.staff.words import RESTRICTION_GROUNDS, WEIGHED


@staff.get("/cases/<reference>/restriction")
@allows("case.read")
def restrict(reference: str) -> ResponseReturnValue:
    """What is restricted and since when, and what can be done about it."""
    return restriction_page(reference)


def restriction_page(reference: str, *, error: str = "", typed: Mapping[str, str] | None = None) -> str:
    """The page of the restrictions of a case; after a refusal with what was typed."""
    with transaction(writes=False) as session:
        facts = gather(session, find_case(session, reference), settings(), now())
        held = {name for each in facts.restrictions if each.lifted_at is None for name in each.categories}
        register = settings().register
        return staff_page(
            "staff/restriction.html",
            facts=facts,
            case=facts.case,
            restrictions=[_shown(session, each) for each in facts.restrictions],
            free={name: _label(name) for name in restrictable(register) if name not in held},
            grounds={ground.value: RESTRICTION_GROUNDS[ground] for ground in INVOKED},
            results={result.value: words for result, words in WEIGHED.items()},
            is_to_weigh=_is_to_weigh(facts),
            today=facts.today,
            can_restrict=may("case.handle") and facts.case.is_open and facts.is_identified,
            can_lift=may("case.handle"),
            refusal=facts.work["restrict"].error if "restrict" in facts.work else None,
            error=error,
            typed=typed or {},
        )


def _is_to_weigh(facts: CaseFacts) -> bool:
    asked = facts.right(Right.OBJECTION)
    return asked is not None and asked.outcome is None and facts.is_identified and facts.case.is_open


def _label(category: str) -> str:
    return case_view.label(settings().register, category, language())


def _shown(session: Session, held: Restriction) -> dict[str, Any]:
    return {
        "row": held,
        "labels": [_label(name) for name in held.categories],
        "ground": RESTRICTION_GROUNDS[held.why],
        "marks": [
            (called(each.system), each.row_count) for each in held.markings if each.marked_at and not each.unmarked_at
        ],
        "by_hand": [*_by_hand(session, held)],
        "is_told": restriction.is_told(session, held),
    }


def _by_hand(session: Session, held: Restriction) -> Iterator[tuple[str, str]]:
    """The systems without a database, and how far their owners are."""
    for errand in errand_restrictions.of_restriction(session, held):
        if held.lifted_at is None and errand.done_in:
            yield called(errand.system), N_("marked by the owner")
        elif errand.state == errands.GIVEN_UP:
            yield called(errand.system), N_("gone on without it")
        elif errands.is_needed(session, errand):
            yield called(errand.system), N_("asked of the owner")


@staff.post("/cases/<reference>/restriction")
@allows("case.handle")
def add_restriction(reference: str) -> ResponseReturnValue:
    """Restrict the chosen categories from now on."""

    def change(session: Session, case: Case) -> None:
        ground, chosen = _ground(), request.form.getlist("categories")
        register = settings().register
        restriction.restrict(session, case, ground, chosen, register=register, by=me(), now=now())

    return _act(reference, change)


def _ground() -> Ground:
    name = request.form.get("ground", "")
    if name not in INVOKED:
        abort(400)
    return Ground(name)


@staff.post("/cases/<reference>/restriction/<uuid:restriction_id>/notice")
@allows("case.handle")
def announce_lifting(reference: str, restriction_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the data subject that a restriction ends, why, and on which day."""
    reason, day = (request.form.get(f"{name}.{restriction_id}", "") for name in ("lift_reason", "lift_on"))

    def change(session: Session, case: Case) -> None:
        held = _find(session, case, restriction_id)
        restriction.announce_lifting(session, case, held, reason, _day(day), by=me(), settings=settings(), now=now())

    return _act(reference, change)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise casework.NotPossible(N_("Choose a day, such as 2026-11-30.")) from None


@staff.post("/cases/<reference>/restriction/<uuid:restriction_id>/lift")
@allows("case.handle")
def lift_restriction(reference: str, restriction_id: uuid.UUID) -> ResponseReturnValue:
    """Lift a restriction of which the data subject was told."""
    return _act(
        reference,
        lambda session, case: restriction.lift(session, case, _find(session, case, restriction_id), by=me(), now=now()),
    )


def _find(session: Session, case: Case, restriction_id: uuid.UUID) -> Restriction:
    held = session.get(Restriction, restriction_id)
    return held if held and held.case_id == case.id else abort(404)


@staff.post("/cases/<reference>/objection")
@allows("case.handle")
def weigh_objection(reference: str) -> ResponseReturnValue:
    """Record how the objection was weighed."""
    result, grounds = request.form.get("result", ""), request.form.get("grounds", "")
    if result not in set(Weighed):
        abort(400)
    return _act(
        reference,
        lambda session, case: objection.weigh(session, case, Weighed(result), grounds, by=me(), now=now()),
    )


@staff.post("/cases/<reference>/consent")
@allows("case.handle")
def plan_consent(reference: str) -> ResponseReturnValue:
    """Have the plan drawn up to erase what rested on the consent that was withdrawn."""
    register = settings().register
    return act(
        reference,
        lambda session, case: objection.plan_erasure(session, case, register=register, by=me(), now=now()),
        anchor="plan",
    )


_act = partial(act, view="staff.restrict", page=restriction_page)

"""Correcting where a person does it by hand: the owner is asked, and what they confirm is what the letter tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.db.plans import CasePlan
from dsr.db.statements import Statement
from dsr.services import errands
from dsr.services.errands import ANSWERED, CORRECT


def kinds_by_hand(settings: Settings, wanted: Iterable[str] | None = None) -> dict[str, list[str]]:
    """System without a database -> the kinds of data in it that we decide on and may speak of; of those `wanted`."""
    categories = settings.register.categories
    chosen = {
        name
        for name in (categories if wanted is None else wanted)
        if name in categories and categories[name].is_ours and not categories[name].confidential
    }
    found = {
        system: [name for name in tables if name in chosen] for system, tables in errands.by_hand(settings).items()
    }
    return {system: names for system, names in found.items() if names}


def ask_to_correct(
    session: Session, case: Case, plan: CasePlan, systems: Iterable[str], *, settings: Settings, now: datetime
) -> dict[str, Errand]:
    """Ask the owner of each system to make an approved correction, once; the errands by system."""
    kinds = kinds_by_hand(settings)
    return {
        system: errands.ask(
            session,
            case,
            system,
            CORRECT,
            f"correct:{plan.id}:{system}",
            settings=settings,
            now=now,
            plan_id=plan.id,
            categories=kinds.get(system, ()),
        )
        for system in systems
    }


def ask_to_add(session: Session, case: Case, statement: Statement, *, settings: Settings, now: datetime) -> None:
    """Ask every owner to put a statement of the data subject with the papers; one with a correction to do reads it."""
    busy = {errand.system for errand in of_corrections(session, case) if errands.is_needed(session, errand)}
    for system, names in kinds_by_hand(settings).items():
        if system not in busy:
            key = f"statement:{statement.id}:{system}"
            errands.ask(session, case, system, CORRECT, key, settings=settings, now=now, categories=names)


def of_corrections(session: Session, case: Case, plan: CasePlan | None = None) -> list[Errand]:
    """The errands to correct something for a case, or for one plan of it."""
    return [
        errand
        for errand in errands.of_case(session, case.id)
        if errand.kind == CORRECT and plan in (None, _plan_of(session, errand))
    ]


def _plan_of(session: Session, errand: Errand) -> CasePlan | None:
    return session.get(CasePlan, errand.plan_id) if errand.plan_id else None


def made_by_hand(session: Session, plan: CasePlan) -> list[tuple[str, str]]:
    """The systems and kinds of data in which owners say that they made the correction of a plan."""
    answered = select(Errand).where(Errand.plan_id == plan.id, Errand.kind == CORRECT, Errand.state == ANSWERED)
    found = session.scalars(answered.order_by(Errand.system))
    return [(errand.system, name) for errand in found for name in errand.done_in]


def counted(errand: Errand) -> Mapping[str, int]:
    """What an owner did, as a receipt of a database counts it: once for each kind of data."""
    return dict.fromkeys(errand.done_in, 1)

"""All that the page of a case is made of, read once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db import queries
from dsr.db.answers import AccessCopy
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case, RequestedRight
from dsr.db.holds import Hold
from dsr.db.identity import IdentityCheck, Lookup
from dsr.db.notices import Task, Work
from dsr.db.notifications import Notification
from dsr.db.plans import CasePlan, GivenUp, LedgerEntry, Search
from dsr.db.restrictions import Restriction
from dsr.domain.answer_check import Remark, missing_parts, warnings
from dsr.domain.calendars import local_date
from dsr.domain.deadlines import Clock
from dsr.domain.notifications import OUTSTANDING
from dsr.domain.plans import PlanRow
from dsr.domain.rights import Right
from dsr.services import (
    answers,
    corrections,
    deadlines,
    errands,
    giving_up,
    holds,
    identifiers,
    kept,
    later,
    lookup,
    notifications,
    plans,
    restriction,
    search,
    tasks,
    work,
)
from dsr.services.executions import BY_HAND
from dsr.services.kept import Earlier


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case with what was done on it so far.

    `missing` is what the letter still lacks, `warnings` what to know before sending it.
    """

    case: Case
    clock: Clock
    today: date
    work: dict[str, Work]
    check: IdentityCheck | None
    lookups: list[Lookup]
    search: Search | None
    persons: dict[str, list[dict[str, Any]]]
    plan: CasePlan | None
    series: list[CasePlan]
    """The newest erasure plan and those that it follows: together the whole erasure."""
    rows: list[PlanRow]
    """The rows of the newest plan; of one that was dropped those of what was done."""
    rows_before: list[PlanRow]
    """What earlier plans decided on that were voided halfway, but for what a newer one decided on again."""
    correction: CasePlan | None
    restrictions: list[Restriction]
    copy: AccessCopy | None
    notifications: list[Notification]
    holds: list[Hold]
    kept: list[LedgerEntry]
    kept_earlier: list[Earlier]
    wants_later_notice: bool
    missing: tuple[Remark, ...]
    warnings: tuple[Remark, ...]
    entries: list[AuditEntry]
    entry_count: int
    names: dict[uuid.UUID, str]
    has_paper: bool = False
    """Whether a system without a database holds a category."""
    is_alone: bool = False
    """Whether one person may make a plan and approve it, after a wait."""
    tasks: Sequence[Task] = ()
    """What a person still has to settle."""
    awaits_owner: bool = False
    """Whether an owner still has to look something up or erase it."""
    has_declined_owner: bool = False
    """Whether one of them said that they cannot do it."""
    can_be_given_up: Sequence[str] = ()
    """The databases that were asked in vain, and are waited for."""
    given_up: Sequence[GivenUp] = ()

    @property
    def is_identified(self) -> bool:
        """Whether the identity check is recorded."""
        return self.check is not None and self.check.is_confirmed

    @property
    def all_rows(self) -> list[PlanRow]:
        """The rows of the whole erasure as far as it is planned."""
        planned = (self.rows if plan is self.plan else plans.planned_rows(plan) for plan in self.series)
        return [*(row for rows in planned for row in rows), *self.rows_before]

    @property
    def undecided(self) -> list[RequestedRight]:
        """The rights without an outcome, in the order to carry them out."""
        return [right for right in self.case.rights if right.outcome is None]

    @property
    def outstanding(self) -> list[Notification]:
        """The recipients that still have to be told, or reasoned away."""
        return [each for each in self.notifications if each.stage in OUTSTANDING]

    @property
    def is_to_erase_by_hand(self) -> bool:
        """Whether something must be erased in a system that the program can only read."""
        return any(task.kind == BY_HAND for task in self.tasks)

    def right(self, wanted: Right) -> RequestedRight | None:
        """A right of the case, if it invokes it."""
        return next((right for right in self.case.rights if right.kind == wanted), None)

    def name_of(self, staff_id: uuid.UUID | None) -> str:
        """The name of a staff member; empty without one."""
        return self.names.get(staff_id, "") if staff_id else ""


def gather(session: Session, case: Case, settings: Settings, now: datetime) -> CaseFacts:
    """Read what the page of a case shows."""
    plan, correction = plans.current(session, case.id), corrections.current(session, case.id)
    before = plans.remaining(session, plan, *plans.ERASING) if plan else []
    entries = queries.timeline(session, case.id)
    held = holds.holds_of(session, case.id, lookup.identifiers_of(case))
    letter = answers.facts_of(session, case, settings=settings, now=now)
    awaited = [errand for errand in errands.of_case(session, case.id) if errands.is_needed(session, errand)]
    return CaseFacts(
        case=case,
        clock=deadlines.clock_of(case, settings),
        today=local_date(now),
        work=work.of(session, case.id),
        check=session.get(IdentityCheck, case.id),
        lookups=lookup.lookups_of(session, case),
        search=search.latest(session, case),
        persons=identifiers.persons_of(session, case),
        plan=plan,
        series=plans.series(session, plan) if plan else [],
        rows=plans.rows_of(plans.parts_standing(plan)) if plan else [],
        rows_before=plans.rows_of(part for _, left in before for part in left),
        correction=correction,
        restrictions=restriction.of_case(session, case.id),
        copy=session.get(AccessCopy, case.id),
        notifications=notifications.of_case(session, case.id),
        holds=held,
        kept=kept.own(session, case.id),
        wants_later_notice=later.is_wanted(session, case),
        kept_earlier=kept.earlier(session, case.id, lookup.identifiers_of(case)),
        missing=missing_parts(letter),
        warnings=warnings(letter),
        entries=entries,
        entry_count=queries.count_timeline(session, case.id),
        is_alone=settings.procedure.approval == "single",
        tasks=tasks.open_of(session, case.id),
        has_paper=bool(errands.by_hand(settings)),
        can_be_given_up=giving_up.candidates(session, case, settings),
        given_up=search.given_up(session, case.id),
        awaits_owner=bool(awaited),
        has_declined_owner=any(errand.state == errands.DECLINED for errand in awaited),
        names=queries.staff_names(session, _people(case, [plan, correction], entries, held)),
    )


def _people(
    case: Case, made: Sequence[CasePlan | None], entries: Sequence[AuditEntry], held: Iterable[Hold]
) -> set[uuid.UUID | None]:
    of_plans = {person for plan in made if plan for person in (plan.made_by_id, plan.approved_by_id)}
    proved = {found.proved_by_id for found in case.identifiers}
    of_holds = {hold.placed_by_id for hold in held}
    decided_by = {right.decided_by_id for right in case.rights}
    return {case.handler_id, *actors_of(entries), *of_plans, *of_holds, *proved, *decided_by}


def actors_of(entries: Sequence[AuditEntry]) -> set[uuid.UUID | None]:
    """The staff members who appear in entries of the audit trail."""
    return {_staff_id(actor) for entry in entries for actor in (entry.actor, str(entry.details.get("to")))}


def _staff_id(actor: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(actor)
    except ValueError:
        return None

"""An approved plan as it is carried out: the attempt noted, a receipt for each system, then ledger and outcome."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, CursorResult, Update, bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from dsr.connectors.base import Identifiers
from dsr.db.base import put_all, put_if_new, table_of
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.plans import CasePlan, Execution, LedgerEntry, LedgerIdentifier
from dsr.domain.groups import Group, Part, outcome_of
from dsr.domain.ledger import noted_reason
from dsr.domain.plans import Decision, PlanChanged, Verdict
from dsr.domain.register import Register
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import audit, errands, holds, kept, notifications, plans
from dsr.services.erased import remember, went
from dsr.services.erasing import Receipt
from dsr.services.lookup import digests_of, identifiers_of, require_identity

STARTED, DONE = "started", "done"
BY_HAND = "erase-by-hand"
"""The task to erase in the system itself what we can only read."""

_EXECUTION = table_of(Execution)
# SQLite took over PostgreSQL's ON CONFLICT word for word.
_ATTEMPT = insert(_EXECUTION).on_conflict_do_update(
    index_elements=["plan_id", "system"], set_={"attempts": _EXECUTION.c.attempts + 1}
)
_PLAN: BindParameter[uuid.UUID] = bindparam("plan", type_=_EXECUTION.c.plan_id.type)
_PLANS = table_of(CasePlan)
_PERSON = map(joinedload, (Case.data_subject, Case.identity_check, Case.identifiers))
_CASE = select(Case).where(Case.id == bindparam("case", type_=_EXECUTION.c.plan_id.type)).options(*_PERSON)
_EXECUTED = (
    update(_PLANS)
    .where(_PLANS.c.id == _PLAN, _PLANS.c.state == plans.APPROVED)
    .values(state=plans.EXECUTED, executed_at=bindparam("executed_at"))
)
_LOCK_PLAN = select(_PLANS.c.state).where(_PLANS.c.id == _PLAN).with_for_update()
_ANY_LEFT = select(_EXECUTION.c.id).where(_EXECUTION.c.plan_id == _PLAN, _EXECUTION.c.state != DONE).limit(1)

_RECEIPT = (
    update(_EXECUTION)
    .where(_EXECUTION.c.plan_id == bindparam("of_plan"), _EXECUTION.c.system == bindparam("of_system"))
    .where(_EXECUTION.c.state != DONE)
    .values({name: bindparam(name) for name in ("erased", "changed", "done_at", "is_observed")} | {"state": DONE})
)


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved plan, read once; `systems` are those without a receipt."""

    plan: CasePlan
    register: Register
    identifiers: Identifiers
    decisions: Mapping[str, Decision]
    parts: Mapping[str, Part]
    systems: Sequence[str]


def begin(session: Session, case_id: uuid.UUID, register: Register, *, now: datetime) -> list[Approved]:
    """Note the attempt on every system of the approved plans that has no receipt; plans with such a system.

    Raises IdentityNotConfirmed, or PlanChanged where the register is another than the approved one.
    """
    found = plans.approved(session, case_id)
    if not found:
        return []
    case = session.scalars(_CASE, {"case": case_id}).unique().one()
    require_identity(session, case)
    begun = [_begin(session, case, plan, register, now=now) for plan in found]
    return [approved for approved in begun if approved.systems]


def _begin(session: Session, case: Case, plan: CasePlan, register: Register, *, now: datetime) -> Approved:
    if plan.register_digest != register.digest:
        raise PlanChanged(N_("The register changed after this plan was made."))
    parts, identifiers = plans.parts_of(plan), identifiers_of(case)
    decisions = holds.decided(session, case.id, identifiers, plans.decisions_of(plan, register))
    systems = begin_on(session, plan, parts, now=now)
    approved = Approved(plan, register, identifiers, decisions, parts, systems)
    if not systems:
        finish(session, approved, now=now)
    return approved


def begin_on(session: Session, plan: CasePlan, systems: Iterable[str], *, now: datetime) -> list[str]:
    """Note an attempt on each of these systems that has no receipt; returns which."""
    done = {execution.system for execution in plan.executions if execution.state == DONE}
    left = [system for system in systems if system not in done]
    for system in left:
        session.execute(_ATTEMPT, {"plan_id": plan.id, "system": system, "state": STARTED, "started_at": now})
    return left


def is_repeated(session: Session, plan_id: uuid.UUID, system: str) -> bool:
    """Whether more than one attempt on a system was noted."""
    attempts = select(Execution.attempts).where(Execution.plan_id == plan_id, Execution.system == system)
    return (session.scalar(attempts) or 0) > 1


def check_holds(session: Session, approved: Approved, receipt: Receipt) -> None:
    """PlanChanged if a hold was placed or lifted since the attempt began; what was found committed stays committed."""
    if receipt.is_observed:
        holds.check_unchanged(session, approved.plan.case_id, approved.identifiers, approved.decisions)


def settle(session: Session, approved: Approved, system: str, receipt: Receipt, *, now: datetime) -> None:
    """A system has committed: its receipt, once, whoever else found it committed; with the last the end of the plan."""
    plan, planned = approved.plan, approved.parts[system].groups
    if not _note_receipt(session, approved, system, receipt, now=now):
        return
    kept.take_over(session, plan.case_id, approved.identifiers, system, planned, now=now)
    touched = {table for table, count in {**receipt.erased, **receipt.changed}.items() if count}
    gone = went(planned, touched, receipt.after)
    remember(session, plan.case_id, system, gone, approved.register, now=now)
    _keep(session, approved, [*_ledger(plan, planned, receipt)])
    audit.record(
        session,
        "rows-erased",
        by=audit.WORKER,
        now=now,
        case_id=plan.case_id,
        system=system,
        erased=receipt.erased,
        changed=receipt.changed,
        is_observed=receipt.is_observed,
    )
    _finish_if_last(session, approved, now=now)


def give_up(session: Session, case: Case, plan: CasePlan, system: str, *, register: Register, now: datetime) -> None:
    """An approved plan ends without a database: nothing counts as done there, and nobody sees to what it keeps.

    What was to go is remembered all the same: an attempt was made, and whether it was committed nobody saw.
    """
    approved = approved_of(case, plan, register)
    execution = next(each for each in plan.executions if each.system == system)
    execution.is_given_up = True
    session.flush()
    if _note_receipt(session, approved, system, Receipt({}, {}, {}, is_observed=False), now=now):
        planned = approved.parts[system].groups
        gone = went(planned, {group.judged.table for group in planned}, {})
        remember(session, case.id, system, gone, register, now=now)
        _finish_if_last(session, approved, now=now)


def approved_of(case: Case, plan: CasePlan, register: Register) -> Approved:
    """An approved plan, to be ended without some system."""
    return Approved(plan, register, identifiers_of(case), plans.decisions_of(plan, register), plans.parts_of(plan), ())


def _finish_if_last(session: Session, approved: Approved, *, now: datetime) -> None:
    if len(approved.parts) == 1 or session.scalar(_ANY_LEFT, {"plan": approved.plan.id}) is None:
        finish(session, approved, now=now)


def _note_receipt(session: Session, approved: Approved, system: str, receipt: Receipt, *, now: datetime) -> bool:
    """Whether there was none yet."""
    plan = approved.plan
    if len(approved.parts) > 1:
        session.execute(_LOCK_PLAN, {"plan": plan.id})  # the last of several receipts must see the others
    counts = {"erased": receipt.erased, "changed": receipt.changed}
    done = {"of_plan": plan.id, "of_system": system, "done_at": now, "is_observed": receipt.is_observed, **counts}
    return _is_changed(session, _RECEIPT, done)


def _is_changed(session: Session, statement: Update, values: Mapping[str, Any]) -> bool:
    return cast("CursorResult[Any]", session.execute(statement, values)).rowcount == 1


def _keep(session: Session, approved: Approved, entries: Sequence[dict[str, Any]]) -> None:
    """What stays, and by what a later request of this person finds it, or a hold; whatever becomes of the plan."""
    put_all(session, LedgerEntry, entries)
    for digest in digests_of(approved.identifiers) if entries else ():
        put_if_new(session, LedgerIdentifier(digest=digest, case_id=approved.plan.case_id), by=("digest", "case_id"))


def _ledger(plan: CasePlan, planned: Sequence[Group], receipt: Receipt) -> Iterable[dict[str, Any]]:
    kept = (Verdict.KEEP, Verdict.FIRST, Verdict.PROTECTED)
    return (_entry(plan, group, receipt) for group in planned if group.judged.verdict in kept)


def _entry(plan: CasePlan, group: Group, receipt: Receipt) -> dict[str, Any]:
    judged = group.judged
    return {
        "case_id": plan.case_id,
        "plan_id": plan.id,
        "system": judged.system,
        "category": judged.category,
        "table": judged.table,
        "verdict": judged.verdict.value,
        "rule": judged.rule,
        "law": judged.law,
        "keep_through": judged.keep_through,
        "may_erase_from": judged.may_erase_from if judged.verdict is Verdict.KEEP else None,
        "why": noted_reason(judged),
        "dated_with": receipt.rules,
        "columns_kept": judged.columns_kept,
        "row_count": group.count,
        "rows_sealed": LedgerEntry.rows.sealed(_as_left(group, receipt), plan.case_id),
    }


def _as_left(group: Group, receipt: Receipt) -> str:
    """The rows as they were written, or as those look now of which a part stays."""
    changed = receipt.after.get(group.judged.table, {}) if group.judged.columns_kept is not None else {}
    if not changed:
        return group.written
    return json.dumps([[key, changed.get(json.dumps(key), digest)] for key, digest in group.rows])


def finish(session: Session, approved: Approved, *, now: datetime) -> None:
    """All systems are done: what follows from it is asked for, and the right has its outcome."""
    plan = approved.plan
    if not _is_changed(session, _EXECUTED, {"plan": plan.id, "executed_at": now}):
        return
    _follow_up(session, approved, now=now)
    if plan.outstanding or plan.number > 1:
        conclude(session, plan, now=now)
    else:
        plans.decide(session, plan, outcome(session, plan, approved.parts.values()), now=now)
    audit.record(session, "plan-executed", by=audit.WORKER, now=now, case_id=plan.case_id, digest=plan.digest)


def conclude(session: Session, plan: CasePlan, *, now: datetime) -> None:
    """Decide the right of a plan, once every system answered and all that was planned in them is done."""
    newest = plans.current(session, plan.case_id, Right(plan.right))
    whole = plans.series(session, newest) if newest else []
    for each in whole:
        session.refresh(each, ["state"])
    if newest and not newest.outstanding and all(each.state == plans.EXECUTED for each in whole):
        is_done = is_done_by_hand(session, plan.case_id)
        found = outcome(session, newest, parts_of_series(whole), is_done_by_hand=is_done)
        plans.decide(session, newest, found, now=now)


def parts_of_series(series: Iterable[CasePlan]) -> list[Part]:
    """The parts of a whole erasure."""
    return [part for plan in series for part in plans.parts_of(plan).values()]


def is_done_by_hand(session: Session, case_id: uuid.UUID) -> bool:
    """Whether a person erased all that we can only read."""
    tasks = session.scalars(select(Task).where(Task.case_id == case_id, Task.kind == BY_HAND))
    return all(task.done_at and not task.is_left for task in tasks)


def outcome(session: Session, plan: CasePlan, parts: Iterable[Part], *, is_done_by_hand: bool = False) -> Outcome:
    """What a plan that was carried out came to; what we can only read counts as gone once a person erased it."""
    # Who asks for all to be erased reads what came of all of it, also by a plan that was voided halfway.
    rights = plans.ERASING if plan.right == Right.ERASURE else (Right(plan.right),)
    earlier = (part for _, left in plans.remaining(session, plan, *rights) for part in left)
    found = outcome_of([*parts, *earlier], is_done_by_hand=is_done_by_hand)
    kinds = [errands.SEARCH, errands.ERASE]
    if plan.right == Right.CONSENT_WITHDRAWAL:
        kinds += [errands.RESTRICT, errands.STOP]
        found = Outcome.FULFILLED if found is Outcome.NOT_APPLICABLE else found  # it stopped, with nothing to erase
    is_part = found is Outcome.FULFILLED and errands.systems_given_up(session, plan.case_id, *kinds)
    return Outcome.PARTLY_FULFILLED if is_part else found


def _follow_up(session: Session, approved: Approved, *, now: datetime) -> None:
    """Recipients are to be told of what went, and a person to erase the rest; also where an earlier plan gave way."""
    _ask(session, approved.plan, approved.parts.values(), approved.register, now=now)
    for earlier, left in plans.remaining(session, approved.plan, *plans.ERASING):
        _ask(session, earlier, left, approved.register, now=now)
        if not any(part.by_hand for part in left):
            of_earlier = Task.key == _by_hand_key(earlier), or_(Task.done_at.is_(None), Task.is_left)
            session.execute(delete(Task).where(*of_earlier))  # asked anew, or gone


def _ask(session: Session, plan: CasePlan, parts: Iterable[Part], register: Register, *, now: datetime) -> None:
    """Once: to tell the recipients, and a task for what we can only read, and the system itself has to erase."""
    notifications.propose_for_erasure(session, plan, register, now=now)
    groups = [group for part in parts for group in part.by_hand]
    tables = sorted({f"{group.judged.system}.{group.judged.table}" for group in groups})
    if tables:
        facts = {"tables": tables, "rows": sum(group.count for group in groups), "plan": str(plan.id)}
        task = Task(key=_by_hand_key(plan), case_id=plan.case_id, kind=BY_HAND, facts=facts, made_at=now)
        put_if_new(session, task, by=("key",))


def _by_hand_key(plan: CasePlan) -> str:
    return f"{BY_HAND}:{plan.id}"


def void(session: Session, plan: CasePlan, register: Register, sentence: str, *, now: datetime) -> None:
    """The plan no longer fits the data: the approval lapses, unless somebody decided otherwise meanwhile.

    What one system did before that stays done, with all that follows from it.
    """
    session.refresh(plan, with_for_update=True)
    if plan.state == plans.APPROVED:
        plans.void(session, plan, sentence, now=now)
        _ask(session, plan, plans.parts_done(plan), register, now=now)

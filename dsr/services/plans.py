"""A plan: asked for by one, drawn up by the worker. Another agrees in `approvals`; `executions` carries it out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import starmap
from typing import Any, cast

from sqlalchemy import BindParameter, CursorResult, Select, bindparam, select, update
from sqlalchemy.orm import Session, joinedload

from dsr.db.base import new_id, table_of
from dsr.db.cases import Case, RequestedRight
from dsr.db.notices import Task
from dsr.db.plans import CasePlan
from dsr.domain import plans, row_keys
from dsr.domain.basis import Basis
from dsr.domain.groups import Group, Part
from dsr.domain.plans import Decision, Judgement, Plan, PlanChanged, PlanRow, Verdict
from dsr.domain.register import ErasureGround, Register
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import audit, casework, work
from dsr.services.lookup import require_identity

ASKED, OPEN, PROPOSED, APPROVED, EXECUTED, RETURNED, VOID, DROPPED = (
    "asked",
    "open",
    "proposed",
    "approved",
    "executed",
    "returned",
    "void",
    "dropped",
)
ERASING = (Right.ERASURE, Right.CONSENT_WITHDRAWAL)
"""The rights that end in an erasure."""
LAPSED = (RETURNED, VOID, DROPPED)
DROPPABLE = (ASKED, OPEN, PROPOSED, RETURNED, VOID)
"""What is not being carried out, and could be the beginning of something yet."""
UNDECIDED = (ASKED, OPEN, PROPOSED, APPROVED, RETURNED)
_CASE: BindParameter[uuid.UUID] = bindparam("case", type_=table_of(CasePlan).c.case_id.type)
_LOCKED = select(CasePlan).options(joinedload(CasePlan.executions)).with_for_update(of=CasePlan)
_APPROVED = _LOCKED.order_by(CasePlan.number).where(
    CasePlan.case_id == _CASE,
    CasePlan.state == APPROVED,
    CasePlan.right.in_(bindparam("rights", expanding=True)),
)
_RIGHTS = table_of(RequestedRight)
_DECIDE = (
    update(_RIGHTS)
    .where(_RIGHTS.c.case_id == _CASE, _RIGHTS.c.right == bindparam("of_right"))
    .values({name: bindparam(name) for name in ("outcome", "decided_at", "decided_by_id")} | {"reason_sealed": None})
)
STEPS = {Right.ERASURE: "erase", Right.CONSENT_WITHDRAWAL: "erase", Right.RECTIFICATION: "rectify"}
"""What the worker does with an approved plan."""
FURTHER = {Right.ERASURE: "plan", Right.CONSENT_WITHDRAWAL: "plan", Right.RECTIFICATION: "rows"}
"""What it does for the systems that such a plan lacks."""


def propose(
    session: Session,
    case: Case,
    decisions: Mapping[str, Mapping[str, Any]],
    *,
    right: Right = Right.ERASURE,
    by: uuid.UUID,
    now: datetime,
) -> CasePlan:
    """Ask the worker to draw up a plan with these decisions per category; an earlier plan is void.

    Raises IdentityNotConfirmed, NotPossible, or PlanChanged where the earlier plan is being carried out.
    """
    plan = new_plan(session, case, right, by=by, now=now)
    plan.decisions = json.dumps({name: dict(decision) for name, decision in decisions.items()})
    audit.record(session, "plan-asked", by=by, now=now, case_id=case.id, plan=plan.number)
    work.ask(session, case.id, "plan", by=by, now=now)
    return plan


def new_plan(session: Session, case: Case, right: Right, *, by: uuid.UUID, now: datetime) -> CasePlan:
    """A plan for a right of the case, in the place of an earlier one: a case has one plan at a time.

    Raises IdentityNotConfirmed, NotPossible, or PlanChanged where an approved plan is being carried out.
    """
    require_identity(session, case)
    if all(requested.kind is not right for requested in case.rights):
        raise casework.NotPossible(N_("This case does not invoke that right."))
    casework.change(session, case)  # one new plan at a time; whoever looks at an earlier one is told
    newest, before = session.scalar(_of_case(case.id)), current(session, case.id, right)
    for earlier in {plan.id: plan for plan in (newest, before) if plan}.values():
        if earlier.state in UNDECIDED:
            _give_way(session, case, earlier, right)
    if before and before.state == DROPPED:
        _take_up(case, right)
    return _add(session, case.id, right, newest, follows=_followed(session, before), by=by, now=now)


def _give_way(session: Session, case: Case, earlier: CasePlan, right: Right) -> None:
    """A plan that was made before becomes void; one for another right that was approved goes on beside the new one."""
    if earlier.state == PROPOSED and earlier.right != right:
        raise casework.NotPossible(N_("Another plan of this case waits for approval. Have it approved or returned."))
    if earlier.state == APPROVED and work.is_waiting(session, case.id, STEPS[Right(earlier.right)]):
        raise PlanChanged(N_("The approved plan is being carried out."))
    if earlier.state != APPROVED or earlier.right == right:
        move(session, earlier, VOID)


def _take_up(case: Case, right: Right) -> None:
    """What was decided when an earlier plan was dropped no longer holds."""
    for requested in case.rights:
        if requested.kind is right:
            requested.outcome = requested.decided_at = requested.decided_by_id = requested.reason = None


def _add(
    session: Session,
    case_id: uuid.UUID,
    right: Right,
    earlier: CasePlan | None,
    *,
    follows: CasePlan | None,
    by: uuid.UUID,
    now: datetime,
) -> CasePlan:
    number = earlier.number + 1 if earlier else 1
    plan = CasePlan(id=new_id(), case_id=case_id, number=number, right=right.value, state=ASKED, outstanding=[])
    plan.digest, plan.register_digest, plan.counts, plan.made_at, plan.made_by_id = "", "", {}, now, by
    plan.follows_id = follows.id if follows else None
    session.add(plan)
    return plan


def _followed(session: Session, before: CasePlan | None) -> CasePlan | None:
    """The plan whose outstanding systems the one `before` of the same right was to decide on, where that one was
    approved and stands."""
    if before is None or before.follows_id is None or before.state in (APPROVED, EXECUTED):
        return None
    followed = session.get_one(CasePlan, before.follows_id)
    return followed if followed.state in (APPROVED, EXECUTED) else None


def add_further(session: Session, plan: CasePlan, *, now: datetime) -> CasePlan:
    """A plan for what an approved plan lacked, with the decisions of that one and of whoever made it."""
    newest = session.scalar(_of_case(plan.case_id))
    further = _add(session, plan.case_id, Right(plan.right), newest, follows=plan, by=plan.made_by_id, now=now)
    further.decisions = plan.decisions
    session.flush()
    return further


def series(session: Session, plan: CasePlan) -> list[CasePlan]:
    """A plan and those that it follows, the first one first: together they are the whole erasure."""
    found = [plan]
    while found[0].follows_id:
        found.insert(0, session.get_one(CasePlan, found[0].follows_id))
    return found


def remaining(session: Session, plan: CasePlan, *rights: Right) -> list[tuple[CasePlan, list[Part]]]:
    """The plans for these rights that erased something before this one and those it follows, the newest first.

    Each with what it decided on there, but for rows that a newer one decided on again.
    """
    whole = series(session, plan)
    if plan.number == len(whole):
        return []
    earlier = CasePlan.case_id == plan.case_id, CasePlan.number < plan.number, CasePlan.right.in_(rights)
    stored = session.scalars(select(CasePlan).where(*earlier).order_by(CasePlan.number.desc()))
    newer = [part for each in whole for part in parts_standing(each)]
    found = []
    for each in (each for each in stored if each.systems_done and each not in whole):
        found.append((each, [_without(part, _keys_by_table(newer)) for part in parts_done(each)]))
        newer += parts_done(each)
    return found


def parts_standing(plan: CasePlan) -> list[Part]:
    """What a plan decided on; of one that was dropped what was done."""
    return parts_done(plan) if plan.state == DROPPED else [*parts_of(plan).values()]


def parts_done(plan: CasePlan) -> list[Part]:
    """What a plan decided on in the systems that have a receipt."""
    return [part for system, part in parts_of(plan).items() if system in plan.systems_done]


def _keys_by_table(parts: Iterable[Part]) -> dict[tuple[str, str], set[row_keys.Key]]:
    found: dict[tuple[str, str], set[row_keys.Key]] = {}
    for group in (group for part in parts for group in part.groups):
        found.setdefault(_table(group), set()).update(group.keys)
    return found


def _without(part: Part, decided: Mapping[tuple[str, str], set[row_keys.Key]]) -> Part:
    left = (group.without(decided.get(_table(group), set())) for group in part.groups)
    return Part(part.basis, [group for group in left if group.count])


def _table(group: Group) -> tuple[str, str]:
    return group.judged.system, group.judged.table


def lacks(session: Session, case_id: uuid.UUID, systems: Container[str]) -> bool:
    """Whether a plan waits for one of these systems: it is not drawn up yet, or was approved without it."""
    found = [plan for right in ERASING if (plan := current(session, case_id, right))]
    waiting = [plan for plan in found if plan.state in (APPROVED, EXECUTED)]
    lacked = {system for plan in waiting for system in plan.outstanding}
    return any(plan.state == ASKED for plan in found) or any(system in systems for system in lacked)


def decisions_of(plan: CasePlan, register: Register) -> dict[str, Decision]:
    """What was decided per category: the handler's decisions over those of the register."""
    stored: dict[str, dict[str, Any]] = json.loads(plan.decisions or "{}")
    decided = {
        name: Decision(ErasureGround(given.pop("ground")), **given)
        for name, given in stored.items()
        if name in register.categories
    }
    return {**plans.register_decisions(register), **decided}


def record_plan(
    session: Session, plan: CasePlan, drawn: Plan, *, outstanding: Iterable[str] = (), now: datetime
) -> None:
    """The worker drew up the plan: it can be approved now. Raises PlanChanged if another was asked for meanwhile.

    The systems that are outstanding did not answer.
    """
    move(session, plan, PROPOSED)
    plan.outstanding = sorted(outstanding)
    plan.digest, plan.register_digest = drawn.digest, drawn.register_digest
    plan.counts = drawn.counts
    plan.rows = document(drawn.rows, drawn.bases)
    audit.record(
        session, "plan-proposed", by=audit.WORKER, now=now, case_id=plan.case_id, digest=drawn.digest, **drawn.counts
    )


def document(rows: Sequence[PlanRow], bases: Mapping[str, Basis]) -> str:
    """The rows as they are stored, by system: what many share is written once."""
    systems: dict[str, dict[Judgement, list[Any]]] = {}
    for row in rows:
        found = systems.setdefault(row.system, {}).setdefault(row.judgement, [])
        found.append([row_keys.to_json(row.key_values), row.fingerprint])
    parts = {system: [bases.get(system), list(starmap(_stored, found.items()))] for system, found in systems.items()}
    return json.dumps(parts, default=str)


def _stored(judgement: Judgement, rows: Sequence[Any]) -> list[Any]:
    group = Group.of(judgement, rows)
    return [judgement, group.count, group.written]


def parts_of(plan: CasePlan) -> dict[str, Part]:
    """A plan as it was drawn up, by system."""
    return {system: _part(*stored) for system, stored in json.loads(plan.rows or "{}").items()}


def _part(basis: list[str] | None, groups: list[Any]) -> Part:
    found = [Group(_judgement(judgement), count, written) for judgement, count, written in groups]
    return Part(Basis(basis[0], date.fromisoformat(basis[1])) if basis else None, found)


def planned_rows(plan: CasePlan) -> list[PlanRow]:
    """The rows of a plan as it was drawn up, one by one."""
    return rows_of(parts_of(plan).values())


def rows_of(parts: Iterable[Part]) -> list[PlanRow]:
    """The rows of parts of plans, one by one."""
    return [row for part in parts for group in part.groups for row in group.to_rows()]


def _judgement(stored: list[Any]) -> Judgement:
    system, category, table, verdict, rule, *days, kept, why, key = stored
    keep_through, may_erase_from = map(_day, days)
    columns_kept = tuple(kept) if kept is not None else None
    return system, category, table, Verdict(verdict), rule, keep_through, may_erase_from, columns_kept, why, tuple(key)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def current(session: Session, case_id: uuid.UUID, *rights: Right) -> CasePlan | None:
    """The newest plan of a case for these rights, or for those that end in an erasure, whatever its state."""
    return session.scalar(_of_case(case_id).where(CasePlan.right.in_(rights or ERASING)))


def _of_case(case_id: uuid.UUID) -> Select[CasePlan]:
    return select(CasePlan).where(CasePlan.case_id == case_id).order_by(CasePlan.number.desc()).limit(1)


def waiting(session: Session, case_id: uuid.UUID) -> CasePlan | None:
    """The plan of a case that waits for a second person, whichever right it is for."""
    return session.scalar(_of_case(case_id).where(CasePlan.state == PROPOSED))


def approved(session: Session, case_id: uuid.UUID, *rights: Right) -> Sequence[CasePlan]:
    """The plans of a case for these rights, or an erasure, that are to be carried out, locked.

    There is one, unless a further plan was approved while the owner of a system still erases by an earlier one.
    """
    of_case = {"case": case_id, "rights": [right.value for right in rights or ERASING]}
    return session.scalars(_APPROVED, of_case).unique().all()


def locked(session: Session, plan_id: uuid.UUID) -> CasePlan:
    """A plan and its executions, while nobody else can change them. LookupError where it is gone."""
    plan = session.scalars(_LOCKED.where(CasePlan.id == plan_id)).unique().one_or_none()
    if plan is None:
        raise LookupError(plan_id)
    return plan


def move(session: Session, plan: CasePlan, to: str, **values: Any) -> None:
    """Bring a plan to another state, unless somebody else did so since it was read: PlanChanged."""
    session.flush()
    as_read = update(CasePlan).where(CasePlan.id == plan.id, CasePlan.state == plan.state)
    moving = as_read.values(state=to, **values).execution_options(synchronize_session=False)
    if cast("CursorResult[Any]", session.execute(moving)).rowcount != 1:
        raise PlanChanged(N_("Somebody else has just decided on this plan."))
    session.refresh(plan, ["state", *values])


def void(session: Session, plan: CasePlan, sentence: str, *, now: datetime) -> None:
    """The plan no longer fits: an approval lapses, and somebody must make a new one. Lock it first."""
    plan.state, plan.note = VOID, sentence
    session.add(Task(key=f"plan-void:{plan.id}", case_id=plan.case_id, kind="plan-void", made_at=now))
    audit.record(session, "plan-voided", by=audit.WORKER, now=now, case_id=plan.case_id, plan=plan.number)


def drop(session: Session, plan: CasePlan, *, by: uuid.UUID, now: datetime) -> None:
    """A handler decided without the plan: nothing more of it is carried out, and a new one can be made."""
    move(session, plan, DROPPED)
    audit.record(session, "plan-dropped", by=by, now=now, case_id=plan.case_id, plan=plan.number)


def decide(session: Session, plan: CasePlan, outcome: Outcome, *, now: datetime) -> None:
    """The right of a plan that was carried out has its outcome."""
    decided = {"outcome": outcome.value, "decided_at": now, "decided_by_id": plan.approved_by_id}
    session.execute(_DECIDE, {"case": plan.case_id, "of_right": plan.right, **decided})

"""Carrying out an approved plan: the attempt noted, the rows checked under lock, the receipt, the ledger."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, CursorResult, Update, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from dsr.connectors.base import Erasing, Found, Identifiers
from dsr.db.base import put_all, put_if_new, table_of
from dsr.db.cases import Case
from dsr.db.plans import ErasurePlan, Execution, LedgerEntry, LedgerIdentifier
from dsr.domain.fingerprints import fingerprint
from dsr.domain.groups import Group, Part
from dsr.domain.ledger import noted_reason
from dsr.domain.plans import NOT_OURS, PSEUDONYM, Columns, Decision, PlanChanged, PlanRow, Row, Verdict
from dsr.domain.register import Register, Table
from dsr.domain.rights import Outcome, Right
from dsr.domain.row_keys import Key, key_text
from dsr.domain.wording import N_
from dsr.services import audit, errands, holds, kept, notifications, plans
from dsr.services.emptying import empty_rows
from dsr.services.erased import remember, went
from dsr.services.lookup import digests_of, identifiers_of, require_identity

STARTED, DONE = "started", "done"

_EXECUTION = table_of(Execution)
# SQLite took over PostgreSQL's ON CONFLICT word for word.
_ATTEMPT = insert(_EXECUTION).on_conflict_do_update(
    index_elements=["plan_id", "system"], set_={"attempts": _EXECUTION.c.attempts + 1}
)
_PLAN: BindParameter[uuid.UUID] = bindparam("plan", type_=_EXECUTION.c.plan_id.type)
_PLANS = table_of(ErasurePlan)
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

Fingerprints = dict[str, dict[str, str]]
"""Table -> key as text -> fingerprint of a row of which a part stays."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved plan, read once; `systems` are those without a receipt."""

    plan: ErasurePlan
    register: Register
    identifiers: Identifiers
    decisions: Mapping[str, Decision]
    parts: Mapping[str, Part]
    systems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one transaction on one system did: rows erased and rows emptied in part, by table."""

    erased: dict[str, int]
    changed: dict[str, int]
    after: Fingerprints
    is_observed: bool = True
    rules: str | None = None
    """The digest of the rules by which what stays was dated."""


def begin(session: Session, case_id: uuid.UUID, register: Register, *, now: datetime) -> Approved | None:
    """Note the attempt on every system of the approved plan that has no receipt; None where there is none.

    Raises IdentityNotConfirmed, or PlanChanged where the register is another than the approved one.
    """
    plan = plans.approved(session, case_id)
    if plan is None:
        return None
    case = session.scalars(_CASE, {"case": case_id}).unique().one()
    require_identity(session, case)
    if plan.register_digest != register.digest:
        raise PlanChanged(N_("The register changed after the approval."))
    parts, identifiers = plans.parts_of(plan), identifiers_of(case)
    decisions = holds.decided(session, case.id, identifiers, plans.decisions_of(plan, register))
    systems = begin_on(session, plan, parts, now=now)
    approved = Approved(plan, register, identifiers, decisions, parts, systems)
    if not systems:
        finish(session, approved, now=now)
    return approved if systems else None


def begin_on(session: Session, plan: ErasurePlan, systems: Iterable[str], *, now: datetime) -> list[str]:
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an execution goes by: the rows as approved, the locked rows, and whether the plan is known to stand.

    If not, `judge` gives the verdicts of this moment; only if these differ too, `is_repeated` says whether there is
    another attempt, which may have committed.
    """

    planned: Sequence[Group]
    found: Sequence[Found]
    stands: bool
    judge: Callable[[], Sequence[PlanRow]]
    is_repeated: Callable[[], bool]


def carry_out(erasing: Erasing, attempt: Attempt, register: Register, system: str) -> Receipt:
    """Erase as planned, in the open transaction, rows that point at others before those.

    Raises PlanChanged where what was approved differs from what is there, unless an earlier attempt turns out to have
    been committed.
    """
    planned = attempt.planned
    try:
        if not attempt.stands:
            check_unchanged(_rows(planned), attempt.judge())
    except PlanChanged:
        if attempt.is_repeated() and _is_done(erasing, register.tables[system], planned):
            return _receipt(erasing, planned, is_observed=False)
        raise
    order = list(reversed(register.nearest_first(system)))
    _clear(erasing, register.tables[system], system, attempt)
    _erase(erasing, order, _erasable(planned))
    _check_none_points(erasing, register, system, attempt)
    return _receipt(erasing, planned)


def _receipt(erasing: Erasing, planned: Sequence[Group], *, is_observed: bool = True) -> Receipt:
    return Receipt(_counted(_erasable(planned)), _counted(_emptied(planned)), _after(erasing, planned), is_observed)


def _rows(groups: Iterable[Group]) -> list[PlanRow]:
    return [row for group in groups for row in group.to_rows()]


def check_unchanged(planned: Sequence[PlanRow], current: Sequence[PlanRow]) -> None:
    """PlanChanged, with the numbers, unless the rows and verdicts are those that were approved."""
    before, now = _by_key(planned), _by_key(current)
    if before == now:
        return
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    other = [key for key in before.keys() & now.keys() if before[key] != now[key]]
    raise PlanChanged(
        N_("The data changed after the approval: %(gone)s rows gone, %(new)s new, %(other)s different."),
        gone=len(gone),
        new=len(new),
        other=len(other),
    )


def _by_key(rows: Sequence[PlanRow]) -> dict[tuple[str, Key], PlanRow]:
    return {(row.table, row.key_values): row for row in rows}


def _erasable(planned: Sequence[Group]) -> list[Group]:
    """The rows that go; one that is emptied stays."""
    return [group for group in planned if group.judged.verdict is Verdict.ERASE and group.judged.columns_kept is None]


def _emptied(planned: Sequence[Group]) -> list[Group]:
    return [group for group in planned if group.judged.columns_kept is not None]


def _counted(groups: Iterable[Group]) -> dict[str, int]:
    """Table -> how many rows of it."""
    counted: Counter[str] = Counter()
    for group in groups:
        counted[group.judged.table] += group.count
    return dict(counted)


def _keys(groups: Iterable[Group]) -> dict[str, list[Key]]:
    """Table -> the keys of the rows in it."""
    found: dict[str, list[Key]] = {}
    for group in groups:
        found.setdefault(group.judged.table, []).extend(group.keys)
    return found


def _is_done(erasing: Erasing, tables: Mapping[str, Table], planned: Sequence[Group]) -> bool:
    """Whether what was to go is gone, and of the rows that stay in part only that part is left."""
    # By fingerprint: a key may have been given out anew since, to a row that is somebody else's.
    erasable = {(row.table, row.key_values, row.fingerprint) for row in _rows(_erasable(planned))}
    left = (row for table, keys in _keys(_erasable(planned)).items() for row in erasing.read(table, keys))
    gone = not any((row.table, row.key, fingerprint(row.values)) in erasable for row in left)
    return gone and all(_is_cleared(erasing, tables[row.table], row) for row in _rows(_emptied(planned)))


def _is_cleared(erasing: Erasing, table: Table, planned: PlanRow) -> bool:
    found, kept = erasing.read(planned.table, [planned.key_values]), planned.columns_kept or ()
    goes = {column: value for row in found for column, value in row.values.items() if column not in kept}
    return len(found) == 1 and all(table.is_emptied(column, planned.key, value) for column, value in goes.items())


def _after(erasing: Erasing, planned: Sequence[Group]) -> Fingerprints:
    """What the rows look like of which a part stays: the ledger knows them by it."""
    return {table: _fingerprints(erasing.read(table, found)) for table, found in _keys(_emptied(planned)).items()}


def _fingerprints(rows: Iterable[Row]) -> dict[str, str]:
    return {key_text(row.key): fingerprint(row.values) for row in rows}


def _erase(erasing: Erasing, order: Sequence[str], erasable: Sequence[Group]) -> None:
    going = _keys(erasable)
    erased = {table: erasing.delete(table, going[table]) for table in order if table in going}
    if erased != _counted(erasable):
        raise PlanChanged(N_("Not every planned row could be erased; nothing was changed."))


def _check_none_points(erasing: Erasing, register: Register, system: str, attempt: Attempt) -> None:
    """A row that was added after the search may belong to one that has just gone: then nothing goes."""
    pointed_at = {table.parent for table in register.tables[system].values()}
    parents_going = [group for group in _erasable(attempt.planned) if group.judged.table in pointed_at]
    going = {table: set(found) for table, found in _keys(parents_going).items()}
    found = {table.table: table for table in attempt.found}
    for name, table in register.tables[system].items():
        parent = table.parent
        if parent in going:
            parents = [row for row in found[parent].to_rows() if row.key in going[parent]]
            if erasing.count_pointing(name, parents):
                raise PlanChanged(N_("Rows were added during the erasure; nothing was changed."))


def _clear(erasing: Erasing, tables: Mapping[str, Table], system: str, attempt: Attempt) -> None:
    for found in attempt.found:
        kept = {
            key: columns for columns, keys in _by_columns_kept(attempt.planned, found.table).items() for key in keys
        }
        rows: dict[Columns, list[Row]] = {}
        for row in found.to_rows() if kept else ():
            if row.key in kept:
                rows.setdefault(kept[row.key], []).append(row)
        if sum(map(len, rows.values())) != len(kept):
            raise PlanChanged(N_("Not every planned row could be emptied; nothing was changed."))
        for columns, going in rows.items():
            empty_rows(erasing, system, tables[found.table], going, columns)


def _by_columns_kept(planned: Sequence[Group], table: str) -> dict[Columns, list[Key]]:
    found: dict[Columns, list[Key]] = {}
    for group in planned:
        if group.judged.table == table and group.judged.columns_kept is not None:
            found.setdefault(group.judged.columns_kept, []).extend(group.keys)
    return found


def check_holds(session: Session, approved: Approved, receipt: Receipt) -> None:
    """PlanChanged if a hold was placed or lifted since the attempt began; what was found committed stays committed."""
    if receipt.is_observed:
        holds.check_unchanged(session, approved.plan.case_id, approved.identifiers, approved.decisions)


def settle(session: Session, approved: Approved, system: str, receipt: Receipt, *, now: datetime) -> None:
    """A system has committed: its receipt, once, whoever else found it committed; with the last the end of the plan."""
    plan = approved.plan
    session.execute(_LOCK_PLAN, {"plan": plan.id})
    if not _note_receipt(session, plan, system, receipt, now=now):
        return
    planned = approved.parts[system].groups
    kept.take_over(session, plan.case_id, approved.identifiers, system, planned, now=now)
    touched = {table for table, count in {**receipt.erased, **receipt.changed}.items() if count}
    gone = went(planned, receipt.after, touched)
    put_all(session, [remember(plan.case_id, system, written, approved.register, now=now) for written in gone])
    put_all(session, [*_ledger(plan, planned, receipt)])
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
    if session.scalar(_ANY_LEFT, {"plan": plan.id}) is None:
        finish(session, approved, now=now)


def _note_receipt(session: Session, plan: ErasurePlan, system: str, receipt: Receipt, *, now: datetime) -> bool:
    """Whether there was none yet."""
    counts = {"erased": receipt.erased, "changed": receipt.changed}
    done = {"of_plan": plan.id, "of_system": system, "done_at": now, "is_observed": receipt.is_observed, **counts}
    return _is_changed(session, _RECEIPT, done)


def _is_changed(session: Session, statement: Update, values: Mapping[str, Any]) -> bool:
    return cast("CursorResult[Any]", session.execute(statement, values)).rowcount == 1


def _ledger(plan: ErasurePlan, planned: Sequence[Group], receipt: Receipt) -> Iterable[LedgerEntry]:
    kept = (Verdict.KEEP, Verdict.FIRST, Verdict.PROTECTED)
    return (_entry(plan, group, receipt) for group in planned if group.judged.verdict in kept)


def _entry(plan: ErasurePlan, group: Group, receipt: Receipt) -> LedgerEntry:
    judged = group.judged
    entry = LedgerEntry(
        case_id=plan.case_id,
        plan_id=plan.id,
        system=judged.system,
        category=judged.category,
        table=judged.table,
        verdict=judged.verdict.value,
        rule=judged.rule,
        law=judged.law,
        keep_through=judged.keep_through,
        may_erase_from=judged.may_erase_from if judged.verdict is Verdict.KEEP else None,
        why=noted_reason(judged),
        dated_with=receipt.rules,
        columns_kept=list(judged.columns_kept) if judged.columns_kept is not None else None,
        row_count=group.count,
    )
    changed = receipt.after.get(judged.table, {}) if judged.columns_kept is not None else {}
    entry.rows = group.written
    if changed:
        entry.rows = json.dumps([[key, changed.get(json.dumps(key), digest)] for key, digest in group.rows])
    return entry


def finish(session: Session, approved: Approved, *, now: datetime) -> None:
    """All systems are done: the right has its outcome, and a later request of this person finds the ledger."""
    plan = approved.plan
    if not _is_changed(session, _EXECUTED, {"plan": plan.id, "executed_at": now}):
        return
    outcome = outcome_of(approved.parts.values())
    if outcome is Outcome.FULFILLED and errands.is_given_up(session, plan.case_id, errands.SEARCH, errands.ERASE):
        outcome = Outcome.PARTLY_FULFILLED
    if outcome is Outcome.NOT_APPLICABLE and plan.right == Right.CONSENT_WITHDRAWAL:
        outcome = Outcome.FULFILLED  # it stopped, and nothing was there to erase
    plans.decide(session, plan, outcome, now=now)
    if plan.counts.get(Verdict.ERASE, 0) != sum(plan.counts.values()):
        for digest in digests_of(approved.identifiers):
            put_if_new(session, LedgerIdentifier(digest=digest, case_id=plan.case_id), by=("digest", "case_id"))
    notifications.propose_for_erasure(session, plan, approved.register, now=now)
    audit.record(session, "plan-executed", by=audit.WORKER, now=now, case_id=plan.case_id, digest=plan.digest)


def outcome_of(parts: Iterable[Part]) -> Outcome:
    """Fulfilled if all went, partly if something stayed, refused if nothing went, not applicable without rows.

    Forwarded if all of it is of controllers we work for.
    """
    rows = [group.judged for part in parts for group in part.groups]
    if not rows:
        return Outcome.NOT_APPLICABLE
    if all(row.why == NOT_OURS for row in rows):
        return Outcome.FORWARDED
    if all(row.verdict is Verdict.ERASE and row.why != PSEUDONYM for row in rows):
        return Outcome.FULFILLED
    some = any(row.verdict is Verdict.ERASE or row.columns_kept is not None for row in rows)
    return Outcome.PARTLY_FULFILLED if some else Outcome.REFUSED


def void(session: Session, plan: ErasurePlan, register: Register, sentence: str, *, now: datetime) -> None:
    """The plan no longer fits the data: the approval lapses, unless somebody decided otherwise meanwhile.

    What one system did before that stays done, and its recipients are told.
    """
    session.refresh(plan, with_for_update=True)
    if plan.state == plans.APPROVED:
        plans.void(session, plan, sentence, now=now)
        notifications.propose_for_erasure(session, plan, register, now=now)

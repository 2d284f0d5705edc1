"""Searching the controller's systems for a person, after the identity check; what is kept of it is counts.

Rows are counted as they stream by; only those of people are held, among whom somebody may have to choose.

Each system answers for itself: one that is down, or whose owner has not answered, holds up nothing but its own part.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from dsr.connectors.base import Connector, ConnectorError, Found, Identifiers, SystemDown
from dsr.connectors.manual import OwnerHasNotAnswered
from dsr.db.cases import Case, DataSubject, Identifier
from dsr.db.plans import GivenUp, Search
from dsr.domain.persons import MOST_SHOWN, several, shown, tables_of_people
from dsr.domain.plans import Row
from dsr.domain.register import Register
from dsr.services import audit

T = TypeVar("T")
FOUND, WAITS, DOWN, REFUSED, GIVEN_UP = "found", "waits", "down", "refused", "given-up"
"""What became of one system: searched; its owner was asked; passing; permanent; given up by a handler."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows a system has of the person by table, how many of those are marked as deleted, and the people."""

    rows: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    people: dict[str, list[Row]] = field(default_factory=dict)
    """The first rows of the tables of people; one more than are shown, at most."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What each system has, and the faults of those that did not answer, or not to the end."""

    found: dict[str, Counted] = field(default_factory=dict)
    faults: dict[str, ConnectorError] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The systems that did not answer."""
        return sorted(self.faults)

    @property
    def fault(self) -> ConnectorError | None:
        """The fault that somebody or something must mend; none while only owners are awaited."""
        return fault_of(self.faults)


def fault_of(faults: Mapping[str, ConnectorError]) -> ConnectorError | None:
    """Of the faults of systems, the one that somebody or something must mend; none while only owners are awaited."""
    return first_of(fault for fault in faults.values() if not isinstance(fault, OwnerHasNotAnswered))


def first_of(faults: Iterable[ConnectorError]) -> ConnectorError | None:
    """The fault to go by: a passing one before others, so that the step is tried again."""
    return min(faults, key=lambda fault: not isinstance(fault, SystemDown), default=None)


def search_systems(systems: Mapping[str, Connector], identifiers: Identifiers, register: Register) -> Searched:
    """Count every row of the person in every system that answers."""
    searched = Searched()
    for name, system in systems.items():
        try:
            searched.found[name] = count(register, name, system.stream(identifiers))
        except ConnectorError as fault:
            searched.faults[name] = fault
    return searched


def count(register: Register, system: str, stream: Iterable[Found]) -> Counted:
    """Count rows as they come."""
    counted, people = Counted(), tables_of_people(register, system)
    for found in stream:
        table = register.tables[system][found.table]
        counted.rows[found.table] += len(found.rows)
        if table.soft_deleted:
            counted.deleted[found.table] += sum(table.is_soft_deleted(row.values) for row in found.to_rows())
        if found.table in people:
            held = counted.people.setdefault(found.table, [])
            held += replace(found, rows=found.rows[: MOST_SHOWN + 1 - len(held)]).to_rows()
    return counted


def to_be_searched(session: Session, case: Case, systems: Iterable[str]) -> list[str]:
    """What of these systems the newest search lacks; all of them where it lacks nothing, or there is none."""
    newest = latest(session, case)
    missing = [name for name in systems if newest and _state(newest, name) not in (FOUND, GIVEN_UP)]
    return missing or [*systems]


def _state(search: Search, system: str) -> str | None:
    return search.systems[system]["state"] if system in search.systems else None


def record_search(
    session: Session,
    case: Case,
    searched: Searched,
    register: Register,
    *,
    say: Mapping[str, str] | None = None,
    now: datetime,
) -> Search:
    """Keep how many rows were found per table; the rows stay where they are.

    A search that lacked parts is added to. `say` holds the faults in words.
    """
    search = _to_add_to(session, case, now)
    search.systems = {**search.systems, **{name: {"state": FOUND} for name in searched.found}, **_faults(searched, say)}
    search.findings = [
        *(finding for finding in search.findings if finding["system"] not in searched.found),
        *(finding for system, found in searched.found.items() for finding in _findings(register, system, found)),
    ]
    doubted = set(session.scalars(_CHOSEN_BEFORE, {"case": case.id}))
    search.persons = _persons(case, searched, register, json.loads(search.persons or "{}"), doubted)
    search.searched_at = now
    if searched.found:
        rows = sum(found.rows.total() for found in searched.found.values())
        systems = len(searched.found)
        audit.record(session, "data-found", by=audit.WORKER, now=now, case_id=case.id, rows=rows, systems=systems)
    return search


_OWN = aliased(DataSubject)
_CHOSEN_BEFORE = (
    select(Identifier.kind)
    .join(DataSubject, DataSubject.case_id == Identifier.case_id)
    .join(_OWN, _OWN.email_index == DataSubject.email_index)
    .where(_OWN.case_id == bindparam("case"), Identifier.case_id != _OWN.case_id, Identifier.kind.contains("."))
)


def _persons(
    case: Case, searched: Searched, register: Register, known: Mapping[str, Any], doubted: Collection[str]
) -> str | None:
    """The people among whom somebody must choose, in the place of what these systems gave before.

    Also where a single one answers, if somebody had to choose for an earlier request from this address.
    """
    chosen = {found.kind for found in case.identifiers}
    people = {place: found for place, found in known.items() if place.partition(".")[0] not in searched.found}
    for system, counted in searched.found.items():
        for table, rows in several(register, system, chain(*counted.people.values()), chosen, doubted=doubted).items():
            people[f"{system}.{table}"] = shown(register.tables[system][table], rows)
    return json.dumps(people) if people else None


def _to_add_to(session: Session, case: Case, now: datetime) -> Search:
    newest = latest(session, case, lock=True)
    if newest and newest.missing:
        return newest
    search = Search(case_id=case.id, searched_at=now, findings=[], systems={})
    session.add(search)
    return search


def _faults(searched: Searched, say: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    return {
        name: {"state": _kind(fault), "error": (say or {}).get(name, str(fault))[:400]}
        for name, fault in searched.faults.items()
    }


def _kind(fault: ConnectorError) -> str:
    if isinstance(fault, OwnerHasNotAnswered):
        return WAITS
    return DOWN if isinstance(fault, SystemDown) else REFUSED


def _findings(register: Register, system: str, found: Counted) -> Iterator[dict[str, Any]]:
    for table, rows in (+found.rows).items():
        category, deleted = register.tables[system][table].category, found.deleted[table]
        finding = {"system": system, "table": table, "category": category, "rows": rows}
        yield finding | ({"soft_deleted": deleted} if deleted else {})


def not_held(session: Session, case: Case, register: Register) -> set[str]:
    """The categories of which nothing was found, where all systems that may hold them were searched."""
    newest = latest(session, case)
    if newest is None:
        return set()
    places: dict[str, set[str]] = {}
    for system, tables in register.tables.items():
        for table in tables.values():
            places.setdefault(table.category, set()).add(system)
    found = {finding["category"] for finding in newest.findings}
    searched = {name for name in newest.systems if _state(newest, name) == FOUND}
    return {name for name, systems in places.items() if systems <= searched} - found


def give_up(session: Session, case: Case, system: str) -> None:
    """A handler gave up a system: the newest search is whole without it."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {**newest.systems, system: {"state": GIVEN_UP}}


def given_up(session: Session, case_id: uuid.UUID) -> list[GivenUp]:
    """The databases that a handler gave up for a case."""
    return list(session.scalars(select(GivenUp).where(GivenUp.case_id == case_id).order_by(GivenUp.system)))


def without_given_up(session: Session, case_id: uuid.UUID, systems: Mapping[str, T]) -> dict[str, T]:
    """The systems that are asked for a case: all but those that were given up."""
    without = {given.system for given in given_up(session, case_id)}
    return {name: system for name, system in systems.items() if name not in without}


def ask_again(session: Session, case: Case, system: str, state: str = WAITS) -> None:
    """A system is asked once more: the newest search lacks it until it answers."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {**newest.systems, system: {"state": state}}


def start_anew(session: Session, case: Case) -> None:
    """What the person is found by has changed: the next search asks every system."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {}


def latest(session: Session, case: Case, *, lock: bool = False) -> Search | None:
    """The newest search of a case."""
    newest = select(Search).where(Search.case_id == case.id).order_by(Search.searched_at.desc()).limit(1)
    return session.scalar(newest.with_for_update() if lock else newest)

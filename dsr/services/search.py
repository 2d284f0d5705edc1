"""Searching the controller's systems for a person, after the identity check; what is kept of it is counts.

Each system answers for itself: one that is down, or whose owner has not answered, holds up nothing but its own part.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.connectors.base import Connector, ConnectorError, Identifiers, SystemDown
from dsr.connectors.manual import OwnerHasNotAnswered
from dsr.db.cases import Case
from dsr.db.plans import Search
from dsr.domain.persons import several, shown
from dsr.domain.plans import Row
from dsr.domain.register import Register
from dsr.services import audit

FOUND, WAITS, DOWN, REFUSED, CLOSED = "found", "waits", "down", "refused", "closed"
"""What became of one system: searched; its owner was asked; passing; permanent; given up by a handler."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The rows by system, and the faults of the systems that gave none."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    faults: dict[str, ConnectorError] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The systems that gave no rows."""
        return sorted(self.faults)

    @property
    def fault(self) -> ConnectorError | None:
        """The fault that somebody or something must mend; none while only owners are awaited."""
        return first_of(fault for fault in self.faults.values() if not isinstance(fault, OwnerHasNotAnswered))


def first_of(faults: Iterable[ConnectorError]) -> ConnectorError | None:
    """The fault to go by: a passing one before others, so that the step is tried again."""
    return min(faults, key=lambda fault: not isinstance(fault, SystemDown), default=None)


def search_systems(systems: Mapping[str, Connector], identifiers: Identifiers) -> Searched:
    """Every row of the person in every system that answers."""
    searched = Searched()
    for name, system in systems.items():
        try:
            searched.rows[name] = system.search(identifiers)
        except ConnectorError as fault:
            searched.faults[name] = fault
    return searched


def to_be_searched(session: Session, case: Case, systems: Iterable[str]) -> list[str]:
    """What of these systems the newest search lacks; all of them where it lacks nothing, or there is none."""
    newest = latest(session, case)
    missing = [name for name in systems if newest and _state(newest, name) not in (FOUND, CLOSED)]
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
    search = _to_add_to(session, case, searched, now)
    search.systems = {**search.systems, **{name: {"state": FOUND} for name in searched.rows}, **_faults(searched, say)}
    search.findings = [
        *(finding for finding in search.findings if finding["system"] not in searched.rows),
        *(finding for system, rows in searched.rows.items() for finding in _findings(register, system, rows)),
    ]
    search.persons = _persons(case, searched, register, json.loads(search.persons or "{}"))
    search.searched_at = now
    if searched.rows:
        rows = sum(map(len, searched.rows.values()))
        systems = len(searched.rows)
        audit.record(session, "data-found", by=audit.WORKER, now=now, case_id=case.id, rows=rows, systems=systems)
    return search


def _persons(case: Case, searched: Searched, register: Register, known: Mapping[str, Any]) -> str | None:
    """The people among whom somebody must choose, in the place of what these systems gave before."""
    chosen = {found.kind for found in case.identifiers}
    people = {place: found for place, found in known.items() if place.partition(".")[0] not in searched.rows}
    for system, rows in searched.rows.items():
        for table, found in several(register, system, rows, chosen).items():
            people[f"{system}.{table}"] = shown(register.tables[system][table], found)
    return json.dumps(people) if people else None


def _to_add_to(session: Session, case: Case, searched: Searched, now: datetime) -> Search:
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


def _findings(register: Register, system: str, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    tables = register.tables[system]
    deleted = Counter(row.table for row in rows if tables[row.table].is_soft_deleted(row.values))
    for table, count in Counter(row.table for row in rows).items():
        finding = {"system": system, "table": table, "category": tables[table].category, "rows": count}
        yield finding | ({"soft_deleted": deleted[table]} if deleted[table] else {})


def close_part(session: Session, case: Case, system: str) -> None:
    """A handler gave up on a system: the newest search is whole without it."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {**newest.systems, system: {"state": CLOSED}}


def open_part(session: Session, case: Case, system: str) -> None:
    """A system is asked once more: the newest search lacks it until it answers."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {**newest.systems, system: {"state": WAITS}}


def start_anew(session: Session, case: Case) -> None:
    """What the person is found by has changed: the next search asks every system."""
    newest = latest(session, case, lock=True)
    if newest:
        newest.systems = {}


def latest(session: Session, case: Case, *, lock: bool = False) -> Search | None:
    """The newest search of a case."""
    newest = select(Search).where(Search.case_id == case.id).order_by(Search.searched_at.desc()).limit(1)
    return session.scalar(newest.with_for_update() if lock else newest)

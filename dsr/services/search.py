"""Searching the controller's systems for a person, after the identity check; what is kept of it is counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.connectors.base import Connector, Identifiers
from dsr.db.cases import Case
from dsr.db.plans import Search
from dsr.domain.plans import Row
from dsr.domain.register import Register
from dsr.services import audit

Found = dict[str, list[Row]]
"""System -> rows."""


def search_systems(systems: Mapping[str, Connector], identifiers: Identifiers) -> Found:
    """Every row of the person in every system. Raises SystemDown or SystemRefuses."""
    return {name: system.search(identifiers) for name, system in systems.items()}


def record_search(
    session: Session, case: Case, found: Mapping[str, Sequence[Row]], register: Register, *, now: datetime
) -> Search:
    """Keep how many rows were found per table; the rows stay where they are."""
    findings = [finding for system, rows in found.items() for finding in _findings(register, system, rows)]
    search = Search(case_id=case.id, searched_at=now, findings=findings)
    session.add(search)
    rows = sum(finding["rows"] for finding in findings)
    audit.record(session, "data-found", by=audit.WORKER, now=now, case_id=case.id, rows=rows, systems=len(found))
    return search


def _findings(register: Register, system: str, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    tables = register.tables[system]
    deleted = Counter(row.table for row in rows if tables[row.table].is_soft_deleted(row.values))
    for table, count in Counter(row.table for row in rows).items():
        finding = {"system": system, "table": table, "category": tables[table].category, "rows": count}
        yield finding | ({"soft_deleted": deleted[table]} if deleted[table] else {})


def latest(session: Session, case: Case) -> Search | None:
    """The newest search of a case."""
    return session.scalar(select(Search).where(Search.case_id == case.id).order_by(Search.searched_at.desc()).limit(1))

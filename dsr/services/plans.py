"""The erasure plan: drawn up from a search, proposed by one, approved by another, carried out as approved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from dsr.config import Settings
from dsr.connectors.base import Connector, Identifiers
from dsr.domain import plans
from dsr.domain.plans import Decision, Plan, Row, SeveralPersons
from dsr.domain.register import Register


def draw_up(
    settings: Settings,
    systems: Mapping[str, Connector],
    identifiers: Identifiers,
    decisions: Mapping[str, Decision],
    *,
    on: date,
) -> Plan:
    """The plan as it would be on the day `on`, reading only.

    Raises SystemDown, SystemRefuses, or SeveralPersons where the identifiers lead to more than one person.
    """
    rows = [
        planned
        for name, system in systems.items()
        for planned in judge(settings, name, system.search(identifiers), decisions, on=on)
    ]
    return Plan(tuple(rows), settings.register.digest)


def judge(
    settings: Settings, system: str, rows: list[Row], decisions: Mapping[str, Decision], *, on: date
) -> list[plans.PlanRow]:
    """The verdicts for the rows of one system."""
    check_one_person(settings.register, system, rows)
    month = settings.procedure.fiscal_year_start_month
    return plans.build(settings.register, system, rows, on=on, decisions=decisions, fiscal_year_start_month=month)


def check_one_person(register: Register, system: str, rows: list[Row]) -> None:
    """SeveralPersons if a table that other tables point at has more than one row."""
    pointed_at = {table.parent for table in register.tables[system].values()}
    directly = {name for name, table in register.tables[system].items() if table.match and name in pointed_at}
    counted = Counter(row.table for row in rows if row.table in directly)
    for table, count in counted.items():
        if count > 1:
            raise SeveralPersons(
                "%(count)s persons in %(table)s answer to this address; nothing can be planned for all of them at once.",
                count=count,
                table=table,
            )

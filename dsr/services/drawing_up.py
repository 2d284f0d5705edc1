"""Drawing up an erasure plan: what the systems hold of a person, and the verdict on each row of it. Reading only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from dsr import __version__
from dsr.config import Settings
from dsr.connectors.base import (
    Connector,
    ConnectorError,
    Found,
    Identifiers,
    RegisterDoesNotFit,
    Searching,
    rows_of,
)
from dsr.domain import verdicts
from dsr.domain.basis import Basis, digest_of
from dsr.domain.persons import several, tables_of_people
from dsr.domain.plans import Decision, Plan, PlanRow, Row, SeveralPersons
from dsr.domain.register import Register
from dsr.domain.row_keys import key_text
from dsr.domain.wording import N_
from dsr.services.pointing import with_needs_of_others

CHECKED_FOR = 60
"""For so many seconds a system that fitted the register is taken to fit it still: a look costs more than an erasure."""


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
    found = {name: find(system, settings.register, name, identifiers) for name, system in systems.items()}
    return draw_up_from(settings, found, identifiers, decisions, on=on)


def find(searching: Searching, register: Register, system: str, identifiers: Identifiers) -> list[Found]:
    """What one system holds of a person, and what of it rows of others point at. Raises SystemDown or SystemRefuses."""
    return with_needs_of_others(searching, register, system, searching.find(identifiers))


def find_in(
    systems: Mapping[str, Connector], register: Register, identifiers: Identifiers
) -> tuple[dict[str, list[Found]], dict[str, ConnectorError]]:
    """What the systems hold of a person, and the faults of those that do not answer."""
    found: dict[str, list[Found]] = {}
    faults: dict[str, ConnectorError] = {}
    for name, system in systems.items():
        try:
            check_schema(system)
            found[name] = find(system, register, name, identifiers)
        except ConnectorError as fault:
            faults[name] = fault
    return found, faults


def check_schema(system: Connector, *, within: float = 0) -> None:
    """Hold the register against a system as it is now, or was `within` so many seconds where it fitted then.

    Raises RegisterDoesNotFit or SystemDown.
    """
    if mistakes := system.mistakes(within=within):
        sentence = N_("the register does not fit the database: %(mistakes)s")
        raise RegisterDoesNotFit(system.name, sentence, mistakes="; ".join(mistakes))


def draw_up_from(
    settings: Settings,
    found: Mapping[str, Sequence[Found]],
    identifiers: Identifiers,
    decisions: Mapping[str, Decision],
    *,
    on: date,
) -> Plan:
    """The plan for what was found. Raises SeveralPersons."""
    for name, part in found.items():
        people = tables_of_people(settings.register, name)
        check_one_person(settings.register, name, rows_of(t for t in part if t.table in people), identifiers)
    rows = [row for name, part in found.items() for row in judge(settings, name, part, decisions, on=on)]
    bases = {name: basis_of(settings, part, decisions, on=on) for name, part in found.items()}
    return Plan(tuple(rows), settings.register.digest, bases)


def basis_of(settings: Settings, found: Sequence[Found], decisions: Mapping[str, Decision], *, on: date) -> Basis:
    """All that the verdicts of `judge` are drawn from."""
    month, register = settings.procedure.fiscal_year_start_month, settings.register.digest
    others_need = sorted((each.table, sorted(map(key_text, each.others_need))) for each in found if each.others_need)
    judged_with = repr([__version__, register, month, sorted(decisions.items()), others_need])
    return Basis(digest_of([(table.table, table.key, table.columns, table.rows) for table in found], judged_with), on)


def judge(
    settings: Settings, system: str, found: Sequence[Found], decisions: Mapping[str, Decision], *, on: date
) -> list[PlanRow]:
    """The verdicts for the rows of one system on the day `on`."""
    rows = rows_of(found)
    month = settings.procedure.fiscal_year_start_month
    return verdicts.judge(settings.register, system, rows, on=on, decisions=decisions, fiscal_year_start_month=month)


def check_one_person(register: Register, system: str, rows: list[Row], chosen: Collection[str]) -> None:
    """SeveralPersons if more than one person answered in a table, and it is not `chosen` which of them this is."""
    for table, found in several(register, system, rows, chosen).items():
        raise SeveralPersons(
            N_(
                "%(count)s persons in %(table)s answer to this address. Choose on the page of the case which one it is."
            ),
            count=len(found),
            table=f"{system}.{table}",
        )

"""The dry run of an erasure against the configured systems, reading only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import click

from dsr.cli.options import asking, config_option, fail, read_settings
from dsr.config import Settings
from dsr.connectors.base import Connector
from dsr.connectors.registry import open_systems
from dsr.domain.identifiers import NotAnIdentifier, normalised
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    OTHERS_NEED,
    PARENT_ELSEWHERE,
    READ_ONLY,
    SOFT_DELETED,
    Plan,
    register_decisions,
)
from dsr.services import drawing_up


@click.command()
@config_option
@click.option(
    "--right", type=click.Choice(["erasure"]), default="erasure", show_default=True, help="The right asked for."
)
@click.option(
    "--match", "matches", multiple=True, required=True, metavar="KIND=VALUE", help="Such as email=a@example.org."
)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day of the plan.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def preview(config_file: Path, right: str, matches: tuple[str, ...], day: datetime, as_json: bool) -> None:
    """Show what an erasure would do for one person.

    Row by row, on a day. Nothing is changed.
    """
    settings = read_settings(config_file)
    identifiers = _identifiers(settings, matches)
    systems = open_systems(settings)
    with asking(systems.values()):
        _check(systems)
        decisions = register_decisions(settings.register)
        plan = drawing_up.draw_up(settings, systems, identifiers, decisions, on=day.date())
    if as_json:
        click.echo(json.dumps(to_record(plan, day.date()), default=str))
    else:
        _show(plan, day.date())


def _identifiers(settings: Settings, matches: tuple[str, ...]) -> dict[str, str]:
    """What to look for; a kind that no table matches on would find nothing, and that would look like an answer."""
    tables = (table for system in settings.register.tables.values() for table in system.values())
    known = {kind for table in tables for kind in table.match}
    if not known:
        fail("The register names no table with match yet, so nobody can be looked for.")
    found: dict[str, str] = {}
    for match in matches:
        kind, _, value = match.partition("=")
        if not value.isprintable() or not value.strip():
            raise click.BadParameter(f"{match!r} is not KIND=VALUE, such as email=a@example.org", param_hint="--match")
        if kind not in known or kind in found:
            kinds = ", ".join(sorted(known))
            raise click.BadParameter(f"{kind!r} must be one of {kinds}, and each only once", param_hint="--match")
        try:
            found[kind] = normalised(kind, value)
        except NotAnIdentifier as error:
            raise click.BadParameter(f"{match!r}: {error}", param_hint="--match") from None
    return found


def _check(systems: Mapping[str, Connector]) -> None:
    mistakes = [sentence for system in systems.values() for sentence in system.mistakes()]
    if mistakes:
        fail(*mistakes)


_REMARKS = {
    SOFT_DELETED: ", marked as deleted but still there",
    OTHERS_NEED: ", needed for rows outside this request",
    READ_ONLY: ", read only here: erase it in the system itself",
    DATE_MISSING: ", its date is missing",
    DATE_UNREADABLE: ", its date cannot be read",
    PARENT_ELSEWHERE: ", belongs to a row that was not found with this person",
    CURRENT_VALUE: ", still open",
}


def to_record(plan: Plan, on: date) -> dict[str, object]:
    """The plan as JSON carries it."""
    rows = [row.to_record() for row in plan.rows]
    return {"on": on.isoformat(), "digest": plan.digest, "counts": plan.counts, "rows": rows}


def _show(plan: Plan, on: date) -> None:
    counts = [f"{count} {verdict}" for verdict, count in plan.counts.items() if count]
    click.echo(f"On {on}: " + (", ".join(counts) or "no row was found"))
    for row in plan.rows:
        key = ", ".join(f"{column}={value}" for column, value in row.key.items())
        until = f" through {row.keep_through} ({row.rule})" if row.keep_through and row.verdict == "keep" else ""
        part = f", only {', '.join(row.columns_kept)}" if row.columns_kept is not None else ""
        remark = _REMARKS.get(row.why or "", "")
        click.echo(f"  {row.verdict.value:10}{row.system}.{row.table} {key}{until}{part}{remark}")
    click.echo(f"Digest {plan.digest}")


COMMANDS = {"preview": preview}

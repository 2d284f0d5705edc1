"""The command for after a restore of one of the controller's databases."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import click

from dsr.app import transactions
from dsr.cli.opening import open_app
from dsr.cli.options import asking, config_option, fail, read_settings
from dsr.connectors.registry import open_systems
from dsr.domain.calendars import local_date
from dsr.domain.plans import READ_ONLY
from dsr.jobs import replay
from dsr.jobs.context import Context
from dsr.jobs.replay import Report
from dsr.services.errands import by_hand
from dsr.services.replay import AGAIN, GONE
from dsr.services.retention import CHANGED, HELD, KEPT_LONGER, NOT_IN_REGISTER, STILL_NEEDED

REASONS = {
    CHANGED: "it is not the row that was erased: its key was used again, or it was changed",
    KEPT_LONGER: "a rule of the register keeps it now",
    READ_ONLY: "the program can only read its table",
    HELD: "somebody holds it",
    STILL_NEEDED: "rows that stay still point at it",
    NOT_IN_REGISTER: "the register no longer names its table",
}


@click.command("replay")
@config_option
@click.option("--system", required=True, help="What was restored, as the register names it.")
@click.option("--since", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day of the backup.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased again, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def replay_command(config_file: Path, system: str, day: datetime, dry_run: bool, as_json: bool) -> None:
    """Erase again what was erased, after a restore.

    What was erased in a system since a day, by the same checks as before: a row whose key or content is another is left
    and reported. Of a system without a database the owner is asked to look. Safe to repeat. Exits with 0 when all of it
    is gone (again), 1 when rows were left or DAY lies before what is remembered.
    """
    settings = read_settings(config_file)
    systems = open_systems(settings)
    known = [*systems, *by_hand(settings)]
    if system not in known:
        fail(f"--system {system}: the register names {', '.join(known) or 'no system'}.")
    since = day.date()
    if since > local_date(datetime.now(UTC)):
        fail(f"--since {since} lies ahead. Give the day on which the backup was made.")
    app = open_app(settings)
    context = Context(transactions(app), settings, lambda: datetime.now(UTC), systems)
    if system not in systems:
        asked = replay.ask_owner(context, system, since, dry_run=dry_run)
        _show_asked(asked, system, since, as_json=as_json, dry_run=dry_run)
        _end(since, replay.remembered_from(context))
    with asking(systems.values()):
        report = replay.run(context, system, since, dry_run=dry_run)
    _show(report, system, since, as_json=as_json, dry_run=dry_run)
    _end(since, report.remembered_from, is_left=bool(report.left))


def _end(since: date, remembered_from: date, *, is_left: bool = False) -> NoReturn:
    if since < remembered_from:
        click.echo(
            f"What was erased before {remembered_from} is no longer remembered: no backup should be that old.",
            err=True,
        )
    sys.exit(is_left or since < remembered_from)


def _show_asked(asked: int, system: str, since: date, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        told = {"system": system, "since": since.isoformat(), "dry_run": dry_run, "asked": asked}
        click.echo(json.dumps(told))
        return
    verb = "would be asked" if dry_run else "is asked"
    click.echo(f"{system}, since {since}: the owner {verb} to look (requests: {asked}).")


def _show(report: Report, system: str, since: date, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        click.echo(json.dumps(_record(report, system, since, dry_run=dry_run)))
        return
    verb = "would be erased again" if dry_run else "erased again"
    counts = f"{report.count(AGAIN)} rows {verb}, {report.count(GONE)} gone already, {len(report.left)} left"
    click.echo(f"{system}, since {since}: {counts}.")
    for outcome in report.left:
        click.echo(f"  {outcome.table} {outcome.key}: {REASONS[outcome.result]}")


def _record(report: Report, system: str, since: date, *, dry_run: bool) -> dict[str, object]:
    return {
        "system": system,
        "since": since.isoformat(),
        "dry_run": dry_run,
        "again": report.count(AGAIN),
        "gone": report.count(GONE),
        "left": [asdict(outcome) for outcome in report.left],
        "remembered_from": report.remembered_from.isoformat(),
    }


COMMANDS = {"replay": replay_command}

"""Commands on the ledger of what is kept."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from dsr.app import transactions
from dsr.cli.opening import open_app
from dsr.cli.options import asking, config_option, read_settings
from dsr.connectors.registry import open_systems
from dsr.jobs import erasing
from dsr.jobs.context import Context


@click.group("ledger")
def ledger_command() -> None:
    """What is kept after an erasure, until its day."""


@ledger_command.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def preview(config_file: Path, as_json: bool) -> None:
    """Say which kept rows would get another day by the rules of now. Nothing is changed; the worker does it by itself.

    Run it with the new register or fiscal year before the worker sees them. What would go sooner waits a week.
    """
    settings = read_settings(config_file)
    systems = open_systems(settings)
    app = open_app(settings)
    context = Context(transactions(app), settings, lambda: datetime.now(UTC), systems)
    with asking(systems.values()):
        found = erasing.preview_ledger(context)
    _show(found, as_json=as_json)


def _show(found: dict[str, Counter[str]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    for system, changes in found.items():
        words = ", ".join(f"{count} rows {kind}" for kind, count in sorted(changes.items()))
        click.echo(f"{system}: {words or 'no row gets another day'}")
    if not found:
        click.echo("Every kept row has the day that the rules of now give it.")


COMMANDS = {"ledger": ledger_command}

"""Commands on the audit trail."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dsr.cli.opening import open_app
from dsr.cli.options import config_option, fail, read_settings
from dsr.db.base import transaction
from dsr.services import audit


@click.group("audit")
def audit_command() -> None:
    """The trail of everything that was done."""


@audit_command.command()
@config_option
def verify(config_file: Path) -> None:
    """Read the whole chain and say whether it holds.

    Exits with 0 if so, 1 if an entry was altered, removed or cut off. What lies after the last anchor is not
    covered: an anchor is written at every tick of the worker.
    """
    settings = read_settings(config_file)
    app = open_app(settings)
    try:
        with app.app_context(), transaction(writes=False) as session:
            found = audit.verify(session, settings.path(settings.storage.anchors))
    except (ValueError, TypeError):
        fail("An entry cannot be read any more: it was altered.", status=1)
    for fault in found.faults:
        click.echo(fault, err=True)
    click.echo(
        f"{found.entries} entries, {found.anchors} anchors: " + ("broken" if found.faults else "the chain holds")
    )
    if found.entries and not found.anchors:
        click.echo("There is no anchor: a trail that was cut off at its end would not be noticed.", err=True)
    sys.exit(bool(found.faults))


COMMANDS = {"audit": audit_command}

"""Commands on the people inside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from dsr.cli.opening import open_app
from dsr.cli.options import config_option, fail, read_settings
from dsr.db.base import transaction
from dsr.domain.errors import DomainError
from dsr.services import audit, staff


@click.group("staff")
def staff_command() -> None:
    """The people who work with cases."""


@staff_command.command()
@config_option
@click.option("--email", required=True, help="Their e-mail address, with which they sign in.")
@click.option("--name", required=True, help="Their name, as letters are signed with it.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in staff.Role]))
@click.option("--lang", type=click.Choice(["nl", "en"]), default="nl", help="The language of their pages.")
@click.password_option(help="At least 15 characters; asked for if it is not given.")
def add(config_file: Path, *, email: str, name: str, roles: tuple[str, ...], lang: str, password: str) -> None:
    """Add somebody who may sign in. Roles can be combined."""
    settings = read_settings(config_file)
    app = open_app(settings)
    try:
        with app.app_context(), transaction() as session:
            staff.add_staff_member(
                session,
                email=email,
                name=name,
                roles=roles,
                password=password,
                language=lang,
                by=audit.COMMAND,
                now=datetime.now(UTC),
            )
    except DomainError as error:
        fail(str(error), status=1)
    click.echo(f"{name} can sign in at {settings.web.base_url}/staff/sign-in as {', '.join(roles)}.")


COMMANDS = {"staff": staff_command}

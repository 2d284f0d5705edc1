"""Commands on the register."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from dsr import config_file
from dsr.cli.options import asking, config_option, fail
from dsr.config import Settings
from dsr.connectors.sql import SqlSystem
from dsr.domain.register import Register
from dsr.domain.register_draft import draft


@click.group("register")
def register_command() -> None:
    """What you hold, why, how long, and where it is."""


@register_command.command("draft")
@config_option
@click.option("--system", "name", required=True, help="A system of the configuration.")
def draft_command(config_file: Path, name: str) -> None:
    """Write a first register from the tables of a database.

    It goes to standard output, and names the tables that look personal, their keys, the ways to the person and the date
    columns. Of the law it guesses nothing: every gap is marked, for you to fill in.
    """
    settings = _without_register(config_file)
    databases = [known for known, system in settings.systems.items() if not system.is_manual]
    if name not in databases:
        known = f"it has: {', '.join(databases)}" if databases else f"add [systems.{name}] to it"
        fail(f"There is no database {name} in {config_file}; {known}.")
    click.echo(_drawn_up(settings, name), nl=False)


def _without_register(file: Path) -> Settings:
    """The settings, whatever the register is like: `dsr register draft > register.toml` has just emptied it."""
    settings, mistakes = config_file.check(file)
    own = [mistake for mistake in mistakes if mistake.file == file]
    if settings is None or own:
        fail(*map(str, own or mistakes))
    return replace(settings, register=Register({}))


def _drawn_up(settings: Settings, name: str) -> str:
    system = SqlSystem(name, settings)
    with asking([system]):
        if closed := system.closed_schemas():
            left_out = "so nothing of it is in the draft (GRANT USAGE ON SCHEMA …)"
            click.echo(f"Warning: the reading account may not use schema {', '.join(closed)}, {left_out}", err=True)
        return draft(name, *system.found_tables())


COMMANDS = {"register": register_command}

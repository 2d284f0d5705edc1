"""Commands on the people of whom data may only be stored (GDPR art. 18)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from dsr.cli.options import config_option, fail, read_settings
from dsr.cli.suppression import filter_lines
from dsr.services.restriction import may_be_used


@click.group("restriction")
def restriction_command() -> None:
    """The list of people whose data may not be used for now."""


@restriction_command.command("filter")
@config_option
@click.option("--category", help="Only leave out those of whom this category of the register is restricted.")
def filter_command(config_file: Path, category: str | None) -> None:
    """Let through the lines of a CSV of whom data may be used.

    It is read on standard input and written to standard output. A line is left out if one of its fields is an address
    on the list. The list itself never comes out.
    """
    if category is not None and category not in read_settings(config_file).register.categories:
        fail(f"The register has no category {category}.")
    filter_lines(config_file, partial(may_be_used, category=category))


COMMANDS = {"restriction": restriction_command}

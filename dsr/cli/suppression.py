"""Commands on the list of people who get no advertising."""

from __future__ import annotations

import csv
import io
import sys
from itertools import chain
from pathlib import Path

import click

from dsr.app import create_app
from dsr.cli.options import config_option, read_keys, read_settings
from dsr.db.base import transaction
from dsr.services.suppression import may_be_mailed


@click.group("suppression")
def suppression_command() -> None:
    """The list of people who objected to advertising."""


@suppression_command.command("filter")
@config_option
def filter_command(config_file: Path) -> None:
    """Read a CSV of addresses on standard input, write the lines that may still be mailed.

    A line is left out if one of its fields is an address on the list. The list itself never comes out.
    """
    settings = read_settings(config_file)
    app = create_app(settings, read_keys(settings), audiences=())
    text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    first = text.readline()
    delimiter = ";" if ";" in first else ","
    lines = csv.reader(chain([first] if first else [], text), delimiter=delimiter)
    out = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
    with app.app_context(), transaction(writes=False) as session:
        out.writerows(may_be_mailed(session, lines))


COMMANDS = {"suppression": suppression_command}

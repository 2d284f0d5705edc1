"""Commands on the list of people who get no advertising."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path

import click
from sqlalchemy.orm import Session

from dsr.cli.opening import open_app
from dsr.cli.options import config_option, fail, read_settings
from dsr.db.base import transaction
from dsr.services.suppression import Line, may_be_mailed

_LONGEST_FIELD = 10_000_000
"""Characters; an address is short, but what stands beside it may be a whole letter."""


@click.group("suppression")
def suppression_command() -> None:
    """The list of people who objected to advertising."""


@suppression_command.command("filter")
@config_option
def filter_command(config_file: Path) -> None:
    """Let through the lines of a CSV that may still be mailed.

    It is read on standard input and written to standard output. A line is left out if one of its fields holds an
    address on the list. The list itself never comes out.
    """
    filter_lines(config_file, may_be_mailed)


def filter_lines(config_file: Path, left: Callable[[Session, Iterable[Line]], Iterable[Line]]) -> None:
    """Read a CSV on standard input and write the lines that are `left`; stop with a sentence if it is none."""
    app = open_app(read_settings(config_file))
    try:
        with app.app_context(), transaction(writes=False) as session:
            _filter(partial(left, session))
    except UnicodeDecodeError:
        fail("The list is not in UTF-8. Save it as CSV in UTF-8 and try again; do not use what came out.")
    except csv.Error as error:
        fail(f"The list is not a CSV that can be read: {error}. Do not use what came out.")


def _filter(left: Callable[[Iterable[Line]], Iterable[Line]]) -> None:
    csv.field_size_limit(_LONGEST_FIELD)
    text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    first = text.readline()
    delimiter = max(",;\t|", key=lambda each: len(next(csv.reader([first], delimiter=each), [])))
    lines = csv.reader(chain([first] if first else [], text), delimiter=delimiter)
    out = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
    out.writerows(left(lines))


COMMANDS = {"suppression": suppression_command}

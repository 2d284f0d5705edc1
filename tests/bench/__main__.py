"""Measures and prints the table. `--quick` leaves out what takes minutes: the installation and the large shop."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from tests.bench import copying, crowd, erasing, intake, masses, nightly, program, queue
from tests.bench.office import open_office
from tests.bench.table import Row, lines, not_built


def measure(*, quick: bool) -> Iterator[Row]:
    """Every row, in the order of a request's life."""
    yield program.install(quick=quick)
    yield from program.start_and_memory()
    yield not_built("create a request over the API", ">= 200 a second")
    yield from intake.rows()
    yield from queue.rows()
    with open_office() as office:
        yield from copying.rows(office)
        yield from erasing.rows(office)
        yield from crowd.rows(office)
        yield from masses.rows(office, quick=quick)
        yield from nightly.rows(office, quick=quick)


@click.command()
@click.option("--quick", is_flag=True, help="Leave out the installation and the shop of five million rows.")
def main(quick: bool) -> None:
    """Print what the program costs, row by row, with a baseline of the same run."""
    try:
        click.echo("\n".join(lines(measure(quick=quick))))
    except pytest.skip.Exception as missing:
        raise click.ClickException(str(missing)) from None


main()

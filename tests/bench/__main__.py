"""Measures and prints the table. `--quick` leaves out what takes minutes."""

from __future__ import annotations

import click

from tests.bench import erasing
from tests.bench.office import open_office
from tests.bench.table import lines


@click.command()
@click.option("--quick", is_flag=True, help="Leave out the installation, which takes minutes.")
def main(quick: bool) -> None:
    """Print what the program costs, row by row."""
    with open_office() as office:
        rows = [*erasing.rows(office)]
    click.echo("\n".join(lines(rows)))


main()

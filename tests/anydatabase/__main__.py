"""Erases people in databases drawn by chance, on each engine. Ends with 1 where something is not as it was reckoned."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from sqlalchemy import URL

from tests.anydatabase.stories import drawn_story
from tests.anydatabase.trial import opened_trial
from tests.parts.databases import mariadb, postgresql

ENGINES = ("sqlite", "postgresql", "mariadb")
Databases = Callable[[Path], URL]
"""Makes an empty database; the folder is for one that is a file."""


@contextmanager
def databases(engine: str) -> Iterator[Databases]:
    """Empty databases, on a server of their own."""
    if engine == "sqlite":
        yield lambda folder: URL.create("sqlite", database=str(folder / "shop.db"))
    else:
        with (postgresql if engine == "postgresql" else mariadb)() as server:
            yield lambda _: server.create_database()


def carry_out(seed: int, database: Databases) -> list[str]:
    """What is wrong in the trial of a seed."""
    with TemporaryDirectory(prefix="dsr-anydatabase-") as name:
        folder = Path(name)
        with opened_trial(seed, database(folder), folder) as trial:
            return drawn_story(trial).tell()


@click.command()
@click.option("--seeds", default=200, show_default=True, help="How many databases on each engine.")
@click.option("--first", default=0, show_default=True, help="The first seed; the same seed makes the same database.")
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True, help="Only this one; may be repeated.")
def main(seeds: int, first: int, engines: tuple[str, ...]) -> None:
    """Draw databases by chance, erase a person in each, and let the ledger run for ten years."""
    is_well = True
    for engine in engines or ENGINES:
        begun, wrong = time.monotonic(), 0
        with databases(engine) as database:
            for seed in range(first, first + seeds):
                found = carry_out(seed, database)
                wrong += bool(found)
                if found:
                    click.echo("\n  ".join([f"seed {seed}", *found[:8]]))
        click.echo(f"{engine:<12}{seeds} databases, {wrong} wrong, {time.monotonic() - begun:.0f} s")
        is_well = is_well and not wrong
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()

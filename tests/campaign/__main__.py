"""Kills the worker a thousand times on each engine, and tells what was found. Ends with 1 where something was wrong."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from sqlalchemy import URL

from tests.campaign.kills import Campaign, Tally
from tests.parts.databases import mariadb, postgresql

ENGINES = ("sqlite", "postgresql", "mariadb")
PEOPLE_A_KILL = 3
"""At most so many people are erased between two deaths."""


@contextmanager
def shop_url(engine: str, folder: Path) -> Iterator[URL]:
    """An empty database for the shop, on a server of its own."""
    if engine == "sqlite":
        yield URL.create("sqlite", database=str(folder / "shop.db"))
    else:
        with (postgresql if engine == "postgresql" else mariadb)() as server:
            yield server.create_database()


def carry_out(engine: str, kills: int, seed: int) -> Tally:
    """One campaign on one engine."""
    with TemporaryDirectory(prefix="dsr-campaign-") as folder, shop_url(engine, Path(folder)) as url:
        chance = random.Random(seed)  # noqa: S311 - the moments must come back with the seed
        return Campaign(Path(folder), url, people=PEOPLE_A_KILL * kills + 40, chance=chance).run(kills)


@click.command()
@click.option("--kills", default=1000, show_default=True, help="How often the worker is killed on each engine.")
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True, help="Only this one; may be repeated.")
@click.option("--seed", default=2018, show_default=True, help="Another seed, other moments.")
def main(kills: int, engines: tuple[str, ...], seed: int) -> None:
    """Kill the worker again and again while people are erased, and look from outside at what it left."""
    is_well = True
    for engine in engines or ENGINES:
        begun = time.monotonic()
        tally = carry_out(engine, kills, seed)
        took = time.monotonic() - begun
        click.echo(f"{engine:<12}{tally.kills} kills, {tally.people} people, {len(tally.wrong)} wrong, {took:.0f} s")
        click.echo("\n".join(f"  {line}" for line in tally.wrong[:20]), nl=bool(tally.wrong))
        is_well = is_well and not tally.wrong and tally.kills >= kills
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()

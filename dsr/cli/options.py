"""What several commands share: the configuration, read or refused in sentences."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from dsr import config_file, keys
from dsr.config import Settings
from dsr.connectors.base import Connector, SystemDown
from dsr.domain.errors import DomainError
from dsr.toml import ConfigurationError

WRONG_CONFIGURATION = 2
SYSTEM_DOWN = 3

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The configuration.",
)


def read_settings(file: Path) -> Settings:
    """The settings of a file; every mistake is printed and the command ends with 2."""
    try:
        return config_file.load(file)
    except ConfigurationError as error:
        fail(*map(str, error.mistakes))


def read_keys(settings: Settings) -> keys.Keys:
    """The key set of the settings; the command ends with 2 if it cannot be read."""
    try:
        return keys.load(settings.storage.key_set.read(settings.base))
    except (ValueError, keys.KeySetError) as error:
        fail(f"storage.key_set: {error}")


@contextmanager
def asking(systems: Iterable[Connector]) -> Iterator[None]:
    """Ask databases something and let them go; the command ends with 3 if one is down, with 1 at another fault."""
    try:
        yield
    except SystemDown as error:
        fail(str(error), status=SYSTEM_DOWN)
    except DomainError as error:
        fail(str(error), status=1)
    finally:
        for system in systems:
            system.close()


def fail(*sentences: str, status: int = WRONG_CONFIGURATION) -> NoReturn:
    """Print what is wrong and end."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(status)

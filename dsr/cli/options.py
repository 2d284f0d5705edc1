"""What several commands share: the configuration, read or refused in sentences."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from dsr import config_file, keys
from dsr.config import Settings
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
        give_up(*map(str, error.mistakes))


def read_keys(settings: Settings) -> keys.Keys:
    """The key set of the settings; the command ends with 2 if it cannot be read."""
    try:
        return keys.load(settings.storage.key_set.read(settings.base))
    except (ValueError, keys.KeySetError) as error:
        give_up(f"storage.key_set: {error}")


def give_up(*sentences: str, status: int = WRONG_CONFIGURATION) -> NoReturn:
    """Print what is wrong and end."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(status)

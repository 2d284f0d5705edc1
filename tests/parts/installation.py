"""An installation as `dsr init` makes it, with something in its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy.orm import Session

from dsr import config_file
from dsr.app import create_app
from dsr.cli import main
from dsr.cli.options import read_keys
from dsr.config import Settings
from dsr.db.base import transaction


def install(folder: Path) -> None:
    """What `dsr init` makes."""
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0


@contextmanager
def installed(folder: Path) -> Iterator[tuple[Session, Settings]]:
    """A transaction on the database of an installation, and what its configuration says."""
    settings = config_file.load(folder / "config.toml")
    app = create_app(settings, read_keys(settings), audiences=())
    with app.app_context(), transaction() as session:
        yield session, settings

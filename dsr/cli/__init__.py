"""The commands. A module is read when one of its commands is called, so that `dsr deadline` starts at once.

Exit codes: 0 done · 1 what was looked at is not in order · 2 wrong use or configuration · 3 a system does not answer.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module

import click

from dsr import __version__

MODULES = {
    "audit": "dsr.cli.audit",
    "check-config": "dsr.cli.installation",
    "db": "dsr.cli.installation",
    "deadline": "dsr.cli.law",
    "demo": "dsr.cli.demo",
    "init": "dsr.cli.installation",
    "ledger": "dsr.cli.ledger",
    "preview": "dsr.cli.preview",
    "register": "dsr.cli.register",
    "replay": "dsr.cli.replay",
    "restriction": "dsr.cli.restriction",
    "retention": "dsr.cli.law",
    "serve": "dsr.cli.serving",
    "staff": "dsr.cli.staff",
    "suppression": "dsr.cli.suppression",
    "web": "dsr.cli.serving",
    "worker": "dsr.cli.serving",
}


class Commands(click.Group):
    """The group that finds its commands by name in their modules."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in MODULES:
            return None
        command: click.Command = import_module(MODULES[name]).COMMANDS[name]
        return command


@click.group(cls=Commands)
@click.version_option(__version__)
def main() -> None:
    """Takes requests under GDPR articles 15-22 to a lawful end.

    Exit codes: 0 done; 1 what was looked at is not in order; 2 wrong use or configuration; 3 a system does not answer.
    """
    # What we write holds personal data or keys: for its owner only.
    os.umask(0o077)
    # Of a column of a kind that no library knows we know at least that it is there; nobody need hear more of it.
    warnings.filterwarnings("ignore", "Did not recognize type")

"""The demo put together: its folder, its application and its worker."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from flask import Flask
from sqlalchemy import create_engine

from dsr import config_file, keys
from dsr.app import create_app, start_worker, transactions
from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db import base, migrations
from dsr.demo import cases, data, pages
from dsr.demo.clock import Clock
from dsr.demo.mailbox import Mailbox
from dsr.demo.office import Office
from dsr.jobs.context import Context
from dsr.jobs.schedule import Worker
from dsr.keys import Keys

HERE = Path(__file__).parent
CONFIGURATION, REGISTER, KEY_SET, DATABASE, BEFORE = (
    "config.toml",
    "register.toml",
    "keys.json",
    "polder.db",
    "polder-before.db",
)
MADE = "made"
"""The file that says that a folder holds a whole demo."""


class NotADemo(Exception):
    """A folder with something else in it, or a configuration that is no demo's."""


@dataclass(frozen=True, slots=True)
class Site:
    """The demo, ready to be served."""

    app: Flask
    settings: Settings
    mailbox: Mailbox

    def start_worker(self) -> Worker:
        """Start the worker and let the clock's page wake it."""
        worker = start_worker(self.app, self.mailbox)
        self.app.extensions[pages.EXTENSION].tick = worker.tick
        return worker


def make(folder: Path, port: int) -> None:
    """Fill `folder` with a new demo in the place of the one that was there. Raises NotADemo for any other folder."""
    _clear(folder)
    data.make(folder / DATABASE)
    data.unpaid(folder / DATABASE, "Gerrit Hoekstra")
    shutil.copyfile(folder / DATABASE, folder / BEFORE)
    keys.create(folder / KEY_SET)
    configure(folder, port)
    _upgrade(config_file.load(folder / CONFIGURATION))
    _tell(open_site(folder))
    (folder / MADE).touch()


def is_made(folder: Path) -> bool:
    """Whether a demo stands in `folder`."""
    return (folder / MADE).exists()


def configure(folder: Path, port: int) -> None:
    """Write the configuration and the register; the pages are served on `port`."""
    text = Template((HERE / CONFIGURATION).read_text("utf-8")).substitute(port=port)
    (folder / CONFIGURATION).write_text(text, "utf-8")
    shutil.copyfile(HERE / REGISTER, folder / REGISTER)


def open_site(folder: Path) -> Site:
    """The application of the demo in `folder`, with the demo's own pages."""
    settings = config_file.load(folder / CONFIGURATION)
    clock = Clock(folder / "clock")
    app = create_app(settings, _keys(settings), clock=clock)
    mailbox = Mailbox(app, settings, folder / "mailbox")
    add_pages(app, pages.Demo(clock, mailbox, folder / DATABASE, folder / BEFORE))
    return Site(app, settings, mailbox)


def add_pages(app: Flask, demo: pages.Demo) -> None:
    """Put the demo's pages into its application. Raises NotADemo for any other."""
    if not app.extensions["dsr"].settings.demo:
        raise NotADemo("The configuration does not say demo = true.")
    app.extensions[pages.EXTENSION] = demo
    app.register_blueprint(pages.demo)


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / CONFIGURATION).exists() or not (folder / BEFORE).exists():
            raise NotADemo(f"{folder} holds something else than a demo. Choose another --folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _upgrade(settings: Settings) -> None:
    engine = create_engine(base.url(settings.database, settings))
    migrations.upgrade(engine)
    engine.dispose()


def _keys(settings: Settings) -> Keys:
    return keys.load(settings.storage.key_set.read(settings.base))


def _tell(site: Site) -> None:
    systems = open_systems(site.settings)
    runtime = site.app.extensions["dsr"]
    context = Context(transactions(site.app), site.settings, runtime.clock, systems)
    cases.tell(Office(context, runtime.clock, site.mailbox), runtime.clock)
    for system in systems.values():
        system.close()

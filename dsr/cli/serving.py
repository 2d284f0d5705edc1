"""Commands that run the program: all in one process, or web and worker apart."""

from __future__ import annotations

import gc
import logging
import signal
import threading
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from waitress.server import create_server

from dsr.app import start_worker
from dsr.cli.opening import open_app
from dsr.cli.options import SYSTEM_DOWN, config_option, fail, read_settings
from dsr.config import Settings
from dsr.db.base import transaction
from dsr.jobs.leader import WorkerRunning
from dsr.jobs.schedule import Worker
from dsr.services import staff


@click.command()
@config_option
def serve(config_file: Path) -> None:
    """Run everything in one process: the pages and the worker. What a small firm needs."""
    settings = read_settings(config_file)
    app = _app(settings)
    worker = _worker(app)
    listening = f"listening on {settings.web.listen}:{settings.web.port}"
    announcement = f"dsr answers at {settings.web.base_url} ({listening}){first_account(app, config_file)}"
    serve_until_stopped(app, settings, worker, announcement)


def first_account(app: Flask, config_file: Path) -> str:
    """How to make the first account, as a line of its own; empty where somebody can sign in."""
    with app.app_context(), transaction(writes=False) as session:
        if any(member.is_active for member in staff.list_staff_members(session)):
            return ""
    options = "--email you@example.org --name 'Your Name' --role administrator --role handler"
    return f"\nNobody can sign in yet. Make the first account: dsr staff add --config {config_file} {options}"


def serve_until_stopped(app: Flask, settings: Settings, worker: Worker, announcement: str) -> None:
    """Say so once requests are answered, until the process is told to stop; then the worker ends what it is doing."""
    signal.signal(signal.SIGTERM, _stop)
    web = settings.web
    try:
        server = create_server(
            app, host=web.listen, port=web.port, threads=web.threads, ident=None, clear_untrusted_proxy_headers=True
        )
        click.echo(announcement)
        server.run()
    finally:
        worker.stop()


def _stop(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


@click.command()
@config_option
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
def web(config_file: Path, processes: int) -> None:
    """Run the pages alone, in several processes.

    `dsr worker` does the rest.
    """
    settings = read_settings(config_file)
    click.echo(f"dsr answers at {settings.web.base_url}{first_account(_app(settings), config_file)}")
    _Gunicorn(settings, processes).run()


class _Gunicorn(BaseApplication):
    def __init__(self, settings: Settings, processes: int) -> None:
        self.settings, self.processes = settings, processes
        super().__init__()

    def load_config(self) -> None:
        web = self.settings.web
        self.cfg.set("bind", f"{web.listen}:{web.port}")
        self.cfg.set("workers", self.processes)
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", web.threads)

    def load(self) -> Flask:  # type: ignore[override]  # its signature leaves out that a Flask is a WSGI application
        return _app(self.settings)


@click.command()
@config_option
def worker(config_file: Path) -> None:
    """Run the worker alone: mail, searches, erasures, reminders. On SQLite there is one."""
    running = _worker(_app(read_settings(config_file)))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    click.echo("The worker runs.")
    stopped.wait()
    running.stop()


def _app(settings: Settings) -> Flask:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = open_app(settings, ("public", "owner", "staff"))
    rarely_collect()
    return app


def rarely_collect() -> None:
    """Have Python look for garbage seldom, and not among what is loaded by now: that took half as long as the work."""
    gc.freeze()
    gc.set_threshold(10_000)


def _worker(app: Flask) -> Worker:
    try:
        return start_worker(app)
    except WorkerRunning as error:
        fail(str(error), status=SYSTEM_DOWN)


COMMANDS = {"serve": serve, "web": web, "worker": worker}

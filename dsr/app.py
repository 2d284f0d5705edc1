"""The composition root: the web application and the worker, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db import base as database
from dsr.jobs import schedule
from dsr.jobs.context import Context, Transaction
from dsr.jobs.schedule import Worker
from dsr.keys import Keys
from dsr.mail.delivery import Mail
from dsr.web import errors, owner, pages, public, security, staff, uploads
from dsr.web.runtime import Clock, Runtime, utc_now
from dsr.web.site import site

BLUEPRINTS = {"public": public.BLUEPRINTS, "owner": owner.BLUEPRINTS, "staff": staff.BLUEPRINTS}


def create_app(
    settings: Settings,
    keys: Keys,
    *,
    audiences: Collection[str] = ("public", "owner", "staff"),
    clock: Clock = utc_now,
    wake: Callable[[], None] = lambda: None,
) -> Flask:
    """The application for `audiences`, by `clock`; it calls `wake` when it has left work for the worker."""
    app = Flask("dsr", static_folder=str(pages.STATIC), template_folder=None)
    app.request_class = uploads.Request
    app.extensions["dsr"] = Runtime(settings, clock, wake)

    database.init_app(app, settings, keys)
    security.init_app(app, settings, keys)
    errors.init_app(app)
    pages.init_app(app)

    app.register_blueprint(site)
    for audience in audiences:
        for blueprint in BLUEPRINTS[audience]:
            app.register_blueprint(blueprint)

    if hops := settings.web.proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def start_worker(app: Flask, mail: Mail | None = None) -> Worker:
    """Start the worker of this process beside `app`, and let the handlers of `app` wake it.

    Raises WorkerRunning where there may be only one and there is one.
    """
    runtime: Runtime = app.extensions["dsr"]
    settings = runtime.settings
    context = Context(transactions(app), settings, runtime.clock, open_systems(settings))
    worker = schedule.start(context, mail or Mail(app, settings))
    app.extensions["dsr"] = replace(runtime, wake=worker.wake)
    return worker


def transactions(app: Flask) -> Transaction:
    """A factory of transactions that can be used outside a request."""

    @contextmanager
    def begin(*, writes: bool = True) -> Iterator[Session]:
        with app.app_context(), database.transaction(writes=writes) as session:
            yield session

    return begin

"""The composition root: the parts of the web application, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from dsr.config import Settings
from dsr.db import base as database
from dsr.keys import Keys
from dsr.web import errors, pages, public, security, staff
from dsr.web.runtime import Clock, Runtime, utc_now
from dsr.web.site import site

BLUEPRINTS = {"public": public.BLUEPRINTS, "staff": staff.BLUEPRINTS}


def create_app(
    settings: Settings,
    keys: Keys,
    *,
    audiences: Collection[str] = ("public", "staff"),
    clock: Clock = utc_now,
    wake: Callable[[], None] = lambda: None,
) -> Flask:
    """The application for `audiences`, by `clock`; it calls `wake` when it has left work for the worker."""
    app = Flask("dsr", static_folder=str(pages.STATIC), template_folder=None)
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

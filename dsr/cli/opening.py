"""Opening the application for a command, on a database that fits the program and its key set."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask

from dsr.app import create_app
from dsr.cli.options import fail, read_keys
from dsr.config import Settings
from dsr.db import migrations
from dsr.db.base import db, transaction
from dsr.keys import KeySetError
from dsr.services.housekeeping import check_keys


def open_app(settings: Settings, audiences: Collection[str] = ()) -> Flask:
    """The application for `audiences`; the command ends with 2 on a database of another version or key set."""
    app = create_app(settings, read_keys(settings), audiences=audiences)
    with app.app_context():
        if not migrations.is_current(db.engine):
            fail("The database is of another version. Run: dsr db upgrade")
        try:
            with transaction(writes=False) as session:
                check_keys(session)
        except KeySetError:
            fail("storage.key_set: the database was written with another key set. Put back the one that belongs to it.")
    return app

"""What every audience needs: the controller's logo, and a page for whoever watches over the program."""

from __future__ import annotations

import logging
from dataclasses import asdict

from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from dsr.db.base import transaction
from dsr.services import housekeeping
from dsr.web.runtime import now, settings
from dsr.web.security import PUBLIC, allows

log = logging.getLogger(__name__)

site = Blueprint("site", __name__)


@site.get("/logo")
@allows(PUBLIC)
def logo() -> ResponseReturnValue:
    """The controller's logo, from its own file."""
    name = settings().controller.logo
    if name is None:
        abort(404)
    return send_file(settings().path(name).resolve())


@site.get("/healthz")
@allows(PUBLIC)
def healthz() -> ResponseReturnValue:
    """Whether the program does its work: 200, or 503 with what is wrong."""
    try:
        with transaction(writes=False) as session:
            found = housekeeping.health(session, now())
    except SQLAlchemyError as error:
        log.error("the database does not answer: %s", type(error).__name__)
        return {"status": "database-unreachable"}, 503
    return {"status": "ok" if found.is_well else "needs-attention", **asdict(found)}, 200 if found.is_well else 503

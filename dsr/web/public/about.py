"""The pages around the form: start, privacy notice, accessibility."""

from __future__ import annotations

from flask import Blueprint

from dsr.services.deadlines import promise
from dsr.web.pages import page
from dsr.web.runtime import now, settings
from dsr.web.security import PUBLIC, allows

public = Blueprint("public", __name__)


@public.get("/")
@allows(PUBLIC)
def start() -> str:
    """What a person can ask, and by when we answer."""
    return page("public/start.html", due_on=promise(settings(), now=now()))


@public.get("/privacy")
@allows(PUBLIC)
def privacy_notice() -> str:
    """What we do with the data of a request."""
    return page("public/privacy.html")


@public.get("/toegankelijkheid")
@allows(PUBLIC)
def accessibility() -> str:
    """What we do so that everybody can use these pages."""
    return page("public/accessibility.html")

"""The guard before every handler: host, permission, origin and token; and the headers on every answer.

Closed by default: a view that declares no permission is refused, and so is an unsafe request that is not from our page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import BadRequest
from wtforms import ValidationError

from dsr.config import Settings
from dsr.keys import Keys
from dsr.web.runtime import settings

log = logging.getLogger(__name__)

PUBLIC = "public"
STAFF = "staff"
"""Any staff member who is signed in, whatever their roles."""
OWNER = "owner"
"""The owner of a system, after the code from our mail: the `admit` of the view knows whether that is who asks."""

SIGN_IN = "/staff/sign-in"
BODY_LIMIT = 2_000_000  # bytes: a text of 1 MB still comes back on the page, with a sentence that it is too long
PART_LIMIT = 200
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

View = TypeVar("View", bound=Callable[..., Any])

login_manager = LoginManager()
login_manager.session_protection = None  # sessions live on the server; the address of a phone may change


class UntrustedForm(BadRequest):
    """A form that was not sent from a page we gave to this visitor, or too long ago."""


def init_app(app: Flask, config: Settings, keys: Keys) -> None:
    """Put the guard before, and the headers behind, every handler of the application."""
    app.config.update(
        SECRET_KEY=keys.digest("flask-session", "1").hex(),
        SESSION_COOKIE_NAME="__Host-dsr" if config.web.is_secure else "dsr",
        SESSION_COOKIE_SECURE=config.web.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=[urlsplit(config.web.base_url).hostname],
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        MAX_FORM_PARTS=PART_LIMIT,
        WTF_CSRF_TIME_LIMIT=None,
    )
    login_manager.init_app(app)
    app.view_functions["static"] = allows(PUBLIC)(app.view_functions["static"])
    app.before_request(_guard)
    app.after_request(_add_headers)


def allows(permission: str, *, admit: Callable[..., None] | None = None) -> Callable[[View], View]:
    """Declare who may call a view: "public", "staff", "owner", or a permission of a role such as "case.read".

    `admit` gets the arguments of the address before the body is read: it refuses, or says what the body may hold.
    """

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        view.admit = admit  # type: ignore[attr-defined]
        return view

    return declare


def permission_of(view: Callable[..., Any]) -> str | None:
    """The permission a view declares."""
    return getattr(view, "permission", None)


def _guard() -> ResponseReturnValue | None:
    if request.routing_exception:
        raise request.routing_exception
    view = current_app.view_functions[str(request.endpoint)]
    permission, admit = permission_of(view), getattr(view, "admit", None)
    if permission is None or (permission == OWNER and admit is None):
        log.error("the view %s declares no permission", request.endpoint)
        abort(403)
    if permission not in (PUBLIC, OWNER) and not current_user.is_authenticated:
        return _ask_to_sign_in()
    if permission not in (PUBLIC, OWNER, STAFF) and permission not in current_user.permissions:
        abort(403)
    if admit:
        admit(**(request.view_args or {}))
    if request.method not in SAFE_METHODS:
        _check_origin()
        _check_token()
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.method not in SAFE_METHODS:
        abort(401)  # not a redirect: the page shows what was typed
    return redirect(f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')})}")


def _check_origin() -> None:
    site = request.headers.get("Sec-Fetch-Site")
    # Without Sec-Fetch-Site (plain http, old browsers) our own pages send "null": that is what no-referrer asks for.
    trusted = site in ("same-origin", "none") if site else _origin() in (None, "null", settings().web.base_url)
    if not trusted:
        raise UntrustedForm


def _origin() -> str | None:
    return request.headers.get("Origin")


def _check_token() -> None:
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise UntrustedForm from None


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings().web.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response

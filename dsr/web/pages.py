"""Rendering a page: the template with what every page needs, in the visitor's language."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request, session, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from dsr.domain.calendars import local_date
from dsr.templating import LANGUAGES, render, translations
from dsr.web.runtime import now, settings

STATIC = Path(__file__).parent / "static"


def init_app(app: Flask) -> None:
    """Let every page answer to ?lang=, and browsers keep the versioned files of static/."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 60 * 60
    app.before_request(_keep_language)


def page(name: str, **context: Any) -> str:
    """The page `name`, with what every page needs; `context` wins."""
    moment = now()
    shared = {
        "controller": settings().controller,
        "logo_url": url_for("site.logo") if settings().controller.logo else asset("logo.svg"),
        "this_page": _this_page(),
        "other_language_url": _other_language_url(),
        "url_for": url_for,
        "asset": asset,
        "csrf_token": generate_csrf,
        "current_user": current_user,
        "now": moment,
        "today": local_date(moment),
        "is_demo": "demo" in current_app.blueprints,
    }
    return render(name, language=language(), **{**shared, **context})


def language() -> str:
    """The visitor's language: chosen on a page, else asked for by the browser, else that of the configuration."""
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or settings().procedure.language


def gettext(sentence: str) -> str:
    """A sentence in the visitor's language."""
    return str(translations(language()).gettext(sentence))


def called(key: str) -> str:
    """What people call a system, or SYSTEM.TABLE; the key where nothing says so (any more)."""
    return settings().labels(language()).get(key, key)


def asset(name: str) -> str:
    """The address of a file of static/, which changes with its content."""
    return url_for("static", filename=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _keep_language() -> None:
    if request.args.get("lang") in LANGUAGES:
        session["language"] = request.args["lang"]


def _this_page() -> str:
    """The path of this page; where it cannot be asked for again, of the page it came from."""
    rule = request.url_rule
    return request.path if rule and "GET" in (rule.methods or ()) else request.path.rpartition("/")[0] or "/"


def _other_language_url() -> str:
    other = "en" if language() == "nl" else "nl"
    return f"{_this_page()}?lang={other}"

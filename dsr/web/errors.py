"""Pages for what went wrong: in the visitor's language, with what was typed, and nothing about our insides."""

from __future__ import annotations

import logging
import secrets
import traceback

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from dsr.domain.wording import N_
from dsr.web.pages import gettext, page
from dsr.web.security import UntrustedForm

log = logging.getLogger(__name__)

_UNTRUSTED = (
    N_("Please send this page once more"),
    N_(
        "It was open for a long time, or it did not come from this site, so we did nothing with it."
        " Go back, load the page again and send it once more."
    ),
)
_SENTENCES = {
    400: (N_("We cannot read this"), N_("Your browser sent something we do not understand. Go back and try again.")),
    401: (
        N_("You are no longer signed in"),
        N_("We did nothing with what you sent. Sign in again, and then send it once more."),
    ),
    403: (N_("You cannot see this page"), N_("Your account does not have the role that this page asks for.")),
    404: (
        N_("This page does not exist"),
        N_("Is the address complete? A link from an e-mail sometimes breaks in two. Then copy the whole link."),
    ),
    405: (N_("This does not work"), N_("This address cannot be opened like this. Go back and use the button there.")),
    409: (
        N_("Somebody else was first"),
        N_("The page has changed since you opened it. Load it again, and see what still has to be done."),
    ),
    413: (
        N_("This is too much text"),
        N_(
            "You sent more than we can take in at once. Go back: your text is still there."
            " Make it shorter, or send it to us by e-mail or by post."
        ),
    ),
    429: (N_("Too many tries"), N_("Please wait a while, and try again.")),
    500: (
        N_("Something went wrong on our side"),
        N_("What you sent before this page is kept. Try again in a few minutes."),
    ),
    503: (N_("We cannot be reached for a moment"), N_("Try again in a few minutes. What you sent before is kept.")),
}
_SECRETS = ("csrf_token", "password", "code")


def init_app(app: Flask) -> None:
    """Answer every fault with a page."""
    app.register_error_handler(HTTPException, refuse)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _fail)
    # Flask's own log line has the path, which may be the secret link of a case.
    app.log_exception = lambda exc_info: _log(exc_info[1], number="-")  # type: ignore[method-assign]


def typed() -> dict[str, str]:
    """What the visitor typed in the form, without its secrets; empty when it is too large to read."""
    try:
        fields = request.form.items(multi=True)
    except RequestEntityTooLarge:
        return {}
    return {name: text for name, text in fields if text and not any(word in name for word in _SECRETS)}


def refuse(error: HTTPException) -> ResponseReturnValue:
    """The page for an error of HTTP; a redirect stays what it is."""
    if isinstance(error, SecurityError):
        return _not_our_host()
    if error.response is not None or error.code is None or error.code < 400:
        return error
    title, sentence = _UNTRUSTED if isinstance(error, UntrustedForm) else _SENTENCES.get(error.code, _SENTENCES[400])
    return _page(error.code, title, sentence), error.code, _headers(error)


def _not_our_host() -> ResponseReturnValue:
    # Without a trusted host no page can be made: it would link to an address of somebody's choosing.
    sentence = gettext(N_("This site is not served at this address. Check the address in your browser."))
    return Response(sentence, 400, mimetype="text/plain")


def _headers(error: HTTPException) -> list[tuple[str, str]]:
    return [(name, value) for name, value in error.get_headers() if name in ("Allow", "Retry-After")]


def _busy(error: OperationalError) -> ResponseReturnValue:
    """Our database does not answer, or somebody else writes in it for too long: passing, and nothing was kept."""
    _log(error, number="-")
    return _page(503, *_SENTENCES[503]), 503, {"Retry-After": "60"}


def _fail(error: Exception) -> ResponseReturnValue:
    number = secrets.token_hex(4)
    _log(error, number)
    return _page(500, *_SENTENCES[500], number=number), 500


def _log(error: BaseException | None, number: str) -> None:
    # The message of an exception can hold what a person typed: only its kind and its place are logged.
    place = "".join(traceback.format_tb(error.__traceback__)) if error else ""
    log.error("error %s in %s: %s\n%s", number, request.endpoint, type(error).__name__, place)


def _layout() -> str:
    is_public = "public" in current_app.blueprints and not request.path.startswith("/staff")
    return "public/base.html" if is_public else "staff/plain.html"


def _page(code: int, title: str, sentence: str, number: str | None = None) -> str:
    return page(
        "error.html",
        layout=_layout(),
        heading=gettext(title),
        sentence=gettext(sentence),
        number=number,
        typed=typed() if code != 413 else {},
        sign_in=code == 401,
    )

"""An errand: behind the link of a mail, and a code that is mailed when its owner asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.domain.wording import N_
from dsr.services import mailboxes, owners
from dsr.services.errand_answers import AnsweredAlready
from dsr.services.errands import DECLINED, others_of
from dsr.services.mailboxes import LinkExpired
from dsr.services.owners import OwnerGone
from dsr.web import errand_desk, mailed_code, uploads
from dsr.web.errors import typed
from dsr.web.pages import called, gettext, page
from dsr.web.runtime import now, settings, wake
from dsr.web.security import OWNER, PUBLIC, UntrustedForm, allows

owner = Blueprint("owner", __name__)

_TOLD = {
    "mailed": mailed_code.MAILED,
    "noted": N_("Noted."),
    "removed": N_("Taken away."),
}
_AFTER = {"gevonden": "noted", "weg": "removed"}
_NOT_WRITTEN = ("answer", "category", "number", "items", "done_in")
"""What the forms of an errand send besides what somebody wrote."""


@owner.get("/opdracht/<token>")
@allows(PUBLIC)
def show(token: str) -> ResponseReturnValue:
    """What to do; before the code, that there is something to do."""
    told = _TOLD.get(session.pop("told", ""))
    return _show(token, told=gettext(told) if told else "")


@owner.post("/opdracht/<token>/stuur-code")
@allows(PUBLIC)
def mail_code(token: str) -> ResponseReturnValue:
    """Mail a code to the owner."""
    return mailed_code.mail(
        token,
        owners.find_errand,
        lambda store, errand: owners.mail_code(store, errand, settings=settings(), now=now()),
        _show,
    )


@owner.post("/opdracht/<token>/code")
@allows(PUBLIC)
def enter(token: str) -> ResponseReturnValue:
    """Open the errand with the code."""
    code = request.form.get("code", "")
    return mailed_code.enter(
        token, owners.find_errand, lambda store, errand: owners.enter(store, errand, code, now=now()), _show
    )


def admit(token: str, verb: str = "") -> None:
    """Let the owner through who typed the code in this browser, and take the files of the form."""
    with transaction(writes=False) as store:
        try:
            errand = owners.find_errand(store, token, settings=settings(), now=now())
        except (LinkExpired, OwnerGone):
            abort(410)
        if not mailboxes.has_entered(store, errand.owner_index, mailed_code.session_token(), now=now()):
            abort(401)
    uploads.expect(errand)


@owner.post(f"/opdracht/<token>/<any({','.join(map(repr, errand_desk.VERBS))}):verb>")
@allows(OWNER, admit=admit)
def act(token: str, verb: str) -> ResponseReturnValue:
    """Note what was found, or answer."""
    try:
        with transaction() as store:
            errand = owners.find_errand(store, token, settings=settings(), now=now())
            mailboxes.stay(store, mailed_code.session_token(), now=now())
            anchor = errand_desk.act(store, errand, verb, by=owners.OWNER)
    except errand_desk.Refused as fault:
        uploads.discard()
        return _show(token, {fault.field: fault.say(gettext)}, typed(), status=422)
    except AnsweredAlready:
        uploads.discard()
        return redirect(url_for("owner.show", token=token), 303)
    wake()
    if verb in _AFTER:
        session["told"] = _AFTER[verb]
    return redirect(url_for("owner.show", token=token, _anchor=anchor or None), 303)


@owner.post("/opdracht/<token>/sluiten")
@allows(OWNER, admit=admit)
def leave(token: str) -> ResponseReturnValue:
    """Close the page for whoever uses this browser next."""
    return mailed_code.leave(token)


@owner.errorhandler(401)
def code_once_more(_error: Exception) -> ResponseReturnValue:
    """The session is over: the code again, and what was typed stays on the page."""
    sentence = gettext(N_("Your code was used too long ago. Ask for a new one, and send this once more."))
    return _show((request.view_args or {})["token"], {"code": sentence}, typed(), status=401)


@owner.errorhandler(410)
def gone(_error: Exception) -> ResponseReturnValue:
    """The link leads nowhere any more."""
    return _show((request.view_args or {})["token"])


def _show(
    token: str,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    told: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    shown = {"token": token, "errors": dict(errors or {}), "typed": typed or {}, "told": told}
    with transaction(writes=False) as store:
        try:
            errand = owners.find_errand(store, token, settings=settings(), now=now())
        except (LinkExpired, OwnerGone) as fault:
            return page("owner/gone.html", sentence=fault.say(gettext), **shown), 410
        found = errand_desk.describe(store, errand)
        if not mailboxes.has_entered(store, errand.owner_index, mailed_code.session_token(), now=now()):
            known = {name: found[name] for name in ("reference", "question", "errand", "is_needed")}
            shown["typed"] = {name: text for name, text in (typed or {}).items() if name not in _NOT_WRITTEN}
            return page("owner/code.html", **known, **shown), status
        return page(f"owner/{_page_of(found)}.html", **found, **shown, others=_others(store, errand)), status


def _page_of(found: Mapping[str, Any]) -> str:
    has_declined = found["errand"].state == DECLINED and request.method == "GET" and "toch" not in request.args
    if not found["is_needed"] or has_declined:
        return "done"
    kind = str(found["errand"].kind)
    return "change" if kind in errand_desk.CHANGES else kind


def _others(store: Session, errand: Errand) -> list[dict[str, Any]]:
    """What else waits for this owner, for which the code need not be typed again."""
    return [
        {
            "url": owners.errand_path(other),
            "title": gettext(errand_desk.TITLES[other.kind]) % {"system": called(other.system)},
            "reference": store.get_one(Case, other.case_id).reference,
            "due_on": other.due_on,
        }
        for other in others_of(store, errand)
    ]


owner.register_error_handler(UntrustedForm, partial(mailed_code.send_again, _show))

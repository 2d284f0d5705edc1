"""The form: one question a page. The answers wait in a sealed draft, of which the visitor's cookie holds the token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from dsr import faults
from dsr.db.base import transaction
from dsr.domain.errors import DomainError
from dsr.domain.intake import LIMITS, SOMETHING_ELSE, Answers, details_are_needed, may_be_told_later, meant, tidy
from dsr.domain.rights import OFFERED, Right
from dsr.domain.wording import N_
from dsr.services import intake, status
from dsr.web.pages import gettext, language, page
from dsr.web.public.words import CHOICES
from dsr.web.runtime import now, settings, wake
from dsr.web.security import PUBLIC, UntrustedForm, allows

form = Blueprint("form", __name__)

FIELDS: Mapping[str, tuple[str, ...]] = {
    "rechten": ("rights",),
    "toelichting": ("details",),
    "naam": ("name", "customer_number"),
    "e-mail": ("email", "later"),
    "controle": (),
}
"""The pages in their order, each with the answers it asks for."""

STEPS = tuple(FIELDS)
_ROUTE = f"/verzoek/<any({','.join(map(repr, STEPS))}):step>"
LAST = STEPS[-1]
_PAGES = dict(zip(STEPS, ("rights", "details", "name", "email", "check"), strict=True))
_SEND_AGAIN = N_("Please send this page once more. If that does not help, allow cookies, or call or mail us.")
_TOP = "main"
"""Where a fault that belongs to no field links to."""


@form.get(_ROUTE)
@allows(PUBLIC)
def ask(step: str) -> ResponseReturnValue:
    """A question, or the one before it that has no answer yet."""
    answers = _draft()
    missing = _first_fault(answers)
    if missing and STEPS.index(missing) < STEPS.index(step):
        return redirect(url_for("form.ask", step=missing))
    return _show(step, answers)


@form.post(_ROUTE)
@allows(PUBLIC)
def answer(step: str) -> ResponseReturnValue:
    """Keep an answer and go on; on the last page, send the request."""
    if step == LAST:
        return _send()
    answers = cast(Answers, {**_draft(), **_given(step)})
    wrong = {field: fault for field, fault in intake.check(answers).items() if field in FIELDS[step]}
    if wrong:
        return _show(step, answers, wrong), 400
    with transaction() as store:
        session["draft"] = intake.save_draft(store, session.get("draft"), answers, now=now())
    faults.point("draft-saved")
    return redirect(url_for("form.ask", step=_following(step, answers)))


@form.get("/ontvangen")
@allows(PUBLIC)
def received() -> ResponseReturnValue:
    """What to keep of a request that was sent; for a day, and only for whoever sent it."""
    with transaction(writes=False) as store:
        submission = intake.find_submission(store, session.get("draft"), now=now())
        if submission is None:
            return redirect(url_for("public.start"))
        progress = status.follow(store, submission.case, settings=settings(), now=now())
    return page(
        "public/received.html",
        progress=progress,
        email=submission.case.data_subject.email,
        receipt_code=submission.receipt_code,
        token=submission.status_token,
    )


@form.errorhandler(UntrustedForm)
def send_again(_error: UntrustedForm) -> ResponseReturnValue:
    """The same page with what was typed, and a new token; where answers are gone, the page that asks for them."""
    step = (request.view_args or {})["step"]
    answers = cast(Answers, {**_draft(), **_given(step)})
    if step == LAST:
        step = _first_fault(answers) or LAST
    return _show(step, answers, {_TOP: DomainError(_SEND_AGAIN)}), 400


def _send() -> ResponseReturnValue:
    try:
        token = session.get("draft", "")
        facts: dict[str, Any] = {"settings": settings(), "language": language(), "now": now()}
        with transaction(writes=False) as store:
            prepared = intake.prepare_request(store, token, **facts)
        with transaction() as store:
            intake.admit(store, request.remote_addr, settings=settings(), now=now())
            intake.submit_request(store, token, prepared, **facts)
    except intake.TooManyRequests as error:
        return page("public/busy.html", sentence=error.say(gettext)), 429, {"Retry-After": "3600"}
    except intake.DraftExpired as error:
        return _show(STEPS[0], {}, {_TOP: error}), 400
    except intake.AnswersIncomplete as error:
        return redirect(url_for("form.ask", step=_step_of(next(iter(error.faults)))))
    faults.point("case-committed")
    wake()
    return redirect(url_for("form.received"))


def _draft() -> Answers:
    with transaction(writes=False) as store:
        return intake.read_draft(store, session.get("draft"), now=now()) or {}


def _given(step: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        field: tidy(request.form.get(field, ""), lines=field == "details") for field in FIELDS[step]
    }
    if "rights" in given:
        given["rights"] = request.form.getlist("rights")
    if "later" in given:
        given["later"] = "later" in request.form
    return given


def _first_fault(answers: Answers) -> str | None:
    return next((_step_of(field) for field in intake.check(answers)), None)


def _step_of(field: str) -> str:
    return next(step for step, fields in FIELDS.items() if field in fields)


def _following(step: str, answers: Answers) -> str:
    """The next page; once everything is answered, a changed answer leads straight back to the check."""
    return STEPS[STEPS.index(step) + 1] if intake.check(answers) else LAST


def _show(step: str, answers: Answers, wrong: Mapping[str, DomainError] | None = None) -> str:
    number = STEPS.index(step) + 1
    return page(
        f"public/form/{_PAGES[step]}.html",
        number=number,
        total=len(STEPS),
        back_url=url_for("form.ask", step=STEPS[number - 2]) if number > 1 else url_for("public.start"),
        action=url_for("form.answer", step=step),
        answers=answers,
        errors={field: fault.say(gettext) for field, fault in (wrong or {}).items()},
        choices={asked: CHOICES[asked] for asked in (*OFFERED, SOMETHING_ELSE)},
        limits=LIMITS,
        needs_details=details_are_needed(answers),
        corrects=Right.RECTIFICATION in answers.get("rights", ()),
        objects=Right.OBJECTION in answers.get("rights", ()),
        may_be_told_later=may_be_told_later(answers),
        meant=meant(answers.get("email", "")),
    )

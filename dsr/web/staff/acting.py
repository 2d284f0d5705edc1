"""Changing a case from a form: one transaction, and one answer for each way in which it can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.domain.errors import DomainError
from dsr.domain.intake import LIMITS
from dsr.domain.lifecycle import IllegalTransition
from dsr.domain.plans import PlanChanged
from dsr.domain.wording import N_
from dsr.services import casework
from dsr.web.errors import typed
from dsr.web.runtime import wake
from dsr.web.staff.case import case_page, find_case
from dsr.web.staff.pages import say, staff_page

Change = Callable[[Session, Case], Any]


class Page(Protocol):
    """Writes a page of a case, after a refusal with the sentence and what was typed."""

    def __call__(self, reference: str, *, error: str, typed: Mapping[str, str]) -> str: ...


_NOT_SHOWN = ("version", "digest", "sheets")


def act(
    reference: str, change: Change, *, anchor: str = "", view: str = "staff.case", page: Page = case_page
) -> ResponseReturnValue:
    """Change a case and go to its page, at `anchor`, or to another view of it.

    A refusal is told on the `page` of the form, with what was typed.
    """
    try:
        _check_lengths()
        with transaction() as session:
            case = find_case(session, reference)
            casework.check_version(case, request.form.get("version", 0, type=int))
            change(session, case)
    except (casework.Conflict, IllegalTransition, PlanChanged) as error:
        return conflict(reference, error), 409
    except DomainError as error:
        return page(reference, error=say(error), typed=request.form), 422
    wake()
    return redirect(url_for(view, reference=reference, _anchor=anchor or None), 303)


def _check_lengths() -> None:
    """A text goes into a letter or beside a row: it may be as long as what the data subject may write."""
    longest = max(map(len, request.form.values()), default=0)
    if longest > LIMITS["details"]:
        sentence = N_("Make your text shorter: at most %(limit)s characters. You now have %(count)s.")
        raise casework.NotPossible(sentence, limit=LIMITS["details"], count=longest)


def conflict(reference: str, error: DomainError) -> str:
    """Somebody else was first: a sentence, the way back, and what was typed."""
    kept = {name: text for name, text in typed().items() if name not in _NOT_SHOWN}
    return staff_page("staff/conflict.html", reference=reference, sentence=say(error), typed=kept)

"""Changing a case from a form: one transaction, and one answer for each way in which it can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
_NOT_SHOWN = ("version", "digest")


def act(reference: str, change: Change, *, anchor: str = "") -> ResponseReturnValue:
    """Change a case and go back to its page, at `anchor`; a refusal leaves what was typed in the form."""
    try:
        _check_lengths()
        with transaction() as session:
            case = find_case(session, reference)
            casework.check_version(case, request.form.get("version", 0, type=int))
            change(session, case)
    except (casework.Conflict, IllegalTransition, PlanChanged) as error:
        return conflict(reference, error), 409
    except DomainError as error:
        return case_page(reference, error=say(error), typed=request.form), 422
    wake()
    return redirect(url_for("staff.case", reference=reference, _anchor=anchor or None), 303)


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

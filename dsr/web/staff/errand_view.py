"""The panel of errands on the page of a case: who was asked for what, and how far that is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from dsr.config import Owner, Settings
from dsr.db import queries
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.domain.wording import N_
from dsr.services import errands, owners
from dsr.web.pages import called, gettext

Word = tuple[str, str, str]
"""Tone, shape and text of a state, as the macros draw it."""

_STATES: Mapping[str, Word] = {
    "answered": ("green", "full", N_("answered")),
    "declined": ("red", "diamond", N_("the owner cannot do it")),
    "given-up": ("amber", "full", N_("gone on without it")),
}
_WORK: Mapping[str, str] = {
    errands.SEARCH: N_("look up"),
    errands.ERASE: N_("erase"),
    errands.CORRECT: N_("correct"),
    errands.RESTRICT: N_("only store"),
    errands.LIFT: N_("use again"),
    errands.STOP: N_("stop advertising"),
    errands.AGAIN: N_("erase again"),
    errands.DATES: N_("look up a date"),
}
_LATE: Word = ("red", "diamond", N_("late"))
_NO_OWNER: Word = ("red", "diamond", N_("no owner any more"))
_WAITS: Word = ("blue", "half", N_("waits for the owner"))
_NOT_NEEDED: Word = ("", "ring", N_("not needed any more"))


def rows(session: Session, case: Case, settings: Settings, today: date) -> list[dict[str, Any]]:
    """Every errand of a case, as the panel shows it."""
    found, known = errands.of_case(session, case.id), owners.owners(settings)
    names = queries.staff_names(session, (_staff_id(errand.answered_by) for errand in found))
    needed = {errand.id for errand in found if errands.is_needed(session, errand)}
    return [
        _row(errand, known.get(errand.owner_index), names, today, is_needed=errand.id in needed) for errand in found
    ]


def _row(
    errand: Errand, owner: Owner | None, names: Mapping[uuid.UUID, str], today: date, *, is_needed: bool
) -> dict[str, Any]:
    tone, shape, text = _state(errand, today, is_needed=is_needed, has_owner=owner is not None)
    name, by = owner.name if owner else "", _staff_id(errand.answered_by)
    return {
        "errand": errand,
        "system": called(errand.system),
        "work": gettext(_WORK[errand.kind]),
        "owner": name,
        "owner_value": errand.owner_index.hex(),
        "answered_by": names.get(by, "") if by else name,
        "is_needed": is_needed,
        "is_told": errand.kind in errands.TOLD,
        "state": (tone, shape, gettext(text)),
    }


def _state(errand: Errand, today: date, *, is_needed: bool, has_owner: bool) -> Word:
    if errand.state in _STATES:
        return _STATES[errand.state]
    if not is_needed:
        return _NOT_NEEDED
    if not has_owner:
        return _NO_OWNER
    return _LATE if today > errand.due_on else _WAITS


def choices(settings: Settings) -> list[dict[str, str]]:
    """Everybody who may be asked."""
    return [{"value": index.hex(), "name": owner.name} for index, owner in owners.owners(settings).items()]


def _staff_id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None

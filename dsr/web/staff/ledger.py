"""The ledger: what is kept, why and until when, a page at a time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.domain.register import Register
from dsr.domain.wording import N_
from dsr.services import later, ledger
from dsr.web.pages import called, gettext, language
from dsr.web.runtime import now, settings
from dsr.web.security import allows
from dsr.web.staff import ledger_view
from dsr.web.staff.acting import act
from dsr.web.staff.pages import me, staff, staff_page

STATES = {
    "dated": N_("with a day"),
    "undated": N_("without a day"),
    "task": N_("waits for a person"),
}


@staff.get("/ledger")
@allows("case.read")
def ledger_page() -> ResponseReturnValue:
    """What is kept of whom, those that go first first; by system, category, days, and whether there is a day.

    A day that cannot be read stays as it was typed, and is no filter.
    """
    register = settings().register
    typed = {name: request.args.get(name, "").strip() for name in ("since", "until")}
    (since, until), wrong = _days(typed)
    shown = ledger.Shown(
        _chosen("state", STATES) or "dated",
        _chosen("system", register.tables),
        _chosen("category", register.categories),
        since,
        until,
    )
    with transaction(writes=False) as session:
        found = ledger.page(session, shown, after=_entry_id())
        rows = [{**ledger_view.shown_entry(entry, register, language()), "case": case} for entry, case in found.rows]
        chosen: dict[str, Any] = {"state": shown.state, "system": shown.system, "category": shown.category}
        chosen |= {name: day or None for name, day in typed.items()}
        return staff_page(
            "staff/ledger.html",
            rows=rows,
            filters=_filters(shown, register),
            days=typed,
            wrong=wrong,
            is_filtered=shown != ledger.Shown(),
            next_url=url_for("staff.ledger_page", after=found.following, **chosen) if found.following else None,
            is_first="after" not in request.args,
            first_url=url_for("staff.ledger_page", **chosen),
        ), 400 if wrong else 200


@staff.post("/cases/<reference>/later-notice")
@allows("case.handle")
def later_notice(reference: str) -> ResponseReturnValue:
    """Note whether the person wants to be told when the last of what is kept is gone."""

    def change(session: Session, case: Case) -> None:
        if "wanted" in request.form:
            later.want(session, case, register=settings().register, by=me(), now=now())
        else:
            later.drop(session, case, by=me(), now=now())

    return act(reference, change, anchor="kept")


def _chosen(name: str, known: Any) -> str | None:
    value = request.args.get(name, "")
    return value if value in known else None


def _days(typed: Mapping[str, str]) -> tuple[tuple[date | None, date | None], str]:
    """The first and the last day that were typed, or a sentence on what is wrong with them."""
    try:
        since, until = (date.fromisoformat(day) if day else None for day in typed.values())
    except ValueError:
        return (None, None), gettext(N_("Choose a day, such as 2026-11-30."))
    if since and until and since > until:
        return (None, None), gettext(N_("The first day comes after the last."))
    return (since, until), ""


def _entry_id() -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args["after"]) if "after" in request.args else None
    except ValueError:
        abort(404)


def _filters(shown: ledger.Shown, register: Register) -> list[dict[str, Any]]:
    everything = ("", gettext(N_("all")))
    labels = [(name, category.label.in_language(language())) for name, category in register.categories.items()]
    states = [(name, gettext(words)) for name, words in STATES.items()]
    systems = [everything, *((name, called(name)) for name in register.tables)]
    return [
        {"name": "state", "label": gettext(N_("Which")), "value": shown.state, "options": states},
        {"name": "system", "label": gettext(N_("System")), "value": shown.system or "", "options": systems},
        {
            "name": "category",
            "label": gettext(N_("Category")),
            "value": shown.category or "",
            "options": [everything, *labels],
        },
    ]

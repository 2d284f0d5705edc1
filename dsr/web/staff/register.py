"""The register as the program reads it: a page and two exports. It is changed in its file."""

from __future__ import annotations

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from dsr.domain.wording import N_
from dsr.web.pages import gettext, language
from dsr.web.runtime import settings
from dsr.web.security import allows
from dsr.web.staff.pages import staff, staff_page
from dsr.web.staff.register_view import GENERAL, HEADINGS, as_csv, entries, general, processing


@staff.get("/register")
@allows("case.read")
def register() -> ResponseReturnValue:
    """Every category with all that the register says of it."""
    shown = settings().register
    return staff_page(
        "staff/register.html",
        register=shown,
        entries=entries(shown, language(), settings().labels(language())),
        headings=HEADINGS,
        general=general(shown, settings().controller, language()),
        general_headings=GENERAL,
        processing=processing(shown, language()),
    )


@staff.get("/register.csv")
@allows("case.read")
def register_csv() -> ResponseReturnValue:
    """The register for a spreadsheet, in the language of who asks."""
    shown = settings().register
    headings = [gettext(N_("Category")), *map(gettext, (*HEADINGS.values(), *GENERAL.values()))]
    whole = general(shown, settings().controller, language())
    # The mark at the start tells a spreadsheet that it is UTF-8.
    sheet = "\ufeff" + as_csv(entries(shown, language(), settings().labels(language())), whole, headings, language())
    return _file(Response(sheet, mimetype="text/csv"), "csv")


@staff.get("/register.json")
@allows("case.read")
def register_json() -> ResponseReturnValue:
    """The register for a program."""
    shown = settings().register
    categories = [
        {"name": entry.name, "label": entry.label, **entry.facts}
        for entry in entries(shown, language(), settings().labels(language()))
    ]
    whole = general(shown, settings().controller, language())
    answer = jsonify(**whole, digest=shown.digest, categories=categories, processing=processing(shown, language()))
    return _file(answer, "json")


def _file(answer: Response, kind: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="register.{kind}"'
    return answer

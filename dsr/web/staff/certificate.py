"""The certificate of an erasure: a page to print or to keep as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from dsr.db.base import transaction
from dsr.domain.errors import DomainError
from dsr.services import certificate as certificates
from dsr.services.certificate import Certificate
from dsr.web.pages import called, language, page
from dsr.web.runtime import settings
from dsr.web.security import allows
from dsr.web.staff import case_view
from dsr.web.staff.case import case_page, find_case
from dsr.web.staff.pages import say, staff


def _systems(found: Certificate) -> dict[str, Any]:
    named = {"outstanding": found.outstanding, "given_up": found.given_up}
    words = {what: [called(name) for name in names] for what, names in named.items()}
    return {"called": called, "table_called": _table_called, **words}


def _table_called(system: str, table: str) -> str:
    """Of papers the system does not say which they are, so their category does."""
    configured = settings().systems.get(system)
    if configured and configured.is_manual:
        return case_view.label(settings().register, table, language())
    return called(f"{system}.{table}")


@staff.get("/cases/<reference>/certificate")
@allows("case.read")
def certificate(reference: str) -> ResponseReturnValue:
    """What was planned, erased, emptied, kept, refused and left, per system and table; ?download for a file."""
    try:
        with transaction(writes=False) as session:
            case = find_case(session, reference)
            found = certificates.certificate(session, case)
            answer = Response(page("staff/certificate.html", case=case, certificate=found, **_systems(found)))
    except DomainError as error:
        return case_page(reference, error=say(error)), 422
    if "download" in request.args:
        answer.headers["Content-Disposition"] = f'attachment; filename="certificate-{reference}.html"'
    return answer

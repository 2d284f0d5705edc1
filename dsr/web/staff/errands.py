"""Errands of owners on the page of a case: what waits, who is asked, and answering in an owner's place."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.errands import Errand
from dsr.domain.errors import DomainError
from dsr.services import errand_files, errands, giving_up, owners
from dsr.services.errand_answers import AnsweredAlready
from dsr.web import errand_desk, uploads
from dsr.web.errors import typed
from dsr.web.runtime import now, settings, wake
from dsr.web.security import allows
from dsr.web.staff.acting import act
from dsr.web.staff.case import case_page, find_case
from dsr.web.staff.pages import me, say, staff, staff_page

_ERRAND = "/cases/<reference>/errands/<uuid:errand_id>"
_FILE_POLICY = "default-src 'none'; sandbox"


@staff.get(_ERRAND)
@allows("case.read")
def errand(reference: str, errand_id: uuid.UUID) -> ResponseReturnValue:
    """An errand as its owner sees it, to look at or to answer in their place."""
    return _show(reference, errand_id)


def expect_files(errand_id: uuid.UUID, **_address: str) -> None:
    """Take the files of the form, where there is such an errand."""
    with transaction(writes=False) as session:
        found = session.get(Errand, errand_id)
        if found:
            uploads.expect(found)


@staff.post(f"{_ERRAND}/<any({','.join(map(repr, errand_desk.VERBS))}):verb>")
@allows("case.handle", admit=expect_files)
def answer_errand(reference: str, errand_id: uuid.UUID, verb: str) -> ResponseReturnValue:
    """Answer in the owner's place, or note what they told."""
    try:
        with transaction() as session:
            found = _find(session, find_case(session, reference), errand_id)
            anchor = errand_desk.act(session, found, verb, by=str(me()))
    except errand_desk.Refused as fault:
        uploads.discard()
        return _show(reference, errand_id, {fault.field: say(fault)}, typed()), 422
    except AnsweredAlready as fault:
        uploads.discard()
        return case_page(reference, error=say(fault)), 422
    wake()
    if anchor:
        return redirect(url_for("staff.errand", reference=reference, errand_id=errand_id, _anchor=anchor), 303)
    return redirect(url_for("staff.case", reference=reference, _anchor="errands"), 303)


@staff.post(f"{_ERRAND}/send-again")
@allows("case.handle")
def send_errand_again(reference: str, errand_id: uuid.UUID) -> ResponseReturnValue:
    """Mail the owner once more."""
    return _act(
        reference,
        errand_id,
        lambda session, case, found: errands.send_again(session, case, found, by=me(), settings=settings(), now=now()),
    )


@staff.post(f"{_ERRAND}/hand-over")
@allows("case.handle")
def hand_over_errand(reference: str, errand_id: uuid.UUID) -> ResponseReturnValue:
    """Ask another owner of the configuration."""
    to = _posted_owner()
    return _act(
        reference,
        errand_id,
        lambda session, case, found: errands.hand_over(
            session, case, found, to, by=me(), settings=settings(), now=now()
        ),
    )


def _posted_owner() -> bytes:
    try:
        return bytes.fromhex(request.form.get("owner", ""))
    except ValueError:
        abort(400)


@staff.post(f"{_ERRAND}/ask-again")
@allows("case.handle")
def ask_errand_again(reference: str, errand_id: uuid.UUID) -> ResponseReturnValue:
    """Have the owner look once more."""
    return _act(
        reference,
        errand_id,
        lambda session, case, found: errands.ask_again(session, case, found, by=me(), settings=settings(), now=now()),
    )


@staff.post(f"{_ERRAND}/give-up")
@allows("case.handle")
def give_up_errand(reference: str, errand_id: uuid.UUID) -> ResponseReturnValue:
    """Go on without an answer, with a reason that the data subject reads."""
    reason = request.form.get("give_up_reason", "")
    return _act(
        reference,
        errand_id,
        lambda session, case, found: giving_up.give_up_errand(
            session, case, found, reason, by=me(), register=settings().register, now=now()
        ),
    )


@staff.get(f"{_ERRAND}/files/<uuid:file_id>")
@allows("case.read")
def errand_file(reference: str, errand_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """A file that was sent along: to download, never to show among our own pages."""
    try:
        with transaction(writes=False) as session:
            found = _find(session, find_case(session, reference), errand_id)
            file = next((each for each in found.files if each.id == file_id), None) or abort(404)
            name = file.name
            chunks = errand_files.read(errand_files.place_of(file), name, settings())
    except DomainError as fault:
        return case_page(reference, error=say(fault)), 422
    answer = Response(chunks, mimetype="application/octet-stream", headers={"Content-Security-Policy": _FILE_POLICY})
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _act(reference: str, errand_id: uuid.UUID, change: Callable[[Session, Case, Errand], None]) -> ResponseReturnValue:
    return act(
        reference, lambda session, case: change(session, case, _find(session, case, errand_id)), anchor="errands"
    )


def _find(session: Session, case: Case, errand_id: uuid.UUID) -> Errand:
    found = session.get(Errand, errand_id)
    return found if found and found.case_id == case.id else abort(404)


def _show(
    reference: str,
    errand_id: uuid.UUID,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    with transaction(writes=False) as session:
        case = find_case(session, reference)
        found = _find(session, case, errand_id)
        owner = owners.owner_of(found, settings())
        return staff_page(
            "staff/errand.html",
            **errand_desk.describe(session, found),
            case=case,
            owner=owner.name if owner else "",
            errors=dict(errors or {}),
            typed=typed or {},
        )

"""The recipients on the page of a case: what the handler sees, says and does."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.answers import Letter
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.db.notifications import Notification
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.notifications import Change
from dsr.domain.rights import Right
from dsr.services import notifications
from dsr.services.identity import receipt_code_digest
from tests.parts.cast import add_case, confirm
from tests.parts.staff import add, sign_in, store
from tests.parts.starters import words
from tests.parts.store import NOW
from tests.parts.web import Visitor
from tests.services.test_notifications import CODE, WHY, register


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=register())


@pytest.fixture
def page(app: Flask, visitor: Visitor) -> str:
    """A case whose recipients are to be told; its handler is signed in."""
    sign_in(visitor, add(app))
    with store(app) as session:
        handler = session.scalars(select(StaffMember)).one()
        case = add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
        case.rights[0].outcome = "fulfilled"
        confirm(session, case, handler)
        notifications.propose(
            session,
            case.id,
            Right.ERASURE,
            [Change("customer"), Change("invoice", is_part=True)],
            source_id=uuid.uuid4(),
            register=register(),
            now=NOW,
        )
        return f"/staff/cases/{case.reference}"


def send(app: Flask, visitor: Visitor, page: str, recipient: str, step: str, **typed: str) -> int:
    """Send a form of the panel as it stands now."""
    with store(app) as session:
        (version,) = session.scalars(select(Case.version))
        found = session.scalars(select(Notification).where(Notification.recipient == recipient)).one()
        path = f"{page}/recipients/{found.id}/{step}"
    return visitor.send(path, page, version=str(version), **typed).status_code


def test_the_panel_shows_what_each_recipient_is_told_and_the_next_step_leads_there(visitor: Visitor, page: str) -> None:
    shown = visitor.see(f"{page}?lang=nl").text
    assert "Informeer de ontvangers van de gegevens" in shown
    assert "Op maandag 23 november 2026 hebben wij gegevens gewist die u van ons kreeg" in shown
    assert "Facturen (een deel)" in shown
    assert "Kreeg Incasso Noord gegevens van deze persoon?" in shown
    assert "weggelaten: Wwft art. 23" in shown


def test_telling_asking_waiving_and_answering_by_form(app: Flask, visitor: Visitor, page: str) -> None:
    assert send(app, visitor, page, "collector", "received", has_received="no") == 303
    assert send(app, visitor, page, "bookkeeper", "waived", waiver="impossible", why=WHY) == 303
    assert send(app, visitor, page, "mailing", "told", channel="phone") == 303
    assert send(app, visitor, page, "mailing", "answer", answer="cannot", remark="Pas morgen.") == 303
    shown = visitor.see(f"{page}?lang=nl").text
    wanted = ("kreeg geen gegevens", "het is onmogelijk", WHY, "per telefoon", "ze kunnen dit niet doen", "Pas morgen.")
    assert [text for text in wanted if text not in shown] == []
    assert "Informeer de ontvangers" not in shown


def test_a_refused_reason_keeps_what_was_typed(app: Flask, visitor: Visitor, page: str) -> None:
    with store(app) as session:
        found = session.scalars(select(Notification).where(Notification.recipient == "mailing")).one()
    typed = {"version": "1", "notification": str(found.id), "waiver": "disproportionate", "why": "  "}
    answer = visitor.send(f"{page}/recipients/{found.id}/waived?lang=nl", page, **typed)
    assert answer.status_code == 422
    assert "Geef de reden" in answer.text
    assert '<option value="disproportionate" selected>' in answer.text


@pytest.mark.parametrize(("step", "typed"), [("told", {"channel": "pigeon"}), ("waived", {}), ("answer", {})])
def test_a_choice_that_is_not_on_the_form_is_refused(
    app: Flask, visitor: Visitor, page: str, step: str, typed: dict[str, str]
) -> None:
    assert send(app, visitor, page, "mailing", step, **typed) == 400


def test_a_notification_of_another_case_is_not_there(app: Flask, visitor: Visitor, page: str) -> None:
    with store(app) as session:
        other = add_case(session, Right.ERASURE, status=Status.HANDLING).reference
        found = session.scalars(select(Notification.id).where(Notification.recipient == "mailing")).one()
    path = f"/staff/cases/{other}/recipients/{found}/told"
    assert visitor.send(path, page, version="1", channel="phone").status_code == 404


def test_the_person_reads_who_was_told_behind_the_receipt_code(app: Flask, visitor: Visitor, page: str) -> None:
    send(app, visitor, page, "bookkeeper", "waived", waiver="impossible", why=WHY)
    send(app, visitor, page, "mailing", "told", channel="phone")
    send(app, visitor, page, "mailing", "answer", answer="done")
    with store(app) as session:
        case = session.scalars(select(Case)).one()
        case.receipt_code_digest = receipt_code_digest(CODE)
        token = keys().token("status", str(case.id))
        case.status_token_digest = keys().digest("status-token", token)
        case.answered_at, case.status = NOW, "answered"
        session.add(Letter(case_id=case.id, kind="answer", language="nl", sent_at=NOW))
    status = f"/status/{token}"
    assert "Wie het ook weet" in visitor.see(f"{status}?lang=nl").text
    refused = visitor.send(f"{status}/ontvangers", status, recipients_code="0000-0000-0000")
    assert refused.status_code == 400
    assert "Duinpost" not in refused.text
    shown = words(visitor.send(f"{status}/ontvangers?lang=nl", status, recipients_code=CODE).text)
    assert "Duinpost Mailing zij weten het sinds maandag 23 november 2026; zij hebben het ook gedaan" in shown
    assert f"Boekhoudkantoor Dijkstra niet verteld, want dat kan niet: {WHY}" in shown
    assert [name for name in ("Incasso Noord", "Meldpunt") if name in shown] == []


def test_whoever_asked_for_a_copy_only_is_offered_no_list(app: Flask, visitor: Visitor) -> None:
    with store(app) as session:
        case = add_case(session, Right.ACCESS, status=Status.ANSWERED)
        token = keys().token("status", str(case.id))
        case.status_token_digest, case.answered_at = keys().digest("status-token", token), NOW
        session.add(Letter(case_id=case.id, kind="answer", language="nl", sent_at=NOW))
    shown = visitor.see(f"/status/{token}?lang=nl").text
    assert "Ontvangstcode" in shown
    assert "Wie het ook weet" not in shown

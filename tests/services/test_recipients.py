"""The mail to a recipient: told once the mail server took it, and what the person hears of it until then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice
from dsr.domain.notifications import Answer, Channel
from dsr.mail.delivery import DeliveryFailed
from dsr.services import casework, notices, notifications, recipients
from tests.parts.store import NOW, Store
from tests.services.test_notifications import Desk


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A case of which one recipient was mailed."""
    desk = Desk(sqlite_store)
    desk.propose()
    mail(desk)
    return desk


def mail(desk: Desk) -> None:
    desk.do("mailing", recipients.tell_by_mail, settings=desk.settings)


def deliver(desk: Desk, fault: DeliveryFailed | None = None, **later: Any) -> None:
    """One attempt of the worker on the oldest mail."""
    now = NOW + timedelta(**later)
    with desk.store.transaction() as session:
        claimed = notices.claim(session, now=now)
        assert claimed
        if fault:
            notices.note_failure(session, claimed, fault, now=now)
        else:
            notices.note_sent(session, claimed, now=now)
        recipients.note_delivery(session, claimed.notice_id, now=now)


def test_a_recipient_is_told_when_the_mail_server_took_the_mail(desk: Desk) -> None:
    assert desk.states()["mailing"] == "mailed"
    assert "Duinpost Mailing: wij hebben het nog niet laten weten" in desk.letter()
    deliver(desk, days=1)
    assert desk.states()["mailing"] == "told"
    assert "Duinpost Mailing: wij lieten het weten op 24 november 2026" in desk.letter()
    assert desk.events()[-1] == ("recipient-told", {"recipient": "mailing", "channel": "mail"})


def test_a_mail_that_never_arrives_leaves_the_recipient_to_be_told(desk: Desk) -> None:
    deliver(desk, DeliveryFailed("421", is_permanent=False))
    assert desk.states()["mailing"] == "mailed"
    deliver(desk, DeliveryFailed("550", is_permanent=True), hours=1)
    assert desk.states()["mailing"] == "proposed"
    assert "mail-failed" in desk.open_tasks()
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    assert desk.states()["mailing"] == "told"


def test_an_older_mail_says_nothing_of_a_newer_one(desk: Desk) -> None:
    mail(desk)
    deliver(desk, DeliveryFailed("550", is_permanent=True))
    assert desk.states()["mailing"] == "mailed"
    deliver(desk)
    assert desk.states()["mailing"] == "told"


def test_who_answers_was_told(desk: Desk) -> None:
    with desk.store.transaction() as session:
        recipients.answer(session, desk.of(session)["mailing"], Answer.NOT_HELD, "", now=NOW)
    deliver(desk)
    with desk.store.transaction() as session:
        told = desk.of(session)["mailing"]
        assert (told.state, told.told_at, told.answer) == ("told", NOW, "not-held")
        trail = session.scalars(select(AuditEntry.event).where(AuditEntry.event == "recipient-told"))
        assert len(trail.all()) == 1


def test_who_answered_is_not_mailed_again_and_who_has_no_address_never(desk: Desk) -> None:
    with desk.store.transaction() as session:
        recipients.answer(session, desk.of(session)["mailing"], Answer.DONE, "", now=NOW)
    with pytest.raises(casework.Conflict):
        mail(desk)
    with pytest.raises(casework.NotPossible, match="no e-mail address"):
        desk.do("bookkeeper", recipients.tell_by_mail, settings=desk.settings)
    with desk.store.transaction() as session:
        assert len(session.scalars(select(Notice)).all()) == 1


def test_mails_of_other_kinds_are_let_alone(desk: Desk) -> None:
    deliver(desk)
    with desk.store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        facts = {"reference": case.reference, "link": "http://localhost/"}
        notices.enqueue(session, "answer-ready", key="other", case=case, recipient="a@b.example", facts=facts, now=NOW)
    deliver(desk)
    assert desk.states()["mailing"] == "told"

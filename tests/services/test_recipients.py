"""The mail to a recipient: told once the mail server took it, and what the person hears of it until then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dsr.db.audit import AuditEntry
from dsr.db.base import new_id
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.db.notifications import Notification
from dsr.domain.notifications import Answer, Change, Channel
from dsr.domain.register import Text
from dsr.mail.delivery import DeliveryFailed
from dsr.services import casework, notices, notifications, recipients, tasks
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
    assert sorted(desk.open_tasks()) == ["mail-failed", "recipients-to-tell"], "others wait to be told too"
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    assert desk.states()["mailing"] == "told"


def test_the_task_comes_back_when_the_last_recipient_was_not_reached(desk: Desk) -> None:
    desk.do("bookkeeper", notifications.note_told, Channel.PHONE)
    desk.do("collector", notifications.say_received, has_received=False)
    assert desk.open_tasks() == []
    deliver(desk, DeliveryFailed("550", is_permanent=True))
    assert "recipients-to-tell" in desk.open_tasks()
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    assert "recipients-to-tell" not in desk.open_tasks()


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


def pass_days(desk: Desk, *days: int) -> list[tuple[int, list[str]]]:
    """The daily round on these days: after which of them mails to recipients wait, and the open tasks at the end."""
    told: list[tuple[int, list[str]]] = []
    for day in days:
        now = NOW + timedelta(days=day)
        with desk.store.transaction() as session:
            before = session.scalars(select(Notice.id)).all()
            recipients.tell_of_ledger(session, settings=desk.settings, now=now)
            recipients.remind_silent(session, settings=desk.settings, now=now)
            session.flush()
            new = select(Notice.kind).where(Notice.id.not_in(before))
            told += [(day, list(kinds))] if (kinds := session.scalars(new).all()) else []
    return told


def test_who_says_nothing_is_reminded_twice_and_then_a_handler_decides(desk: Desk) -> None:
    deliver(desk)
    reminder = ["notification-reminder"]
    assert pass_days(desk, 1, 13, 14, 15, 27, 28, 29, 41, 42) == [(14, reminder), (28, reminder)]
    assert "recipient-silent" not in desk.open_tasks()
    assert pass_days(desk, 43, 44, 400) == []
    with desk.store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        (task,) = tasks.open_of(session, case.id)
        assert (task.kind, task.facts) == ("recipient-silent", {"recipient": "mailing"})
        tasks.settle(
            session,
            case,
            task,
            "Zij bestaan niet meer.",
            is_done=False,
            register=desk.settings.register,
            by=desk.handler,
            now=NOW,
        )
    assert pass_days(desk, 401) == []
    assert "recipient-silent" not in desk.open_tasks()


def test_after_a_pause_one_reminder_is_enough_and_an_answer_ends_it(desk: Desk) -> None:
    deliver(desk)
    assert pass_days(desk, 40, 41) == [(40, ["notification-reminder"])]
    pass_days(desk, 43)
    assert "recipient-silent" in desk.open_tasks()
    desk.do("mailing", note_answer)
    assert "recipient-silent" not in desk.open_tasks()
    assert pass_days(desk, 50) == []


def note_answer(session: Session, _case: Case, notification: Notification, **named: Any) -> None:
    notifications.record_answer(session, notification, Answer.DONE, "", **named)


def _records(words: str) -> Text:
    return Text(words, words.replace("factuur", "invoice"))


def test_when_kept_data_go_those_who_were_mailed_are_mailed_and_others_are_left_to_the_handler(desk: Desk) -> None:
    deliver(desk)
    desk.do("collector", notifications.say_received, has_received=False)
    with desk.store.transaction() as session:
        for what in ("customer", "invoice"):
            changes = [Change(what, words=_records(f"{what} 119, 120"))]
            notifications.propose_later(
                session, desk.case_id, changes, register=desk.settings.register, now=NOW + timedelta(days=9)
            )
    with desk.store.transaction() as session:
        made = [each for each in notifications.of_case(session, desk.case_id) if each.about == "later"]
        assert sorted((each.recipient, each.state) for each in made) == [
            ("bookkeeper", "proposed"), ("mailing", "proposed"), ("unit", "left-out"),
        ]  # fmt: skip
        told = {each.recipient: each for each in made}
        customer, invoice = (Change(what, words=_records(f"{what} 119, 120")) for what in ("customer", "invoice"))
        assert notifications.changes_of(told["mailing"]) == [customer, invoice], "of two systems, in one night"
    assert pass_days(desk, 9, 10) == [(10, ["notification"])]
    assert desk.open_tasks().count("recipients-to-tell") == 1, "the first list is open: the bookkeeper stands in it"
    with desk.store.transaction() as session:
        register = desk.settings.register
        for words in (_records("factuur 121"), None, _records("factuur 7")):
            changes, now = [Change("invoice", words=words)], NOW + timedelta(days=10)
            notifications.propose_later(session, desk.case_id, changes, register=register, now=now)
        newest = desk.of(session)["mailing"]
        assert notifications.changes_of(newest) == [Change("invoice", words=_records("factuur 121; factuur 7"))]
    assert all(each.about == "right" for each in desk.facts().informed)


def test_a_later_mail_that_is_refused_is_left_to_the_handler(desk: Desk) -> None:
    deliver(desk)
    with desk.store.transaction() as session:
        session.execute(update(Task).values(done_at=NOW))
        register, changes = desk.settings.register, [Change("customer")]
        notifications.propose_later(session, desk.case_id, changes, register=register, now=NOW + timedelta(days=9))
    assert pass_days(desk, 10) == [(10, ["notification"])]
    deliver(desk, DeliveryFailed("550", is_permanent=True), days=10)
    assert desk.states()["mailing"] == "proposed"
    assert "recipients-to-tell" in desk.open_tasks()
    assert pass_days(desk, 11, 12) == []


def test_who_was_told_of_a_restriction_is_told_that_it_ended(desk: Desk) -> None:
    deliver(desk)
    with desk.store.transaction() as session:
        notifications.propose_lifting(session, desk.case_id, desk.source_id, now=NOW)
        notifications.propose_lifting(session, desk.case_id, new_id(), now=NOW)
    with desk.store.transaction() as session:
        made = [each for each in notifications.of_case(session, desk.case_id) if each.about == "lifted"]
        assert [(each.recipient, each.state) for each in made] == [("mailing", "proposed")]
        assert notifications.changes_of(made[0])[0].category == "customer"
        notifications.record_told(session, made[0], Channel.MAIL, by=desk.handler, now=NOW)
    assert pass_days(desk, 20) == [(20, ["notification-reminder"])], "of the restriction, and not of its end"

"""What a recipient does: from the mail to the page, by link and code, to an answer on the page of the case."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice
from dsr.db.notifications import Notification
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.notifications import Change
from dsr.domain.register import Text
from dsr.domain.rights import Right
from dsr.services import casework, notifications, recipients
from dsr.services.mailboxes import CODES_A_DAY, LINK_LIFETIME, SESSION_LIFETIME
from tests.parts.cast import add_case, add_member
from tests.parts.staff import store
from tests.parts.store import NOW
from tests.parts.web import Clock, Visitor
from tests.services.test_notifications import register

PERSON = ("Hanna Brinkman", "hanna@")
ADDRESS = "avg@duinpost.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=register())


@dataclass
class Recipient:
    """A recipient at a browser, who goes by the mail."""

    app: Flask
    settings: Settings
    clock: Clock
    browser: Visitor

    def mailed(self, kind: str) -> dict[str, str]:
        """What the newest mail of a kind says."""
        with store(self.app) as session:
            sent = select(Notice).where(Notice.kind == kind).order_by(Notice.made_at.desc(), Notice.id)
            notice = session.scalars(sent).first()
            assert notice
            assert notice.recipient == ADDRESS
            facts: dict[str, str] = json.loads(notice.facts)
            return facts

    @property
    def path(self) -> str:
        return self.mailed("notification")["link"].removeprefix(self.settings.web.base_url)

    def tell(self) -> None:
        """The handler has the mail sent."""
        with store(self.app) as session:
            handler = session.scalars(select(StaffMember)).one()
            told = session.scalars(select(Notification).where(Notification.recipient == "mailing")).one()
            case = session.get_one(Case, told.case_id)
            recipients.tell_by_mail(session, case, told, by=handler.id, settings=self.settings, now=self.clock())

    def send(self, verb: str, **fields: object) -> TestResponse:
        return self.browser.send(f"{self.path}/{verb}", self.path, **fields)

    def enter(self) -> None:
        assert self.send("stuur-code").status_code == 303
        assert self.send("code", code=self.mailed("notification-code")["code"]).status_code == 303

    def page(self) -> str:
        return self.browser.see(f"{self.path}?lang=nl").text

    def kept(self) -> Notification:
        with store(self.app) as session:
            return session.scalars(select(Notification).where(Notification.recipient == "mailing")).one()


@pytest.fixture
def recipient(app: Flask, settings: Settings, clock: Clock, visitor: Visitor) -> Recipient:
    """A recipient who was mailed about an erasure."""
    with store(app) as session:
        handler = add_member(session)
        case = add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
        changes = [Change("customer"), Change("invoice", is_part=True)]
        source = uuid.uuid4()
        notifications.propose(session, case.id, Right.ERASURE, changes, source_id=source, register=register(), now=NOW)
    told = Recipient(app, settings, clock, visitor)
    told.tell()
    return told


def test_the_mail_and_the_link_say_nothing_about_anybody(recipient: Recipient) -> None:
    assert sorted(recipient.mailed("notification")) == ["link", "reference", "until"]
    shown = recipient.page()
    assert "Over gegevens die u van ons kreeg" in shown
    assert [words for words in (*PERSON, "Klantgegevens", "gewist") if words in shown] == []
    with store(recipient.app) as session:
        assert session.scalars(select(Notice).where(Notice.kind == "notification-code")).all() == []


def test_with_the_code_the_page_says_who_what_and_since_when(recipient: Recipient) -> None:
    recipient.enter()
    shown = recipient.page()
    wanted = (*PERSON, "Klantgegevens", "Facturen (een deel)", "Op maandag 23 november 2026 hebben wij gegevens gewist")
    assert [words for words in wanted if words not in shown] == []


def test_the_answer_is_recorded_once_and_closes_the_page(recipient: Recipient) -> None:
    recipient.enter()
    assert recipient.send("antwoord", answer="cannot", remark="De wet: 7 jaar.").status_code == 303
    assert "Uw antwoord: wij kunnen dit niet doen" in recipient.page()
    assert PERSON[0] not in recipient.page()
    kept = recipient.kept()
    assert (kept.answer, kept.remark, kept.channel) == ("cannot", "De wet: 7 jaar.", "mail")
    with store(recipient.app) as session:
        trail = session.scalars(select(AuditEntry).where(AuditEntry.actor == recipients.RECIPIENT))
        assert [entry.event for entry in trail] == ["notification-opened", "recipient-answered"]


def test_a_second_answer_does_not_replace_the_first(recipient: Recipient) -> None:
    recipient.enter()
    token = recipient.browser.token(recipient.path)
    for answer in ("done", "cannot"):
        data = {"csrf_token": token, "answer": answer}
        assert recipient.browser.browser.post(f"{recipient.path}/antwoord", data=data).status_code == 303
    assert recipient.kept().answer == "done"


@pytest.mark.parametrize("answer", ["", "yes"])
def test_without_a_choice_what_was_typed_stays(recipient: Recipient, answer: str) -> None:
    recipient.enter()
    refused = recipient.send("antwoord", answer=answer, remark="Nog niet.")
    assert refused.status_code == 422
    assert "Nog niet.</textarea>" in refused.text
    assert recipient.kept().answer is None


def test_a_remark_that_is_too_long_stays_on_the_page(recipient: Recipient) -> None:
    recipient.enter()
    refused = recipient.send("antwoord", answer="done", remark="x" * 5001)
    assert refused.status_code == 422
    assert "x" * 5001 in refused.text


def test_nobody_answers_or_reads_without_the_code(recipient: Recipient) -> None:
    refused = recipient.send("antwoord", answer="done", remark="Zomaar.")
    assert refused.status_code == 401
    assert "Zomaar." in refused.text
    assert recipient.kept().answer is None


def test_a_session_ends_by_itself_and_by_the_button(recipient: Recipient) -> None:
    recipient.enter()
    recipient.clock.move(SESSION_LIFETIME)
    assert PERSON[0] not in recipient.page()
    recipient.enter()
    assert PERSON[0] in recipient.page()
    assert recipient.send("sluiten").status_code == 303
    assert PERSON[0] not in recipient.page()


def test_five_wrong_codes_and_the_right_one_is_of_no_use(recipient: Recipient) -> None:
    recipient.send("stuur-code")
    right = recipient.mailed("notification-code")["code"]
    wrong = "000000" if right != "000000" else "111111"
    assert [recipient.send("code", code=wrong).status_code for _ in range(5)] == [400] * 5
    assert recipient.send("code", code=right).status_code == 429
    assert PERSON[0] not in recipient.page()


def test_codes_are_mailed_so_often_a_day_and_no_more(recipient: Recipient) -> None:
    sent = [recipient.send("stuur-code").status_code for _ in range(CODES_A_DAY + 1)]
    assert sent == [303] * CODES_A_DAY + [429]


def test_a_link_expires_and_a_newer_one_takes_its_place(recipient: Recipient) -> None:
    first = recipient.path
    recipient.clock.move(timedelta(minutes=1))
    recipient.tell()
    assert recipient.path != first
    assert recipient.browser.see(first).status_code == 410
    assert recipient.browser.see(recipient.path).status_code == 200
    recipient.clock.move(LINK_LIFETIME)
    assert recipient.browser.see(recipient.path).status_code == 410
    assert recipient.browser.see("/melding/nothing").status_code == 410


def test_the_code_of_one_recipient_opens_no_page_of_another(recipient: Recipient) -> None:
    recipient.enter()
    with store(recipient.app) as session:
        other = session.scalars(select(Notification).where(Notification.recipient == "bookkeeper")).one()
        handler = session.scalars(select(StaffMember)).one()
        with pytest.raises(casework.NotPossible, match="no e-mail address"):
            recipients.tell_by_mail(
                session,
                session.get_one(Case, other.case_id),
                other,
                by=handler.id,
                settings=recipient.settings,
                now=NOW,
            )
        known = register().recipients
        moved = replace(known["bookkeeper"], email="avg@dijkstra.example")
        settings = replace(recipient.settings, register=replace(register(), recipients={**known, "bookkeeper": moved}))
        token = recipient.browser.browser
        with token.session_transaction() as browser:
            entered = browser["notification"]
        assert not recipients.has_entered(session, other, entered, settings=settings, now=NOW)


@pytest.mark.parametrize(
    ("about", "said", "is_named"),
    [
        ("later", "Tot dan bewaarden wij ze nog.", False),
        ("lifted", "eindigde de beperking op het gebruik", True),
    ],
)
def test_what_came_later_is_told_by_the_record_and_the_end_of_a_restriction_by_the_person(
    recipient: Recipient, about: str, said: str, is_named: bool
) -> None:
    with store(recipient.app) as session:
        told = session.scalars(select(Notification).where(Notification.recipient == "mailing")).one()
        told.about, told.changes = (
            about,
            json.dumps([asdict(Change("invoice", words=Text("factuur 119", "invoice 119")))]),
        )
    recipient.enter()
    page = recipient.page()
    assert said in page
    assert "factuur 119" in page
    assert "invoice 119" in recipient.browser.see(f"{recipient.path}?lang=en").text, "in the language of the reader"
    assert [name in page for name in PERSON] == [is_named, is_named]
    assert ("Antwoord versturen" in page) is (about == "later"), "the end of a restriction asks for no answer"

"""Mail counted where it arrives: whatever the mail server does, everything comes, and once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dsr.db.notices import Notice, Task
from dsr.domain.rights import Right
from dsr.jobs import tasks
from dsr.mail import messages
from dsr.mail.delivery import Mail
from dsr.services import audit, notices
from tests.parts.cast import add_case, add_member
from tests.parts.post import Clock, context_for, mail_for
from tests.parts.smtp import MailServer
from tests.parts.store import NOW, Store

FACTS = {"reference": "2026-K7QF-9M3X", "link": "http://localhost:8080/status/abc"}


def enqueue(store: Store, *recipients: str) -> None:
    with store.transaction() as session:
        for recipient in recipients:
            notices.enqueue(session, "answer-ready", key=recipient, recipient=recipient, facts=FACTS, now=NOW)


def states(store: Store) -> Counter[str]:
    with store.transaction(writes=False) as session:
        return Counter(session.scalars(select(Notice.state)))


def run_for(store: Store, mail: Mail, clock: Clock, *, minutes: int, every: int = 1) -> None:
    """The worker's minutes, one by one, as far as mail goes."""
    for _ in range(0, minutes, every):
        tasks.deliver(context_for(store, clock), mail)
        clock.pass_by(minutes=every)


def recipients(server: MailServer) -> list[str]:
    return sorted(to for delivery in server.deliveries for to in delivery.recipients)


def test_everything_that_is_due_goes_in_one_run(store: Store, smtp_server: MailServer) -> None:
    people = [f"person{number}@example.org" for number in range(5)]
    enqueue(store, *people)
    tasks.deliver(context_for(store, Clock()), mail_for(store, smtp_server))
    assert recipients(smtp_server) == people
    assert states(store) == {"sent": 5}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_notice_reads_the_same_at_the_other_end(sqlite_store: Store, smtp_server: MailServer, language: str) -> None:
    with sqlite_store.transaction() as session:
        case = add_case(session, Right.ACCESS)
        case.language = language
        facts = {**FACTS, "due_on": "2027-01-18", "code": "012345"}
        notices.enqueue(
            session, "acknowledgement", key="one", case=case, recipient="hanna@example.org", facts=facts, now=NOW
        )
    tasks.deliver(context_for(sqlite_store, Clock()), mail_for(sqlite_store, smtp_server))
    (delivery,) = smtp_server.deliveries
    message = messages.write("acknowledgement", facts, controller=sqlite_store.settings.controller, language=language)
    text, html = delivery.message.get_body(("plain",)), delivery.message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == message.text.splitlines()
    assert html.get_content().splitlines() == message.html.splitlines()
    assert delivery.message["Subject"] == message.subject
    assert delivery.message["Auto-Submitted"] == "auto-replied"
    assert "Hanna" not in str(delivery.message)


def test_a_mail_server_that_is_away_for_a_day_gets_everything_once(store: Store, smtp_server: MailServer) -> None:
    enqueue(store, "hanna@example.org", "tim@example.org")
    clock, mail = Clock(), mail_for(store, smtp_server)
    smtp_server.reply = "451 4.3.0 Try again later"
    run_for(store, mail, clock, minutes=24 * 60, every=10)
    assert states(store) == {"queued": 2}
    smtp_server.reply = "250 OK"
    run_for(store, mail, clock, minutes=5 * 60, every=10)
    assert recipients(smtp_server) == ["hanna@example.org", "tim@example.org"]
    assert states(store) == {"sent": 2}
    with store.transaction(writes=False) as session:
        assert session.scalar(select(func.count()).select_from(Task)) == 0


def test_one_address_that_must_wait_holds_up_nobody(store: Store, smtp_server: MailServer) -> None:
    smtp_server.reply = "451 4.7.1 Greylisted"
    enqueue(store, "hanna@example.org")
    clock, mail = Clock(), mail_for(store, smtp_server)
    tasks.deliver(context_for(store, clock), mail)
    smtp_server.reply = "250 OK"
    enqueue(store, "tim@example.org")
    tasks.deliver(context_for(store, clock), mail)
    assert recipients(smtp_server) == ["tim@example.org"]


def test_an_address_that_does_not_exist_is_told_to_staff_within_a_quarter_of_an_hour(
    store: Store, smtp_server: MailServer
) -> None:
    with store.transaction() as session:
        add_member(session)
        case = add_case(session, Right.ACCESS)
        facts = {**FACTS, "reference": case.reference}
        notices.enqueue(
            session, "answer-ready", key="one", case=case, recipient="hanna@example.org", facts=facts, now=NOW
        )
    clock, mail = Clock(), mail_for(store, smtp_server)
    smtp_server.reply = "550 5.1.1 <hanna@example.org> does not exist"
    run_for(store, mail, clock, minutes=2)
    assert states(store) == {"failed": 1}
    smtp_server.reply = "250 OK"
    tasks.tell_tasks(context_for(store, clock))
    run_for(store, mail, clock, minutes=60)
    (delivery,) = smtp_server.deliveries
    assert delivery.recipients == ["noor@polder.example"]
    text = delivery.message.get_body(("plain",))
    assert text is not None
    assert f"- {case.reference}: mail niet aangekomen" in text.get_content()


def test_staff_who_cannot_be_mailed_are_not_mailed_about_that(store: Store, smtp_server: MailServer) -> None:
    with store.transaction() as session:
        add_member(session)
        session.add(Task(key="one", kind="other", made_at=NOW))
    smtp_server.reply = "550 5.1.1 no"
    clock, mail = Clock(), mail_for(store, smtp_server)
    for _ in range(4):
        tasks.tell_tasks(context_for(store, clock))
        run_for(store, mail, clock, minutes=15, every=5)
    assert states(store) == {"failed": 1}


@pytest.mark.parametrize("server", ["untrusted_server", "misnamed_server"])
def test_nothing_goes_to_a_server_with_a_wrong_certificate(
    store: Store, server: str, ca_file: Path, request: pytest.FixtureRequest
) -> None:
    receiver: MailServer = request.getfixturevalue(server)
    enqueue(store, "hanna@example.org")
    mail = mail_for(store, receiver, security="starttls", ca_file=str(ca_file))
    run_for(store, mail, Clock(), minutes=60, every=5)
    assert receiver.deliveries == []
    assert states(store) == {"queued": 1}
    with store.transaction(writes=False) as session:
        assert session.scalar(select(Notice.error)) == "SSLCertVerificationError"
        assert (session.scalar(select(Notice.attempt)) or 0) > 2


def test_a_trusted_server_gets_it(store: Store, starttls_server: MailServer, ca_file: Path) -> None:
    enqueue(store, "hanna@example.org")
    mail = mail_for(store, starttls_server, security="starttls", ca_file=str(ca_file))
    tasks.deliver(context_for(store, Clock()), mail)
    assert recipients(starttls_server) == ["hanna@example.org"]


def test_a_mail_that_cannot_be_written_does_not_stop_the_others(store: Store, smtp_server: MailServer) -> None:
    enqueue(store, "hanna@example.org\r\nBcc: evil@e.test", "tim@example.org")
    tasks.deliver(context_for(store, Clock()), mail_for(store, smtp_server))
    assert recipients(smtp_server) == ["tim@example.org"]
    assert states(store) == {"failed": 1, "sent": 1}


def test_a_slow_worker_and_a_second_one_send_two_copies_of_one_mail(store: Store, smtp_server: MailServer) -> None:
    """The first worker sleeps between writing the mail and sending it, until past its lease, and then goes on."""
    enqueue(store, "hanna@example.org")
    clock = Clock()
    context, mail = context_for(store, clock), mail_for(store, smtp_server)
    deliver = mail.deliver

    def sleep_first(recipient: str, letter: bytes) -> None:
        mail.deliver = deliver  # type: ignore[method-assign]
        clock.pass_by(minutes=4)
        tasks.deliver(context, mail)
        deliver(recipient, letter)

    mail.deliver = sleep_first  # type: ignore[method-assign]
    tasks.deliver(context, mail)
    first, second = smtp_server.deliveries
    assert first.message.as_bytes() == second.message.as_bytes()
    with store.transaction(writes=False) as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.state, notice.attempt) == ("sent", 2)
    clock.pass_by(days=1)
    tasks.deliver(context, mail)
    assert len(smtp_server.deliveries) == 2


def test_staff_get_one_digest_a_day_also_after_a_week_of_downtime(store: Store, smtp_server: MailServer) -> None:
    with store.transaction() as session:
        noor, _ = add_member(session), add_member(session, "Tim de Graaf")
        month_ago, today = NOW - timedelta(days=30), NOW.date()
        add_case(session, received_at=month_ago, next_legal_on=today + timedelta(days=3), handler=noor)
        add_case(session, received_at=month_ago, next_legal_on=today - timedelta(days=1))
    clock, mail = Clock(), mail_for(store, smtp_server)

    def live(days: int) -> Counter[str]:
        smtp_server.deliveries.clear()
        for _ in range(days * 8):
            tasks.remind(context_for(store, clock))
            tasks.deliver(context_for(store, clock), mail)
            clock.pass_by(hours=3)
        arrived = [(each.message["Date"].datetime, each.recipients[0]) for each in smtp_server.deliveries]
        return Counter(f"{moment:%d} {to}" for moment, to in arrived)

    assert live(2) == {f"{day} {who}@polder.example": 1 for day in (23, 24, 25) for who in ("noor", "tim")}
    clock.pass_by(days=7)
    assert live(1) == {f"{day} {who}@polder.example": 1 for day in ("02", "03") for who in ("noor", "tim")}
    for delivery in smtp_server.deliveries[:2]:
        text = delivery.message.get_body(("plain",))
        assert text is not None
        assert "Tussen 26 november 2026 en 1 december 2026" in text.get_content().replace("\n", " ")


def test_the_head_of_the_audit_chain_is_kept_outside(store: Store) -> None:
    with store.transaction() as session:
        audit.record(session, "case-closed", by=audit.WORKER, now=NOW)
    tasks.anchor(context_for(store, Clock()))
    with store.transaction(writes=False) as session:
        found = audit.verify(session, store.settings.path(store.settings.storage.anchors))
    assert (found.entries, found.anchors, found.faults) == (1, 1, ())

"""Mail leaves over a line that is safe, as it was meant, within a limit; every fault has a name."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Literal

import hypothesis
import pytest
import trustme
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from dsr.config import Mail as MailSettings
from dsr.config import Secret, Settings
from dsr.mail.delivery import HEADERS, DeliveryFailed, Mail
from dsr.mail.messages import Message
from tests.parts.smtp import MailServer, mail_server
from tests.parts.store import NOW

HANNA = "hanna@example.org"
MESSAGE = Message("Wij hebben uw verzoek ontvangen – één", "Goedendag,\n", "<p>Goedendag,</p>")
MESSAGE_ID = "<1@polder.example>"


def mail_to(
    settings: Settings,
    port: int,
    security: Literal["starttls", "tls", "none"] = "none",
    limit: float = 5,
    **more: object,
) -> Mail:
    """A way to the server on `port`."""
    server = MailSettings("localhost", "privacy@polder.example", port, security, timeout_seconds=1, **more)  # type: ignore[arg-type]
    return Mail(Flask("dsr"), replace(settings, mail=server), conversation_seconds=limit)


def compose(mail: Mail, message: Message = MESSAGE, recipient: str = HANNA) -> bytes:
    return mail.compose(message, recipient=recipient, message_id=MESSAGE_ID, now=NOW)


def send(mail: Mail) -> None:
    mail.deliver(HANNA, compose(mail))


def refusal(act: Callable[[], object]) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        act()
    return caught.value


def test_a_mail_arrives_as_it_was_composed(settings: Settings, smtp_server: MailServer) -> None:
    send(mail_to(settings, smtp_server.port))
    (delivery,) = smtp_server.deliveries
    assert (delivery.sender, delivery.recipients) == ("privacy@polder.example", [HANNA])
    mail = delivery.message
    assert mail["Subject"] == MESSAGE.subject
    assert mail["From"] == "Polder Hosting <privacy@polder.example>"
    assert mail["Message-ID"] == MESSAGE_ID
    assert mail["Date"].datetime == NOW
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Goedendag,"]
    assert html.get_content().strip() == "<p>Goedendag,</p>"


@pytest.mark.parametrize(("is_reply", "word"), [(True, "auto-replied"), (False, "auto-generated")])
def test_other_programs_are_told_not_to_answer(settings: Settings, is_reply: bool, word: str) -> None:
    mail = message_from_bytes(compose(mail_to(settings, 1), replace(MESSAGE, is_reply=is_reply)))
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == (word, "All")


def test_a_mail_survives_any_relay(settings: Settings) -> None:
    raw = compose(mail_to(settings, 1), Message("Één", "é" * 3000, "<p>" + "é" * 3000))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_the_name_of_the_machine_is_not_told(settings: Settings) -> None:
    assert socket.gethostname().encode() not in compose(mail_to(settings, 1))


def test_a_sender_may_have_a_name_of_its_own(settings: Settings) -> None:
    server = MailSettings("localhost", '"Bakker, Zn. (privacy)" <privacy@polder.example>')
    mail = Mail(Flask("dsr"), replace(settings, mail=server))
    (sender,) = message_from_bytes(compose(mail), policy=default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Bakker, Zn. (privacy)", "privacy@polder.example")
    assert mail.domain == "polder.example"


def test_the_vector_holds_a_line_break() -> None:
    assert "\r\nBcc" in str(make_header(decode_header(ENCODED_BREAK)))


ENCODED_BREAK = "=?utf-8?q?Hi=0D=0ABcc=3A_evil=40e=2Etest?="


@pytest.mark.parametrize(
    "subject",
    [
        "Hi\r\nBcc: evil@e.test",
        "Hi\nBcc: evil@e.test",
        "Hi\r\n\tBcc: evil@e.test",
        "Hi\r\n\r\n<p>forged",
        "Hi\u2028Bcc: evil@e.test",
        "Hi\x00there",
    ],
)
def test_a_subject_with_a_line_break_is_refused(settings: Settings, subject: str) -> None:
    mail = mail_to(settings, 1)
    assert refusal(lambda: compose(mail, replace(MESSAGE, subject=subject))).code == "headers"


@pytest.mark.parametrize("subject", [ENCODED_BREAK, f"é {ENCODED_BREAK}", f"{ENCODED_BREAK} {ENCODED_BREAK}"])
def test_an_encoded_line_break_adds_no_header(settings: Settings, subject: str) -> None:
    _assert_harmless(mail_to(settings, 1), subject, HANNA)


ANY_SUBJECT = st.text(max_size=80) | st.text("=?utf-8qb_=0DAa:\r\n ", max_size=80)
ANY_RECIPIENT = st.just(HANNA) | st.text("ab@.<>,:;\r\n =?é", max_size=30)


@given(subject=ANY_SUBJECT, recipient=ANY_RECIPIENT)
@hypothesis.settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_adds_a_header(settings: Settings, subject: str, recipient: str) -> None:
    _assert_harmless(mail_to(settings, 1), subject, recipient)


def _assert_harmless(mail: Mail, subject: str, recipient: str) -> None:
    try:
        raw = compose(mail, replace(MESSAGE, subject=subject), recipient)
    except DeliveryFailed:
        return
    head = raw.split(b"\r\n\r\n", 1)[0]
    names = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert sorted(names) == sorted(HEADERS)


@pytest.mark.parametrize(
    "recipient",
    ["", "hanna", "hanna@", "Hanna <hanna@example.org>", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@c.d",
     "hänna@example.org", "hanna@example.org ", '"a b"@example.org', "a@exa mple.org"],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused(settings: Settings, recipient: str) -> None:
    fault = refusal(lambda: compose(mail_to(settings, 1), recipient=recipient))
    assert (fault.code, fault.is_permanent) == ("address", True)


def test_an_address_with_an_international_domain_is_written_to(settings: Settings, smtp_server: MailServer) -> None:
    mail = mail_to(settings, smtp_server.port)
    mail.deliver("hanna@bücher.example", compose(mail, recipient="hanna@bücher.example"))
    assert smtp_server.deliveries[0].recipients == ["hanna@xn--bcher-kva.example"]


def test_a_trusted_certificate_is_accepted(settings: Settings, starttls_server: MailServer, ca_file: Path) -> None:
    send(mail_to(settings, starttls_server.port, "starttls", ca_file=str(ca_file)))
    assert len(starttls_server.deliveries) == 1


def test_tls_from_the_first_byte_is_checked_too(settings: Settings, authority: trustme.CA, ca_file: Path) -> None:
    for issuer, is_trusted in ((authority, True), (trustme.CA(), False)):
        with mail_server(issuer.issue_cert("localhost"), tls_at_once=True) as server:
            mail = mail_to(settings, server.port, "tls", ca_file=str(ca_file))
            if is_trusted:
                send(mail)
            else:
                assert refusal(partial(send, mail)).code == "SSLCertVerificationError"
            assert len(server.deliveries) == is_trusted


@pytest.mark.parametrize("server", ["untrusted_server", "misnamed_server"])
def test_a_wrong_certificate_is_refused(
    settings: Settings, server: str, ca_file: Path, request: pytest.FixtureRequest
) -> None:
    receiver: MailServer = request.getfixturevalue(server)
    fault = refusal(lambda: send(mail_to(settings, receiver.port, "starttls", ca_file=str(ca_file))))
    assert (fault.code, fault.is_permanent) == ("SSLCertVerificationError", False)
    assert receiver.deliveries == []


def test_nothing_leaves_unencrypted_when_encryption_is_asked_for(settings: Settings, smtp_server: MailServer) -> None:
    fault = refusal(lambda: send(mail_to(settings, smtp_server.port, "starttls")))
    assert (fault.code, fault.is_permanent) == ("SMTPNotSupportedError", False)
    assert smtp_server.deliveries == []


@pytest.mark.parametrize(
    ("reply", "code", "is_permanent"),
    [
        ("451 4.3.0 Try again later", "451 4.3.0", False),
        ("452 Full", "452", False),
        ("421 4.7.0 Bye", "421 4.7.0", False),
        ("550 5.1.1 <hanna@example.org> unknown", "550 5.1.1", True),
        ("552 5.2.2 Mailbox full", "552 5.2.2", True),
        ("554 Rejected", "554", True),
    ],
)
def test_the_server_says_whether_to_try_again(
    settings: Settings, smtp_server: MailServer, reply: str, code: str, is_permanent: bool
) -> None:
    smtp_server.reply = reply
    fault = refusal(lambda: send(mail_to(settings, smtp_server.port)))
    assert (fault.code, fault.is_permanent) == (code, is_permanent)


def test_an_unwanted_sign_in_is_ours_to_repair(settings: Settings, starttls_server: MailServer, ca_file: Path) -> None:
    (settings.base / "password").write_text("not the right one")
    account = {"username": "dsr", "password": Secret(file="password")}
    mail = mail_to(settings, starttls_server.port, "starttls", ca_file=str(ca_file), **account)
    assert not refusal(lambda: send(mail)).is_permanent
    assert starttls_server.deliveries == []


@contextmanager
def talker(*lines: bytes, pause: float = 0) -> Iterator[int]:
    """A server that says its lines, one for each it hears, a letter at a time, and then nothing; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_talk, args=(listener, lines, pause))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _talk(listener: socket.socket, lines: tuple[bytes, ...], pause: float) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection:
        try:
            for line in lines:
                for letter in line:
                    connection.send(bytes([letter]))
                    time.sleep(pause)
                connection.recv(65536)
            while connection.recv(65536):
                pass
        except OSError:
            pass


GREETING, HELLO, OK, GO_AHEAD = b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"354 go\r\n"


@pytest.mark.parametrize(
    "lines",
    [(), (b"hello, this is no mail server\r\n",), (GREETING,), (GREETING, HELLO, OK, OK, GO_AHEAD)],
    ids=["silent", "garbage", "silent after the greeting", "silent after the mail"],
)
def test_a_server_that_hangs_is_given_up(settings: Settings, lines: tuple[bytes, ...]) -> None:
    with talker(*lines) as port:
        started = time.monotonic()
        fault = refusal(lambda: send(mail_to(settings, port)))
    assert not fault.is_permanent
    assert time.monotonic() - started < 10


def test_a_server_that_speaks_a_letter_at_a_time_is_given_up(settings: Settings) -> None:
    with talker(b"220 " + b"x" * 400 + b"\r\n", pause=0.05) as port:
        started = time.monotonic()
        fault = refusal(lambda: send(mail_to(settings, port, limit=1)))
    assert not fault.is_permanent
    assert time.monotonic() - started < 5


def test_a_server_that_hangs_up_instead_of_saying_goodbye_took_the_mail(settings: Settings) -> None:
    with talker(GREETING, HELLO, OK, OK, GO_AHEAD, OK) as port:
        send(mail_to(settings, port, limit=1))


def test_no_server_is_a_passing_fault(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not refusal(lambda: send(mail_to(settings, port))).is_permanent

"""The demo's mail is kept, and can be read as it would have arrived."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from dsr.config import Settings
from dsr.demo.mailbox import Mailbox
from dsr.mail.messages import Message
from tests.parts.store import NOW

LINK = "http://127.0.0.1:8080/status/abc"


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> Mailbox:
    nobody_listens = replace(settings.mail, port=1)
    return Mailbox(Flask("dsr"), replace(settings, mail=nobody_listens), tmp_path / "mailbox")


def _send(mailbox: Mailbox, recipient: str, subject: str) -> None:
    message = Message(subject, f"Uw verzoek: één ding nog.\n\n{LINK}\n\nGroet", "<p>Uw verzoek</p>")
    mail = mailbox.compose(message, recipient=recipient, message_id=f"<{subject}@polder.example>", now=NOW)
    mailbox.deliver(recipient, mail)


def test_what_is_sent_is_kept_newest_first(mailbox: Mailbox) -> None:
    _send(mailbox, "hanna@mailbox.example", "Eerste")
    _send(mailbox, "bram@mailbox.example", "Tweede")
    assert [(mail.number, mail.recipient, mail.subject) for mail in mailbox.newest()] == [
        (2, "bram@mailbox.example", "Tweede"),
        (1, "hanna@mailbox.example", "Eerste"),
    ]
    assert [mail.subject for mail in mailbox.newest(1)] == ["Tweede"]
    assert [mail.subject for mail in mailbox.newest(to="hanna@mailbox.example")] == ["Eerste"]


def test_a_mail_is_read_with_its_links(mailbox: Mailbox) -> None:
    _send(mailbox, "hanna@mailbox.example", "Wij hebben uw verzoek ontvangen")
    mail = mailbox.find(1)
    assert mail is not None
    assert mail.sent_at == NOW
    assert mail.text.splitlines()[0] == "Uw verzoek: één ding nog."
    assert [piece for piece, is_link in mail.pieces() if is_link] == [LINK]
    assert "".join(piece for piece, _ in mail.pieces()) == mail.text


def test_there_is_no_other_mail(mailbox: Mailbox) -> None:
    assert mailbox.find(1) is None
    assert mailbox.newest() == []

"""A mailbox in the place of a mail server: what is sent is kept, to be read on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Flask

from dsr.config import Settings
from dsr.mail.delivery import Mail

_LINK = re.compile(r"(https?://\S+)")


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail as its recipient would have had it."""

    number: int
    recipient: str
    sent_at: datetime
    subject: str
    text: str

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it is a link."""
        return ((piece, bool(_LINK.fullmatch(piece))) for piece in _LINK.split(self.text))


class Mailbox(Mail):
    """Keeps mail in a folder instead of sending it."""

    def __init__(self, app: Flask, settings: Settings, folder: Path) -> None:
        super().__init__(app, settings)
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def deliver(self, recipient: str, mail: bytes) -> None:
        """Put a composed mail in the mailbox."""
        number = len(self._files()) + 1
        (self._folder / f"{number:06}.eml").write_bytes(mail)

    def newest(self, limit: int = 40, to: str | None = None) -> list[KeptMail]:
        """The mails that were kept last, newest first; with `to`, those for one address."""
        mails = (_read(file) for file in reversed(self._files()))
        wanted = (mail for mail in mails if to in (None, mail.recipient))
        return [mail for _, mail in zip(range(limit), wanted, strict=False)]

    def find(self, number: int) -> KeptMail | None:
        """The mail with this number."""
        file = self._folder / f"{number:06}.eml"
        return _read(file) if file.exists() else None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"))


def _read(file: Path) -> KeptMail:
    mail = message_from_bytes(file.read_bytes(), EmailMessage, policy=default)
    body = mail.get_body(("plain",))
    return KeptMail(
        number=int(file.stem),
        recipient=str(mail["To"]),
        sent_at=parsedate_to_datetime(str(mail["Date"])),
        subject=str(mail["Subject"]),
        text=body.get_content().strip() if body else "",
    )

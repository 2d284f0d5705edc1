"""Handing mail to the mail server: Flask-Mail, with a certificate that is checked and a limit to how long it takes."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email import message_from_bytes
from email.charset import QP, Charset
from email.errors import MessageError
from email.utils import getaddresses, parseaddr, quote
from functools import cached_property
from threading import Timer
from types import TracebackType
from typing import Any

import flask_mail
from flask import Flask

from dsr.config import Settings
from dsr.mail.messages import Message

CONVERSATION_SECONDS = 60
"""The longest one delivery may take, however slowly the server talks; each single wait is limited besides."""

HEADERS = (
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
)
_ADDRESS = re.compile(r"[!#-'*+\-./-9=?A-Z^-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")

# Lines of any length and letters of any kind survive every relay like this.
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


class DeliveryFailed(Exception):
    """A mail that was not taken. `code` is safe to store: a server's own words may repeat the address."""

    def __init__(self, code: str, *, is_permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_permanent = is_permanent


class Mail(flask_mail.Mail):
    """Our way to the mail server of the configuration."""

    app: Flask

    def __init__(self, app: Flask, settings: Settings, *, conversation_seconds: float = CONVERSATION_SECONDS) -> None:
        self.settings = settings
        self.conversation_seconds = conversation_seconds
        name, address = parseaddr(settings.mail.sender)
        self.address = address
        self.sender = f'"{quote(name or settings.controller.name)}" <{address}>'
        app.config.update(MAIL_DEFAULT_SENDER=self.sender, MAIL_SUPPRESS_SEND=False)
        super().__init__(app)

    @property
    def domain(self) -> str:
        """The domain of our Message-IDs: the sender's, never the name of this machine."""
        return self.address.rpartition("@")[2]

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """How a server is known: by the authorities of `ca_file`, else by those this machine trusts. Slow to read."""
        ca_file = self.settings.mail.ca_file
        return ssl.create_default_context(cafile=str(self.settings.path(ca_file)) if ca_file else None)

    def connect(self) -> Connection:
        """A connection, closed at the end of the `with` block."""
        return Connection(self)

    def check(self) -> None:
        """Connect and sign in, and send nothing. DeliveryFailed where a mail could not be handed over."""
        with _faults_named(), self.connect():
            pass

    def compose(self, message: Message, *, recipient: str, message_id: str, now: datetime) -> bytes:
        """The mail as it goes over the line; DeliveryFailed if it could be read otherwise than it was meant."""
        with self.app.app_context():
            mail = flask_mail.Message(
                message.subject,
                [_plain_address(recipient)],
                message.text,
                message.html,
                sender=self.sender,
                date=now.timestamp(),
                charset=_UTF8,  # type: ignore[arg-type] # a Charset where Flask-Mail names only its name
                extra_headers={
                    "Auto-Submitted": "auto-replied" if message.is_reply else "auto-generated",
                    "X-Auto-Response-Suppress": "All",
                },
            )
            mail.msgId = message_id
            return _checked(mail, message.subject, recipient)

    def deliver(self, recipient: str, mail: bytes) -> None:
        """Hand over a composed mail; once this returns the server has taken it. DeliveryFailed otherwise."""
        with _faults_named(), self.connect() as connection:
            connection.transmit(self.address, _plain_address(recipient), mail)


class Connection(flask_mail.Connection):
    """A conversation with the mail server."""

    mail: Mail
    host: smtplib.SMTP

    def configure_host(self) -> smtplib.SMTP:
        """Connect, make the line safe, sign in. What is asked for and cannot be had ends the conversation."""
        mail, limit = self.mail.settings.mail, self.mail.conversation_seconds
        host: _LimitedSMTP
        if mail.security == "tls":
            host = _LimitedTLS(mail.host, mail.port, limit, timeout=mail.timeout_seconds, context=self.mail.tls)
        else:
            host = _LimitedSMTP(mail.host, mail.port, limit, timeout=mail.timeout_seconds)
        try:
            if mail.security == "starttls":
                host.starttls(context=self.mail.tls)
            if mail.username and mail.password:
                host.login(mail.username, mail.password.read(self.mail.settings.base))
        except BaseException:
            host.close()
            raise
        return host

    def transmit(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send bytes that were composed before."""
        self.host.sendmail(sender, [recipient], mail)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        # A server that hangs up instead of saying goodbye took the mail all the same.
        with suppress(smtplib.SMTPException, OSError):
            self.host.quit()
        self.host.close()


class _LimitedSMTP(smtplib.SMTP):
    """SMTP that ends after so many seconds in all, also with a server that says one letter at a time."""

    def __init__(self, host: str, port: int, limit: float, **options: Any) -> None:
        self._alarm = Timer(limit, self._hang_up)
        self._alarm.daemon = True
        super().__init__(host, port, **options)

    def connect(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        self._alarm.start()
        try:
            return super().connect(*args, **options)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._alarm.cancel()
        super().close()

    def _hang_up(self) -> None:
        if self.sock:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


class _LimitedTLS(_LimitedSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _plain_address(address: str) -> str:
    """The address in ASCII; DeliveryFailed if it is not one plain address."""
    try:
        plain = flask_mail.sanitize_address(address)
    except UnicodeError:
        plain = ""
    if parseaddr(address) != ("", address) or not _ADDRESS.fullmatch(plain):
        raise DeliveryFailed("address", is_permanent=True)
    return plain


def _checked(mail: flask_mail.Message, subject: str, recipient: str) -> bytes:
    """The mail, if reading it back gives the headers that were meant, and no other.

    An encoded word in a header can hold a line break that appears only when the header is written.
    """
    try:
        written = mail.as_bytes()
    except (ValueError, MessageError):
        raise DeliveryFailed("headers", is_permanent=True) from None
    parsed = message_from_bytes(written)
    recipients = getaddresses(parsed.get_all("To", []))
    is_as_meant = sorted(parsed.keys()) == sorted(HEADERS) and recipients == [("", _plain_address(recipient))]
    if not is_as_meant or not subject.isprintable():
        raise DeliveryFailed("headers", is_permanent=True)
    return written


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as refusal:
        ((code, words),) = refusal.recipients.values()
        raise _refused(code, words) from None
    except smtplib.SMTPDataError as refusal:
        raise _refused(refusal.smtp_code, refusal.smtp_error) from None
    except smtplib.SMTPResponseException as fault:
        raise DeliveryFailed(_code(fault.smtp_code, fault.smtp_error), is_permanent=False) from None
    except (smtplib.SMTPException, OSError, ValueError) as fault:
        raise DeliveryFailed(type(fault).__name__, is_permanent=False) from None


def _refused(code: int, words: bytes | str) -> DeliveryFailed:
    """What the server says of this recipient or this mail: 5xx will not change by itself."""
    return DeliveryFailed(_code(code, words), is_permanent=code // 100 == 5)


def _code(code: int, words: bytes | str) -> str:
    enhanced = _ENHANCED.match(words if isinstance(words, bytes) else words.encode())
    return f"{code} {enhanced[0].decode()}" if enhanced else str(code)

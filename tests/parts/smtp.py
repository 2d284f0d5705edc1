"""Mail servers that keep what they receive, on a free port of this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "localhost"


@dataclass(frozen=True)
class Delivery:
    """One message as it arrived, with the envelope it came in."""

    sender: str
    recipients: list[str]
    message: EmailMessage


@dataclass
class MailServer:
    """A running server. Set ``reply`` to let it refuse what is offered (``"451 Try again later"``)."""

    port: int
    host: str = HOST
    reply: str = "250 OK"
    deliveries: list[Delivery] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        """Keep the message, unless it is to be refused."""
        assert isinstance(envelope.content, bytes)
        if self.reply.startswith("250"):
            message = message_from_bytes(envelope.content, EmailMessage, policy=SMTP_POLICY)
            self.deliveries.append(Delivery(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return self.reply


class _Listener(Controller):
    """A controller on a socket that is bound already, so that its port is known and nobody else's."""

    def __init__(self, handler: MailServer, bound: socket.socket, **options: Any) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=handler.port, **options)
        self._bound = bound

    async def _create_server(self) -> asyncio.AbstractServer:
        return await self.loop.create_server(self._factory_invoker, sock=self._bound, ssl=self.ssl_context)


@contextmanager
def mail_server(certificate: trustme.LeafCert | None = None, *, tls_at_once: bool = False) -> Iterator[MailServer]:
    """A mail server; with a certificate it demands STARTTLS, or speaks TLS from the first byte."""
    bound = socket.create_server(("127.0.0.1", 0))
    handler = MailServer(bound.getsockname()[1])
    if tls_at_once:
        listener = _Listener(handler, bound, ssl_context=_context(certificate))
    else:
        starttls = certificate is not None
        listener = _Listener(handler, bound, tls_context=_context(certificate), require_starttls=starttls)
    listener.start()
    try:
        yield handler
    finally:
        listener.stop()


def _context(certificate: trustme.LeafCert | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority that the client is told to trust."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """The trusted authority's certificate, as a PEM file."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def smtp_server() -> Iterator[MailServer]:
    """A mail server without encryption."""
    with mail_server() as server:
        yield server


@pytest.fixture
def starttls_server(authority: trustme.CA) -> Iterator[MailServer]:
    """A mail server with STARTTLS and a certificate of the authority in ``ca_file``."""
    with mail_server(authority.issue_cert(HOST)) as server:
        yield server


@pytest.fixture
def untrusted_server() -> Iterator[MailServer]:
    """A mail server with STARTTLS and a certificate that must be refused: nobody trusts its authority."""
    with mail_server(trustme.CA().issue_cert(HOST)) as server:
        yield server


@pytest.fixture
def misnamed_server(authority: trustme.CA) -> Iterator[MailServer]:
    """A mail server whose certificate is of the trusted authority, but for another host."""
    with mail_server(authority.issue_cert("other.example")) as server:
        yield server

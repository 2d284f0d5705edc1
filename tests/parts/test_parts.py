"""The parts tests rely on do what they promise."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import URL, create_engine, text

from tests.parts.browser import accessibility_faults
from tests.parts.components import requires
from tests.parts.databases import DatabaseServer
from tests.parts.smtp import MailServer


@pytest.mark.parametrize("kind", ["postgresql", "mariadb", "sqlite"])
def test_a_database_of_its_own_for_every_test(kind: str, request: pytest.FixtureRequest) -> None:
    url: URL = request.getfixturevalue(f"{kind}_url")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (line VARCHAR(40))"))
        connection.execute(text("INSERT INTO note VALUES ('Ş. Çelik-van ’t Hooft')"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT line FROM note")) == "Ş. Çelik-van ’t Hooft"
    engine.dispose()


def test_a_database_can_be_a_copy_of_another(postgresql_server: DatabaseServer, postgresql_url: URL) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (line VARCHAR(40))"))
    engine.dispose()
    copy = create_engine(postgresql_server.create_database(f"TEMPLATE {postgresql_url.database}"))
    with copy.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM note")) == 0
    copy.dispose()


def _message() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Uw verzoek"
    message["From"], message["To"] = "privacy@polder.example", "hanna@example.org"
    message.set_content("Er staat een antwoord klaar.")
    return message


def _send(server: MailServer, context: ssl.SSLContext | None = None) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        if context:
            client.starttls(context=context)
        client.send_message(_message())


def test_the_mail_server_keeps_what_it_receives(smtp_server: MailServer) -> None:
    _send(smtp_server)
    (delivery,) = smtp_server.deliveries
    assert (delivery.sender, delivery.recipients) == ("privacy@polder.example", ["hanna@example.org"])
    assert delivery.message["Subject"] == "Uw verzoek"


def test_the_mail_server_can_refuse(smtp_server: MailServer) -> None:
    smtp_server.reply = "451 Try again later"
    with pytest.raises(smtplib.SMTPDataError):
        _send(smtp_server)
    assert smtp_server.deliveries == []


def test_a_trusted_certificate_is_accepted_and_demanded(starttls_server: MailServer, ca_file: Path) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused):
        _send(starttls_server)
    _send(starttls_server, ssl.create_default_context(cafile=str(ca_file)))
    assert len(starttls_server.deliveries) == 1


@pytest.mark.parametrize("server", ["untrusted_server", "misnamed_server"])
def test_a_wrong_certificate_is_recognised(server: str, ca_file: Path, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _send(request.getfixturevalue(server), ssl.create_default_context(cafile=str(ca_file)))


def test_the_browser_finds_a_planted_fault(page: Page) -> None:
    page.set_content('<html lang="nl"><title>Verzoek</title><main><h1>Verzoek</h1><input id="name"></main></html>')
    assert accessibility_faults(page) == ['label: <input id="name">']


def test_the_browser_can_do_without_javascript(page_without_javascript: Page) -> None:
    page_without_javascript.set_content("<p>before</p><script>document.querySelector('p').remove()</script>")
    assert page_without_javascript.locator("p").inner_text() == "before"


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_component_skips_and_fails_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no-such-server is not installed"):
        requires("no-such-server")

"""The program killed while somebody fills in the form: nothing they typed is lost, and nothing happens twice."""

from __future__ import annotations

import signal
import sqlite3
import time
import urllib.error
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.parts.program import SECONDS, Visitor, free_port, install, serving
from tests.parts.smtp import MailServer


def _fill_in(visitor: Visitor) -> None:
    visitor.open("/verzoek/rechten")
    visitor.send("/verzoek/rechten", rights="access")
    visitor.send("/verzoek/toelichting", details="")
    visitor.send("/verzoek/naam", name="Hanna Brinkman", customer_number="")
    visitor.send("/verzoek/e-mail", email="hanna@example.org")


def _cases(config: Path) -> int:
    with sqlite3.connect(config.parent / "dsr.db") as connection:
        return int(connection.execute("SELECT count(*) FROM dsr_case").fetchone()[0])


def _wait_for_mail(server: MailServer) -> None:
    end = time.monotonic() + SECONDS
    while not server.deliveries and time.monotonic() < end:
        time.sleep(0.1)


def test_a_draft_outlives_the_program(tmp_path: Path, smtp_server: MailServer) -> None:
    port = free_port()
    config = install(tmp_path, port=port, mail_port=smtp_server.port)
    visitor = Visitor(f"http://localhost:{port}")
    with serving(config, port):
        visitor.open("/verzoek/rechten")
        visitor.send("/verzoek/rechten", rights="access")
        visitor.send("/verzoek/toelichting", details="")
    with serving(config, port, fault="draft-saved") as program:
        with pytest.raises((urllib.error.URLError, HTTPException, ConnectionError)):
            visitor.send("/verzoek/naam", name="Hanna Brinkman", customer_number="")
        assert program.wait(SECONDS) == -signal.SIGKILL
    with serving(config, port):
        assert "Hanna Brinkman" in visitor.open("/verzoek/naam")


def test_a_case_that_was_committed_is_there_once_and_its_mail_goes_out_once(
    tmp_path: Path, smtp_server: MailServer
) -> None:
    port = free_port()
    config = install(tmp_path, port=port, mail_port=smtp_server.port)
    visitor = Visitor(f"http://localhost:{port}")
    with serving(config, port, fault="case-committed") as program:
        _fill_in(visitor)
        with pytest.raises((urllib.error.URLError, HTTPException, ConnectionError)):
            visitor.send("/verzoek/controle")
        assert program.wait(SECONDS) == -signal.SIGKILL
    assert _cases(config) == 1
    with serving(config, port):
        assert "hanna@example.org" in visitor.send("/verzoek/controle")
        _wait_for_mail(smtp_server)
        time.sleep(2.5)
    assert _cases(config) == 1
    assert len(smtp_server.deliveries) == 1

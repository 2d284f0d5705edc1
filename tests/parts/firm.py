"""A whole firm: our program, its worker, a shop of its own, a mail server, and the people, each with a browser."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from dsr.app import create_app, transactions
from dsr.config import TIMEZONE, Mail, Settings
from dsr.connectors.base import Connector
from dsr.connectors.registry import open_systems
from dsr.db import base
from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.db.staff import StaffMember
from dsr.jobs import schedule
from dsr.jobs.context import Context
from dsr.jobs.schedule import Job
from dsr.keys import Keys
from dsr.mail import delivery
from dsr.services import audit
from dsr.services.audit import Verification
from tests.parts.cast import PASSWORD, add_member
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Shop
from tests.parts.smtp import MailServer
from tests.parts.store import put_tables
from tests.parts.web import Clock, Visitor

NOOR, TIM = "Noor Bakker", "Tim de Graaf"


@dataclass
class Firm:
    """Everything at work; nothing moves by itself: `tick` is the worker's turn, `clock` the time."""

    app: Flask
    settings: Settings
    clock: Clock
    shop: Shop
    mail: MailServer
    jobs: list[Job]
    systems: Mapping[str, Connector]
    browsers: dict[str, Visitor] = field(default_factory=dict)

    def tick(self) -> None:
        """Every job of the worker, and the mail that came of them."""
        for job in [*self.jobs, self.jobs[0]]:
            job.run()

    def come_to(self, day: date, hour: int = 9) -> None:
        """Set the clock to an hour of a day in Amsterdam."""
        self.clock.moment = datetime.combine(day, time(hour), TIMEZONE)

    @contextmanager
    def store(self) -> Iterator[Session]:
        """A transaction beside the pages."""
        with self.app.app_context(), transaction() as session:
            yield session

    def visitor(self) -> Visitor:
        """Somebody with a browser of their own."""
        return Visitor(self.app.test_client())

    def staff(self, name: str) -> Visitor:
        """A colleague, signed in (again, if too much time went by)."""
        browser = self.browsers.setdefault(name, self.visitor())
        if browser.see("/staff/").status_code == 302:
            email = f"{name.split(maxsplit=1)[0].lower()}@polder.example"
            assert browser.send("/staff/sign-in", email=email, password=PASSWORD).status_code == 302
        return browser

    def act(self, name: str, reference: str, verb: str, page: str = "", **fields: object) -> TestResponse:
        """What a colleague does with a form of a case, as it stands on the case or on a page below it."""
        browser, case = self.staff(name), f"/staff/cases/{reference}"
        version = re.search(r'name="version" value="(\d+)"', browser.see(case + page).text)
        return browser.send(f"{case}/{verb}", case + page, version=version[1] if version else 0, **fields)

    def see(self, name: str, reference: str, page: str = "") -> str:
        """A page of a case, as a colleague sees it."""
        answer = self.staff(name).see(f"/staff/cases/{reference}{page}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def mails_to(self, address: str) -> list[str]:
        """The texts of the mails that arrived for an address, oldest first."""
        arrived = [each.message for each in self.mail.deliveries if each.recipients == [address]]
        bodies = [message.get_body(("plain",)) for message in arrived]
        return ["\n".join(body.get_content().splitlines()) for body in bodies if body]

    def case(self, session: Session, reference: str) -> Case:
        """The case with a reference."""
        return session.scalars(select(Case).where(Case.reference == reference)).one()

    def colleague(self, session: Session, name: str) -> StaffMember:
        """The account of a colleague."""
        return next(member for member in session.scalars(select(StaffMember)) if member.name == name)

    def verify(self) -> Verification:
        """What reading the whole audit chain finds."""
        with self.store() as session:
            return audit.verify(session, self.settings.path(self.settings.storage.anchors))


@dataclass
class Person:
    """Somebody who makes a request: their browser, and what they were given to keep."""

    firm: Firm
    name: str
    email: str
    browser: Visitor
    reference: str = ""
    receipt_code: str = ""
    received_page: str = ""

    def ask(self, *rights: str, details: str = "") -> None:
        """Fill in the form and send it."""
        browser = self.browser
        browser.send("/verzoek/rechten", rights=list(rights))
        browser.send("/verzoek/toelichting", details=details)
        browser.send("/verzoek/naam", name=self.name)
        browser.send("/verzoek/e-mail", email=self.email)
        assert browser.send("/verzoek/controle").location == "/ontvangen"
        self.received_page = browser.see("/ontvangen").text
        self.reference, self.receipt_code = re.findall(r'class="reference">([^<]+)<', self.received_page)[:2]

    @property
    def status_path(self) -> str:
        """The way to their status page, from the first mail about their request."""
        mail = next(mail for mail in self.firm.mails_to(self.email) if self.reference in mail)
        found = re.search(r"/status/\w+", mail)
        assert found, mail
        return found[0]

    @property
    def code(self) -> str:
        """The six digits of the newest mail that has them."""
        return [code for mail in self.firm.mails_to(self.email) for code in re.findall(r"^\d{6}$", mail, re.M)][-1]

    def confirm(self, code: str | None = None) -> int:
        """Type the code of the mail, or another; the status of the answer."""
        return self._send("code", code=code or self.code).status_code

    def status_page(self) -> str:
        """Their status page."""
        return self.browser.see(self.status_path).text

    def download(self, receipt_code: str) -> TestResponse:
        """Ask for the copy with a receipt code."""
        return self._send("kopie", receipt_code=receipt_code)

    def read_letter(self, receipt_code: str) -> TestResponse:
        """Ask for the letter with a receipt code."""
        return self._send("brief", letter_code=receipt_code)

    def _send(self, verb: str, **fields: object) -> TestResponse:
        return self.browser.send(f"{self.status_path}/{verb}", self.status_path, **fields)


def data_of(copy: TestResponse) -> dict[str, Any]:
    """What the machine-readable file of a copy says."""
    with ZipFile(io.BytesIO(copy.data)) as archive:
        found: dict[str, Any] = json.loads(archive.read("data.json"))
    return found


@pytest.fixture
def firm(shop: Shop, shop_settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer) -> Iterator[Firm]:
    """The firm on its first day, with a handler and an approver; its own shop is on the engine of `shop_url`."""
    with open_firm(shop, shop_settings, REGISTER, key_set, clock=clock, server=smtp_server) as made:
        yield made


@contextmanager
def open_firm(
    shop: Shop, settings: Settings, register: str, key_set: Keys, *, clock: Clock, server: MailServer
) -> Iterator[Firm]:
    """A firm with this register and these systems."""
    file = settings.base / "register.toml"
    file.write_text(f"backup_days = 30\n{register}")
    mail = Mail(server.host, "privacy@polder.example", server.port, security="none", timeout_seconds=5)
    settings = replace(settings, mail=mail, register=load_register(file))
    app = create_app(settings, key_set, clock=clock)
    systems = open_systems(settings)
    context = Context(transactions(app), settings, clock, systems)
    made = Firm(app, settings, clock, shop, server, schedule.table(context, delivery.Mail(app, settings)), systems)
    with app.app_context():
        engine = base.db.engine
    put_tables(engine.url)
    with made.store() as session:
        add_member(session, NOOR)
        add_member(session, TIM, "approver")
    yield made
    engine.dispose()
    for system in systems.values():
        system.close()


@pytest.fixture
def hanna(firm: Firm) -> Person:
    """A customer; the shop spells her address with capitals."""
    return Person(firm, "Hanna Brinkman", "hanna@example.org", firm.visitor())


@pytest.fixture
def bram(firm: Firm) -> Person:
    """Another customer."""
    return Person(firm, "Bram Bos", "bram@example.org", firm.visitor())

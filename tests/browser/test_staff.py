"""The pages of staff in a real browser: a case from the queue to the erasure by keyboard, and for everybody's eyes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import URL, create_engine, select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db.base import transaction
from dsr.db.cases import Case
from dsr.domain.rights import Right
from dsr.jobs.context import Context
from dsr.jobs.work import run_all
from dsr.services import casework, identity, lookup, plans, work
from dsr.services.staff import list_staff_members
from tests.parts.browser import accessibility_faults
from tests.parts.cast import PASSWORD, add_case, add_member
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, SCHEMA, Shop, data_system, fill
from tests.parts.site import Site
from tests.parts.store import NOW


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """The shop, on SQLite: the browser does not see the difference."""
    engine = create_engine(f"sqlite:///{settings.base / 'shop.db'}")
    made = Shop(engine)
    for statement in SCHEMA.strip().split(";\n"):
        made.run(statement.rstrip(";"))
    fill(made)
    yield made
    engine.dispose()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of a controller with the shop."""
    (settings.base / "register.toml").write_text(f"backup_days = 30\n{REGISTER}")
    system = data_system(URL.create("sqlite", database=str(settings.base / "shop.db")), settings.base)
    return replace(settings, systems={"shop": system}, register=load_register(settings.base / "register.toml"))


@dataclass(frozen=True)
class Office:
    """The site, a case of Hanna that was just confirmed, and the worker when a test lets it work."""

    site: Site
    context: Context
    reference: str

    @property
    def case_url(self) -> str:
        """The page of the case."""
        return f"{self.site.url}/staff/cases/{self.reference}"

    def let_work(self) -> None:
        """The worker does all that was asked."""
        with self.site.app.app_context():
            run_all(self.context)


@pytest.fixture
def office(site: Site, shop: Shop, settings: Settings) -> Iterator[Office]:
    """Noor handles and administers, Tim approves; Hanna asks for access and erasure."""
    systems = open_systems(settings)
    with site.app.app_context(), transaction() as session:
        add_member(session, "Noor Bakker", "handler", "administrator")
        add_member(session, "Tim de Graaf", "approver")
        case = add_case(session, Right.ACCESS, Right.ERASURE, received_at=NOW - timedelta(days=20))
        case.data_subject.email_confirmed_at = NOW - timedelta(days=19)
        case.data_subject.email_index = identity.email_digest("hanna@example.org")
        work.ask(session, case.id, "lookup", now=NOW)
        for number, name in enumerate(("Petra Vonk", "Youssef Amrani", "Femke Postma")):
            add_case(session, Right.RECTIFICATION, name=name, received_at=NOW - timedelta(days=40 - 15 * number))
    made = Office(site, Context(transaction, settings, lambda: NOW, systems), case.reference)
    made.let_work()
    yield made
    for system in systems.values():
        system.close()


def sign_in(page: Page, office: Office, name: str) -> None:
    """Sign in by keyboard."""
    page.goto(f"{office.site.url}/staff/sign-in")
    page.get_by_label("E-mailadres").fill(f"{name}@polder.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Werkvoorraad")).to_be_visible()


def press(page: Page, button: str) -> None:
    """A button by keyboard: it can be reached, and it shows that it was."""
    found = page.get_by_role("button", name=button, exact=True).first
    found.focus()
    page.keyboard.press("Shift")  # from here on the browser knows that somebody uses the keyboard
    assert found.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_case_from_the_queue_to_the_erasure_by_keyboard(page: Page, browser: Browser, office: Office) -> None:
    sign_in(page, office, "noor")
    page.get_by_role("link", name="Hanna Brinkman").press("Enter")
    for button, sentence in (
        ("Zaak op mij nemen", "Leg de identiteitscontrole vast"),
        ("Identiteitscontrole vastleggen", "Het programma zoekt in de systemen."),
    ):
        press(page, button)
        expect(page.get_by_text(sentence)).to_be_visible()
    office.let_work()
    page.reload()
    press(page, "Kopie maken")
    office.let_work()
    page.reload()
    with page.context.expect_page() as opened:
        page.locator("#copy").get_by_role("button", name="Kopie bekijken").press("Enter")
    expect(opened.value.get_by_text("Klantgegevens").first).to_be_visible()
    page.reload()
    press(page, "Kopie vrijgeven")
    page.get_by_role("link", name="Plan maken").press("Enter")
    press(page, "Plan maken met deze beslissingen")
    office.let_work()
    page.reload()
    expect(page.get_by_text("Een tweede persoon keurt het wisplan goed. U maakte het plan")).to_be_visible()
    _approve(browser, office)
    office.let_work()
    page.reload()
    expect(page.get_by_text("Over alles is beslist. Lees de brief en verstuur die.")).to_be_visible()
    press(page, "Antwoord versturen")
    press(page, "Zaak sluiten")
    expect(page.get_by_text("Deze zaak is gesloten. Er is niets meer te doen.")).to_be_visible()


def _approve(browser: Browser, office: Office) -> None:
    context = browser.new_context(locale="nl-NL")
    page = context.new_page()
    sign_in(page, office, "tim")
    page.goto(office.case_url)
    page.get_by_role("link", name="Naar de goedkeuring").first.press("Enter")
    press(page, "Goedkeuren en 8 rijen wissen")
    expect(page.get_by_role("alert")).to_contain_text("Vink aan dat u hebt bekeken")
    page.go_back()
    page.get_by_label("Ik heb bekeken wat weggaat en wat blijft.").press("Space")
    press(page, "Goedkeuren en 8 rijen wissen")
    expect(page.get_by_text("Het plan is goedgekeurd; het programma wist nu.")).to_be_visible()
    context.close()


def _bring_to_approval(office: Office) -> None:
    """The case as it is when its plan waits for the second person."""
    with office.site.app.app_context():
        for step in (_confirm, _ask_for_copy, _propose):
            with transaction() as session:
                case = session.scalars(select(Case).where(Case.reference == office.reference)).one()
                noor = next(each.id for each in list_staff_members(session) if each.name == "Noor Bakker")
                step(session, case, noor)
            run_all(office.context)


def _confirm(session: Session, case: Case, by: uuid.UUID) -> None:
    casework.take_case(session, case, by=by, now=NOW)
    lookup.confirm_identity(session, case, by=by, now=NOW)


def _ask_for_copy(session: Session, case: Case, by: uuid.UUID) -> None:
    work.ask(session, case.id, "copy", by=by, now=NOW)


def _propose(session: Session, case: Case, by: uuid.UUID) -> None:
    plans.propose(session, case, {}, by=by, now=NOW)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_used_by_everybody(browser: Browser, office: Office, width: int, scheme: str) -> None:
    _bring_to_approval(office)
    options = {"locale": "nl-NL", "viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    noor, tim = (browser.new_context(**options) for _ in range(2))  # type: ignore[arg-type]
    assert _faults_of(noor, office, "noor", ["", "/plan", "/timeline"]) == {}
    assert _faults_of(tim, office, "tim", ["/approve"]) == {}


def _faults_of(context: BrowserContext, office: Office, name: str, pages: list[str]) -> dict[str, list[str]]:
    page = context.new_page()
    page.goto(f"{office.site.url}/staff/sign-in")
    faults = {"sign-in": _faults(page)}
    sign_in(page, office, name)
    urls = [f"{office.site.url}/staff/{path}" for path in ("", "account", "register")]
    if name == "noor":
        urls.append(f"{office.site.url}/staff/people")
    for url in [*urls, *(office.case_url + path for path in pages)]:
        page.goto(url)
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        faults[url] = _faults(page)
    context.close()
    return {url: found for url, found in faults.items() if found}


def _faults(page: Page) -> list[str]:
    page.locator("main").wait_for()  # a click may leave us between two pages
    sideways = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*accessibility_faults(page), *(["scrolls sideways"] if sideways else [])]


def test_a_name_without_spaces_does_not_break_the_page(browser: Browser, office: Office) -> None:
    with office.site.app.app_context(), transaction() as session:
        case = add_case(session, Right.ACCESS, name="W" * 120)
    context = browser.new_context(locale="nl-NL", viewport={"width": 390, "height": 800})
    page = context.new_page()
    sign_in(page, office, "noor")
    page.goto(f"{office.site.url}/staff/cases/{case.reference}")
    assert _faults(page) == []
    context.close()

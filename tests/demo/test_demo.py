"""`dsr demo` as somebody meets it who just arrived: one command, and everything can be tried in a browser."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from dsr.demo.people import COLLEAGUES, NOOR, PASSWORD, VISITOR, email_of

STOP_LIMIT = 20.0  # seconds


@dataclass
class Browser:
    """Somebody at the demo, with their own cookies."""

    base: str
    cookies: OpenerDirector = field(default_factory=lambda: build_opener(HTTPCookieProcessor(CookieJar())))

    def see(self, path: str) -> str:
        """Open a page."""
        return self._open(path)[1]

    def send(self, page: str, path: str, **fields: object) -> tuple[int, str]:
        """Send a form that stands on `page`; the status and the page that follows."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.see(page))
        assert token, f"there is no form on {page}"
        return self._open(path, urlencode({"csrf_token": token[1], **fields}, doseq=True).encode())

    def _open(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        try:
            with self.cookies.open(self.base + path, body, timeout=30) as response:
                return response.status, response.read().decode()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()


@dataclass
class Running:
    """The command, what it printed, and where its files are."""

    process: subprocess.Popen[str]
    printed: list[str]
    folder: Path

    @property
    def base(self) -> str:
        """The address that was printed first."""
        return re.findall(r"http://[\d.:]+", "".join(self.printed))[0]

    @property
    def database(self) -> Path:
        """The firm's own database."""
        return self.folder / "polder.db"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`dsr demo` in a temporary folder, on any free port; one for all tests of this file, which go on in time."""
    folder = tmp_path_factory.mktemp("demo") / "made"
    command = [sys.executable, "-m", "dsr", "demo", "--folder", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        printed: list[str] = []
        while not printed or "Ctrl+C" not in printed[-1]:
            printed.append(process.stdout.readline())
            assert printed[-1], f"the demo stopped: {printed}"
        yield Running(process, printed, folder)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_LIMIT)


@pytest.fixture
def browser(running: Running) -> Browser:
    return Browser(running.base)


def _invoices(running: Running, name: str) -> list[int]:
    query = "SELECT number / 10000 FROM invoices JOIN customers ON id = customer_id WHERE name = ? ORDER BY 1"
    with closing(sqlite3.connect(running.database)) as connection:
        return [year for (year,) in connection.execute(query, [name])]


def test_it_prints_the_public_form_first_and_then_who_signs_in(running: Running) -> None:
    text = "".join(running.printed)
    places = [f"{running.base}/\n", "/staff/sign-in", *(each.email for each in COLLEAGUES), PASSWORD, "/demo/mailbox"]
    assert all(place in text for place in places)
    assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)
    assert {"handler", "approver", "administrator"} <= set(re.findall(r"\w+", text))


def test_the_form_says_that_this_is_a_demo_and_which_day_it_is(browser: Browser) -> None:
    page = browser.see("/?lang=en")
    assert "Today is Monday 23 November 2026" in page
    assert 'href="/verzoek/rechten"' in page


def test_a_request_is_acknowledged_in_the_mailbox(browser: Browser) -> None:
    email = email_of(VISITOR)
    browser.send("/verzoek/rechten", "/verzoek/rechten", rights=["access", "erasure"])
    browser.send("/verzoek/toelichting", "/verzoek/toelichting", details="")
    browser.send("/verzoek/naam", "/verzoek/naam", name=VISITOR)
    browser.send("/verzoek/e-mail", "/verzoek/e-mail", email=email)
    status, received = browser.send("/verzoek/controle", "/verzoek/controle")
    assert status == 200
    reference = re.search(r"2026-[0-9A-Z]{4}-[0-9A-Z]{4}", received)
    assert reference
    mailbox = _until(browser, f"/demo/mailbox?to={email}", reference[0])
    newest = re.findall(r'href="(/demo/mailbox/\d+)"', mailbox)[0]
    mail = browser.see(newest)
    assert re.search(r"\b\d{6}\b", mail)
    link = re.search(rf'href="{browser.base}(/status/\w+)"', mail)
    assert link
    assert reference[0] in browser.see(link[1])


def _until(browser: Browser, path: str, words: str) -> str:
    """The page once it holds these words: the worker sends mail beside us."""
    for _ in range(100):
        if words in (page := browser.see(path)):
            return page
    pytest.fail(f"{words} never came on {path}")


def test_a_handler_signs_in_and_sees_requests_in_every_stage(browser: Browser) -> None:
    _sign_in(browser)
    queue = browser.see("/staff/?lang=en")
    for group in ("Too late", "This week", "Later"):
        assert group in queue
    for person in ("Petra Vonk", "Lotte van Dam", "Gerrit Hoekstra", "Ruben Schaap", "Mohamed Ziani"):
        assert person in queue


def _sign_in(browser: Browser) -> None:
    status, page = browser.send("/staff/sign-in", "/staff/sign-in", email=NOOR.email, password=PASSWORD, next="/staff/")
    assert (status, NOOR.name in page) == (200, True)


@pytest.mark.parametrize("day", ["2026-11-23", "2020-01-01", "2999-01-01", "tomorrow", ""])
def test_the_clock_only_goes_forward(browser: Browser, day: str) -> None:
    status, page = browser.send("/demo/", "/demo/clock?lang=en", to="day", day=day, back="/")
    assert (status, "only goes forward" in page) == (422, True)


def test_the_next_day_comes_on_the_page_it_was_asked_for_and_staff_stay_signed_in(browser: Browser) -> None:
    _sign_in(browser)
    status, page = browser.send("/staff/", "/demo/clock?lang=en", to="next-day", back="/staff/")
    assert (status, NOOR.name in page, "24 November 2026" in page) == (200, True, True)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "/\\example.org", ""])
def test_the_clock_leads_nowhere_else(browser: Browser, elsewhere: str) -> None:
    status, page = browser.send("/demo/", "/demo/clock", to="next-day", back=elsewhere)
    assert (status, VISITOR in page) == (200, True)


def test_on_the_next_day_of_erasure_rows_go_and_others_stay(browser: Browser, running: Running) -> None:
    name = "Anneke de Rooij"
    kept = _invoices(running, name)
    assert kept
    assert min(kept) >= 2019
    days = 0
    while kept:
        _, page = browser.send(
            "/demo/", "/demo/clock?lang=en", to="ledger", back=f"/demo/database?email={email_of(name)}"
        )
        now = int(re.findall(r"Today is .*? (\d{4})\.", page)[0])
        kept = [year for year in kept if year + 8 > now]
        assert _invoices(running, name) == kept
        days += 1
    assert days > 1
    assert _invoices(running, "Lucas Bakhuis") != []


def test_the_trail_holds_and_a_change_to_it_is_found(running: Running) -> None:
    assert _verify(running) == 0
    with closing(sqlite3.connect(running.folder / "dsr.db")) as connection, connection:
        connection.execute("UPDATE audit_entry SET event = 'nothing-happened' WHERE number = 7")
    assert _verify(running) == 1


def _verify(running: Running) -> int:
    command = [sys.executable, "-m", "dsr", "audit", "verify", "--config", str(running.folder / "config.toml")]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_it_stops_when_it_is_told_to(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(STOP_LIMIT) == 0

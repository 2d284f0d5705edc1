"""A firm with a shop of its own and a binder in the office, and Yara, who looks after the binder."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from dsr.config import DataSystem, Owner, Settings
from dsr.db.errands import Errand
from dsr.domain.register import Text
from dsr.keys import Keys
from tests.parts.firm import Firm, open_firm
from tests.parts.shop import REGISTER, Shop
from tests.parts.smtp import MailServer
from tests.parts.web import Clock, Visitor

YARA, RUBEN = "yara@polder.example", "ruben@polder.example"
LABEL = Text("Ordner op kantoor", "Binder at the office")
PAPER = """
[categories.quote]
label = { nl = "Offertes op papier", en = "Quotes on paper" }
fields = [{ nl = "naam en adres", en = "name and address" }, { nl = "de offerte", en = "the quote" }]
purpose = { nl = "een offerte maken", en = "making a quote" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }
held_in = ["binder"]

[categories.paper_invoice]
label = { nl = "Facturen op papier", en = "Invoices on paper" }
purpose = { nl = "de boekhouding", en = "the books" }
legal_basis = "legal-obligation"
source = { nl = "uit uw bestellingen", en = "from your orders" }
retention = "fiscal7"
held_in = ["binder"]
"""
LABELS = """
[tables.shop.customer.column_labels]
address = { nl = "adres", en = "address" }
"""
REGISTER_WITH_PAPER = REGISTER + PAPER + LABELS
BINDER = DataSystem(engine="manual", label=LABEL, owner=Owner("Yara El Idrissi", YARA))
SHELF = DataSystem(engine="manual", label=Text("Schijven", "Disks"), owner=Owner("Ruben Schaap", RUBEN), days=3)


@pytest.fixture
def paper_firm(
    shop: Shop, shop_settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer
) -> Iterator[Firm]:
    """The firm, with the binder beside its shop."""
    settings = replace(shop_settings, systems={**shop_settings.systems, "binder": BINDER, "shelf": SHELF})
    with open_firm(shop, settings, REGISTER_WITH_PAPER, key_set, clock=clock, server=smtp_server) as firm:
        yield firm


@dataclass
class Keeper:
    """An owner at a browser, who goes by the mail."""

    firm: Firm
    email: str = YARA
    browser: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.firm.visitor()

    @property
    def path(self) -> str:
        """The way to the page of the newest errand."""
        links = [found for mail in self.firm.mails_to(self.email) for found in re.findall(r"/opdracht/\w+", mail)]
        return links[-1]

    @property
    def code(self) -> str:
        """The newest code."""
        codes = [found for mail in self.firm.mails_to(self.email) for found in re.findall(r"^\d{6}$", mail, re.M)]
        return codes[-1]

    def open(self) -> str:
        """Ask for the code, type it, and read the page."""
        assert self.send("stuur-code").status_code == 303
        self.firm.tick()
        assert self.send("code", code=self.code).status_code == 303
        return self.page()

    def page(self) -> str:
        """The page as it is now."""
        return self.browser.see(self.path).text

    def send(self, verb: str, **fields: object) -> TestResponse:
        """Send a form of the page."""
        return self.browser.send(f"{self.path}/{verb}", self.path, **fields)

    def note(self, category: str, description: str, *files: tuple[str, bytes], **dates: str) -> TestResponse:
        """Note something that was found."""
        given: dict[str, object] = {f"{anchor}-{category}": day for anchor, day in dates.items()}
        if files:
            given[f"files-{category}"] = [(io.BytesIO(content), name) for name, content in files]
        given[f"description-{category}"] = description
        return self.send("gevonden", category=category, **given)

    def nothing(self) -> TestResponse:
        """Say that nothing was found."""
        return self.send("klaar", answer="nothing")

    def done(self) -> TestResponse:
        """Say that this is all."""
        return self.send("klaar", answer="found")

    def find_quote(self) -> None:
        """Answer a first search: there is a quote, and no more."""
        self.open()
        self.note("quote", "Offerte voor een website")
        self.done()
        self.firm.tick()

    def errand(self) -> Errand:
        """The newest errand, as it is kept; one that waits before one that was answered."""
        with self.firm.store() as session:
            return session.scalars(
                select(Errand).order_by(Errand.answered_at.is_not(None), Errand.asked_at.desc())
            ).first() or pytest.fail("no errand")


@pytest.fixture
def yara(paper_firm: Firm) -> Keeper:
    """Who looks after the binder."""
    return Keeper(paper_firm)

"""A request to a firm that keeps a part on paper: a mail, a code, what was found, and a letter that says it all."""

from __future__ import annotations

import io
from zipfile import ZipFile

import pytest

from tests.parts.firm import NOOR, Firm, Person, data_of
from tests.parts.paper import YARA, Keeper

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """A customer of the shop, who once asked for a quote."""
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor())


def identified(firm: Firm, person: Person, *rights: str) -> None:
    """The person asked and is known; the systems are being searched."""
    person.ask(*rights)
    firm.tick()
    person.confirm()
    firm.act(NOOR, person.reference, "take")
    assert firm.act(NOOR, person.reference, "identity").status_code == 303
    firm.tick()


def test_what_is_on_paper_comes_with_the_copy(paper_firm: Firm, hanna: Person, yara: Keeper) -> None:
    firm = paper_firm
    identified(firm, hanna, "access")
    (mail,) = firm.mails_to(YARA)
    assert hanna.reference in mail
    assert "Ordner op kantoor" in mail
    assert not {"Hanna", "Brinkman", hanna.email} & set(mail.split())
    assert "Hanna" not in yara.page()

    firm.act(NOOR, hanna.reference, "copy")
    firm.tick()
    firm.act(NOOR, hanna.reference, "copy/view")
    refused = firm.act(NOOR, hanna.reference, "copy/release")
    assert refused.status_code == 422
    assert "binder" in refused.text

    page = yara.open()
    assert "Hanna Brinkman" in page
    assert "hanna@example.org" in page
    assert "Offertes op papier" in page
    assert yara.note("quote", "Offerte voor een website", ("../offerte.pdf", b"%PDF een offerte")).status_code == 303
    assert "Offerte voor een website" in yara.page()
    assert yara.done().status_code == 303
    assert "Hanna" not in yara.page()
    firm.tick()

    firm.act(NOOR, hanna.reference, "copy/view")
    assert firm.act(NOOR, hanna.reference, "copy/release").status_code == 303
    firm.tick()
    copy = hanna.download(hanna.receipt_code)
    quotes = next(part for part in data_of(copy)["categories"] if part["category"] == "Offertes op papier")
    (table,) = quotes["tables"]
    assert table["rows"] == [
        {"item": 1, "description": "Offerte voor een website", "files": "binder-1-offerte.pdf"}
    ]  # fmt: skip
    with ZipFile(io.BytesIO(copy.data)) as archive:
        assert archive.read("binder-1-offerte.pdf") == b"%PDF een offerte"
        assert "Ordner op kantoor" in archive.read("index.html").decode()
    assert firm.act(NOOR, hanna.reference, "letter").status_code == 303

"""The register as staff read it: on a page, in a spreadsheet and as JSON."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO

import pytest
from flask import Flask

from dsr.config import Settings
from dsr.domain.register import (
    Category,
    ErasureGround,
    KeepingGround,
    LegalBasis,
    Period,
    Recipient,
    Register,
    Table,
    Text,
)
from tests.parts.web import Visitor
from tests.web.test_staff import add, sign_in

FORMULA = "=HYPERLINK(0)"


def both(dutch: str, english: str) -> Text:
    return Text(dutch, english)


REGISTER = Register(
    categories={
        "disk": Category(
            label=both("Schijven", "Disks"),
            purpose=both("uw bestanden redden", "rescuing your files"),
            legal_basis=LegalBasis.CONTRACT,
            source=both("van uzelf", "from you"),
            retention=Period(until=both("de schijf is teruggeplaatst", "the disk has been put back")),
            fields=(both("inhoud", "content"), both("naam", "name")),
            recipients=("cloud", "agency"),
            erasure_ground=ErasureGround.NONE,
            refusal_reason=both("De reparatie loopt nog.", "The repair is not finished."),
            may_keep_for=(KeepingGround.DISPUTE,),
            first=both("U krijgt eerst een eindfactuur.", "You get a final invoice first."),
            held_by=both("de kluis", "the safe"),
            refer_to="agency",
            confidential="Wwft art. 23",
        ),
        "site": Category(
            label=both(FORMULA, FORMULA),
            purpose=both("hosting", "hosting"),
            legal_basis=LegalBasis.CONTRACT,
            source=both("-", "-"),
            retention=Period(months=18, days=1, after=both("het einde", "the end")),
            role="processor",
            on_behalf_of=both("de klant", "the customer"),
        ),
        "news": Category(
            both("Nieuws", "News"), both("a", "a"), LegalBasis.CONSENT, both("b", "b"), "until-consent-withdrawn"
        ),
        "bill": Category(both("Facturen", "Bills"), both("a", "a"), LegalBasis.CONTRACT, both("b", "b"), "fiscal7"),
    },
    tables={"shop": {"disks": Table("disk", ("id",), match={"email": "email"}, masked=("serial",))}},
    recipients={
        "cloud": Recipient(
            "Wolk Inc.", "processor", inside_eea=False, safeguard=both("modelcontract", "model clauses")
        ),
        "agency": Recipient(
            both("het incassobureau", "the collection agency"),
            "independent-controller",
            when=both("als u niet betaalt", "when you do not pay"),
        ),
    },
    backup_days=30,
    digest="ab" * 32,
)

SAID_IN_DUTCH = {
    "Gegevens": "inhoud, naam",
    "Doel": "uw bestanden redden",
    "Grondslag": "overeenkomst",
    "Onze rol": "verwerkingsverantwoordelijke",
    "Bron": "van uzelf",
    "Bewaartijd": "totdat de schijf is teruggeplaatst",
    "Langer alleen voor": "een geschil of een vordering (artikel 17 lid 3 onder e AVG)",
    "Verwijdering": "geen grond om te wissen: De reparatie loopt nog.",
    "Vóór het wissen": "U krijgt eerst een eindfactuur.",
    "Ontvangers": "Wolk Inc. (werkt in onze opdracht); het incassobureau (beslist zelf), als u niet betaalt",
    "Buiten de EER": "Wolk Inc.: modelcontract",
    "Verwijs de persoon naar": "het incassobureau",
    "Staat in": "shop.disks, de kluis",
    "Alleen deels getoond": "disks.serial",
    "Vertrouwelijk": "Wwft art. 23",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, register=REGISTER)


@pytest.fixture
def reader(app: Flask, visitor: Visitor) -> Visitor:
    """Somebody who may read cases."""
    sign_in(visitor, add(app))
    return visitor


def rows(reader: Visitor, language: str) -> list[dict[str, str]]:
    answer = reader.see(f"/staff/register.csv?lang={language}")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="register.csv"'
    return list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))


def test_the_page_says_everything(reader: Visitor) -> None:
    page = reader.see("/staff/register?lang=nl").text
    said_otherwise = {"Vertrouwelijk", "Staat in"}  # beside the head of the category, and as a mark
    wanted = (words for pair in SAID_IN_DUTCH.items() for words in pair)
    assert [words for words in wanted if words not in page and words not in said_otherwise] == []
    assert "30 dagen" in page


def test_the_spreadsheet_says_the_same(reader: Visitor) -> None:
    disk, *_ = rows(reader, "nl")
    assert disk == {"Categorie": "Schijven", **SAID_IN_DUTCH}


def test_every_retention_has_its_words(reader: Visitor) -> None:
    told = [row["Retention"] for row in rows(reader, "en")]
    assert told[:3] == [
        "until the disk has been put back",
        "at most 18 months and 1 day after the end",
        "until consent is withdrawn",
    ]
    assert "AWR art. 52(4)" in told[3]


def test_no_cell_of_the_spreadsheet_is_a_formula(reader: Visitor) -> None:
    site = rows(reader, "en")[1]
    assert (site["Category"], site["Source"]) == (f"'{FORMULA}", "'-")
    cells = [cell for row in rows(reader, "en") for cell in row.values()]
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")] == []


def test_a_program_gets_stable_keys(reader: Visitor) -> None:
    answer = reader.see("/staff/register.json?lang=en")
    found = answer.get_json()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="register.json"'
    assert (found["controller"], found["digest"]) == ("Polder Hosting", "ab" * 32)
    assert [each["name"] for each in found["categories"]] == ["disk", "site", "news", "bill"]
    assert found["categories"][1] == {
        "name": "site",
        "label": FORMULA,
        "purpose": "hosting",
        "legal_basis": "contract",
        "role": "processor",
        "source": "-",
        "retention": "at most 18 months and 1 day after the end",
        "erasure": "no longer needed (art. 17(1)(a))",
        "recipients": "none",
        "turn_to": "the customer",
    }


@pytest.mark.parametrize("name", ["register", "register.csv", "register.json"])
def test_nobody_reads_it_who_may_not_read_cases(app: Flask, visitor: Visitor, name: str) -> None:
    assert visitor.see(f"/staff/{name}").status_code in (302, 401)
    sign_in(visitor, add(app, "administrator"))
    assert visitor.see(f"/staff/{name}").status_code == 403

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
from tests.parts.staff import add, sign_in
from tests.parts.web import Visitor

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
            data_subjects=(both("klanten", "customers"),),
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
            recipients=("unit",),
        ),
        "news": Category(
            both("Nieuws", "News"), both("a", "a"), LegalBasis.CONSENT, both("b", "b"), "until-consent-withdrawn"
        ),
        "bill": Category(both("Facturen", "Bills"), both("a", "a"), LegalBasis.CONTRACT, both("b", "b"), "fiscal7"),
    },
    tables={
        "shop": {
            "disks": Table(
                "disk",
                ("id",),
                match={"email": "email"},
                masked=("serial",),
                label=both("Schijven in bewaring", "Disks in our care"),
                column_labels={"serial": both("serienummer", "serial number")},
            )
        }
    },
    recipients={
        "cloud": Recipient(
            "Wolk Inc.",
            "processor",
            inside_eea=False,
            country=both("de VS", "the USA"),
            safeguard=both("modelcontract", "model clauses"),
        ),
        "sister": Recipient("Zusterbedrijf", "joint-controller", contact="avg@zuster.example"),
        "unit": Recipient("Meldpunt", "authority", confidential="Wwft art. 23"),
        "agency": Recipient(
            both("het incassobureau", "the collection agency"),
            "independent-controller",
            when=both("als u niet betaalt", "when you do not pay"),
        ),
    },
    backup_days=30,
    security=both("versleuteld, en inloggen in twee stappen", "encrypted, and sign-in in two steps"),
    digest="ab" * 32,
)

SAID_IN_DUTCH = {
    "Over wie": "klanten",
    "Gegevens": "inhoud, naam",
    "Doel": "uw bestanden redden",
    "Grondslag": "overeenkomst",
    "Onze rol": "verwerkingsverantwoordelijke",
    "In opdracht van": "",
    "Bron": "van uzelf",
    "Bewaartijd": "totdat de schijf is teruggeplaatst",
    "Langer alleen voor": "een geschil of een vordering (artikel 17 lid 3 onder e AVG)",
    "Bij wisverzoek": "geen grond om te wissen: De reparatie loopt nog.",
    "Vóór het wissen": "U krijgt eerst een eindfactuur.",
    "Ontvangers": "Wolk Inc. (werkt in onze opdracht); het incassobureau (beslist zelf), als u niet betaalt",
    "Buiten de EER": "Wolk Inc. (de VS): modelcontract",
    "Verwijs de persoon naar": "het incassobureau",
    "Staat in": "Schijven in bewaring (shop), de kluis",
    "Alleen deels getoond": "Schijven in bewaring: serienummer",
    "Vertrouwelijk": "Wwft art. 23",
}

SAID_OF_ALL = {
    "Verantwoordelijke": "Polder Hosting",
    "Contact": "Dijkweg 1, 1234 AB Polderdam; privacy@polder.example; 0123 456 789",
    "Mede-verantwoordelijken": "Zusterbedrijf, avg@zuster.example",
    "FG": "Yara El Idrissi",
    "Beveiliging": "versleuteld, en inloggen in twee stappen",
    "Doorgifte": "Wolk Inc. (de VS): modelcontract",
    "Back-ups": "30 dagen bewaard",
    "Besluiten door een computer": "niet genoemd",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(
        settings, register=REGISTER, controller=replace(settings.controller, privacy_officer="Yara El Idrissi")
    )


@pytest.fixture
def reader(app: Flask, visitor: Visitor) -> Visitor:
    """Somebody who may read cases."""
    sign_in(visitor, add(app))
    return visitor


def rows(reader: Visitor, language: str) -> list[dict[str, str]]:
    answer = reader.see(f"/staff/register.csv?lang={language}")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="register.csv"'
    delimiter = ";" if language == "nl" else ","
    return list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig")), delimiter=delimiter))


def test_the_page_says_everything(reader: Visitor) -> None:
    page = reader.see("/staff/register?lang=nl").text
    said_otherwise = {"Vertrouwelijk", "Staat in"}  # beside the head of the category, and as a mark
    wanted = (words for head, said in {**SAID_IN_DUTCH, **SAID_OF_ALL}.items() if said for words in (head, said))
    assert [words for words in wanted if words not in page and words not in said_otherwise] == []


def test_the_page_and_the_export_say_what_is_done_for_other_controllers(reader: Visitor) -> None:
    page = reader.see("/staff/register?lang=nl").text
    assert "Als verwerker voor de klant" in page
    found = reader.see("/staff/register.json?lang=en").get_json()["processing"]
    assert found == {"the customer": {"processing": f"{FORMULA}: hosting", "outside_eea": "none"}}


def test_what_the_register_does_not_say_is_said_not_to_be_stated(reader: Visitor) -> None:
    _, site, _, bill = rows(reader, "en")
    assert (bill["About whom"], bill["Data"]) == ("not stated", "not stated")
    assert site["Recipients"] == "Meldpunt (public authority), confidential: Wwft art. 23"


def test_the_spreadsheet_says_the_same(reader: Visitor) -> None:
    disk, *_ = rows(reader, "nl")
    assert disk == {"Categorie": "Schijven", **SAID_IN_DUTCH, **SAID_OF_ALL}


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
        "data_subjects": "not stated",
        "fields": "not stated",
        "purpose": "hosting",
        "legal_basis": "contract",
        "role": "processor",
        "on_behalf_of": "the customer",
        "source": "-",
        "retention": "at most 18 months and 1 day after the end",
        "recipients": "Meldpunt (public authority), confidential: Wwft art. 23",
        "turn_to": "the customer",
    }


@pytest.mark.parametrize("name", ["register", "register.csv", "register.json"])
def test_nobody_reads_it_who_may_not_read_cases(app: Flask, visitor: Visitor, name: str) -> None:
    assert visitor.see(f"/staff/{name}").status_code in (302, 401)
    sign_in(visitor, add(app, "administrator"))
    assert visitor.see(f"/staff/{name}").status_code == 403

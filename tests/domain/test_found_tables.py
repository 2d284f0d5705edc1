"""What the names of tables and columns tell, and what their values add to it."""

from __future__ import annotations

import pytest

from dsr.domain.found_tables import called
from tests.parts.found import filled, table


@pytest.mark.parametrize(
    "column",
    [
        "email", "E_Mail", "e-mail", "EmailAddress", "mail", "emailadres", "phone", "telefoonnummer", "HomeAddress",
        "adres_1", "geboortedatum", "BirthDate", "first_name", "LastName", "voornaam", "PostalCode", "postcode",
        "ip_address", "IBAN", "bsn", "verjaardag", "card_holder",
    ],
)  # fmt: skip
def test_a_column_that_looks_personal(column: str) -> None:
    assert table("t", column).personal == [column]


@pytest.mark.parametrize(
    "column", ["name", "naam", "title", "price", "shipped", "zipper", "description", "mailing", "id_address", "mail_id"]
)
def test_a_column_that_does_not(column: str) -> None:
    assert table("t", column).personal == []


@pytest.mark.parametrize("column", ["issued_on", "besteldatum", "InvoiceDate", "betaald_op", "closed_at", "datum"])
def test_a_column_from_which_a_retention_may_count(column: str) -> None:
    assert table("t", column, "total", "station", "BirthDate", "born_on").dates == [column]


def test_what_an_invoice_shows_of_the_buyer() -> None:
    buyer = table("buyer", "email", "first_name", "Addr1", "post_code", "town", "note", "address_id", key=("name",))
    assert buyer.name_and_address == ["first_name", "Addr1", "post_code", "town"]
    assert filled("buyer", id=[1], state=[1, 2], country=["NL"]).name_and_address == ["country"]


def test_addresses_are_known_by_what_is_in_a_column() -> None:
    logins = filled("attempts", id=[1], account=["hanna@example.org", "Tim@Example.org", ""], email=["yes", "no", "no"])
    assert (logins.match, logins.personal) == ({"email": "account"}, ["account", "email"])
    assert filled("notes", id=[1], body=["mail hanna@example.org", "called"]).match == {}
    assert filled("users", id=[1], email=["-"], mail=["a@example.org"]).match == {"email": "mail"}


def test_other_identifiers_come_with_an_address() -> None:
    found = table("klanten", "emailadres", "mobiel", "telefoon", key=("klantnummer",))
    assert found.match == {"email": "emailadres", "customer_number": "klantnummer", "phone": "mobiel"}
    assert table("sensors", "phone", "klantnummer").match == {}


def test_days_in_text_that_cannot_all_be_read() -> None:
    visits = filled("visits", id=[1], day=["2026-11-22", "22-11-2026"], seen_on=["2026-11-22", "2026-01-02 10:00", ""])
    assert [visits.columns[column].has_odd_days for column in ("day", "seen_on", "id")] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("klanten", "customer"), ("tblclients", "customer"), ("portal_users", "user"), ("PortalUsers", "user"),
        ("facturen", "invoice"), ("invoices", "invoice"), ("leden", "member"), ("werkbonnen", "werkbon"),
        ("categories", "categorie"), ("tbladmins", "staff"), ("staff", "staff"), ("ticket_messages", "message"),
        ("afspraken", "appointment"),
    ],
)  # fmt: skip
def test_what_a_row_is_called(name: str, word: str) -> None:
    assert word in called(name)

"""A first register from tables: what looks personal, the ways to the person, and the gaps."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from dsr.domain.register_draft import ForeignKey, FoundTable, draft


def table(name: str, *columns: str, key: tuple[str, ...] = ("id",), points: dict[str, str] | None = None) -> FoundTable:
    """A table whose columns are not dates by type; `points` maps a column to table.column."""
    ways = (way.partition(".") for way in (points or {}).values())
    keys = [ForeignKey((own,), way[0], (way[2],)) for own, way in zip(points or {}, ways, strict=True)]
    return FoundTable(name, key, dict.fromkeys([*key, *columns], False), tuple(keys))


CUSTOMER = table("customer", "name", "e_mail", "birth_date")
INVOICE = table("invoice", "customer_id", "issued_on", points={"customer_id": "customer.id"})
LINE = table("line", "invoice_id", "what", points={"invoice_id": "invoice.id"})
SONG = table("song", "name", "length")


def tables(*found: FoundTable) -> Any:
    return tomllib.loads(draft("shop", found))["tables"]["shop"]


def test_the_tables_of_a_person_are_found_from_the_person_outwards() -> None:
    assert tables(LINE, SONG, INVOICE, CUSTOMER) == {
        "customer": {"category": "customer", "key": ["id"], "match": {"email": "e_mail"}},
        "invoice": {"category": "invoice", "key": ["id"], "via": {"customer_id": "customer.id"}},
        "line": {"category": "line", "key": ["id"], "via": {"invoice_id": "invoice.id"}},
    }


@pytest.mark.parametrize(
    "column",
    [
        "email", "E_Mail", "e-mail", "EmailAddress", "mail", "emailadres", "phone", "telefoonnummer", "HomeAddress",
        "adres_1", "geboortedatum", "BirthDate", "first_name", "LastName", "voornaam", "PostalCode", "postcode",
        "ip_address", "IBAN", "bsn",
    ],
)  # fmt: skip
def test_a_column_that_looks_personal(column: str) -> None:
    assert table("t", column).personal == [column]


@pytest.mark.parametrize("column", ["name", "naam", "title", "price", "shipped", "zipper", "description", "mailing"])
def test_a_column_that_does_not(column: str) -> None:
    assert table("t", column).personal == []


@pytest.mark.parametrize("column", ["issued_on", "besteldatum", "InvoiceDate", "betaald_op", "closed_at", "datum"])
def test_a_column_from_which_a_retention_may_count(column: str) -> None:
    assert table("t", column, "total", "station", "BirthDate").dates == [column]


def test_nothing_is_said_of_the_law() -> None:
    written = draft("shop", [CUSTOMER, INVOICE])
    for category in tomllib.loads(written)["categories"].values():
        assert category.keys() == {"label"}
    for key in ("purpose", "legal_basis", "source", "retention", "recipients"):
        assert written.count(f"# GAP: {key} = ") == 2
    assert "date columns: issued_on" in written


def test_a_way_that_only_a_name_tells_is_marked_as_guessed() -> None:
    written = draft("shop", [CUSTOMER, table("invoices", "CustomerID"), table("line", "invoice_id")])
    assert tomllib.loads(written)["tables"]["shop"]["invoices"]["via"] == {"CustomerID": "customer.id"}
    assert tomllib.loads(written)["tables"]["shop"]["line"]["via"] == {"invoice_id": "invoices.id"}
    assert written.count("# GAP: guessed from the column's name") == 2


def test_a_column_named_like_the_key_of_another_table_is_a_way() -> None:
    person = table("klanten", "EmailAdres", key=("klantnummer",))
    order = table("bestellingen", "klantnummer", key=("ordernr",))
    line, product = table("regels", "OrderNr", "id"), table("producten", "naam", key=("id",))
    assert {name: found.get("via") for name, found in tables(person, order, line, product).items()} == {
        "klanten": None,
        "bestellingen": {"klantnummer": "klanten.klantnummer"},
        "regels": {"OrderNr": "bestellingen.ordernr"},
    }


def test_tables_that_are_all_marked_and_call_the_person_otherwise_are_reached() -> None:
    """As in the panel of a hosting firm: tblclients is pointed at by userid, and staff come first in the alphabet."""
    admins, clients = table("tbladmins", "email"), table("tblclients", "email", "phonenumber")
    notes, invoices = table("tblnotes", "adminid", "userid"), table("tblinvoices", "userid")
    items, tickets = table("tblinvoiceitems", "invoiceid"), table("tbltickets", "userid", "email")
    panel = [admins, clients, notes, invoices, items, tickets, table("tblproducts", "name")]
    assert {name: found["via"] for name, found in tables(*panel).items() if "via" in found} == {
        "tblnotes": {"userid": "tblclients.id"},
        "tblinvoices": {"userid": "tblclients.id"},
        "tblinvoiceitems": {"invoiceid": "tblinvoices.id"},
    }
    written = draft("shop", panel)
    assert '# GAP: via = { userid = "tblclients.id" }   (besides match: for rows without an address)' in written
    assert "columns that look personal: email, phonenumber" in written
    # Where there is a table of users as well, nobody can say whom a column of that name means but that one.
    assert tables(clients, table("tblusers", "email"), invoices)["tblinvoices"]["via"] == {"userid": "tblusers.id"}


def test_what_kept_rows_need_is_a_gap_and_never_nothing() -> None:
    written = draft("shop", [CUSTOMER, INVOICE, LINE])
    assert "# GAP: keep_columns = [ … ]   (what kept rows of invoice need" in written
    assert 'category = "line"   # GAP: or that of invoice, where its rows are a part of those' in written
    assert "birth_date)" not in written


def test_a_key_of_two_columns_leads_by_both() -> None:
    contract = table("contract", "email", key=("year", "number"))
    link = FoundTable(
        "visit",
        ("id",),
        {"id": False, "y": False, "n": False},
        (ForeignKey(("y", "n"), "contract", ("year", "number")),),
    )
    assert tables(contract, link)["visit"]["via"] == {"y": "contract.year", "n": "contract.number"}


def test_what_cannot_be_reached_or_has_no_key_is_a_gap() -> None:
    written = draft("shop", [table("visitor", "ip_address", key=())])
    assert "# GAP: match or via: no column with an e-mail address" in written
    assert "key = []   # GAP: no primary key" in written


def test_a_second_way_is_asked_about() -> None:
    friend = table("friend", "a_id", "b_id", points={"a_id": "customer.id", "b_id": "invoice.id"})
    assert "# GAP: it points at invoice too; is this the way to the person?" in draft(
        "shop", [CUSTOMER, INVOICE, friend]
    )


def test_a_table_that_points_at_itself_is_no_circle() -> None:
    staff = table("staff", "email", "boss_id", points={"boss_id": "staff.id"})
    assert tables(staff) == {"staff": {"category": "staff", "key": ["id"], "match": {"email": "email"}}}


def test_strange_names_are_quoted() -> None:
    strange = table('klant "gegevens"', "e-mail adres", key=("nr.",))
    assert tables(strange)['klant "gegevens"']["match"] == {"email": "e-mail adres"}


def test_a_database_without_personal_tables_says_so() -> None:
    written = draft("shop", [SONG])
    assert "no table looks personal" in written
    assert tomllib.loads(written) == {}


VIEW = FoundTable("active", (), {"nr": False, "email": False}, is_view=True)
KLANT = FoundTable("klant", ("nr",), {"nr": False, "email": False, "deleted_at": True})


def test_a_view_names_the_table_behind_it_as_a_guess_and_has_no_category_of_its_own() -> None:
    text = draft("shop", [KLANT, VIEW])
    read = tomllib.loads(text)
    assert read["tables"]["shop"]["active"] == {
        "category": "klant",
        "key": ["nr"],
        "match": {"email": "email"},
        "view_of": "klant",
    }
    assert "active" not in read["categories"]
    assert 'view_of = "klant"   # GAP: guessed from its columns; or read_only = true' in text


def test_a_view_of_nobody_knows_what_is_a_gap() -> None:
    text = draft("shop", [replace(KLANT, columns={"nr": False, "phone": False}), VIEW])
    assert '# GAP: view_of = "…"' in text
    assert "# GAP: category" in text
    assert "key = []   # GAP" in text


def test_nothing_is_reached_by_way_of_a_view() -> None:
    order = FoundTable("order", ("nr",), {"nr": False, "active_id": False})
    assert (
        "order"
        not in tomllib.loads(draft("shop", [replace(KLANT, columns={"nr": False}), VIEW, order]))["tables"]["shop"]
    )


def test_a_mark_of_deletion_is_a_guess_and_no_date_to_count_from() -> None:
    text = draft("shop", [KLANT])
    assert 'soft_deleted = "deleted_at"   # GAP: guessed from its name' in text
    assert "dates = " not in text


def test_a_table_of_another_schema_says_where_it_is() -> None:
    old = FoundTable("archive_klant", ("nr",), {"nr": False, "email": False}, (), "archive", "klant")
    table = tomllib.loads(draft("shop", [KLANT, old]))["tables"]["shop"]["archive_klant"]
    assert (table["schema"], table["table"]) == ("archive", "klant")


def test_what_is_left_out_is_told() -> None:
    song = FoundTable("song", ("nr",), {"nr": False, "title": False})
    assert draft("shop", [KLANT, song]).endswith("Look whether that is so:\n# song\n")
    assert "Left out" not in draft("shop", [KLANT])

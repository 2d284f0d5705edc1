"""A first register from tables: few categories, the ways to the person, and the gaps."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from dsr.domain.found_tables import ForeignKey, FoundColumn, FoundTable
from dsr.domain.register import Register
from dsr.domain.register_check import mistakes
from dsr.domain.register_draft import draft
from dsr.domain.register_ways import guesses
from tests.parts.found import DATE, NUMBER, decided, filled, table

CUSTOMER = table("customer", "name", "e_mail", "birth_date")
INVOICE = table("invoice", "customer_id", "issued_on", points={"customer_id": "customer.id"})
LINE = table("line", "invoice_id", "what", points={"invoice_id": "invoice.id"})
SONG = table("song", "name", "length")


def tables(*found: FoundTable) -> Any:
    return tomllib.loads(draft("shop", found))["tables"]["shop"]


def test_the_tables_of_a_person_are_found_from_the_person_outwards() -> None:
    assert tables(LINE, SONG, INVOICE, CUSTOMER) == {
        "customer": {"category": "person", "key": ["id"], "match": {"email": "e_mail"}},
        "invoice": {"category": "books", "key": ["id"], "via": {"customer_id": "customer.id"}},
        "line": {"category": "books", "key": ["id"], "via": {"invoice_id": "invoice.id"}},
    }


def test_nothing_is_said_of_the_law() -> None:
    written = draft("shop", [CUSTOMER, INVOICE])
    for category in tomllib.loads(written)["categories"].values():
        assert category.keys() == {"label"}
    for key in ("purpose", "legal_basis", "source", "retention", "recipients"):
        assert written.count(f"# GAP: {key} = ") == 2
    assert '# GAP: retention = "fiscal7" | "not-stated"' in written


MEMBERS = FoundTable(
    "members",
    ("id",),
    {
        **table("", "mail", "name").columns,
        "town": FoundColumn(is_required=True),
        "login": FoundColumn(is_required=True, is_unique=True),
        "agreed": FoundColumn("boolean", is_required=True),
    },
)
TO_CLUB = ForeignKey(("club_id",), "clubs", ("id",))
INVOICES = FoundTable("invoices", ("nr",), {"nr": NUMBER, "member_id": FoundColumn(), "paid_on": DATE, "day": DATE})


def test_every_gap_is_a_choice_between_candidates_and_the_draft_is_then_a_register() -> None:
    """As its reader does: the first candidate stays, and the mark goes."""
    chosen = tomllib.loads(decided(draft("club", [MEMBERS, INVOICES])))
    register = TypeAdapter(Register).validate_python(chosen)
    assert mistakes(register) == []
    members, invoices = register.tables["club"]["members"], register.tables["club"]["invoices"]
    assert invoices.dates == {"document_date": "day", "current_value_ended": "paid_on"}
    assert members.keep_columns == ("name", "town")
    assert members.fixed == {"login": "erased-{id}@erased.invalid", "agreed": False}


def test_what_kept_rows_need_is_a_gap() -> None:
    written = draft("shop", [CUSTOMER, INVOICE, LINE])
    assert '# GAP: keep_columns = ["name"]   # what kept rows of invoice need of a row; all else of it goes' in written
    orders, bills = table("orders", "customer_id"), table("invoices", "order_id")
    assert '# GAP: keep_columns = ["name"]' in draft("shop", [CUSTOMER, orders, bills])
    assert written.count("keep_columns") == 1  # a line goes, or stays, with its invoice
    assert written.count("dates = ") == 1


def test_what_may_not_be_empty_and_cannot_be_guessed_is_to_be_filled_in() -> None:
    person = replace(MEMBERS, columns={**MEMBERS.columns, "sex": FoundColumn("other", is_required=True)})
    assert 'agreed = false, sex = "…" }   # these may not be empty' in draft("club", [person, INVOICES])


def test_what_may_not_be_empty_and_points_or_is_unique_is_kept() -> None:
    full = {"ref": FoundColumn("uuid", is_required=True, is_unique=True), "town": FoundColumn(is_required=True)}
    club = {"club_id": FoundColumn("number", is_required=True)}
    person = replace(MEMBERS, columns={**MEMBERS.columns, **full, **club}, foreign_keys=(TO_CLUB,))
    written = draft("club", [person, INVOICES, table("clubs", "name")])
    assert 'keep_columns = ["name", "town", "ref", "club_id"]' in written
    assert '# GAP: fixed = { login = "erased-{id}@erased.invalid", agreed = false }' in written


def test_tables_are_told_by_what_they_are_about_and_the_person_comes_first() -> None:
    reply, staff = table("ticket_replies", "ticket_id"), table("employees", "email")
    shop = [staff, table("logo", "email"), table("tickets", "email", "customer_id"), reply, INVOICE, CUSTOMER]
    found = {name: each["category"] for name, each in tables(*shop).items()}
    assert list(found.items()) == [
        ("logo", "person"),
        ("customer", "person"),
        ("invoice", "books"),
        ("ticket_replies", "contacts"),
        ("tickets", "contacts"),
        ("employees", "staff"),
    ]


def test_what_was_invoiced_is_of_the_books_whatever_it_is_called_and_its_lines_with_it() -> None:
    move = table("account_move", "customer_id", points={"customer_id": "customer.id"})
    move = replace(move, columns={**move.columns, "invoice_date": DATE})
    line = table(
        "account_move_lines",
        "customer_id",
        "move_id",
        points={"customer_id": "customer.id", "move_id": "account_move.id"},
    )
    found = tables(CUSTOMER, move, line)
    assert {name: each["category"] for name, each in found.items()} == {
        "customer": "person",
        "account_move": "books",
        "account_move_lines": "books",
    }
    assert found["account_move_lines"]["via"] == {"move_id": "account_move.id"}


def test_what_points_at_an_invoice_is_of_the_books() -> None:
    paid = table("accounts", "customer_id", "invoice_id", "gateway")
    found = tables(CUSTOMER, INVOICE, paid, table("gifts", "customer_id"))
    assert (found["accounts"]["category"], found["gifts"]["category"]) == ("books", "person")


def test_what_has_an_address_and_belongs_to_a_person_is_asked_about() -> None:
    tickets, contacts = table("tickets", "email", "customer_id"), table("contacts", "email", "customer_id")
    written = draft("shop", [CUSTOMER, tickets, contacts, table("replies", "ticket_id"), table("keys", "contact_id")])
    found = tomllib.loads(written)["tables"]["shop"]
    assert found["tickets"]["via"] == {"customer_id": "customer.id"}
    assert "via" not in found["contacts"]
    assert 'via = { customer_id = "customer.id" }   # GAP: guessed by its name' in written
    assert '# GAP: via = { customer_id = "customer.id" }   # finds them for that person too' in written
    assert written.count("# GAP: people = true | false") == 2


def test_a_part_of_something_is_told_with_it_and_a_rule_names_its_date() -> None:
    episodes, notes = table("episodes", "customer_id", "ended_on"), table("episode_notes", "episode_id", "written_on")
    written = draft("practice", [CUSTOMER, episodes, notes])
    assert {each["category"] for each in tomllib.loads(written)["tables"]["practice"].values()} == {"person", "file"}
    assert written.count("dates = ") == 1
    assert '{ start = "ended_on" }   # with a period; with "wgbo20": anchor_date; else no line' in written


def test_what_only_has_a_number_is_found_by_that() -> None:
    texts = filled("texts", id=[1], fax=[""], home_tel=[], mobile=["06-12345678"])
    assert '# GAP: match = { phone = "mobile" }   # found once' in draft("practice", [texts])


def test_what_its_values_tell_is_a_candidate() -> None:
    remarks, things = filled("remarks", nr=[1], about=range(100, 120)), filled("things", id=range(90, 200))
    people, guests = (filled(name, id=range(100, 130), mail=["a@example.org"]) for name in ("people", "guests"))
    guessed = ways_of([remarks, people, guests, things])
    assert '# GAP: via = { about = "people.id" | "guests.id" }   # its values stand there' in guessed


def ways_of(found: list[FoundTable]) -> str:
    return draft("shop", found, dict.fromkeys(guesses(found), 1.0))


def test_days_that_cannot_be_read_are_told() -> None:
    visits = replace(INVOICE, columns={**INVOICE.columns, "issued_on": FoundColumn(values=("22-11-2026",))})
    assert "issued_on: text, and not all written as 2026-11-22" in draft("shop", [CUSTOMER, visits])


def test_a_key_of_two_columns_leads_by_both() -> None:
    contract = table("contract", "email", key=("year", "number"))
    points = (ForeignKey(("y", "n"), "contract", ("year", "number")),)
    link = FoundTable("visit", ("id",), table("", "y", "n").columns, points)
    assert tables(contract, link)["visit"]["via"] == {"y": "contract.year", "n": "contract.number"}


def test_what_cannot_be_reached_or_has_no_key_is_a_gap() -> None:
    written = draft("shop", [table("visitor", "ip_address", key=())])
    assert "# GAP: match or via: no column with an e-mail address" in written
    assert "key = []   # GAP: there is no primary key" in written


def test_where_else_a_row_points_is_asked_about() -> None:
    address = table("address", "street", "customer_id", points={"customer_id": "customer.id"})
    order = table(
        "orders", "customer_id", "to_id", "song_id", points={"customer_id": "customer.id", "to_id": "address.id"}
    )
    written = draft("shop", [CUSTOMER, address, order, SONG])
    assert (
        "# GAP: to_id points at address; in via too, as the last, if a kept row needs address or a row is a part of it"
        in written
    )
    assert written.count(" points at ") == 1


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


VIEW = FoundTable("active", (), table("", "email", key=("nr",)).columns, is_view=True)
KLANT = FoundTable("klant", ("nr",), {**VIEW.columns, "deleted_at": DATE})


def test_a_view_names_the_table_behind_it_as_a_guess_and_has_no_category_of_its_own() -> None:
    text = draft("shop", [KLANT, VIEW])
    read = tomllib.loads(text)
    assert read["tables"]["shop"]["active"] == {
        "category": "person",
        "key": ["nr"],
        "match": {"email": "email"},
        "view_of": "klant",
    }
    assert list(read["categories"]) == ["person"]
    assert 'view_of = "klant"   # GAP: guessed from its columns; or read_only = true' in text


def test_of_two_tables_with_the_personal_columns_a_view_shows_the_one_with_all_its_columns() -> None:
    newsletter = table("newsletter", key=("email",))
    assert tables(KLANT, newsletter, VIEW)["active"]["view_of"] == "klant"


def test_a_view_of_nobody_knows_what_is_a_gap() -> None:
    text = draft("shop", [table("klant", "phone", key=("nr",)), VIEW])
    assert '# GAP: view_of = "…"' in text
    assert "key = []   # GAP" in text


def test_a_mark_of_deletion_is_named_and_no_date_to_count_from() -> None:
    text = draft("shop", [KLANT])
    assert 'soft_deleted = "deleted_at"   # rows marked so are found' in text
    assert "dates = " not in text


def test_a_table_of_another_schema_says_where_it_is() -> None:
    old = replace(table("archive_klant", "email", key=("nr",)), schema="archive", table="klant")
    found = tables(KLANT, old)["archive_klant"]
    assert (found["schema"], found["table"]) == ("archive", "klant")


def test_what_is_left_out_is_told() -> None:
    assert draft("shop", [KLANT, SONG]).endswith("Look whether that is so:\n# song\n")
    assert "Left out" not in draft("shop", [KLANT])

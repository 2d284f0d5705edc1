"""How tables reach the person where no foreign key tells it: by names, and by values that bear these out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dsr.domain.found_tables import FoundTable
from dsr.domain.register_draft import draft
from dsr.domain.register_ways import Ways, find_ways, guesses
from tests.parts.found import filled, table

MAILS = ["hanna@example.org", "tim@example.org"]
CUSTOMERS = filled("klanten", klantnummer=range(10_001, 10_100), mail=MAILS)
USERS = filled("portal_users", id=range(1, 60), login=MAILS)
STAFF = filled("medewerkers", id=range(1, 6), email=["noor@example.org"])


def found(*tables: FoundTable) -> Ways:
    """The ways, with what the values tell."""
    known = {table.name: table for table in tables}
    shares = {}
    for guess in guesses(tables):
        values, there = known[guess.table].columns[guess.column].values, known[guess.other].columns[guess.target].values
        if values:
            shares[guess] = len({*values} & {*there}) / len(values)
    return find_ways(known, shares)


def first(*tables: FoundTable) -> dict[str, str]:
    """Table -> the column of its way, and where that leads."""
    return _told(found(*tables).first.items())


def _told(each: Iterable[tuple[str, object]]) -> dict[str, str]:
    return {name: f"{', '.join(way.key.columns)} -> {way.key.table}" for name, way in each}  # type: ignore[attr-defined]


def test_a_column_named_after_a_table_is_a_way() -> None:
    lines = table("line", "invoice_id")
    assert first(table("customer", "email"), table("invoices", "CustomerID"), lines) == {
        "invoices": "CustomerID -> customer",
        "line": "invoice_id -> invoices",
    }


def test_a_column_named_like_the_key_of_another_table_is_a_way() -> None:
    person = table("personen", "EmailAdres", key=("klantnummer",))
    order = table("bestellingen", "klantnummer", key=("ordernr",))
    line, product = table("regels", "OrderNr", "id"), table("producten", "naam", key=("id",))
    assert first(person, order, line, product) == {
        "bestellingen": "klantnummer -> personen",
        "regels": "OrderNr -> bestellingen",
    }


def test_an_address_is_no_way_to_a_list_of_addresses() -> None:
    newsletter = filled("newsletter", mail=MAILS)
    assert found(CUSTOMERS, newsletter).second == {}


def test_the_same_word_in_another_language_or_with_nothing_after_it_is_a_way_if_the_values_are_there() -> None:
    tickets = filled("tickets", ticket_id=range(1, 50), customer_id=[10_002, 10_050])
    contacts = filled("contactpersonen", id=[1, 2], klant=[10_002, 10_003])
    replies = filled("replies", id=[1], ticket=[3, 4])
    files = filled("bijlagen", id=[1], bericht_id=[1])
    assert first(CUSTOMERS, tickets, contacts, replies, filled("ticket_messages", id=[1], ticket=[9]), files) == {
        "tickets": "customer_id -> klanten",
        "contactpersonen": "klant -> klanten",
        "replies": "ticket -> tickets",
        "ticket_messages": "ticket -> tickets",
        "bijlagen": "bericht_id -> ticket_messages",
    }
    assert first(CUSTOMERS, table("tags", "klant")) == {}


def test_values_tell_which_of_two_tables_is_meant() -> None:
    log = filled("audit_log", id=[1], user_id=[7, 50])
    assert first(CUSTOMERS, USERS, log) == {"audit_log": "user_id -> portal_users"}
    assert first(CUSTOMERS, filled("audit_log", id=[1], user_id=[7, 50])) == {}


def test_a_way_that_not_all_values_bear_out_says_how_many_do() -> None:
    tickets = filled("tickets", id=[1], customer_id=[10_002, 10_050, 10_051, 99])
    assert found(CUSTOMERS, tickets).first["tickets"].share == 0.75
    assert found(table("customer", "email"), table("tickets", "customer_id")).first["tickets"].share == 0


def test_a_number_of_a_user_may_be_that_of_a_customer() -> None:
    clients, accounts = (
        filled("tblclients", id=range(1, 30), email=MAILS),
        filled("tblusers", id=range(1, 30), email=MAILS),
    )
    bills = filled("tblinvoices", id=range(100, 200), userid=range(1, 25), date=["2024-01-01"])
    credit = filled("tblcredit", id=range(1, 9), clientid=range(1, 9))
    lines = filled("tblinvoiceitems", id=range(300, 400), userid=range(1, 25), invoiceid=range(100, 200))
    assert first(clients, accounts, bills, lines, credit) == {
        "tblinvoices": "userid -> tblclients",
        "tblinvoiceitems": "invoiceid -> tblinvoices",
        "tblcredit": "clientid -> tblclients",
    }
    way = found(clients, accounts, bills, credit).first["tblinvoices"]
    assert (way.share, way.instead) == (1.0, ("tblusers",))
    elsewhere = filled("tblusers", id=range(500, 530), email=MAILS)
    way = found(clients, elsewhere, bills).first["tblinvoices"]
    assert (way.key.table, way.instead) == ("tblclients", ())
    assert found(clients, accounts, credit).first["tblcredit"].instead == ()
    told = "# GAP: guessed by its name; it may be a number in tblusers too, so look whose it is"
    assert f'via = {{ userid = "tblclients.id" }}   {told}' in draft("panel", [clients, accounts, bills, credit])


def test_an_answer_is_of_its_ticket_whatever_its_number_is_called() -> None:
    clients, tickets = (
        filled("tblclients", id=range(1, 30), email=MAILS),
        filled("tbltickets", id=range(1, 50), userid=[1]),
    )
    answers = filled("tblticketreplies", id=range(1, 90), tid=range(1, 45), userid=range(1, 20))
    others = found(clients, tickets, answers).others["tblticketreplies"]
    assert _told([("answer", way) for way in others]) == {"answer": "tid -> tbltickets"}


def test_who_wrote_a_note_is_not_whom_it_is_about() -> None:
    notes = filled("notities", id=[1], verwijzing=range(10_001, 10_020), medewerker_id=[2, 3])
    ways_ = found(STAFF, CUSTOMERS, notes)
    assert "notities" not in ways_.first
    assert [(guess.column, guess.other) for guess in ways_.candidates["notities"]] == [("verwijzing", "klanten")]
    assert first(STAFF, CUSTOMERS, filled("leave", id=[1], medewerker_id=[2, 3])) == {
        "leave": "medewerker_id -> medewerkers"
    }


def test_a_way_to_the_person_goes_before_one_to_somebody_else() -> None:
    """A patient is nobody of the doctor, and a note is more of the episode than of who wrote it."""
    doctors, writers = filled("gps", gp_id=range(1, 9), email=MAILS), filled("writers", writer_id=[1, 2], email=MAILS)
    patients = filled("patients", patient_id=range(1, 90), mail=MAILS, gp_id=[1, 2])
    episodes = filled("episodes", episode_id=range(1, 90), patient_id=[1, 2, 3])
    notes = filled("notes", id=[1], writer_id=[1, 2], episode_id=[1, 2, 3, 400])
    visits = filled("visits", id=[1], patient_id=[5])
    found_ = found(doctors, writers, patients, episodes, notes, visits)
    assert _told(found_.first.items()) == {
        "episodes": "patient_id -> patients",
        "notes": "episode_id -> episodes",
        "visits": "patient_id -> patients",
    }
    assert found_.second == {}


def test_what_a_longer_name_is_a_number_of() -> None:
    """An order points at its buyer and at an address of that buyer, which does not belong to the order."""
    buyers = filled("shop_customer", id_customer=range(1, 9), mail=MAILS, default_address_id=[1])
    addresses = filled("shop_address", id_address=range(1, 9), id_customer=[1, 2])
    orders = filled("shop_orders", id_order=[1], id_customer=[1], id_address_invoice=[2], made_by_customer_id=[3])
    threads = filled("shop_customer_thread", id_customer_thread=[1, 2], mail=MAILS, id_customer=[3])
    replies = filled("shop_customer_message", id_customer_message=[1], id_customer_thread=[1])
    found_ = found(buyers, addresses, orders, threads, replies)
    assert _told(found_.first.items()) == {
        "shop_customer_message": "id_customer_thread -> shop_customer_thread",
        "shop_address": "id_customer -> shop_customer",
        "shop_orders": "id_customer -> shop_customer",
    }
    assert _told((name, way) for name, each in found_.others.items() for way in each) == {
        "shop_orders": "id_address_invoice -> shop_address"
    }


def test_a_line_is_of_its_bill_whoever_else_is_nearer() -> None:
    """Pupils, of whom most tables tell, and the families that pay; some rows tell of a guide too."""
    guides = filled("guides", code=["A", "B"], mail=MAILS)
    families = filled("families", family_nr=range(1, 9), mail=MAILS)
    pupils = filled("pupils", pupil_nr=range(100, 190), mail=MAILS, family=[1, 2])
    marks, reports = filled("marks", id=[1], pupil=[100]), filled("reports", id=[1], guide=["A"], pupil=[101])
    groups, visits = filled("groups", id=[1], guide=["A"]), filled("visits", id=[1], pupil=[100])
    bills = filled("bills", bill_nr=["26-1"], family=[1])
    lines = FoundTable("bill_lines", ("bill_nr", "line"), filled("", bill_nr=["26-1"], line=[1], pupil=[100]).columns)
    found_ = found(guides, families, pupils, marks, reports, groups, visits, bills, lines)
    assert _told(found_.first.items()) == {
        "marks": "pupil -> pupils",
        "reports": "pupil -> pupils",
        "visits": "pupil -> pupils",
        "groups": "guide -> guides",
        "bills": "family -> families",
        "bill_lines": "bill_nr -> bills",
    }
    assert _told((name, way) for name in ("pupils", "bill_lines") for way in found_.others[name]) == {
        "pupils": "family -> families",
        "bill_lines": "pupil -> pupils",
    }


def test_all_columns_of_a_key_of_several_are_a_way() -> None:
    clubs = table("verenigingen", "e_mail", key=("vereniging",))
    members = table("leden", "e_mail", key=("vereniging", "lidnr"))
    bills = table("facturen", "lidnr", "dag", key=("vereniging", "nr"))
    lines = table("regels", "tekst", key=("vereniging", "nr", "regel"))
    to_member = "vereniging, lidnr -> leden"
    assert first(clubs, members, bills, lines) == {"facturen": to_member, "regels": "vereniging, nr -> facturen"}
    events = table("agenda", "lidnr", key=("vereniging", "nr"))
    both = {"facturen": to_member, "agenda": to_member}
    assert first(members, bills, events, lines) == both, "of which of the two they are is not known"
    named = replace(lines, name="facturen_regels")
    assert first(members, bills, events, named) == {**both, "facturen_regels": "vereniging, nr -> facturen"}


def test_a_number_of_its_own_is_no_part_of_the_key_of_another() -> None:
    members = table("leden", "e_mail", key=("vereniging", "nr"))
    events, bills = table("agenda", "vereniging", "nr"), table("facturen", "dag", key=("vereniging", "nr"))
    assert first(members, events, bills) == {}


def test_a_column_of_its_own_key_speaks_for_a_way() -> None:
    visits = filled("visits", visit_no=range(1, 9), customer_id=[1])
    bills = filled("bills", bill_no=range(1, 9), customer_id=[1])
    lines = FoundTable("bill_lines", ("bill_no", "line"), filled("", visit_no=[1], bill_no=[1], line=[1]).columns)
    assert first(filled("customers", id=[1], mail=MAILS), visits, bills, lines)["bill_lines"] == "bill_no -> bills"


def test_tables_that_are_all_marked_and_call_the_person_otherwise_are_reached() -> None:
    """As in the panel of a hosting firm: tblclients is pointed at by userid, and staff come first in the alphabet."""
    admins, clients = table("tbladmins", "email"), table("tblclients", "email", "phonenumber")
    notes, invoices = table("tblnotes", "adminid", "userid"), table("tblinvoices", "userid")
    items, tickets = table("tblinvoiceitems", "invoiceid"), table("tbltickets", "userid", "email")
    panel = found(admins, clients, notes, invoices, items, tickets, table("tblproducts", "name"))
    assert _told(panel.first.items()) == {
        "tblnotes": "userid -> tblclients",
        "tblinvoices": "userid -> tblclients",
        "tblinvoiceitems": "invoiceid -> tblinvoices",
    }
    assert _told(panel.second.items()) == {"tbltickets": "userid -> tblclients"}
    # Where there is a table of users as well, nobody can say whom a column of that name means but that one.
    assert first(clients, table("tblusers", "email"), invoices) == {"tblinvoices": "userid -> tblusers"}


def test_a_foreign_key_goes_before_every_guess() -> None:
    orders = table("orders", "user_id", "by", points={"by": "klant.id"})
    assert first(table("klant", "email"), table("users", "email"), orders) == {"orders": "by -> klant"}


def test_nothing_is_reached_by_way_of_a_view() -> None:
    view = FoundTable("customer", (), table("customer", "email").columns, is_view=True)
    assert first(view, table("orders", "customer_id")) == {}

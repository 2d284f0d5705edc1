"""Each starter register carried through an access, an objection and an erasure, with the rules of its kind of firm."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from dsr import paths
from dsr.domain.plans import EVENT, NOT_OURS, Verdict
from dsr.domain.register import Register, Text
from dsr.domain.restriction import Weighed
from dsr.domain.rights import Outcome, Right
from dsr.services.errand_answers import Noted
from dsr.services.suppression import may_be_mailed
from dsr.toml import ConfigurationError
from tests.parts.registers import load_register
from tests.parts.starters import RIGHTS, Firm, done, open_firm, uncommented, verdicts
from tests.parts.store import Store

LABELS = ("helpdesk", "hosting", "managed-it", "messaging", "repair")
Open = Callable[..., Firm]


@pytest.fixture
def open_(tmp_path: Path, sqlite_store: Store) -> Iterator[Open]:
    """Opens a firm with the starter of a label."""
    opened: list[Firm] = []

    def opening(label: str, language: str = "nl", rights: Collection[Right] = RIGHTS) -> Firm:
        opened.append(open_firm(label, tmp_path, sqlite_store, language, rights))
        return opened[-1]

    yield opening
    for firm in opened:
        firm.close()


def test_there_is_a_starter_for_each_kind_of_firm() -> None:
    assert tuple(sorted(paths.starter_registers())) == LABELS


@pytest.mark.parametrize("label", LABELS)
def test_a_starter_is_in_order_as_it_is_and_with_its_example_in_use(label: str, tmp_path: Path) -> None:
    assert not load_register(paths.starter_registers()[label]).tables
    (tmp_path / "register.toml").write_text(uncommented(label))
    register = load_register(tmp_path / "register.toml")
    mapped = {table.category for tables in register.tables.values() for table in tables.values()}
    homeless = [name for name in register.categories if name not in mapped and not _is_elsewhere(register, name)]
    assert homeless == []
    of_databases = [
        table for tables in register.tables.values() for name, table in tables.items() if name != table.category
    ]
    assert all(table.label for table in of_databases)
    assert [text for text in _texts(register) if not (text.nl and text.en)] == []
    assert set(register.recipients) == {name for each in register.categories.values() for name in each.recipients}


def _is_elsewhere(register: Register, name: str) -> bool:
    return bool(register.categories[name].held_by or register.turn_to(name, "nl"))


def _texts(register: Register) -> Iterator[Text]:
    for category in register.categories.values():
        said = (getattr(category, name) for name in category.__dataclass_fields__)
        yield from (text for text in (*said, *category.fields) if isinstance(text, Text))


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("label", LABELS)
def test_access_objection_and_erasure_from_request_to_letter(open_: Open, label: str, language: str) -> None:
    firm = open_(label, language)
    before = firm.everything()
    copy = firm.copy()
    register = firm.workplace.context.settings.register
    ours = [category for category in register.categories.values() if category.is_ours]
    assert [category.label.en for category in ours if category.label.in_language(language) not in copy] == []
    stopped = firm.weigh_objection(Weighed.COMPELLING, "Dit is nodig om fouten te vinden.")
    interest = {name for name, each in register.categories.items() if each.legal_basis == "legitimate-interest"}
    assert stopped == {name for name in interest if register.categories[name].is_ours}
    rows = firm.plan()
    assert firm.erase() is Outcome.PARTLY_FULFILLED
    touched = {row.category for row in rows if row.verdict is Verdict.ERASE or row.columns_kept is not None}
    assert set(firm.recipients()) == {name for each in touched for name in register.categories[each].recipients}
    letter = firm.letter()
    assert "Dit is nodig om fouten te vinden." in letter
    assert ("Gestopt op 23 november 2026." if language == "nl" else "Stopped on 23 November 2026.") in letter
    with firm.workplace.transaction() as session:
        assert list(may_be_mailed(session, [["hanna@example.org"]])) == []
    assert ("In onze back-ups" if language == "nl" else "Our backups") in letter
    erased = {(row.table, row.key_values) for row in rows if row.verdict is Verdict.ERASE}
    changed = {(row.table, row.key_values) for row in rows if row.columns_kept is not None}
    after = firm.everything()
    for table, was in before.items():
        key = register.tables[next(iter(register.tables))][table].key
        stays = [row for row in was if (table, tuple(row[column] for column in key)) not in erased | changed]
        assert [row for row in after[table] if row in was] == stays, table
        assert len(after[table]) == len(was) - sum(of == table for of, _ in erased), table


def test_repair_asks_who_looks_after_the_shelf_and_a_disk_on_it_waits_until_it_is_handed_back(open_: Open) -> None:
    firm = open_("repair")
    copy = firm.copy(Noted("disk", "Schijf van een laptop, bovenste plank"))
    assert "Schijf van een laptop, bovenste plank" in copy
    (row,) = [row for row in firm.plan() if row.system == "shelf"]
    assert (row.verdict, row.why) == (Verdict.FIRST, EVENT)
    firm.erase()
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    assert "totdat de inhoud op uw computer is teruggezet" in firm.letter()


def test_hosting_asks_for_quotes_on_paper(open_: Open) -> None:
    firm = open_("hosting")
    assert "Offerte van 2019" in firm.copy(Noted("quote", "Offerte van 2019"))
    (row,) = [row for row in firm.plan() if row.system == "binder"]
    assert row.verdict is Verdict.ERASE


def test_helpdesk_shows_the_end_of_a_card_number_and_sends_on_what_is_its_customer_s(open_: Open) -> None:
    firm = open_("helpdesk")
    copy = firm.copy()
    assert "•••417" in copy
    assert "5555000000004417" not in copy
    assert "NL00BANK0000004417" not in copy
    assert "Mijn brood is koud" not in copy
    forward = "Gegevens in de helpdesk van onze klant: de organisatie waarvan u de helpdesk gebruikte"
    assert forward in copy
    rows = firm.plan()
    assert [row.why for row in rows if row.table == "tickets"] == [NOT_OURS]
    firm.erase()
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    assert forward in firm.letter()
    assert [row["requester_email"] for row in firm.rows("tickets")] == ["hanna@example.org", "bram@example.org"]
    assert "90 minuten niets doet" in copy


def test_what_is_only_another_controller_s_is_forwarded(open_: Open) -> None:
    firm = open_("helpdesk")
    for table in ("staff_numbers", "profiles", "cards", "payments", "sessions"):
        firm.workplace.shop.run(f"DELETE FROM {table} WHERE account_id = 1")  # noqa: S608 - a constant of the test
    firm.workplace.shop.run("DELETE FROM accounts WHERE id = 1")
    firm.copy()
    assert verdicts(firm.plan()) == {"tickets": {Verdict.REFUSE}}
    assert firm.erase() is Outcome.FORWARDED
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    assert "Over deze gegevens beslissen wij niet. Vraag het aan:" in firm.letter()


def test_repair_keeps_its_books_ends_a_backup_by_an_event_and_refers_to_the_payment_service(open_: Open) -> None:
    firm = open_("repair")
    copy = firm.copy()
    assert "Pinbetalingen: de betaaldienst van de pinautomaat" in copy
    assert "Bezoekstatistieken: bij de aanbieder van de bezoekstatistieken" in copy
    rows = {(row.table, row.key_values[0]): row for row in firm.plan()}
    assert (rows["invoices", 1801].verdict, rows["invoices", 2401].verdict) == (Verdict.ERASE, Verdict.KEEP)
    assert rows["disks", 1].verdict is Verdict.ERASE
    assert (rows["disks", 2].verdict, rows["disks", 2].why) == (Verdict.FIRST, EVENT)
    firm.erase()
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    letter = firm.letter()
    assert "Wij bewaren dit totdat de inhoud op uw computer is teruggezet of aan u is meegegeven." in letter
    assert "Pinbetalingen: de betaaldienst van de pinautomaat" in letter
    assert "Ergens anders bewaard" in letter
    assert "31 december 2031" in letter


def test_repair_stops_advertising_whatever_becomes_of_the_rest(open_: Open) -> None:
    firm = open_("repair")
    lines = [["hanna@example.org"], ["bram@example.org"]]
    with firm.workplace.transaction() as session:
        assert list(may_be_mailed(session, lines)) == [["bram@example.org"]]
    firm.copy()
    firm.decide(Right.OBJECTION, Outcome.REFUSED, "Dit is nodig voor uw reparatie.")
    firm.decide(Right.ERASURE, Outcome.REFUSED, "Uw reparatie loopt nog.")
    letter = firm.letter()
    assert "Gestopt op 23 november 2026." in letter
    assert "Dit is nodig voor uw reparatie." in letter


def test_repair_may_not_promise_that_data_stay_in_the_eea(tmp_path: Path) -> None:
    file = tmp_path / "register.toml"
    file.write_text(uncommented("repair").replace("# data_stays_in_eea", "data_stays_in_eea"))
    with pytest.raises(ConfigurationError) as raised:
        load_register(file)
    (told,) = map(str, raised.value.mistakes)
    line = file.read_text().splitlines().index("inside_eea = false") + 1
    assert told.startswith(f"register.toml:{line}: recipients.analytics.inside_eea: is false, while data_stays_in_eea")


def test_messaging_tells_who_sees_the_profile_and_keeps_on_three_grounds(open_: Open) -> None:
    firm = open_("messaging")
    copy = firm.copy()
    assert "uw eigen contacten op het platform" in copy
    grounds = (
        "een wettelijke plicht (",
        "een geschil of een vordering (",
        "een overeenkomst met u die nog moet worden",
    )
    assert "Langer alleen voor: een wettelijke plicht" in copy
    assert [ground for ground in grounds if ground not in copy] == []
    rows = {(row.table, row.key_values[0]): row for row in firm.plan()}
    assert (rows["invoices", 1].verdict, rows["invoices", 1].rule) == (Verdict.KEEP, "fiscal7")
    assert (rows["disputes", 1].verdict, rows["disputes", 1].rule) == (Verdict.KEEP, "claim5")
    assert (rows["agreements", 1].verdict, rows["agreements", 1].why) == (
        Verdict.REFUSE,
        "Deze afspraak met u loopt nog.",
    )
    assert rows["messages", 1].why == NOT_OURS
    firm.erase()
    assert firm.recipients() == {"contacts": "proposed"}
    firm.tell("contacts")
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    letter = firm.letter()
    assert "uw eigen contacten op het platform: wij lieten het weten op 23 november 2026" in letter
    assert "onder b en e AVG" in letter
    assert "Deze afspraak met u loopt nog." in letter
    assert "In onze back-ups kunnen ze nog staan tot en met 23 december 2026." in letter
    (hanna, bram) = firm.rows("users")
    assert (hanna["name"], hanna["email"], hanna["photo"]) == ("Hanna Brinkman", "erased-1@erased.invalid", None)
    assert bram["email"] == "bram@example.org"


def test_messaging_erases_what_rested_on_a_consent_that_was_withdrawn(open_: Open) -> None:
    firm = open_("messaging", rights=(Right.CONSENT_WITHDRAWAL,))
    before = firm.everything()
    assert firm.withdraw_consent() == {"contact_form", "newsletter"}
    with firm.workplace.transaction() as session:
        lines = [["hanna@example.org"], ["bram@example.org"]]
        assert list(may_be_mailed(session, lines)) == lines[1:]
    rows = {row.table: row for row in firm.planned()}
    assert set(rows) == {"contact_forms", "newsletter"}, "nothing else was asked"
    assert {row.verdict for row in rows.values()} == {Verdict.ERASE}
    assert firm.erase(Right.CONSENT_WITHDRAWAL) is Outcome.FULFILLED
    after = firm.everything()
    assert {table for table in before if before[table] != after[table]} == {"contact_forms", "newsletter"}
    assert [row["email"] for row in after["newsletter"]] == ["bram@example.org"]
    letter = firm.letter()
    assert "U vroeg ons om uw toestemming in te trekken." in letter
    assert "Op 23 november 2026 verwijderden wij: Contactformulier en Nieuwsbrief." in letter


def test_hosting_sends_a_final_invoice_first_and_forwards_what_it_hosts(open_: Open) -> None:
    firm = open_("hosting")
    copy = firm.copy()
    assert "het incassobureau (beslist zelf), alleen als een rekening onbetaald blijft" in copy
    assert "Websites en mailboxen van klanten: de eigenaar van de website of mailbox" in copy
    assert "Koor De Zeemeeuw" not in copy
    final_invoice = "U krijgt eerst een eindfactuur. Daarna verwijderen wij uw gegevens."
    rows = {(row.table, row.key_values[0]): row for row in firm.plan()}
    assert (rows["customers", 1].verdict, rows["customers", 1].why) == (Verdict.FIRST, final_invoice)
    assert (rows["invoices", 1801].verdict, rows["invoices", 2401].verdict) == (Verdict.ERASE, Verdict.KEEP)
    assert rows["mailboxes", "hanna@example.org"].why == NOT_OURS
    # The invoice has been sent: the handler says so.
    (customer,) = [row for row in firm.plan(customer=done()) if row.table == "customers"]
    assert (customer.verdict, str(customer.keep_through)) == (Verdict.KEEP, "2031-12-31")
    firm.erase()
    assert firm.recipients() == {"authority": "asked", "collection_agency": "asked", "registry": "asked"}
    firm.tell("collection_agency")
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    letter = firm.letter()
    assert "het incassobureau: wij lieten het weten op 23 november 2026" in letter
    assert "het register van domeinnamen" not in letter, "nobody said that it got data of this person"
    assert "Websites en mailboxen van klanten: de eigenaar van de website of mailbox" in letter
    assert final_invoice not in letter
    assert "Uw naam en adres" in letter
    assert len(firm.rows("mailboxes")) == 2


def test_hosting_tells_of_the_final_invoice_in_the_language_of_the_person(open_: Open) -> None:
    firm = open_("hosting", "en")
    firm.copy()
    firm.plan()
    firm.erase()
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Stopped.")
    assert "You get a final invoice first. After that we erase your data." in firm.letter()


def test_managed_it_erases_recordings_and_tells_who_registered_and_certified(open_: Open) -> None:
    firm = open_("managed-it")
    copy = firm.copy()
    for recipient in ("de registrar, en via die", "de leverancier van certificaten, en via die", "het incassobureau"):
        assert recipient in copy
    assert "Spamfilter: bij de leverancier van het spamfilter" in copy
    rows = {(row.table, row.key_values[0]): row for row in firm.plan()}
    assert rows["calls", 1].verdict is Verdict.ERASE
    assert str(rows["invoices", 2401].keep_through) == "2031-12-31"
    firm.erase()
    assert [row["id"] for row in firm.rows("calls")] == [2]
    assert [row["number"] for row in firm.rows("invoices")] == [1802, 2401]
    found = firm.recipients()
    assert (found["registrar"], found["certificate_supplier"]) == ("proposed", "proposed")
    assert (found["collection_agency"], found["authority"]) == ("asked", "asked")
    firm.tell("registrar", "certificate_supplier", "collection_agency")
    firm.decide(Right.OBJECTION, Outcome.FULFILLED, "Gestopt.")
    letter = firm.letter()
    told = ("de registrar, en via die", "de leverancier van certificaten, en via die", "het incassobureau")
    for recipient in told:
        assert re.search(f"{recipient}[^:]*: wij lieten het weten op 23 november 2026", letter), recipient
    assert "een overheidsinstantie" not in letter

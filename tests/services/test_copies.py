"""The access copy, from the rows found to the file on somebody's machine, and its end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from dsr.config import DataSystem
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Row
from dsr.domain.rights import Outcome, Right
from dsr.services import copies, errand_answers, errands, work
from dsr.services.casework import NotPossible
from dsr.services.lookup import IdentityNotConfirmed
from dsr.services.receipt_codes import ReceiptCodeLocked, WrongReceiptCode
from tests.parts.cast import add_case, add_member
from tests.parts.copies import CODE, HOSTILE, Desk, rows_by_column
from tests.parts.store import NOW, Store


def test_a_copy_is_made_looked_at_released_and_fetched(desk: Desk) -> None:
    desk.released()
    download = desk.open()
    assert download.filename.startswith("kopie-2026-")
    content = b"".join(download.chunks)
    assert len(content) == download.size
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["data.json", "index.html"]
    events = ["copy-made", "copy-viewed", "copy-released", "copy-downloaded"]
    assert [event for event in desk.all(AuditEntry.event) if event.startswith("copy-")] == events
    assert desk.all(Notice.kind) == ["copy-ready"]


def test_releasing_it_fulfils_the_right(desk: Desk) -> None:
    desk.released()
    with desk.store.transaction(writes=False) as session:
        (right,) = session.get_one(Case, desk.case_id).rights
        assert (right.result, right.decided_by_id) == (Outcome.FULFILLED, desk.handler)
    assert desk.copy().expires_on == date(2026, 12, 23)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            [
                "Kopie van uw gegevens",
                "Klantgegevens",
                "u helpen",
                "nodig voor een contract met u",
                "van uzelf",
                "Mailvaart B.V. (werkt in onze opdracht)",
                "Waarborg: modelcontract",
                "Wij hebben niet vastgelegd hoe lang.",
                "7 jaar na het einde van het boekjaar",
                "vonden daar niets van u",
                "Gespreksopnames",
                "Een mens beslist altijd.",
                "U kunt bezwaar maken",
                "autoriteitpersoonsgegevens.nl",
                "6 mei 1980",
                "5 maart 2026 10:30:00",
                "een bestand van 2 kB",
                "rekening",
                "leeg",
                "ja",
                "12.50",
            ],
        ),
        (
            "en",
            [
                "Copy of your personal data",
                "Customer details",
                "helping you",
                "needed for a contract with you",
                "Mailvaart B.V. (works for us)",
                "Safeguard: model clauses",
                "7 years after the end of the fiscal year",
                "Recordings",
                "A person always decides.",
                "6 May 1980",
                "a file of 2 kB",
                ">account<",
            ],
        ),
    ],
)
def test_the_page_says_what_art_15_asks(store: Store, language: str, words: list[str]) -> None:
    desk = Desk(store, language)
    desk.make()
    page = unescape(desk.view())
    assert f'<html lang="{language}">' in page
    assert [word for word in words if word not in page] == []


def test_the_page_runs_nothing_that_was_in_the_data(desk: Desk) -> None:
    desk.make()
    page = desk.view()
    assert "<script" not in page
    assert page.count("<style>") == 1
    assert HOSTILE in unescape(page)


def test_what_is_masked_or_confidential_is_in_neither_file(desk: Desk) -> None:
    desk.released()
    with desk.archive() as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    for text in texts:
        assert "•••789" in text
        assert not any(secret in text for secret in ("NL00BANK", "ongebruikelijk", "Meldingen", "report"))
    with desk.store.transaction(writes=False) as session:
        made = session.scalars(select(AuditEntry).where(AuditEntry.event == "copy-made")).one()
        assert made.details == {"rows": 2, "left_out": ["report"]}


def test_the_data_are_exact(desk: Desk) -> None:
    desk.released()
    with desk.archive() as archive:
        document = json.loads(archive.read("data.json"))
    customer, invoice = document["tables"]
    assert (invoice["table"], invoice["place"], "place" in customer) == ("invoice", "Facturen (shop)", False)
    (row,) = rows_by_column(customer)
    assert (row["name"], row["phone"], row["is_member"], row["credit"]) == (HOSTILE, None, True, "12.50")
    assert (row["born"], row["photo"]["base64"][:4]) == ("1980-05-06", "AAAA")
    assert rows_by_column(invoice)[0]["at"] == "2026-03-05T09:30:00+00:00"
    assert [told["category"] for told in document["categories"]] == ["Klantgegevens", "Facturen"]


def test_thousands_of_rows_are_all_there(desk: Desk) -> None:
    desk.make(Row("invoice", (number,), {"id": number, "what": f"hosting {number}"}) for number in range(5000))
    page = desk.view()
    assert page.count("hosting ") == 1000
    assert "Hier staan de eerste 1000. Alle 5000 staan in het bestand data.json" in page
    assert desk.copy().row_count == 5000
    desk.view()
    desk.release()
    with desk.archive() as archive:
        (table,) = json.loads(archive.read("data.json"))["tables"]
    assert [row["what"] for row in rows_by_column(table)] == [f"hosting {number}" for number in range(5000)]


def test_nothing_found_is_a_page_that_says_so(desk: Desk) -> None:
    desk.make([])
    assert "vonden wij niets van u" in desk.view()


def test_a_name_is_nowhere_on_disk_in_clear(desk: Desk) -> None:
    desk.make([Row("customer", (1,), {"id": 1, "name": "Canarie Brinkman"})])
    stored = [path for path in desk.settings.base.rglob("*") if path.is_file()]
    assert stored
    assert [path.name for path in stored if b"Canarie" in path.read_bytes()] == []


def test_without_an_identity_check_there_is_no_copy(desk: Desk, store: Store) -> None:
    with store.transaction() as session:
        desk.case_id = add_case(session, Right.ACCESS, status=Status.IDENTIFYING).id
    with pytest.raises(IdentityNotConfirmed):
        desk.make()
    with pytest.raises(IdentityNotConfirmed):
        desk.release()


def test_who_has_not_looked_cannot_release(desk: Desk, store: Store) -> None:
    with store.transaction() as session:
        joris = add_member(session, "Joris Smit").id
    desk.make()
    with pytest.raises(copies.CopyNotViewed):
        desk.release()
    desk.view(by=joris)
    with pytest.raises(copies.CopyNotViewed):
        desk.release()
    desk.view()
    desk.release()


def test_a_copy_made_anew_must_be_looked_at_anew(desk: Desk) -> None:
    desk.make()
    desk.view()
    desk.make()
    with pytest.raises(copies.CopyNotViewed):
        desk.release()


def test_a_released_copy_stays_as_it_is(desk: Desk) -> None:
    desk.released()
    with pytest.raises(copies.CopyReleased):
        desk.make()
    with pytest.raises(copies.CopyReleased):
        desk.release()


def test_a_copy_that_nobody_wants_any_more_is_not_noted(desk: Desk, store: Store) -> None:
    written = desk.write()
    assert len(desk.files) == 1
    with store.transaction() as session:
        session.get_one(Case, desk.case_id).status = Status.WITHDRAWN.value
    with pytest.raises(NotPossible):
        desk.note(written)
    assert desk.files == []
    with pytest.raises(NotPossible):
        desk.write()


def test_what_was_released_meanwhile_is_not_replaced(desk: Desk) -> None:
    written = desk.write()
    desk.released()
    with pytest.raises(copies.CopyReleased):
        desk.note(written)
    assert [path.name for path in desk.files] == [desk.copy().file]


def test_before_release_the_code_opens_nothing(desk: Desk) -> None:
    desk.make()
    with pytest.raises(copies.CopyNotThere):
        desk.open()


def test_without_a_copy_there_is_nothing_to_see(desk: Desk) -> None:
    for verb in (desk.view, desk.release, desk.open):
        with pytest.raises(copies.CopyNotThere):
            verb()


@pytest.mark.parametrize("typed", [CODE.lower(), CODE.replace("-", " "), f" {CODE} "])
def test_a_code_may_be_typed_in_many_ways(desk: Desk, typed: str) -> None:
    desk.released()
    assert desk.open(typed).size


def test_five_wrong_codes_lock_for_a_while_and_tell_staff(desk: Desk) -> None:
    desk.released()
    for _ in range(5):
        with pytest.raises(WrongReceiptCode):
            desk.open("0000-0000-0000")
    for _ in range(2):
        with pytest.raises(ReceiptCodeLocked):
            desk.open()
    assert desk.all(Task.kind) == ["receipt-code-tried"]
    assert desk.open(now=NOW + timedelta(minutes=16)).size


def test_the_right_code_starts_the_count_anew(desk: Desk) -> None:
    desk.released()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongReceiptCode):
                desk.open("wrong")
        desk.open()
    assert desk.copy().downloads == 3


def test_a_copy_is_downloaded_a_few_times_at_most(desk: Desk) -> None:
    desk.released()
    for _ in range(desk.settings.procedure.copy_downloads):
        desk.open()
    with pytest.raises(copies.CopyNotThere, match="as often as you can"):
        desk.open()
    assert desk.copy().downloads == 5


def test_a_copy_expires_after_its_last_day(desk: Desk) -> None:
    desk.released()
    last_day = NOW + timedelta(days=30)
    assert desk.open(now=last_day).size
    with pytest.raises(copies.CopyNotThere):
        desk.open(now=last_day + timedelta(days=1))


def test_a_damaged_copy_is_not_released(desk: Desk) -> None:
    desk.released()
    (stored,) = desk.files
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(copies.CopyDamaged):
        desk.open()
    assert desk.copy().downloads == 0


def test_an_expired_copy_is_purged_and_not_before(desk: Desk) -> None:
    desk.released()
    assert desk.purge(NOW + timedelta(days=30)) == 0
    assert desk.purge(NOW + timedelta(days=31)) == 1
    assert desk.files == []
    assert desk.copy().purged_at == NOW + timedelta(days=31)
    assert desk.purge(NOW + timedelta(days=32)) == 0
    with pytest.raises(copies.CopyNotThere):
        desk.open()


def test_a_copy_that_nobody_released_goes_with_its_case(desk: Desk, store: Store) -> None:
    desk.make()
    assert desk.purge(NOW) == 0
    with store.transaction() as session:
        session.get_one(Case, desk.case_id).status = Status.WITHDRAWN.value
    assert desk.purge(NOW) == 1
    assert desk.files == []


def test_files_that_belong_to_no_copy_are_removed_after_a_day(desk: Desk) -> None:
    desk.make()
    desk.make()
    assert len(desk.files) == 2
    desk.purge(datetime.now(UTC))
    assert len(desk.files) == 2
    desk.purge(datetime.now(UTC) + timedelta(days=2))
    assert [path.name for path in desk.files] == [desk.copy().file]


def test_a_system_that_is_asked_again_while_the_copy_is_written_is_missing(desk: Desk, store: Store) -> None:
    written = desk.write()
    desk.settings = replace(desk.settings, systems={"shop": DataSystem(engine="manual")})
    with store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        errands.ask(session, case, "shop", errands.SEARCH, "again", settings=desk.settings, now=NOW)
    desk.note(written)
    desk.view()
    with pytest.raises(copies.CopyIncomplete):
        desk.release()


def test_an_answer_that_comes_while_the_first_copy_is_written_asks_for_it_again(desk: Desk, store: Store) -> None:
    desk.settings = replace(desk.settings, systems={"shop": DataSystem(engine="manual")})
    with store.transaction() as session:
        work.ask(session, desk.case_id, "copy", now=NOW)
        claimed = work.claim(session, now=NOW) or pytest.fail("nothing to do")
    written = desk.write()
    with store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        errand = errands.ask(session, case, "shop", errands.SEARCH, "again", settings=desk.settings, now=NOW)
        errand_answers.finish_search(session, errand, is_nothing=True, by="owner", now=NOW)
    desk.note(written)
    with store.transaction() as session:
        work.finish(session, claimed)
        assert work.is_waiting(session, desk.case_id, "copy")

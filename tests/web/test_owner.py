"""The page of an owner: a link, a code, and nothing lost, whatever is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.errands import Errand, ErrandFile, Item
from dsr.db.mailboxes import MailboxSession
from dsr.db.notices import Task
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import mailboxes, work
from dsr.web import uploads
from dsr.web.runtime import Runtime
from tests.parts import cast
from tests.parts.firm import NOOR, Firm, Person
from tests.parts.paper import RUBEN, YARA, Keeper
from tests.parts.store import NOW

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def hanna(paper_firm: Firm) -> Person:
    """A person whose identity is confirmed: the owner of the binder was asked."""
    with paper_firm.store() as session:
        noor = paper_firm.colleague(session, NOOR)
        case = cast.add_case(session, Right.ACCESS, status=Status.HANDLING, handler=noor)
        case.data_subject.email_confirmed_at = NOW
        cast.confirm(session, case, noor)
        work.ask(session, case.id, "search", by=noor.id, now=NOW)
    paper_firm.tick()
    return Person(paper_firm, "Hanna Brinkman", "hanna@example.org", paper_firm.visitor(), case.reference)


@pytest.fixture(autouse=True)
def _asked(hanna: Person) -> None:
    """Every test begins where the owner has got a mail."""


def errand_url(person: Person, yara: Keeper) -> str:
    return f"errands/{yara.errand().id}"


def test_opening_the_link_changes_nothing_and_tells_of_nobody(paper_firm: Firm, yara: Keeper) -> None:
    before = len(paper_firm.mail.deliveries)
    for method in ("GET", "HEAD"):
        answer = yara.browser.browser.open(yara.path, method=method)
        assert answer.status_code == 200
        assert "Brinkman" not in answer.text
        assert "hanna@" not in answer.text
    paper_firm.tick()
    assert len(paper_firm.mail.deliveries) == before
    assert yara.errand().state == "open"


def test_the_link_is_kept_as_a_digest_only(paper_firm: Firm, yara: Keeper) -> None:
    token = yara.path.rpartition("/")[2].encode()
    assert token not in (paper_firm.settings.base / "dsr.db").read_bytes()


def test_six_wrong_codes_lock_even_the_right_one(paper_firm: Firm, yara: Keeper) -> None:
    yara.send("stuur-code")
    paper_firm.tick()
    wrong = "000000" if yara.code != "000000" else "111111"
    assert [yara.send("code", code=wrong).status_code for _ in range(6)] == [400] * 5 + [429]
    assert yara.send("code", code=yara.code).status_code == 429
    assert "Brinkman" not in yara.page()
    locked = yara.code
    yara.send("stuur-code")
    paper_firm.tick()
    assert yara.code != locked
    assert yara.send("code", code=yara.code).status_code == 303
    assert "Brinkman" in yara.page()


def test_a_code_is_too_old_after_half_an_hour(paper_firm: Firm, yara: Keeper) -> None:
    yara.send("stuur-code")
    paper_firm.tick()
    paper_firm.clock.move(timedelta(minutes=31))
    assert yara.send("code", code=yara.code).status_code == 400


def test_ten_codes_a_day_and_no_more(paper_firm: Firm, yara: Keeper) -> None:
    assert [yara.send("stuur-code").status_code for _ in range(11)] == [303] * 10 + [429]


def test_another_browser_needs_a_code_of_its_own(paper_firm: Firm, yara: Keeper) -> None:
    yara.open()
    assert "Brinkman" not in Keeper(paper_firm).page()
    assert Keeper(paper_firm).send("klaar", answer="nothing").status_code == 401


def test_the_session_ends_when_it_is_closed_or_two_hours_go_by(paper_firm: Firm, yara: Keeper) -> None:
    yara.open()
    assert yara.send("sluiten").status_code == 303
    assert "Brinkman" not in yara.page()
    yara.open()
    paper_firm.clock.move(timedelta(hours=2))
    refused = yara.note("quote", "Offerte die niet verloren mag gaan")
    assert refused.status_code == 401
    assert "Offerte die niet verloren mag gaan" in refused.text
    assert "Brinkman" not in refused.text
    with paper_firm.store() as session:
        assert session.scalars(select(Item)).all() == []
    paper_firm.tick()
    with paper_firm.store() as session:
        assert session.scalars(select(MailboxSession)).all() == []


def test_an_expired_link_leads_nowhere(paper_firm: Firm, yara: Keeper) -> None:
    with paper_firm.store() as session:
        session.scalars(select(Errand)).one().link_until = paper_firm.clock()
    answer = yara.browser.see(yara.path)
    assert answer.status_code == 410
    assert "werkt niet meer" in answer.text
    assert yara.browser.see("/opdracht/abc").status_code == 410


def test_what_is_wrong_is_said_beside_what_was_typed(yara: Keeper) -> None:
    yara.open()
    empty = yara.note("quote", "  ")
    assert empty.status_code == 422
    assert "Zeg in een paar woorden" in empty.text
    wrong = yara.note("paper_invoice", "Factuur 12", document_date="31-02-2024")
    assert wrong.status_code == 422
    assert "Schrijf de datum als dag-maand-jaar" in wrong.text
    assert "Factuur 12" in wrong.text
    assert "31-02-2024" in wrong.text
    assert yara.note("no_such_category", "iets").status_code == 422
    assert yara.note("quote", "x" * 1001).status_code == 422
    for hollow in (yara.note("quote", "", ("scan.pdf", b"")), yara.note("quote", "Offerte", ("scan.pdf", b""))):
        assert hollow.status_code == 422
        assert "Het bestand scan.pdf is leeg." in hollow.text
    assert yara.done().status_code == 422


def test_nothing_found_is_an_answer_and_only_where_nothing_was_noted(yara: Keeper, hanna: Person) -> None:
    yara.open()
    yara.note("quote", "Offerte")
    assert yara.nothing().status_code == 422
    assert yara.send("weg", number="1").status_code == 303
    assert yara.send("weg", number="1").status_code == 303
    assert yara.nothing().status_code == 303
    assert "Dank u wel" in yara.page()
    yara.firm.tick()
    assert "binder" not in yara.firm.see(NOOR, hanna.reference, "/letter")


def test_an_owner_answers_once(paper_firm: Firm, yara: Keeper) -> None:
    yara.open()
    token = yara.browser.token(yara.path)
    form = {"csrf_token": token, "answer": "nothing"}
    answers = [yara.browser.browser.post(f"{yara.path}/klaar", data=form).status_code for _ in range(2)]
    assert answers == [303, 303]
    noted = yara.browser.browser.post(
        f"{yara.path}/gevonden", data={"csrf_token": token, "category": "quote", "description-quote": "te laat"}
    )
    assert noted.status_code == 303
    with paper_firm.store() as session:
        assert session.scalars(select(Item)).all() == []
        events = [entry.event for entry in session.scalars(select(AuditEntry))]
        assert events.count("errand-answered") == 1


def test_a_file_is_kept_sealed_under_a_harmless_name(paper_firm: Firm, yara: Keeper) -> None:
    yara.open()
    content = b"een scan van " + b"x" * 300_000
    assert yara.note("quote", "", ("../../scan.pdf", content), ("scan.pdf", b"twee")).status_code == 303
    folder = paper_firm.settings.path(paper_firm.settings.storage.files)
    with paper_firm.store() as session:
        first, second = session.scalars(select(ErrandFile).order_by(ErrandFile.size.desc()))
        assert (first.name, first.size, second.name) == ("scan.pdf", len(content), "2-scan.pdf")
        assert not any(b"een scan van" in file.read_bytes() for file in folder.iterdir())
        assert session.scalars(select(Item)).one().description == "scan.pdf, 2-scan.pdf"


def test_a_file_that_is_too_large_leaves_the_text_and_no_trace(
    paper_firm: Firm, yara: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FILE_LIMIT", 300_000)
    yara.open()
    refused = yara.note("quote", "Offerte met een grote scan", ("klein.pdf", b"1"), ("groot.tif", b"x" * 300_001))
    assert refused.status_code == 422
    assert "Een bestand mag hooguit" in refused.text
    assert "Offerte met een grote scan" in refused.text
    assert list(paper_firm.settings.path(paper_firm.settings.storage.files).iterdir()) == []
    with paper_firm.store() as session:
        assert session.scalars(select(ErrandFile)).all() == []


def test_nobody_else_leaves_a_file(paper_firm: Firm) -> None:
    stranger = paper_firm.visitor()
    page = "/verzoek/rechten"
    answer = stranger.send(page, rights="access", extra=(io.BytesIO(b"x" * 400_000), "x.bin"))
    assert answer.status_code == 302
    folder = paper_firm.settings.path(paper_firm.settings.storage.files)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_form_without_its_token_keeps_what_was_typed(yara: Keeper) -> None:
    yara.open()
    answer = yara.browser.browser.post(
        f"{yara.path}/gevonden", data={"category": "quote", "description-quote": "Offerte uit 2024"}
    )
    assert answer.status_code == 400
    assert "Offerte uit 2024" in answer.text


def test_an_owner_who_cannot_do_it_says_why_and_a_handler_decides(
    paper_firm: Firm, yara: Keeper, hanna: Person
) -> None:
    yara.open()
    assert yara.send("kan-niet", reason=" ").status_code == 422
    assert yara.send("kan-niet", reason="De map is bij de accountant.").status_code == 303
    assert "Een collega zoekt nu een andere weg." in yara.page()
    assert "Ik vond niets" in yara.browser.see(f"{yara.path}?toch=1").text
    paper_firm.tick()
    page = paper_firm.see(NOOR, hanna.reference)
    assert "De map is bij de accountant." in page
    assert "Een eigenaar kan niet doen wat gevraagd is." in page
    assert "een eigenaar kan een opdracht niet doen" in "".join(paper_firm.mails_to("noor@polder.example"))

    errand = errand_url(hanna, yara)
    to = next(value for value in owners_of(paper_firm) if value != yara.errand().owner_index.hex())
    assert paper_firm.act(NOOR, hanna.reference, f"{errand}/hand-over", owner=to).status_code == 303
    paper_firm.tick()
    assert yara.browser.see(yara.path).status_code == 410
    ruben = Keeper(paper_firm, RUBEN)
    assert "Brinkman" in ruben.open()
    assert ruben.nothing().status_code == 303
    with paper_firm.store() as session:
        assert session.scalars(select(Task).where(Task.kind == "errand-declined")).one().done_at


def owners_of(firm: Firm) -> list[str]:
    with firm.store() as session:
        known = [errand.owner_index.hex() for errand in session.scalars(select(Errand))]
        runtime: Runtime = firm.app.extensions["dsr"]
        others = [
            mailboxes.index_of(system.owner.email).hex() for system in runtime.settings.systems.values() if system.owner
        ]
        return sorted({*known, *others})


def test_a_handler_goes_on_without_an_answer_and_the_letter_says_so(
    paper_firm: Firm, yara: Keeper, hanna: Person
) -> None:
    errand, act = errand_url(hanna, yara), paper_firm.act
    act(NOOR, hanna.reference, "copy")
    paper_firm.tick()
    act(NOOR, hanna.reference, "copy/view")
    assert act(NOOR, hanna.reference, "copy/release").status_code == 422
    refused = act(NOOR, hanna.reference, f"{errand}/give-up", give_up_reason=" ", errand=errand.rpartition("/")[2])
    assert refused.status_code == 422
    assert '<details class="whole" open><summary>Verdergaan zonder antwoord' in refused.text
    assert act(NOOR, hanna.reference, f"{errand}/give-up", give_up_reason="De kelder stond blank.").status_code == 303
    paper_firm.tick()
    assert "Dank u wel" in yara.page() or "gedaan" in yara.page()
    act(NOOR, hanna.reference, "copy/view")
    assert act(NOOR, hanna.reference, "copy/release").status_code == 303
    letter = paper_firm.see(NOOR, hanna.reference, "/letter")
    assert "Niet gedaan" in letter
    assert "Ordner op kantoor" in letter
    assert "De kelder stond blank." in letter
    assert "voor een deel gedaan" in letter
    assert act(NOOR, hanna.reference, "letter").status_code == 303


def test_a_handler_answers_in_the_owner_s_place(paper_firm: Firm, yara: Keeper, hanna: Person) -> None:
    errand = errand_url(hanna, yara)
    staff, path = paper_firm.staff(NOOR), f"/staff/cases/{hanna.reference}/{errand}"
    assert "Brinkman" in staff.see(path).text
    noted = staff.send(
        f"{path}/gevonden",
        path,
        **{
            "category": "quote",
            "description-quote": "Offerte",
            "files-quote": (io.BytesIO(b"een scan"), "scan.pdf"),
        },
    )
    assert noted.status_code == 303
    assert staff.send(f"{path}/gevonden", path, category="quote").status_code == 422
    assert staff.send(f"{path}/klaar", path, answer="found").status_code == 303
    page = staff.see(path).text
    assert "Offerte" in page
    with paper_firm.store() as session:
        file = session.scalars(select(ErrandFile)).one()
    download = staff.see(f"{path}/files/{file.id}")
    assert download.data == b"een scan"
    assert download.headers["Content-Disposition"] == "attachment; filename=scan.pdf"
    assert download.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in download.headers["Content-Security-Policy"]
    assert "gedaan" in yara.page()


def test_an_owner_who_left_the_configuration_gets_no_further(paper_firm: Firm, yara: Keeper, hanna: Person) -> None:
    yara.open()
    path = yara.path
    runtime: Runtime = paper_firm.app.extensions["dsr"]
    systems = {**paper_firm.settings.systems, "binder": replace(paper_firm.settings.systems["shelf"])}
    paper_firm.app.extensions["dsr"] = replace(runtime, settings=replace(runtime.settings, systems=systems))
    answer = yara.browser.see(path)
    assert answer.status_code == 410
    assert "Brinkman" not in answer.text
    assert "geen eigenaar meer" in paper_firm.see(NOOR, hanna.reference)
    again = paper_firm.act(NOOR, hanna.reference, f"{errand_url(hanna, yara)}/send-again")
    assert again.status_code == 422


def test_a_case_that_was_withdrawn_asks_nothing_more(paper_firm: Firm, yara: Keeper, hanna: Person) -> None:
    yara.open()
    assert paper_firm.act(NOOR, hanna.reference, "withdraw").status_code == 303
    assert "Brinkman" not in yara.page()
    assert yara.browser.browser.post(f"{yara.path}/klaar", data={"answer": "nothing"}).status_code in (400, 303)
    assert yara.errand().state == "open"


def test_the_mail_server_was_down_when_the_owner_was_asked(paper_firm: Firm, yara: Keeper) -> None:
    paper_firm.mail.reply = "451 Try again later"
    yara.send("stuur-code")
    paper_firm.tick()
    with pytest.raises(IndexError):
        _ = yara.code
    paper_firm.mail.reply = "250 OK"
    paper_firm.clock.move(timedelta(minutes=2))
    paper_firm.tick()
    assert yara.send("code", code=yara.code).status_code == 303


def test_an_owner_is_reminded_once_a_day_and_the_handler_is_told_when_it_is_late(
    paper_firm: Firm, yara: Keeper, hanna: Person
) -> None:
    def mails(address: str, word: str) -> int:
        return sum(word in mail for mail in paper_firm.mails_to(address))

    waits: Callable[[], int] = lambda: mails(YARA, "wacht nog op u")  # noqa: E731
    for day in range(1, 10):
        paper_firm.clock.move(timedelta(days=1))
        paper_firm.tick()
        assert waits() == sum(day >= each for each in (3, 8, 9)), day
    assert mails("noor@polder.example", "een opdracht voor een eigenaar is te laat") >= 1
    assert "te laat" in paper_firm.see(NOOR, hanna.reference)
    assert not {"Hanna", "Brinkman"} & set(" ".join(paper_firm.mails_to(YARA)).split())
    assert "Brinkman" in yara.open()
    yara.nothing()
    with paper_firm.store() as session:
        assert session.scalars(select(Task).where(Task.kind == "errand-late")).one().done_at

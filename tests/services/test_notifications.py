"""Recipients told of an erasure: proposed by its receipts, told or reasoned away, and what the person hears of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.db.notifications import Notification
from dsr.db.plans import Execution, LedgerEntry
from dsr.domain.answer_check import warnings
from dsr.domain.lifecycle import Status
from dsr.domain.notifications import Answer, Change, Channel, State, Waiver
from dsr.domain.register import Recipient, Register, Text
from dsr.domain.rights import Right
from dsr.services import answers, casework, informed, notifications
from dsr.services.identity import receipt_code_digest
from dsr.services.receipt_codes import WrongReceiptCode
from tests.parts.cast import add_case, add_member, add_plan, confirm
from tests.parts.copies import REGISTER as CATEGORIES
from tests.parts.starters import words
from tests.parts.store import NOW, Store

CODE = "7K3F-Q2XA-94WP"
WHY = "De veiling bestaat niet meer."
RECIPIENTS = {
    "bookkeeper": Recipient("Boekhoudkantoor Dijkstra", "processor"),
    "mailing": Recipient("Duinpost Mailing", "processor", email="avg@duinpost.example"),
    "collector": Recipient("Incasso Noord", "independent-controller", when=Text("soms", "at times")),
    "unit": Recipient("Meldpunt", "authority", confidential="Wwft art. 23"),
}


def register() -> Register:
    customer = replace(CATEGORIES.categories["customer"], recipients=("mailing", "collector", "unit"))
    invoice = replace(CATEGORIES.categories["invoice"], recipients=("bookkeeper", "mailing"))
    return replace(
        CATEGORIES,
        recipients=RECIPIENTS,
        categories={**CATEGORIES.categories, "customer": customer, "invoice": invoice},
    )


class Desk:
    """A case of an erasure that was carried out, its handler, and the services called as the entry points do."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.settings: Settings = replace(store.settings, register=register())
        with store.transaction() as session:
            handler = add_member(session)
            case = add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
            confirm(session, case, handler)
            self.case_id, self.handler, self.source_id = case.id, handler.id, uuid.uuid4()

    def propose(self, *changes: Change, right: Right = Right.ERASURE) -> None:
        with self.store.transaction() as session:
            notifications.propose(
                session,
                self.case_id,
                right,
                changes or [Change("customer"), Change("invoice", is_part=True)],
                source_id=self.source_id,
                register=self.settings.register,
                now=NOW,
            )

    def do(self, recipient: str, verb: Callable[..., Any], *given: Any, **named: Any) -> None:
        """A verb of the handler on the notification of a recipient."""
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            verb(session, case, self.of(session)[recipient], *given, **named, by=self.handler, now=NOW)

    def of(self, session: Session) -> dict[str, Notification]:
        return {each.recipient: each for each in notifications.of_case(session, self.case_id)}

    def states(self) -> dict[str, str]:
        with self.store.transaction() as session:
            return {name: each.state for name, each in self.of(session).items()}

    def facts(self) -> answers.Facts:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            return answers.facts_of(session, case, settings=self.settings, now=NOW)

    def letter(self) -> str:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            return words(answers.compose_letter(session, case, settings=self.settings, now=NOW))

    def open_tasks(self) -> list[str]:
        with self.store.transaction() as session:
            return list(session.scalars(select(Task.kind).where(Task.done_at.is_(None))))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        with self.store.transaction() as session:
            trail = session.scalars(select(AuditEntry).where(AuditEntry.event.like("%recipient%")))
            return [(entry.event, entry.details) for entry in trail]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_each_recipient_gets_one_notification_however_often_it_is_proposed(desk: Desk) -> None:
    desk.propose()
    desk.propose()
    assert desk.states() == {
        "bookkeeper": "proposed",
        "collector": "asked",
        "mailing": "proposed",
        "unit": "left-out",
    }
    assert desk.open_tasks() == ["recipients-to-tell"]
    with desk.store.transaction() as session:
        mailing = desk.of(session)["mailing"]
        assert notifications.changes_of(mailing) == [Change("customer"), Change("invoice", is_part=True)]
        assert mailing.due_on == date(2026, 11, 30)
        assert b"customer" not in (mailing.changes_sealed or b"")


def test_who_was_not_told_of_a_restriction_hears_of_the_erasure_alone(desk: Desk) -> None:
    desk.propose(Change("customer"), Change("invoice"), right=Right.RESTRICTION)
    desk.do("collector", notifications.say_received, has_received=True)
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.source_id = uuid.uuid4()
    desk.propose()
    with desk.store.transaction() as session:
        found = {(each.recipient, each.right): each.state for each in notifications.of_case(session, desk.case_id)}
    assert found["collector", "restriction"] == "overtaken"
    assert found["collector", "erasure"] == "proposed", "nobody asks twice whether they got data"
    assert (found["mailing", "restriction"], found["mailing", "erasure"]) == ("told", "proposed")
    assert found["bookkeeper", "restriction"] == "proposed", "of what stays it must still know"
    with desk.store.transaction() as session:
        (asked,) = (
            each
            for each in notifications.of_case(session, desk.case_id)
            if each.recipient == "collector" and each.right == "erasure"
        )
        asked.state = "not-received"
        session.flush()
        notifications.propose_later(
            session, desk.case_id, [Change("customer")], register=desk.settings.register, now=NOW
        )
        later = {each.recipient for each in notifications.of_case(session, desk.case_id) if each.about == "later"}
    assert later == {"mailing", "unit"}, "whoever got no data is not asked again"
    assert desk.open_tasks() == ["recipients-to-tell"]


def test_who_was_not_told_yet_hears_with_it_of_what_a_further_plan_erased(desk: Desk) -> None:
    desk.propose(Change("customer"))
    desk.source_id = uuid.uuid4()
    for _ in range(2):
        desk.propose(Change("invoice", is_part=True))
    with desk.store.transaction() as session:
        of_case = notifications.of_case(session, desk.case_id)
        told = [(each.state, notifications.changes_of(each)) for each in of_case if each.recipient == "mailing"]
    both = [Change("customer"), Change("invoice", is_part=True)]
    assert sorted(told) == [("overtaken", both[:1]), ("proposed", both)]
    assert [each.name for each in desk.facts().informed] == ["Boekhoudkantoor Dijkstra", "Duinpost Mailing"]


def test_who_was_told_of_one_part_and_not_of_another_is_named_with_both(desk: Desk) -> None:
    desk.propose(Change("customer"))
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.source_id = uuid.uuid4()
    desk.propose(Change("invoice"))
    letter = desk.letter()
    assert "Duinpost Mailing (Klantgegevens): wij lieten het weten op 23 november 2026" in letter
    assert "Duinpost Mailing (Facturen): wij hebben het nog niet laten weten" in letter
    assert "Boekhoudkantoor Dijkstra: wij hebben het nog niet laten weten" in letter


def test_what_nobody_got_needs_no_task(desk: Desk) -> None:
    desk.propose(Change("recording"))
    assert desk.states() == {}
    assert desk.open_tasks() == []


def test_the_receipts_of_a_plan_say_what_recipients_are_told(desk: Desk) -> None:
    with desk.store.transaction() as session:
        plan = add_plan(session, desk.case_id, desk.handler, "approved")
        done = {"erased": {"invoice": 2, "customer": 0}, "changed": {"gone": 1}}
        session.add(Execution(plan_id=plan.id, system="shop", state="done", started_at=NOW, **done))
        kept = {"category": "invoice", "table": "invoice", "verdict": "keep", "row_count": 1}
        session.add(LedgerEntry(case_id=desk.case_id, plan_id=plan.id, system="shop", **kept))
        session.flush()
        notifications.propose_for_erasure(session, plan, desk.settings.register, now=NOW)
        told = {name: notifications.changes_of(each) for name, each in desk.of(session).items()}
    assert told == {name: [Change("invoice", is_part=True)] for name in ("bookkeeper", "mailing")}


def test_the_task_is_done_when_every_recipient_is_told_or_reasoned_away(desk: Desk) -> None:
    desk.propose()
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.do("bookkeeper", notifications.waive, Waiver.IMPOSSIBLE, WHY)
    assert desk.open_tasks() == ["recipients-to-tell"]
    desk.do("collector", notifications.say_received, has_received=False)
    assert desk.open_tasks() == []
    assert desk.states() == {
        "bookkeeper": "waived",
        "collector": "not-received",
        "mailing": "told",
        "unit": "left-out",
    }
    assert desk.events() == [
        ("recipient-told", {"recipient": "mailing", "channel": "phone"}),
        ("recipient-waived", {"recipient": "bookkeeper", "waiver": "impossible"}),
        ("recipient-judged", {"recipient": "collector", "state": "not-received"}),
    ]


def test_who_got_data_on_occasion_is_told_once_the_handler_says_so(desk: Desk) -> None:
    desk.propose()
    with pytest.raises(casework.Conflict):
        desk.do("collector", notifications.note_told, Channel.PHONE)
    desk.do("collector", notifications.say_received, has_received=True)
    desk.do("collector", notifications.note_told, Channel.LETTER)
    assert desk.states()["collector"] == "told"
    with pytest.raises(casework.Conflict):
        desk.do("collector", notifications.say_received, has_received=False)


def test_not_telling_needs_words(desk: Desk) -> None:
    desk.propose()
    with pytest.raises(casework.NotPossible, match="Say why"):
        desk.do("mailing", notifications.waive, Waiver.DISPROPORTIONATE, " \n")
    assert desk.states()["mailing"] == State.PROPOSED


def test_of_two_handlers_at_once_one_wins(desk: Desk) -> None:
    desk.propose()
    with desk.store.transaction() as session:
        as_read = session.get_one(Case, desk.case_id)
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    with desk.store.transaction() as session:
        other = desk.of(session)["bookkeeper"]
        with pytest.raises(casework.Conflict):
            notifications.note_told(session, as_read, other, Channel.PHONE, by=desk.handler, now=NOW)


def test_an_answer_is_recorded_and_a_later_one_replaces_it(desk: Desk) -> None:
    desk.propose()
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    with desk.store.transaction() as session:
        mailing = desk.of(session)["mailing"]
        notifications.record_answer(session, mailing, Answer.CANNOT, "Morgen. ", by=desk.handler, now=NOW)
        later = NOW + timedelta(days=1)
        notifications.record_answer(session, mailing, Answer.DONE, "", by=desk.handler, now=later)
        assert (mailing.answer, mailing.remark, mailing.answered_at) == ("done", None, later)
    assert desk.events()[-1] == ("recipient-answered", {"recipient": "mailing", "answer": "done"})


def test_the_letter_says_who_knows_and_who_does_not_and_names_no_confidential_recipient(desk: Desk) -> None:
    desk.propose()
    before = desk.letter()
    assert "Duinpost Mailing: wij hebben het nog niet laten weten" in before
    assert "Incasso Noord" not in before, "whether it got data is not known yet"
    assert [str(remark) for remark in warnings(desk.facts())] == [
        "Not told yet, and the letter says so: Boekhoudkantoor Dijkstra, Duinpost Mailing (art. 19)."
    ]
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.do("bookkeeper", notifications.waive, Waiver.IMPOSSIBLE, WHY)
    desk.do("collector", notifications.say_received, has_received=False)
    after = desk.letter()
    assert "Duinpost Mailing: wij lieten het weten op 23 november 2026" in after
    assert f"Boekhoudkantoor Dijkstra: wij lieten het niet weten, want dat kan niet: {WHY}" in after
    assert "Incasso Noord" not in after
    assert "Meldpunt" not in before + after
    assert warnings(desk.facts()) == ()


def test_a_case_stays_open_until_the_recipients_are_told(desk: Desk) -> None:
    desk.propose(Change("invoice"))
    with desk.store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        case.status = Status.ANSWERED
        session.flush()
        with pytest.raises(casework.NotPossible, match="recipients still have to be told"):
            casework.close_case(session, case, by=desk.handler, now=NOW)
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.do("bookkeeper", notifications.note_told, Channel.PHONE)
    with desk.store.transaction() as session:
        casework.close_case(session, session.get_one(Case, desk.case_id), by=desk.handler, now=NOW)


def test_a_correction_and_an_erasure_are_told_apart(desk: Desk) -> None:
    desk.propose(Change("invoice"))
    desk.source_id = uuid.uuid4()
    desk.propose(Change("customer", words=Text("adres: Sluisweg 4", "address: Sluisweg 4")), right=Right.RECTIFICATION)
    letter = desk.letter()
    assert letter.count("Duinpost Mailing") == 2
    assert "die wij nu hebben verwijderd" in letter
    assert "die wij nu hebben verbeterd" in letter


def test_who_should_have_been_told_by_now_is_a_task_once(desk: Desk) -> None:
    desk.propose()
    for days in (7, 8, 9):
        with desk.store.transaction() as session:
            notifications.tell_late(session, now=NOW + timedelta(days=days))
        late = ["recipients-late"] if days > 7 else []
        assert sorted(desk.open_tasks()) == [*late, "recipients-to-tell"]
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    desk.do("bookkeeper", notifications.note_told, Channel.PHONE)
    desk.do("collector", notifications.say_received, has_received=False)
    assert desk.open_tasks() == []


def test_the_list_for_the_person_asks_for_the_receipt_code(desk: Desk) -> None:
    desk.propose()
    desk.do("mailing", notifications.note_told, Channel.PHONE)
    with desk.store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        case.receipt_code_digest = receipt_code_digest(CODE)
        with pytest.raises(WrongReceiptCode):
            informed.open_list(session, case, "0000-0000-0000", settings=desk.settings, now=NOW)
        shown = informed.open_list(session, case, CODE.lower(), settings=desk.settings, now=NOW)
    assert [(each.name, each.state) for each in shown] == [
        ("Boekhoudkantoor Dijkstra", "proposed"),
        ("Duinpost Mailing", "told"),
    ]
    assert desk.events()[-1] == ("recipients-read", {})

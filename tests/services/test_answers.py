"""The answer: its facts from receipts and register, its sending, and the reading of it with the receipt code."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.answers import Letter
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.identity import Lookup
from dsr.db.notices import Notice
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.domain.answer_check import AnswerIncomplete, missing_parts
from dsr.domain.answers import Facts, Tenor
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import IllegalTransition, Status
from dsr.domain.plans import CURRENT_VALUE, DATE_MISSING, PARENT_ELSEWHERE, PlanRow, Verdict
from dsr.domain.register import Recipient, Register, Table, Text
from dsr.domain.rights import Outcome, Right
from dsr.services import answers, casework, copies, plans, retention
from dsr.services.copy_archive import write_copy
from dsr.services.identity import receipt_code_digest
from dsr.services.receipt_codes import ReceiptCodeLocked, WrongReceiptCode
from tests.parts.cast import add_case, add_member, add_plan, confirm
from tests.parts.copies import REGISTER as CATEGORIES
from tests.parts.store import NOW, Store

CODE = "7K3F-Q2XA-94WP"
REGISTER = Register(
    categories=CATEGORIES.categories,
    tables={
        "shop": {
            "customer": Table(
                "customer", ("id",), keep_columns=("name",), kept_as=Text("uw naam en adres", "your name and address")
            ),
            "invoice": Table("invoice", ("id",), via={"customer_id": "customer.id"}),
            "recording": Table("recording", ("id",)),
            "report": Table("report", ("id",)),
        }
    },
    backup_days=30,
)


def row(table: str, verdict: Verdict, **given: Any) -> PlanRow:
    base = PlanRow("shop", table, table, verdict, None, None, None, None, None, ("id",), (1,), "0" * 32)
    return base._replace(**given)


def kept(table: str, year: int, **given: Any) -> PlanRow:
    days = {"keep_through": date(year, 12, 31), "may_erase_from": date(year + 1, 1, 1)}
    return row(table, Verdict.KEEP, rule="fiscal7", **days, **given)


class Desk:
    """A case with its handler, and the services called as the entry points do."""

    def __init__(self, store: Store, *rights: Right, language: str = "nl", status: Status = Status.HANDLING) -> None:
        self.store = store
        self.settings: Settings = replace(store.settings, register=REGISTER)
        with store.transaction() as session:
            handler = add_member(session)
            case = add_case(session, *rights, status=status, handler=handler)
            case.language, case.receipt_code_digest = language, receipt_code_digest(CODE)
            case.data_subject.email_confirmed_at = NOW
            confirm(session, case, handler)
            self.case_id, self.handler = case.id, handler.id

    def decide(self, right: Right, outcome: Outcome, reason: str = "") -> None:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            casework.decide_right(session, case, right, outcome, reason, by=self.handler, now=NOW)

    def erase(self, *rows: PlanRow, outcome: Outcome = Outcome.PARTLY_FULFILLED, state: str = "done") -> None:
        """As the worker would leave it: a plan, its receipt and its ledger."""
        with self.store.transaction() as session:
            plan = add_plan(session, self.case_id, self.handler, rows=plans.document(rows, {}))
            session.add(_receipt(plan, rows, state))
            session.add_all(_entry(plan, each) for each in rows if each.verdict not in _NOT_KEPT)
            for right in session.get_one(Case, self.case_id).rights:
                if right.kind is Right.ERASURE:
                    right.outcome, right.decided_at = outcome.value, NOW

    def facts(self, now: Any = NOW) -> Facts:
        with self.store.transaction(writes=False) as session:
            case = session.get_one(Case, self.case_id)
            return answers.facts_of(session, case, settings=self.settings, now=now)

    def compose(self) -> str:
        with self.store.transaction(writes=False) as session:
            case = session.get_one(Case, self.case_id)
            return readable(answers.compose_letter(session, case, settings=self.settings, now=NOW))

    def send(self, by: uuid.UUID | None = None) -> None:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            answers.send_answer(session, case, by=by or self.handler, settings=self.settings, now=NOW)

    def open(self, code: str = CODE) -> str:
        with self.store.transaction() as session:
            try:
                return answers.open_letter(session, session.get_one(Case, self.case_id), code, now=NOW)
            except DomainError as error:
                fault = error
        raise fault


def _receipt(plan: CasePlan, rows: tuple[PlanRow, ...], state: str) -> Execution:
    return Execution(
        plan_id=plan.id,
        system="shop",
        state=state,
        started_at=NOW,
        done_at=NOW,
        erased={each.table: 1 for each in rows if each.verdict is Verdict.ERASE},
        changed={each.table: 1 for each in rows if each.columns_kept is not None},
    )


_NOT_KEPT = (Verdict.ERASE, Verdict.REFUSE)


def _entry(plan: CasePlan, kept_row: PlanRow) -> LedgerEntry:
    return LedgerEntry(
        case_id=plan.case_id,
        plan_id=plan.id,
        system=kept_row.system,
        category=kept_row.category,
        table=kept_row.table,
        verdict=kept_row.verdict.value,
        rule=kept_row.rule,
        law=kept_row.law,
        keep_through=kept_row.keep_through,
        may_erase_from=kept_row.may_erase_from,
        columns_kept=list(kept_row.columns_kept) if kept_row.columns_kept is not None else None,
        row_count=1,
        rows_sealed=LedgerEntry.rows.sealed(retention.as_noted({kept_row.key_values: "0" * 32}), plan.case_id),
    )


def readable(html: str) -> str:
    """What a person reads of a letter, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace(" .", ".").split())


INVOICES = (kept("invoice", 2026), kept("invoice", 2033))
ADDRESS = kept("customer", 2033, columns_kept=("id", "name"), why="invoice")


def test_what_was_erased_and_what_stays_come_from_receipt_and_ledger(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    desk.erase(row("invoice", Verdict.ERASE), row("recording", Verdict.ERASE), *INVOICES, ADDRESS)
    facts = desk.facts()
    assert [(each.what, each.remainder, each.is_part) for each in facts.erased] == [
        ("Klantgegevens", "uw naam en adres", True),
        ("Facturen", None, True),
        ("Gespreksopnames", None, False),
    ]
    assert [(each.what, each.oldest_until, each.newest_until, each.needed_by) for each in facts.kept] == [
        ("Uw naam en adres", date(2033, 12, 31), date(2033, 12, 31), ("Facturen",)),
        ("Facturen", date(2026, 12, 31), date(2033, 12, 31), ()),
    ]
    assert facts.backups_until == date(2026, 12, 23)
    assert facts.tenor is Tenor.KEPT
    assert missing_parts(facts) == ()


def test_the_letter_of_an_erasure(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    desk.erase(row("invoice", Verdict.ERASE), row("recording", Verdict.ERASE), *INVOICES, ADDRESS)
    letter = desk.compose()
    for words in (
        "U vroeg ons om uw gegevens te verwijderen. Dat hebben wij gedaan. Een deel moeten wij van de wet nog bewaren.",
        "verwijderden wij: Klantgegevens (behalve uw naam en adres), Facturen (een deel) en Gespreksopnames.",
        "7 jaar, art. 52 lid 4 AWR",
        "31 december 2026 (oudste) 31 december 2033 (nieuwste)",
        "artikel 17 lid 3 onder b AVG",
        "binnen zes weken",
        "Een advocaat is niet nodig.",
        "Noor Bakker",
    ):
        assert words in letter
    assert "betrokkene" not in letter.lower()


def test_a_system_without_receipt_keeps_the_letter_back(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    desk.erase(row("recording", Verdict.ERASE), state="started", outcome=Outcome.FULFILLED)
    facts = desk.facts()
    assert (facts.erased, facts.systems_without_receipt) == ((), ("shop",))
    with pytest.raises(AnswerIncomplete) as refused:
        desk.send()
    assert len(refused.value.missing) == 2


def test_a_right_that_was_withdrawn_is_told_apart_from_what_was_asked_and_done(store: Store) -> None:
    desk = Desk(store, Right.ERASURE, Right.AUTOMATED_DECISION)
    desk.decide(Right.ERASURE, Outcome.WITHDRAWN)
    desk.decide(Right.AUTOMATED_DECISION, Outcome.FULFILLED, "Noor Bakker keek opnieuw.")
    letter = desk.compose()
    assert "U vroeg ons om een mens te laten kijken naar een besluit van de computer. Dat hebben wij gedaan." in letter
    assert "U hebt dit deel van uw verzoek ingetrokken." in letter
    assert "uw gegevens te verwijderen" not in letter
    assert missing_parts(desk.facts()) == ()


def test_what_has_no_last_day_is_told_with_its_reason(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    desk.erase(
        row("recording", Verdict.ERASE),
        row("customer", Verdict.REFUSE, why="Uw contract loopt nog."),
        row("invoice", Verdict.FIRST, why=CURRENT_VALUE, rule="fiscal7"),
        row("invoice", Verdict.PROTECTED, why=DATE_MISSING, rule="fiscal7"),
        row("invoice", Verdict.PROTECTED, why=PARENT_ELSEWHERE, rule="fiscal7"),
    )
    letter = desk.compose()
    assert "Klantgegevens. Uw contract loopt nog." in letter
    assert "Facturen (een deel). Dit kan pas weg als iets anders is afgerond" in letter
    assert "Facturen (een deel). De wet kan ons verplichten dit te bewaren ( art. 52 lid 4 AWR )" in letter
    assert "( art. 52 lid 4 AWR ). Tot wanneer wij dit bewaren, hangt af van iets dat wij niet bij u" in letter
    assert missing_parts(desk.facts()) == ()


def test_that_only_something_confidential_stays_is_not_betrayed_by_what_others_hold(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    bank = {"bank": Recipient("Rivierbank", "independent-controller")}
    customer = replace(REGISTER.categories["customer"], refer_to="bank")
    register = replace(REGISTER, categories={**REGISTER.categories, "payment": customer}, recipients=bank)
    desk.settings = replace(desk.settings, register=register)
    desk.erase(row("recording", Verdict.ERASE), kept("report", 2031))
    facts = desk.facts()
    assert [part.where for part in facts.not_ours] == ["Rivierbank"]
    assert facts.tenor is Tenor.DONE


def test_what_is_confidential_is_not_told_to_exist(store: Store) -> None:
    desk = Desk(store, Right.ERASURE)
    desk.erase(row("recording", Verdict.ERASE), kept("report", 2031))
    facts = desk.facts()
    assert (facts.kept, facts.tenor) == ((), Tenor.DONE)
    assert missing_parts(facts) == ()
    assert "Meldingen" not in desk.compose()


def test_a_correction_and_a_refused_objection(store: Store) -> None:
    desk = Desk(store, Right.RECTIFICATION, Right.OBJECTION)
    desk.decide(Right.RECTIFICATION, Outcome.FULFILLED, "Uw huisnummer is nu 1.\nHet was 11.")
    desk.decide(Right.OBJECTION, Outcome.REFUSED, "Dit is nodig voor uw contract.")
    letter = desk.compose()
    assert "Dat hebben wij voor een deel gedaan." in letter
    assert "Correctie Wij hebben uw gegevens verbeterd. Uw huisnummer is nu 1. Het was 11." in letter
    assert "Bezwaar Dit doen wij niet ( artikel 12 lid 4 AVG ). De reden: Dit is nodig voor uw contract." in letter


def test_advertising_that_stopped(store: Store) -> None:
    desk = Desk(store, Right.MARKETING_OBJECTION)
    desk.decide(Right.MARKETING_OBJECTION, Outcome.FULFILLED)
    letter = desk.compose()
    assert "Reclame Gestopt op 23 november 2026. Wij bewaren daarvoor een onleesbare code" in letter
    assert missing_parts(desk.facts()) == ()


def _nobody(store: Store) -> Desk:
    desk = Desk(store, Right.ACCESS, Right.ERASURE)
    with store.transaction() as session:
        session.add(Lookup(case_id=desk.case_id, system="shop", identifier="email", is_known=False, looked_up_at=NOW))
    for right in (Right.ACCESS, Right.ERASURE):
        desk.decide(right, Outcome.NOT_APPLICABLE, "Wij keken in al onze systemen.")
    return desk


def test_nothing_found_is_told_to_whoever_reads_mail_at_the_address(store: Store) -> None:
    desk = _nobody(store)
    letter = desk.compose()
    assert "Wij zochten in onze systemen naar uw e‑mailadres en vonden niets van u." in letter
    assert "Daarom is er geen kopie." in letter


def test_whether_somebody_is_known_is_not_told_to_an_unconfirmed_address(store: Store) -> None:
    desk = _nobody(store)
    with store.transaction() as session:
        session.get_one(Case, desk.case_id).data_subject.email_confirmed_at = None
    assert not desk.facts().nothing_found
    assert "vonden" not in desk.compose()


def test_a_copy_that_waits_is_named_with_its_last_day(store: Store) -> None:
    desk = Desk(store, Right.ACCESS)
    with store.transaction() as session:
        case = session.get_one(Case, desk.case_id)
        written = write_copy(
            copies.begin_copy(session, case, settings=desk.settings), {}, {}, settings=desk.settings, now=NOW
        )
        copies.record_copy(session, case, written, settings=desk.settings, now=NOW)
        assert len(missing_parts(answers.facts_of(session, case, settings=desk.settings, now=NOW))) == 1
        copies.view_copy(session, case, by=desk.handler, settings=desk.settings, now=NOW)
        copies.release_copy(session, case, by=desk.handler, settings=desk.settings, now=NOW)
    assert "Uw kopie staat klaar op uw statuspagina, tot en met 23 december 2026" in desk.compose()
    assert missing_parts(desk.facts()) == ()


def test_a_late_letter_says_so(store: Store) -> None:
    desk = Desk(store, Right.OBJECTION)
    desk.decide(Right.OBJECTION, Outcome.REFUSED, "Nodig.")
    assert desk.facts(now=NOW + timedelta(days=40)).is_late
    assert not desk.facts().is_late


def _decided(store: Store, language: str = "nl") -> Desk:
    desk = Desk(store, Right.OBJECTION, language=language)
    desk.decide(Right.OBJECTION, Outcome.FULFILLED, "Wij mailen u niet meer over storingen.")
    return desk


def test_sending_answers_the_case_and_stops_its_clock(store: Store) -> None:
    desk = _decided(store)
    desk.send()
    with store.transaction(writes=False) as session:
        case = session.get_one(Case, desk.case_id)
        assert (case.status, case.answered_at, case.is_open) == (Status.ANSWERED, NOW, False)
        assert [event.kind for event in case.events] == ["answer_sent"]
        assert list(session.scalars(select(Notice.kind))) == ["answer-ready"]
        assert list(session.scalars(select(AuditEntry.event)))[-1] == "answer-sent"


def test_a_letter_that_misses_something_is_not_sent(store: Store) -> None:
    desk = Desk(store, Right.OBJECTION)
    with pytest.raises(AnswerIncomplete) as refused:
        desk.send()
    assert [str(remark) for remark in refused.value.missing] == ["There is no outcome yet for: objection."]
    with store.transaction(writes=False) as session:
        assert session.get_one(Case, desk.case_id).status == Status.HANDLING
        assert list(session.scalars(select(Letter))) == []


def test_an_answered_case_is_not_answered_twice(store: Store) -> None:
    desk = _decided(store)
    desk.send()
    with pytest.raises(IllegalTransition):
        desk.send()


@pytest.mark.parametrize(
    ("language", "words"), [("nl", "Ons antwoord op uw verzoek"), ("en", "Our answer to your request")]
)
def test_the_letter_is_in_the_language_of_the_case(store: Store, language: str, words: str) -> None:
    desk = _decided(store, language)
    desk.send()
    letter = desk.open()
    assert f'<html lang="{language}">' in letter
    assert words in letter


def test_the_letter_stays_as_it_was_sent(store: Store) -> None:
    desk = _decided(store)
    desk.send()
    sent = desk.open()
    with store.transaction() as session:
        session.get_one(Case, desk.case_id).data_subject.name = "Iemand Anders"
    assert desk.open() == sent
    with store.transaction(writes=False) as session:
        assert answers.read_letter(session, session.get_one(Case, desk.case_id)) == sent


def test_the_letter_needs_the_receipt_code(store: Store) -> None:
    desk = _decided(store)
    desk.send()
    for _ in range(5):
        with pytest.raises(WrongReceiptCode):
            desk.open("0000-0000-0000")
    with pytest.raises(ReceiptCodeLocked):
        desk.open()


def test_before_it_is_sent_there_is_no_letter(store: Store) -> None:
    with pytest.raises(answers.LetterNotThere):
        _decided(store).open()


def test_what_people_wrote_is_text_in_the_letter(store: Store) -> None:
    desk = Desk(store, Right.OBJECTION)
    desk.decide(Right.OBJECTION, Outcome.REFUSED, "<script>alert(1)</script>")
    desk.send()
    assert "<script" not in desk.open()

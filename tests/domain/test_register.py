"""What the register can say of a category, and what each saying does to the rows of a plan."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from dsr import paths
from dsr.domain.errands import with_items
from dsr.domain.plans import EVENT, NOT_OURS, Decision, PlanRow, Row, Verdict, register_decisions
from dsr.domain.register import Category, ErasureGround, LegalBasis, Period, Recipient, Register, Table, Text
from dsr.domain.verdicts import judge

WORDS = Text("woorden", "words")
INVOICE_FIRST = Text("U krijgt eerst een eindfactuur.", "You get a final invoice first.")
ON = date(2026, 11, 23)


def register(**given: Any) -> Register:
    """Disks of a customer in a category that says what is given."""
    tables = {
        "customer": Table("customer", ("id",), match={"email": "email"}, keep_columns=("name",)),
        "disk": Table("disk", ("id",), via={"customer_id": "customer.id"}, dates=given.pop("dates", {})),
    }
    said = Category(WORDS, WORDS, LegalBasis.CONSENT, WORDS, **given)
    customer = Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS)
    bank = Recipient(Text("de bank", "the bank"), "independent-controller", contact="https://bank.example")
    return Register({"customer": customer, "disk": said}, {"shop": tables}, {"bank": bank})


def judged(known: Register, back_on: date | None = None, **decided: Decision) -> dict[str, PlanRow]:
    rows = [
        Row("customer", (1,), {"id": 1, "email": "hanna@example.org", "name": "Hanna"}),
        Row("disk", (7,), {"id": 7, "customer_id": 1, "back_on": back_on}),
    ]
    decisions = {**register_decisions(known), **decided}
    return {row.table: row for row in judge(known, "shop", rows, on=ON, decisions=decisions)}


def test_what_is_held_for_another_controller_is_never_ours_to_erase() -> None:
    rows = judged(register(role="processor", on_behalf_of=WORDS, retention="fiscal7"))
    assert (rows["disk"].verdict, rows["disk"].why) == (Verdict.REFUSE, NOT_OURS)
    # The customer it belongs to stays as far as it is needed.
    assert (rows["customer"].verdict, rows["customer"].columns_kept) == (Verdict.KEEP, ("id", "name"))


@pytest.mark.parametrize("ground", ErasureGround)
def test_no_decision_makes_it_ours(ground: ErasureGround) -> None:
    known = register(role="processor", on_behalf_of=WORDS)
    assert judged(known, disk=Decision(ground, "Daarom."))["disk"].why == NOT_OURS


def test_a_step_before_erasure_is_outstanding_until_the_handler_says_it_is_done() -> None:
    known = register(first=INVOICE_FIRST)
    row = judged(known)["disk"]
    assert (row.verdict, row.why) == (Verdict.FIRST, INVOICE_FIRST.nl)
    assert judged(known, disk=Decision(ErasureGround.NOT_NEEDED))["disk"].verdict is Verdict.ERASE


@pytest.mark.parametrize(("back_on", "verdict"), [(None, Verdict.FIRST), (date(2026, 11, 1), Verdict.ERASE)])
def test_an_event_ends_a_retention(back_on: date | None, verdict: Verdict) -> None:
    row = judged(register(retention=Period(until=WORDS), dates={EVENT: "back_on"}), back_on)["disk"]
    assert (row.verdict, row.rule, row.why) == (verdict, None, EVENT if back_on is None else None)


@pytest.mark.parametrize("retention", ["not-stated", "until-consent-withdrawn", Period(until=WORDS)])
def test_what_no_date_ends_is_no_duty_to_keep(retention: str | Period) -> None:
    row = judged(register(retention=retention))["disk"]
    assert (row.verdict, row.rule, row.keep_through) == (Verdict.ERASE, None, None)


@pytest.mark.parametrize(("language", "name"), [("nl", "de bank"), ("en", "the bank")])
def test_whom_to_turn_to(language: str, name: str) -> None:
    assert register(refer_to="bank").turn_to("disk", language) == f"{name}, https://bank.example"
    assert register(role="processor", on_behalf_of=WORDS).turn_to("disk", language) == WORDS.in_language(language)
    assert register().turn_to("disk", language) is None


def test_a_person_is_sent_on_only_for_what_was_found_or_what_no_table_of_ours_holds() -> None:
    known = register(refer_to="bank")
    assert known.not_ours(["disk", "customer"]) == ["disk"]
    assert known.not_ours([]) == []
    assert Register(known.categories, {}, known.recipients).not_ours([]) == ["disk"]
    assert register(refer_to="bank", confidential="Wwft art. 23").not_ours(["disk"]) == []


def test_a_sentence_of_the_register_is_told_in_the_language_of_the_person() -> None:
    said = register(first=INVOICE_FIRST, refusal_reason=WORDS).categories["disk"]
    assert said.retold(INVOICE_FIRST.nl, "en") == INVOICE_FIRST.en
    assert said.retold("words", "nl") == "woorden"
    assert said.retold("Zoals besproken.", "en") == "Zoals besproken."
    assert said.retold(None, "en") is None


def test_every_setting_of_the_register_stands_in_the_one_to_begin_with() -> None:
    text = paths.starter_register().read_text(encoding="utf-8")
    kinds = (Register, Category, Recipient, Table, Period)
    named = {field.name for kind in kinds for field in fields(kind)}
    made_otherwise = {"tables", "recipients", "categories", "digest", "years", "weeks", "days"}
    assert {name for name in named - made_otherwise if not re.search(rf"\b{name} = ", text)} == set()


def test_places_are_called_by_their_labels_and_else_by_their_keys() -> None:
    category = Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS, held_in=("binder",))
    disk = Table("disk", ("id",))
    tables = {"shop": {"disk": disk, "site": replace(disk, label=Text("Websites", "Sites"))}, "log": {"line": disk}}
    papers = with_items(Register({"disk": category}, tables))
    assert papers.places({}, "nl") == {"shop.site": "Websites (shop)"}
    assert papers.places({"shop": "Winkel", "binder": "Ordner"}, "nl") == {
        "shop.disk": "disk (Winkel)",
        "shop.site": "Websites (Winkel)",
        "binder.disk": "Ordner",
    }

"""What an objection and a withdrawn consent reach, and which rows get a mark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsr.domain.plans import Decision, Row, Verdict
from dsr.domain.register import Category, ErasureGround, LegalBasis, Mark, Register, Table, Text
from dsr.domain.register_check import mistakes
from dsr.domain.restriction import by_consent, has_marks, marks, objectionable, restrictable, unmarked
from dsr.domain.verdicts import judge
from tests.parts.store import NOW

WORDS = Text("woorden", "words")
BASES = {
    "customer": LegalBasis.CONTRACT,
    "log": LegalBasis.LEGITIMATE_INTEREST,
    "letters": LegalBasis.PUBLIC_TASK,
    "news": LegalBasis.CONSENT,
}
CATEGORIES = {name: Category(WORDS, WORDS, basis, WORDS) for name, basis in BASES.items()}
HOSTED = replace(CATEGORIES["log"], role="processor", on_behalf_of=WORDS)
TABLES = {
    "news": Table("news", ("id",), {"email": "email"}, keep_columns=("email",)),
    "log": Table("log", ("id",), via={"news_id": "news.id"}, restricted=Mark("blocked")),
}
REGISTER = Register({**CATEGORIES, "hosted": HOSTED}, {"shop": TABLES})
ROWS = [
    Row("news", (1,), {"id": 1, "email": "a@example.org"}),
    Row("log", (7,), {"id": 7, "news_id": 1, "blocked": 0}),
    Row("log", (8,), {"id": 8, "news_id": 1, "blocked": 1}),
]


def test_an_objection_reaches_what_rests_on_an_interest_or_a_public_task() -> None:
    assert objectionable(REGISTER) == ["log", "letters"]
    assert by_consent(REGISTER) == ["news"]
    assert "hosted" not in restrictable(REGISTER)


def test_rows_of_a_restricted_category_get_a_mark_once() -> None:
    (change,) = marks(REGISTER, "shop", ROWS, ["log", "news"])
    assert (change.key, change.old, change.new) == ((7,), {"blocked": 0}, {"blocked": 1})
    assert (unmarked(change).old, unmarked(change).new) == (change.new, change.old)
    assert marks(REGISTER, "shop", ROWS, ["news"]) == []
    assert has_marks(REGISTER, "shop", ["log"])
    assert not has_marks(REGISTER, "shop", ["news"])


def test_a_plan_for_the_consent_alone_leaves_the_rest_and_what_it_needs() -> None:
    decisions = dict.fromkeys(REGISTER.categories, Decision(ErasureGround.NONE, is_asked=False))
    decisions["news"] = Decision(ErasureGround.CONSENT_WITHDRAWN)
    (planned,) = judge(REGISTER, "shop", ROWS, on=NOW.date(), decisions=decisions)
    assert (planned.table, planned.verdict, planned.columns_kept) == ("news", Verdict.KEEP, ("id", "email"))
    (alone,) = judge(REGISTER, "shop", ROWS[:1], on=NOW.date(), decisions=decisions)
    assert alone.verdict is Verdict.ERASE


@pytest.mark.parametrize("column", ["id", "email"])
def test_what_a_row_is_known_by_cannot_be_its_mark(column: str) -> None:
    table = replace(TABLES["news"], restricted=Mark(column))
    found = mistakes(replace(REGISTER, tables={"shop": {**TABLES, "news": table}}))
    assert [at for at, _ in found if at.endswith("restricted")] == ["tables.shop.news.restricted"]

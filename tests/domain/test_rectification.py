"""Which rows can be corrected, and what typed values come to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dsr.domain.changes import RowChange, alike, digest_of, read_change, same
from dsr.domain.column_types import ColumnType, Kind
from dsr.domain.plans import Row
from dsr.domain.rectification import ROWS_SHOWN, Sheet, read_form, read_sheet, sheets
from dsr.domain.register import Category, LegalBasis, Register, Table, Text
from dsr.domain.register_check import mistakes

WORDS = Text("woorden", "words")
CUSTOMER = Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS)
INVOICE = replace(CUSTOMER, retention="fiscal7")
TABLES = {
    "customer": Table("customer", ("id",), {"email": "email"}, rectifiable=("name", "born")),
    "invoice": Table("invoice", ("nr",), via={"customer_id": "customer.id"}, rectifiable=("total",)),
    "log": Table("customer", ("id",), via={"customer_id": "customer.id"}),
}
REGISTER = Register({"customer": CUSTOMER, "invoice": INVOICE}, {"shop": TABLES})
TYPES = {
    "customer": {"name": ColumnType(Kind.TEXT, 20, is_required=True), "born": ColumnType(Kind.DATE)},
    "invoice": {"total": ColumnType(Kind.DECIMAL, decimals=2)},
}
ROWS = [
    Row("invoice", (7,), {"nr": 7, "customer_id": 1, "total": Decimal("12.50")}),
    Row("customer", (1,), {"id": 1, "email": "a@example.org", "name": "Hanna", "born": None}),
    Row("log", (1,), {"id": 1, "customer_id": 1}),
]


@pytest.fixture
def laid_out() -> list[Sheet]:
    return sheets(REGISTER, "shop", ROWS, TYPES)


def test_only_what_the_register_lets_be_corrected_is_laid_out(laid_out: list[Sheet]) -> None:
    assert [(sheet.table, tuple(sheet.columns), sheet.is_for_books) for sheet in laid_out] == [
        ("customer", ("name", "born"), False),
        ("invoice", ("total",), True),
    ]


@pytest.mark.parametrize("values", [{"confidential": "Wwft art. 23"}, {"role": "processor", "on_behalf_of": WORDS}])
def test_what_is_confidential_or_not_ours_is_left_out(values: dict[str, Any]) -> None:
    register = replace(REGISTER, categories={"customer": replace(CUSTOMER, **values), "invoice": INVOICE})
    assert [sheet.table for sheet in sheets(register, "shop", ROWS, TYPES)] == ["invoice"]


def test_of_thousands_of_rows_the_first_are_shown_and_the_others_counted() -> None:
    many = [Row("invoice", (nr,), {"nr": nr, "customer_id": 1, "total": Decimal(1)}) for nr in range(1000)]
    (sheet,) = sheets(REGISTER, "shop", many, TYPES)
    assert (len(sheet.rows), sheet.left_out) == (ROWS_SHOWN, 1000 - ROWS_SHOWN)


def test_typed_values_are_changes_of_ours_or_notes_for_the_books(laid_out: list[Sheet]) -> None:
    typed = {"0.0.name": "Hanna B.", "0.0.born": "1980-05-06", "1.0.total": "10,00", "0.0.id": "9", "5.5.x": "1"}
    correction, wrong = read_form(laid_out, typed)
    assert wrong == {}
    (change,), (note,) = correction.changes, correction.for_books
    assert (change.old, change.new) == ({"name": "Hanna", "born": None}, {"name": "Hanna B.", "born": date(1980, 5, 6)})
    assert (note.table, note.key, note.new) == ("invoice", (7,), {"total": Decimal("10.00")})


def test_what_is_typed_as_it_was_changes_nothing(laid_out: list[Sheet]) -> None:
    correction, wrong = read_form(laid_out, {"0.0.name": " Hanna ", "0.0.born": "", "1.0.total": "12.5"})
    assert (correction.changes, correction.for_books, wrong) == ([], [], {})


def test_what_a_column_cannot_hold_is_told_by_field(laid_out: list[Sheet]) -> None:
    _, wrong = read_form(laid_out, {"0.0.name": "", "0.0.born": "later"})
    assert sorted(wrong) == ["0.0.born", "0.0.name"]


def test_sheets_and_changes_survive_json(laid_out: list[Sheet]) -> None:
    for sheet in laid_out:
        assert read_sheet(json.loads(json.dumps(sheet.to_record()))) == sheet
    correction, _ = read_form(laid_out, {"1.0.total": "10"})
    assert read_change(json.loads(json.dumps(correction.for_books[0].to_record()))) == correction.for_books[0]


def test_a_digest_is_of_every_old_and_new_value() -> None:
    change = RowChange("shop", "customer", "customer", ("id",), (1,), {"name": "Hanna"}, {"name": "H."})
    others = [change._replace(new={"name": "X"}), change._replace(old={"name": "X"}), change._replace(key=(2,))]
    digests = {digest_of("register", [each]) for each in (change, *others)} | {digest_of("other", [change])}
    assert len(digests) == 5


def test_rows_with_the_same_new_values_are_changed_together() -> None:
    change = RowChange("shop", "customer", "customer", ("id",), (1,), {"blocked": 0}, {"blocked": 1})
    groups = alike([change, change._replace(key=(2,)), change._replace(key=(3,), new={"blocked": 2})])
    assert [[each.key for each in group] for group in groups] == [[(1,), (2,)], [(3,)]]


@pytest.mark.parametrize(
    ("found", "expected", "is_same"),
    [
        ("1980-05-06", date(1980, 5, 6), True),
        (12.5, Decimal("12.50"), True),
        (1, True, True),
        (None, None, True),
        (None, "None", False),
        ("a", "A", False),
        (None, Decimal(0), False),
        ("", None, False),
    ],
)
def test_values_are_the_same_to_a_database(found: Any, expected: Any, is_same: bool) -> None:
    assert same(found, expected) is is_same


@pytest.mark.parametrize("column", ["id", "born"])
def test_a_key_or_a_date_that_counts_cannot_be_made_rectifiable(column: str) -> None:
    table = replace(TABLES["customer"], rectifiable=("name", column), dates={"start": "born"}, keep_columns=())
    register = replace(REGISTER, tables={"shop": {**TABLES, "customer": table}})
    found = [sentence for at, sentence in mistakes(register) if at.endswith("customer.rectifiable")]
    assert [sentence.split(":")[0] for sentence in found] == [f"names {column}"]

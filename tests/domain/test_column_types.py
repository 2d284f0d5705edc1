"""A typed text as a value of a column, and why it cannot be one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dsr.domain.column_types import ColumnType, Kind, WrongValue, read_text, read_type, write_text


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (" Dorpsstraat 1\r\nLeiden ", ColumnType(Kind.TEXT), "Dorpsstraat 1\nLeiden"),
        ("", ColumnType(Kind.TEXT), None),
        ("-12", ColumnType(Kind.WHOLE), -12),
        ("12,50", ColumnType(Kind.DECIMAL, decimals=2), Decimal("12.50")),
        ("1981-05-07", ColumnType(Kind.DATE), date(1981, 5, 7)),
        ("Ja", ColumnType(Kind.YES_NO), True),
        ("0", ColumnType(Kind.YES_NO), False),
    ],
)
def test_a_text_is_read_as_the_column_holds_it(text: str, column: ColumnType, value: Any) -> None:
    assert read_text(text, column) == value


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("  ", ColumnType(Kind.TEXT, is_required=True), "may not be empty"),
        ("abcd", ColumnType(Kind.TEXT, 3), "At most 3 characters fit in here. You now have 4."),
        ("a\0b", ColumnType(Kind.TEXT), "cannot be kept"),
        ("1e5", ColumnType(Kind.WHOLE), "whole number"),
        ("٣", ColumnType(Kind.WHOLE), "whole number"),
        ("40000", ColumnType(Kind.WHOLE, 32767), "at most 32767"),
        ("NaN", ColumnType(Kind.DECIMAL), "must be a number"),
        ("1.005", ColumnType(Kind.DECIMAL, decimals=2), "At most 2 digits"),
        ("1000", ColumnType(Kind.DECIMAL, 999), "at most 999"),
        ("7 mei", ColumnType(Kind.DATE), "must be a date"),
        ("2026-02-30", ColumnType(Kind.DATE), "must be a date"),
        ("perhaps", ColumnType(Kind.YES_NO), "yes or no"),
    ],
)
def test_what_the_column_cannot_hold_is_refused_with_a_sentence(text: str, column: ColumnType, sentence: str) -> None:
    with pytest.raises(WrongValue, match=sentence):
        read_text(text, column)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(None, Kind.DATE, ""), (True, Kind.YES_NO, "1"), (0, Kind.YES_NO, "0"), (Decimal("12.50"), Kind.DECIMAL, "12.50")],
)
def test_a_value_is_shown_as_it_is_typed(value: Any, kind: Kind, text: str) -> None:
    assert write_text(value, ColumnType(kind)) == text


def test_a_type_survives_json() -> None:
    column = ColumnType(Kind.DECIMAL, 999, 2, is_required=True)
    assert read_type(column.to_record()) == column

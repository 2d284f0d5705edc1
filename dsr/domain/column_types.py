"""What a column of the controller can hold, and reading a typed text as a value of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_

YES = ("1", "yes", "true", "ja")
NO = ("0", "no", "false", "nee")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class WrongValue(DomainError):
    """A text that the column cannot hold; the sentence says what it can."""


class Kind(StrEnum):
    """The kinds of value that can be corrected."""

    TEXT = "text"
    WHOLE = "whole"
    DECIMAL = "decimal"
    DATE = "date"
    YES_NO = "yes-no"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The kind of a column; `size` is its most characters or its largest number, `decimals` the digits of a fraction.

    A column that is required may not be empty.
    """

    kind: Kind
    size: int | None = None
    decimals: int | None = None
    is_required: bool = False

    def to_record(self) -> dict[str, Any]:
        """The type as JSON carries it."""
        return asdict(self)


def read_type(record: Mapping[str, Any]) -> ColumnType:
    """The type that `to_record` wrote."""
    return ColumnType(Kind(record["kind"]), record["size"], record["decimals"], record["is_required"])


def read_text(text: str, column: ColumnType) -> Any:
    """The value that a typed text stands for; None where it is empty. WrongValue if the column cannot hold it."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        if column.is_required:
            raise WrongValue(N_("This may not be empty."))
        return None
    return _READERS[column.kind](text, column)


def write_text(value: Any, column: ColumnType) -> str:
    """A value as it is typed."""
    if value is None:
        return ""
    if column.kind is Kind.YES_NO:
        return YES[0] if value in (True, 1, "1") else NO[0]
    return str(value)


def _text(text: str, column: ColumnType) -> str:
    if _CONTROLS.search(text):
        raise WrongValue(N_("There is a character in this text that cannot be kept. Type it anew."))
    if column.size is not None and len(text) > column.size:
        raise WrongValue(
            N_("At most %(size)s characters fit in here. You now have %(count)s."), size=column.size, count=len(text)
        )
    return text


def _whole(text: str, column: ColumnType) -> int:
    if not _WHOLE.fullmatch(text):
        raise WrongValue(N_("This must be a whole number, such as 12."))
    number = int(text)
    if column.size is not None and abs(number) > column.size:
        raise WrongValue(N_("This number is too large: at most %(size)s."), size=column.size)
    return number


def _decimal(text: str, column: ColumnType) -> Decimal:
    text = text.replace(",", ".")
    if not _DECIMAL.fullmatch(text):
        raise WrongValue(N_("This must be a number, such as 12.50."))
    number = Decimal(text)
    decimals = -int(number.as_tuple().exponent)
    if column.decimals is not None and decimals > column.decimals:
        raise WrongValue(N_("At most %(decimals)s digits can follow the point."), decimals=column.decimals)
    if column.size is not None and abs(number) > column.size:
        raise WrongValue(N_("This number is too large: at most %(size)s."), size=column.size)
    return number


def _date(text: str, column: ColumnType) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongValue(N_("This must be a date, such as 2026-11-30.")) from None


def _yes_no(text: str, column: ColumnType) -> bool:
    if text.lower() not in (*YES, *NO):
        raise WrongValue(N_("This must be yes or no."))
    return text.lower() in YES


_READERS: Mapping[Kind, Any] = {
    Kind.TEXT: _text,
    Kind.WHOLE: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
}

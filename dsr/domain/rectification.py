"""Rectification (art. 16): the rows that can be corrected, and the changes that typed values come to.

The record of an invoice is evidence for the tax and is not rewritten: its correction is a note for the books.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dsr.domain.changes import RowChange, read_change, read_values, same
from dsr.domain.column_types import ColumnType, WrongValue, read_text, read_type, write_text
from dsr.domain.plans import Columns, Row
from dsr.domain.register import Category, Register
from dsr.domain.retention import RULES
from dsr.domain.row_keys import Key, from_json, to_json
from dsr.domain.wording import N_

ROWS_SHOWN = 50
LINES_BY_HAND = 4
"""How many values can be typed for the systems in which a person corrects."""
PARTS = ("what", "old", "new")
"""What can be typed of each."""
LONGEST_BY_HAND = 500
NOT_KNOWN = "–"

Types = Mapping[str, Mapping[str, ColumnType]]
"""Table -> column -> what it can hold."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one table as the handler sees them: only the columns that may be corrected.

    `is_for_books`: what is corrected here is noted for the books and not written. `left_out` counts rows not shown.
    """

    system: str
    table: str
    category: str
    key_columns: Columns
    columns: Mapping[str, ColumnType]
    rows: Sequence[tuple[Key, Mapping[str, Any]]]
    is_for_books: bool = False
    left_out: int = 0

    def to_record(self) -> dict[str, Any]:
        """The sheet as JSON carries it."""
        return {
            "system": self.system,
            "table": self.table,
            "category": self.category,
            "key_columns": self.key_columns,
            "columns": {name: column.to_record() for name, column in self.columns.items()},
            "rows": [
                [to_json(key), dict(zip(values, to_json(values.values()), strict=True))] for key, values in self.rows
            ],
            "is_for_books": self.is_for_books,
            "left_out": self.left_out,
        }


class Line(NamedTuple):
    """A value to correct: what it is, what stands there as far as that is known, and what is right.

    `of` is the SYSTEM.TABLE whose column it is; without it, `what` is how people call it.
    """

    what: str
    old: Any
    new: Any
    of: str = ""

    @property
    def in_words(self) -> str:
        """The value as one line of text."""
        old, new = ("–" if value in (None, "") else str(value) for value in (self.old, self.new))
        return f"{self.what}: {old} → {new}"


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the owners of these systems are asked to correct there."""

    systems: Sequence[str] = ()
    lines: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be corrected: changes to carry out, those that the books must take up, and what a person corrects."""

    changes: Sequence[RowChange]
    for_books: Sequence[RowChange] = ()
    by_hand: ByHand = ByHand()

    @property
    def is_empty(self) -> bool:
        """Whether it corrects nothing."""
        return not (self.changes or self.for_books or self.by_hand.systems)

    def to_record(self) -> dict[str, Any]:
        """The correction as JSON carries it."""
        return {
            "changes": [change.to_record() for change in self.changes],
            "for_books": [change.to_record() for change in self.for_books],
            "by_hand": [self.by_hand.systems, [to_json(line) for line in self.by_hand.lines]],
        }


def read_correction(record: Mapping[str, Any]) -> Correction:
    """The correction that `to_record` wrote."""
    changes, for_books = ([read_change(each) for each in record[part]] for part in ("changes", "for_books"))
    systems, lines = record["by_hand"]
    return Correction(changes, for_books, ByHand(systems, [Line(*from_json(line)) for line in lines]))


def read_sheet(record: Mapping[str, Any]) -> Sheet:
    """The sheet that `to_record` wrote."""
    return Sheet(
        record["system"],
        record["table"],
        record["category"],
        tuple(record["key_columns"]),
        {name: read_type(column) for name, column in record["columns"].items()},
        [(from_json(key), read_values(values)) for key, values in record["rows"]],
        record["is_for_books"],
        record["left_out"],
    )


def sheets(register: Register, system: str, rows: Iterable[Row], types: Types) -> list[Sheet]:
    """The rows of a person in one system, by table: those the register lets be corrected, nearest to the person first.

    What is confidential or of another controller is left out.
    """
    by_table: dict[str, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row.table, []).append(row)
    made = (_sheet(register, system, name, by_table.get(name, []), types) for name in register.nearest_first(system))
    return [sheet for sheet in made if sheet and sheet.rows]


def _sheet(register: Register, system: str, name: str, rows: Sequence[Row], types: Types) -> Sheet | None:
    table = register.tables[system][name]
    category = register.categories[table.category]
    columns = {column: types[name][column] for column in table.rectifiable if column in types.get(name, {})}
    if not columns or category.confidential or not category.is_ours or not table.is_erasable:
        return None
    shown = [(row.key, {column: row.values[column] for column in columns}) for row in rows[:ROWS_SHOWN]]
    left_out = len(rows) - len(shown)
    return Sheet(system, name, table.category, table.key, columns, shown, is_for_books(category), left_out)


def is_for_books(category: Category) -> bool:
    """Whether its records are evidence for the tax, and so never rewritten."""
    rule = RULES.get(category.retention) if isinstance(category.retention, str) else None
    return rule is not None and rule.fiscal


class Value(NamedTuple):
    """A value that was corrected: in which kind of data and SYSTEM.TABLE, and what it was and is."""

    category: str
    place: str
    line: Line


class Made(NamedTuple):
    """What a correction came to: what was corrected, and what was noted for the books."""

    corrected: Sequence[Value]
    for_books: Sequence[Value]


def made_of(correction: Correction, by_hand: Iterable[tuple[str, str]], register: Register) -> Made:
    """What a correction came to, where owners made it in these systems and kinds of data."""
    values = [Value(name, f"{system}.{name}", line) for system, name in by_hand for line in correction.by_hand.lines]
    corrected, noted = _values(correction.changes), _values(correction.for_books)
    for value in values:
        category = register.categories.get(value.category)
        (noted if category and is_for_books(category) else corrected).append(value)
    return Made(corrected, noted)


def _values(changes: Iterable[RowChange]) -> list[Value]:
    return [
        Value(change.category, change.place, Line(column, change.old[column], new, change.place))
        for change in changes
        for column, new in change.new.items()
    ]


def read_form(
    laid_out: Sequence[Sheet], typed: Mapping[str, str], manual: Iterable[str] = ()
) -> tuple[Correction, dict[str, WrongValue]]:
    """What was typed as a correction, and the fields that cannot hold what was typed there, each with why.

    A field is named by the places of its sheet and its row, and its column: "0.2.name". Of the `manual` systems those
    that were ticked ("by-hand.binder") get the lines typed for them ("line.0.what") and all other changes.
    """
    wrong: dict[str, WrongValue] = {}
    found: dict[bool, list[RowChange]] = {True: [], False: []}
    for number, sheet in enumerate(laid_out):
        for place, (key, values) in enumerate(sheet.rows):
            new = _read_row(sheet, values, f"{number}.{place}", typed, wrong)
            if new:
                found[sheet.is_for_books].append(_change(sheet, key, values, new))
    lines = [*_read_lines(typed, wrong), *(value.line for value in _values([*found[False], *found[True]]))]
    systems = [name for name in manual if lines and typed.get(f"by-hand.{name}")]
    return Correction(found[False], found[True], ByHand(systems, lines if systems else ())), wrong


def _read_lines(typed: Mapping[str, str], wrong: dict[str, WrongValue]) -> list[Line]:
    """The lines that were typed; one with values and without what they are is told in `wrong`."""
    lines: list[Line] = []
    for number in range(LINES_BY_HAND):
        line = Line(*(typed.get(f"line.{number}.{part}", "").strip()[:LONGEST_BY_HAND] for part in PARTS))
        if any(line) and not line.what:
            wrong[f"line.{number}.what"] = WrongValue(N_("Say what these values are, such as: street."))
        elif line.what:
            lines.append(line._replace(old=line.old or NOT_KNOWN))
    return lines


def _read_row(
    sheet: Sheet, values: Mapping[str, Any], at: str, typed: Mapping[str, str], wrong: dict[str, WrongValue]
) -> dict[str, Any]:
    """The new values of a row; what cannot be read is told in `wrong`."""
    new: dict[str, Any] = {}
    for column, held in sheet.columns.items():
        text = typed.get(f"{at}.{column}")
        if text is None or _is_as_shown(text, values[column], held):
            continue
        try:
            given = read_text(text, held)
        except WrongValue as error:
            wrong[f"{at}.{column}"] = error
        else:
            new |= {} if same(values[column], given) else {column: given}
    return new


def _is_as_shown(typed: str, value: Any, column: ColumnType) -> bool:
    """Whether a field was left alone; browsers write the end of a line their own way."""
    shown = write_text(value, column).replace("\r\n", "\n").strip()
    return typed.replace("\r\n", "\n").strip() == shown


def _change(sheet: Sheet, key: Key, values: Mapping[str, Any], new: Mapping[str, Any]) -> RowChange:
    old = {column: values[column] for column in new}
    return RowChange(sheet.system, sheet.category, sheet.table, sheet.key_columns, key, old, new)

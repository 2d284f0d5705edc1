"""What must hold of a plan for every person: nothing under a duty is erased, and nothing is orphaned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dsr.domain.plans import Decision, Row, Verdict
from dsr.domain.register import ErasureGround
from tests.domain.test_verdicts import CATEGORIES, HANNA, invoice, judged, line, ticket

DAYS = (
    st.none()
    | st.dates(date(2000, 1, 1), date(2040, 1, 1))
    | st.sampled_from(["2019-01-01", "gisteren", date(1, 1, 1)])
)
GROUNDS = st.sampled_from(ErasureGround)
DECISIONS = st.builds(Decision, GROUNDS, st.none() | st.just("Daarom."), st.sampled_from([None, None, "Eerst dit."]))


@st.composite
def persons(draw: st.DrawFn) -> list[Row]:
    """One or two customers with invoices, lines and tickets, some of which point at nothing."""
    customers = draw(st.integers(1, 2))
    owner = st.integers(1, 3)
    invoices = [
        invoice(number, draw(DAYS), draw(DAYS), draw(owner)) for number in range(1, draw(st.integers(0, 4)) + 1)
    ]
    lines = [line(draw(st.integers(1, 5)), number) for number in range(draw(st.integers(0, 4)))]
    tickets = [ticket(number, draw(owner)) for number in range(draw(st.integers(0, 2)))]
    people = [Row("customer", (number,), {**HANNA.values, "id": number}) for number in range(1, customers + 1)]
    return draw(st.permutations([*people, *invoices, *lines, *tickets]))


@given(
    persons(), st.dates(date(2005, 1, 1), date(2045, 1, 1)), st.fixed_dictionaries(dict.fromkeys(CATEGORIES, DECISIONS))
)
@settings(max_examples=300, deadline=None)
def test_nothing_under_a_duty_is_erased_and_nothing_is_orphaned(
    rows: list[Row], on: date, decisions: dict[str, Decision]
) -> None:
    planned = judged(*rows, on=on, decisions=decisions)
    assert len(planned) == len(rows)
    for row in rows:
        verdict = planned[(row.table, *row.key)]
        if verdict.verdict is Verdict.ERASE:
            assert decisions[verdict.category].ground is not ErasureGround.NONE
            assert verdict.columns_kept is None
            if row.table == "invoice":
                assert row.values["paid_on"] is not None
                _assert_duty_is_over(row, on)
            continue
        for parent_table, parent_key in _parents(row):
            parent = planned.get((parent_table, parent_key))
            assert parent is None or parent.verdict is not Verdict.ERASE


def _assert_duty_is_over(row: Row, on: date) -> None:
    """Worked out by hand: seven years after the year of the later date."""
    days = [date.fromisoformat(str(row.values[column])) for column in ("issued_on", "paid_on")]
    assert on.year > max(day.year for day in days) + 7


def _parents(row: Row) -> Iterator[tuple[str, Any]]:
    if row.table in ("invoice", "ticket"):
        yield "customer", row.values["customer_id"]
    if row.table == "invoice_line":
        yield "invoice", row.values["invoice_id"]


@given(persons(), st.dates(date(2005, 1, 1), date(2045, 1, 1)))
@settings(max_examples=100, deadline=None)
def test_a_row_that_keeps_a_part_is_kept_as_long_as_what_needs_it(rows: list[Row], on: date) -> None:
    planned = judged(*rows, on=on)
    for number in (1, 2):
        parent = planned.get(("customer", number))
        needing = [
            planned[(row.table, *row.key)]
            for row in rows
            if row.table in ("invoice", "ticket") and row.values["customer_id"] == number
        ]
        kept = [row for row in needing if row.verdict is not Verdict.ERASE]
        if parent and kept:
            last = max(
                (row.may_erase_from or date.max for row in kept if row.verdict is Verdict.KEEP), default=date.max
            )
            is_open = any(row.verdict is not Verdict.KEEP for row in kept)
            assert parent.may_erase_from == (None if is_open else last)

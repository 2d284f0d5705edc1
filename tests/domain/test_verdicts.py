"""The verdict on every row of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dsr.domain import retention
from dsr.domain.fingerprints import fingerprint
from dsr.domain.holds import HoldGround
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    OTHERS_NEED,
    PARENT_ELSEWHERE,
    Decision,
    PlanRow,
    Row,
    Verdict,
    register_decisions,
)
from dsr.domain.register import Category, ErasureGround, LegalBasis, Period, Register, Table, Text
from dsr.domain.verdicts import judge

WORDS = Text("woorden", "words")
ON = date(2026, 11, 23)
CUSTOMER = Table("customer", ("id",), match={"email": "email"}, keep_columns=("name",))
INVOICE = Table(
    "invoice",
    ("id",),
    via={"customer_id": "customer.id"},
    dates={"document_date": "issued_on", "current_value_ended": "paid_on"},
)
LINE = Table("invoice", ("invoice_id", "line"), via={"invoice_id": "invoice.id"})
TICKET = Table("ticket", ("id",), via={"customer_id": "customer.id"})
SHOP = {"customer": CUSTOMER, "invoice": INVOICE, "invoice_line": LINE, "ticket": TICKET}


def category(rule: str | Period = "not-stated", **values: Any) -> Category:
    return Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS, rule, **values)


CATEGORIES = {"customer": category(), "invoice": category("fiscal7"), "ticket": category()}
REGISTER = Register(CATEGORIES, {"shop": SHOP})

HANNA = Row("customer", (1,), {"id": 1, "email": "hanna@example.org", "name": "Hanna", "phone": "06"})


def invoice(number: int, issued_on: object, paid_on: object = ..., customer: int = 1) -> Row:
    paid = issued_on if paid_on is ... else paid_on
    return Row("invoice", (number,), {"id": number, "customer_id": customer, "issued_on": issued_on, "paid_on": paid})


def line(of: int, number: int = 1) -> Row:
    return Row("invoice_line", (of, number), {"invoice_id": of, "line": number, "what": "hosting"})


def ticket(number: int, customer: int = 1) -> Row:
    return Row("ticket", (number,), {"id": number, "customer_id": customer, "body": "help"})


OLD, RECENT = invoice(1, date(2018, 3, 5)), invoice(2, date(2024, 3, 5))


def judged(
    *rows: Row,
    register: Register = REGISTER,
    on: date = ON,
    decisions: Mapping[str, Decision] | None = None,
    **options: Any,
) -> dict[tuple[Any, ...], PlanRow]:
    """Table and key -> planned row."""
    decided = {**register_decisions(register), **(decisions or {})}
    planned = judge(register, "shop", rows, on=on, decisions=decided, **options)
    return {(row.table, *row.key_values): row for row in planned}


def with_tables(**tables: Table) -> Register:
    return replace(REGISTER, tables={"shop": {**SHOP, **tables}})


def with_categories(**categories: Category) -> Register:
    return replace(REGISTER, categories={**CATEGORIES, **categories})


# One row


def test_a_row_that_no_law_keeps_is_erased() -> None:
    row = judged(HANNA)["customer", 1]
    assert (row.verdict, row.rule, row.keep_through, row.columns_kept) == (Verdict.ERASE, None, None, None)


@pytest.mark.parametrize(
    ("on", "verdict"),
    [
        (date(2031, 12, 31), Verdict.KEEP),
        (date(2032, 1, 1), Verdict.ERASE),
        (date(2024, 3, 5), Verdict.KEEP),
    ],
)
def test_a_duty_keeps_a_row_through_its_last_day(on: date, verdict: Verdict) -> None:
    row = judged(RECENT, on=on)["invoice", 2]
    assert (row.verdict, row.rule) == (verdict, "fiscal7")
    assert (row.keep_through, row.may_erase_from) == (date(2031, 12, 31), date(2032, 1, 1))
    assert row.law == "AWR art. 52(4); BW 2:10(3); BW 3:15i(2)"


def test_a_fiscal_year_that_starts_in_july_moves_the_day() -> None:
    row = judged(RECENT, fiscal_year_start_month=7)["invoice", 2]
    assert row.keep_through == date(2031, 6, 30)


@pytest.mark.parametrize("paid_on", [None, "", "0000-00-00", "0000-00-00 00:00:00", "0000-00-00 00:00:00.000"])
def test_an_unpaid_invoice_waits_for_its_end_even_when_it_is_old(paid_on: object) -> None:
    row = judged(invoice(1, date(2010, 1, 1), paid_on))["invoice", 1]
    assert (row.verdict, row.why) == (Verdict.FIRST, CURRENT_VALUE)


def test_a_step_that_must_come_first_holds_back_the_category() -> None:
    waiting = Decision(ErasureGround.NOT_NEEDED, outstanding="Eerst de eindfactuur.")
    row = judged(ticket(1), decisions={"ticket": waiting})["ticket", 1]
    assert (row.verdict, row.why) == (Verdict.FIRST, "Eerst de eindfactuur.")


def test_without_a_ground_the_erasure_is_refused_with_the_reason() -> None:
    refused = Decision(ErasureGround.NONE, "Uw contract loopt nog.")
    row = judged(ticket(1), decisions={"ticket": refused})["ticket", 1]
    assert (row.verdict, row.why) == (Verdict.REFUSE, "Uw contract loopt nog.")


def test_a_duty_comes_before_the_missing_ground() -> None:
    refused = Decision(ErasureGround.NONE, "Uw contract loopt nog.")
    rows = judged(OLD, RECENT, decisions={"invoice": refused})
    assert [row.verdict for row in rows.values()] == [Verdict.REFUSE, Verdict.KEEP]


def test_the_register_gives_ground_and_reason_in_the_language() -> None:
    refusing = category(erasure_ground=ErasureGround.NONE, refusal_reason=Text("Loopt nog.", "Still runs."))
    register = with_categories(ticket=refusing)
    assert register_decisions(register)["ticket"] == Decision(ErasureGround.NONE, "Loopt nog.")
    assert register_decisions(register, "en")["ticket"].reason == "Still runs."


@pytest.mark.parametrize("issued_on", [None, "", "0000-00-00"])
def test_a_duty_without_its_date_protects_the_row(issued_on: object) -> None:
    row = judged(invoice(1, issued_on, date(2010, 1, 1)))["invoice", 1]
    assert (row.verdict, row.why, row.may_erase_from) == (Verdict.PROTECTED, DATE_MISSING, None)


@pytest.mark.parametrize("issued_on", ["05-03-2018", "onbekend", 20180305, 1.5, date(1, 1, 1), "0001-01-01", b"x"])
def test_a_date_that_cannot_be_read_protects_the_row(issued_on: object) -> None:
    row = judged(invoice(1, issued_on))["invoice", 1]
    assert (row.verdict, row.why) == (Verdict.PROTECTED, DATE_UNREADABLE)


@pytest.mark.parametrize(
    "issued_on",
    [
        "2024-03-05",
        "2024-03-05 23:59:59",
        "2024-03-05T00:00:00",
        datetime(2024, 3, 5, 1, 2),  # noqa: DTZ001 - as a database gives it
        datetime(2024, 3, 4, 23, 30, tzinfo=UTC),
        date(2024, 3, 5),
    ],
)
def test_a_date_may_be_text_or_a_moment(issued_on: object) -> None:
    assert judged(invoice(1, issued_on))["invoice", 1].keep_through == date(2031, 12, 31)


def test_a_period_of_our_own_is_no_duty() -> None:
    recording = Table("recording", ("id",), via={"customer_id": "customer.id"}, dates={"start": "made_on"})
    register = replace(
        with_tables(recording=recording), categories={**CATEGORIES, "recording": category(Period(years=1))}
    )

    def of(day: date) -> PlanRow:
        made = Row("recording", (1,), {"id": 1, "customer_id": 1, "made_on": day})
        return judged(made, register=register)["recording", 1]

    assert (of(ON).verdict, of(ON).rule) == (Verdict.ERASE, "period")
    to_come = of(ON + timedelta(days=1))
    assert (to_come.verdict, to_come.keep_through) == (Verdict.KEEP, ON), "not through the last day of the period"


def held(ground: ErasureGround = ErasureGround.NOT_NEEDED) -> Decision:
    return Decision(ground, hold=HoldGround.DISPUTE)


def test_a_hold_outlasts_a_duty_that_has_ended() -> None:
    row = judged(OLD, decisions={"invoice": held()})["invoice", 1]
    assert (row.verdict, row.why, row.rule, row.may_erase_from) == (Verdict.KEEP, "hold:dispute", None, None)


def test_under_a_hold_a_running_duty_keeps_its_day_and_what_has_no_ground_stays_refused() -> None:
    row = judged(RECENT, decisions={"invoice": held()})["invoice", 2]
    assert (row.verdict, row.rule, row.keep_through) == (Verdict.KEEP, "fiscal7", date(2031, 12, 31))
    refused = judged(ticket(1), decisions={"ticket": held(ErasureGround.NONE)})["ticket", 1]
    assert refused.verdict is Verdict.REFUSE


def test_a_row_that_is_held_itself_stays_whole_and_one_that_held_rows_need_stays_in_part() -> None:
    whole = judged(OLD, line(1), HANNA, decisions={"customer": held(), "invoice": held()})
    assert {row.why for row in whole.values()} == {"hold:dispute"}
    assert {row.columns_kept for row in whole.values()} == {None}
    part = judged(OLD, line(1), HANNA, decisions={"invoice": held()})["customer", 1]
    assert (part.verdict, part.may_erase_from, part.columns_kept) == (Verdict.KEEP, None, ("id", "name"))


# Rows that belong together


def test_lines_share_the_lot_of_their_invoice() -> None:
    rows = judged(OLD, RECENT, line(1), line(2), line(2, 2), HANNA)
    assert rows["invoice_line", 1, 1].verdict is Verdict.ERASE
    kept = rows["invoice_line", 2, 2]
    assert (kept.verdict, kept.keep_through) == (Verdict.KEEP, date(2031, 12, 31))
    assert kept.key == {"invoice_id": 2, "line": 2}
    assert kept.fingerprint == fingerprint(line(2, 2).values)


@pytest.mark.parametrize(("invoice_id", "why"), [(404, PARENT_ELSEWHERE), (None, DATE_MISSING)])
def test_a_line_whose_invoice_is_not_found_with_the_person_is_protected(invoice_id: object, why: str) -> None:
    found = line(404)
    row = judged(found._replace(values={**found.values, "invoice_id": invoice_id}))["invoice_line", 404, 1]
    assert (row.verdict, row.why) == (Verdict.PROTECTED, why)


def test_the_buyer_keeps_what_a_kept_invoice_needs_and_no_longer_than_the_last() -> None:
    rows = judged(HANNA, OLD, RECENT, invoice(3, date(2022, 1, 1)))
    hanna = rows["customer", 1]
    assert (hanna.verdict, hanna.rule, hanna.columns_kept) == (Verdict.KEEP, "fiscal7", ("id", "name"))
    assert (hanna.keep_through, hanna.may_erase_from) == (date(2031, 12, 31), date(2032, 1, 1))
    assert hanna.why == "invoice"


def test_the_buyer_of_invoices_that_may_all_go_goes_too() -> None:
    assert {row.verdict for row in judged(HANNA, OLD, line(1), ticket(1)).values()} == {Verdict.ERASE}


@pytest.mark.parametrize("needing", [invoice(3, None), invoice(3, date(2024, 1, 1), None)])
def test_a_need_without_a_date_has_no_end(needing: Row) -> None:
    for rows in (judged(HANNA, RECENT, needing), judged(HANNA, needing, RECENT), judged(HANNA, needing)):
        hanna = rows["customer", 1]
        assert (hanna.verdict, hanna.keep_through, hanna.may_erase_from) == (Verdict.KEEP, None, None)
        assert hanna.columns_kept == ("id", "name")


def test_a_refused_row_keeps_the_row_it_belongs_to() -> None:
    refused = Decision(ErasureGround.NONE, "Uw contract loopt nog.")
    hanna = judged(HANNA, ticket(1), decisions={"ticket": refused})["customer", 1]
    assert (hanna.verdict, hanna.columns_kept) == (Verdict.KEEP, ("id", "name"))


def test_a_row_with_a_duty_of_its_own_stays_whole() -> None:
    table = replace(CUSTOMER, dates={retention.RULES["wwft5"].anchor: "left_on"})
    register = replace(with_tables(customer=table), categories={**CATEGORIES, "customer": category("wwft5")})
    hanna = Row("customer", (1,), {**HANNA.values, "left_on": date(2025, 1, 1)})
    row = judged(hanna, RECENT, register=register)["customer", 1]
    assert (row.verdict, row.rule, row.columns_kept) == (Verdict.KEEP, "wwft5", None)


def _three_levels() -> Register:
    account = Table("account", ("id",), via={"customer_id": "customer.id"}, keep_columns=())
    of_account = replace(INVOICE, via={"account_id": "account.id"})
    categories = {**CATEGORIES, "account": category()}
    return Register(categories, {"shop": {"customer": CUSTOMER, "account": account, "invoice": of_account}})


def test_a_need_reaches_over_three_levels() -> None:
    account = Row("account", (5,), {"id": 5, "customer_id": 1, "login": "hanna"})
    empty = Row("account", (6,), {"id": 6, "customer_id": 1, "login": "hanna2"})
    kept = Row("invoice", (2,), {"id": 2, "account_id": 5, "issued_on": date(2024, 3, 5), "paid_on": date(2024, 4, 1)})
    rows = judged(kept, HANNA, account, empty, register=_three_levels())
    assert rows["account", 5].columns_kept == ("id", "customer_id")
    assert rows["account", 6].verdict is Verdict.ERASE
    hanna = rows["customer", 1]
    assert (hanna.verdict, hanna.keep_through, hanna.why) == (Verdict.KEEP, date(2031, 12, 31), "account")


def test_a_need_reaches_past_a_row_whose_own_duty_ends_before_it() -> None:
    shop = _three_levels()
    dated = replace(shop.tables["shop"]["account"], dates={retention.RULES["wwft5"].anchor: "left_on"})
    tables, categories = {**shop.tables["shop"], "account": dated}, {**shop.categories, "account": category("wwft5")}
    account = Row("account", (5,), {"id": 5, "customer_id": 1, "left_on": date(2025, 1, 1)})
    kept = Row("invoice", (2,), {"id": 2, "account_id": 5, "issued_on": date(2024, 3, 5), "paid_on": date(2024, 4, 1)})
    rows = judged(kept, HANNA, account, register=Register(categories, {"shop": tables}))
    assert (rows["account", 5].keep_through, rows["account", 5].columns_kept) == (date(2030, 1, 1), None)
    hanna = rows["customer", 1]
    assert (hanna.verdict, hanna.keep_through, hanna.why) == (Verdict.KEEP, date(2031, 12, 31), "account")


def test_what_others_need_stays_in_part_without_a_day_and_so_does_what_it_belongs_to() -> None:
    account = Row("account", (5,), {"id": 5, "customer_id": 1, "login": "hanna"}, others_need=True)
    rows = judged(HANNA, account, register=_three_levels())
    for table, key, left in (("account", 5, ("id", "customer_id")), ("customer", 1, ("id", "name"))):
        row = rows[table, key]
        assert (row.verdict, row.columns_kept, row.why) == (Verdict.KEEP, left, OTHERS_NEED)
        assert (row.keep_through, row.may_erase_from) == (None, None)


def test_every_row_with_the_value_that_is_pointed_at_is_kept() -> None:
    by_address = replace(INVOICE, via={"email": "customer.email"})
    second = Row("customer", (9,), {**HANNA.values, "id": 9})
    values = {"id": 2, "email": "hanna@example.org", "issued_on": date(2024, 3, 5), "paid_on": date(2024, 4, 1)}
    rows = judged(HANNA, second, Row("invoice", (2,), values), register=with_tables(invoice=by_address))
    for number in (1, 9):
        assert rows["customer", number].columns_kept == ("id", "email", "name")


def test_a_row_that_points_nowhere_keeps_nobody() -> None:
    rows = judged(HANNA, Row("invoice", (2,), {**RECENT.values, "customer_id": None}))
    assert rows["customer", 1].verdict is Verdict.ERASE
    assert rows["invoice", 2].verdict is Verdict.KEEP

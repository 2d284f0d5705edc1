"""A plan: the digest that an approval binds, its counts, and a row as JSON carries it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from dsr.domain.plans import Decision, Plan, Row, Verdict
from dsr.domain.register import ErasureGround, Register
from tests.domain.test_verdicts import HANNA, OLD, ON, RECENT, REGISTER, judged, line, ticket


def digest(*rows: Row, register: Register = REGISTER, on: date = ON, **options: Any) -> str:
    planned = tuple(judged(*rows, register=register, on=on, **options).values())
    return Plan(planned, register.digest).digest


ROWS = (HANNA, OLD, RECENT, line(1), line(2), ticket(1))


def test_the_digest_is_the_same_in_any_order_and_on_another_day() -> None:
    assert digest(*reversed(ROWS)) == digest(*ROWS)
    assert digest(*ROWS, on=ON + timedelta(days=9)) == digest(*ROWS)


def _changes() -> Iterator[tuple[str, str]]:
    yield "a row more", digest(*ROWS, ticket(2))
    yield "a row less", digest(*ROWS[:-1])
    yield "another value", digest(*ROWS[:-1], Row("ticket", (1,), {**ticket(1).values, "body": "changed"}))
    yield "another key", digest(*ROWS[:-1], ticket(2))
    yield "another verdict", digest(*ROWS, on=date(2032, 1, 1))
    yield "another date", digest(*ROWS, fiscal_year_start_month=7)
    yield "another register", digest(*ROWS, register=replace(REGISTER, digest="other"))
    yield "another reason", digest(*ROWS, decisions={"ticket": Decision(ErasureGround.NONE, "Nee.")})


def test_whatever_changes_changes_the_digest() -> None:
    digests = dict(_changes())
    assert digest(*ROWS) not in digests.values()
    assert len(set(digests.values())) == len(digests)


def test_counts_name_every_verdict() -> None:
    plan = Plan(tuple(judged(*ROWS).values()), "")
    assert plan.counts == {"erase": 3, "keep": 3, "refuse": 0, "first": 0, "protected": 0}
    assert [row.table for row in plan.rows if row.verdict is Verdict.KEEP] == ["customer", "invoice", "invoice_line"]


def test_a_row_as_json_carries_it() -> None:
    assert judged(HANNA, RECENT)["customer", 1].to_record() == {
        "system": "shop",
        "category": "customer",
        "table": "customer",
        "key": {"id": 1},
        "verdict": "keep",
        "rule": "fiscal7",
        "keep_through": "2031-12-31",
        "may_erase_from": "2032-01-01",
        "columns_kept": ["id", "name"],
        "why": "invoice",
    }

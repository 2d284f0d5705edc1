"""The day of a kept row when it is judged again, why it stays, and when the rules are others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dsr.domain.ledger import NEEDED, STEP, new_day, noted_reason, rules_digest
from dsr.domain.plans import CURRENT_VALUE, Decision, PlanRow, Verdict
from dsr.domain.register import ErasureGround
from tests.domain.test_verdicts import HANNA, RECENT, REGISTER, category, invoice, judged, ticket

TODAY = date(2026, 11, 23)


def kept(until: date | None, verdict: Verdict = Verdict.KEEP) -> PlanRow:
    return judged(RECENT)["invoice", 2]._replace(verdict=verdict, may_erase_from=until)


@pytest.mark.parametrize(
    ("before", "found", "day"),
    [
        (None, date(2030, 1, 1), date(2030, 1, 1)),
        (date(2028, 1, 1), date(2030, 1, 1), date(2030, 1, 1)),
        (date(2030, 1, 1), date(2028, 1, 1), date(2028, 1, 1)),
        (date(2030, 1, 1), date(2026, 1, 1), date(2026, 11, 30)),
        (date(2026, 11, 25), date(2026, 1, 1), date(2026, 11, 25)),
        (date(2030, 1, 1), None, None),
    ],
)
def test_a_later_day_counts_at_once_and_an_earlier_one_after_a_week(
    before: date | None, found: date | None, day: date | None
) -> None:
    assert new_day(before, kept(found), TODAY) == day


def test_what_may_go_goes_today_and_what_waits_has_no_day() -> None:
    assert new_day(None, kept(None, Verdict.ERASE), TODAY) == TODAY
    assert new_day(date(2026, 1, 1), kept(None, Verdict.ERASE), TODAY) == TODAY
    assert new_day(None, kept(date(2033, 1, 1), Verdict.FIRST), TODAY) is None


def test_why_a_row_stays_is_a_code_and_never_the_words_of_a_handler() -> None:
    words = Decision(ErasureGround.NOT_NEEDED, outstanding="Mevrouw Brinkman betaalt nog.")
    rows = judged(invoice(1, date(2024, 1, 1), None), HANNA, ticket(1), decisions={"ticket": words})
    assert noted_reason(rows["invoice", 1]) == CURRENT_VALUE
    assert noted_reason(rows["customer", 1]) == NEEDED
    assert noted_reason(rows["ticket", 1]) == STEP
    assert noted_reason(judged(RECENT)["invoice", 2]) is None


def test_the_rules_are_others_when_a_period_a_date_or_the_fiscal_year_is() -> None:
    other = replace(REGISTER, categories={**REGISTER.categories, "ticket": category("oss10")})
    digests = {
        rules_digest(REGISTER, "shop", 1),
        rules_digest(REGISTER, "shop", 4),
        rules_digest(other, "shop", 1),
        rules_digest(REGISTER, "elsewhere", 1),
    }
    assert len(digests) == 4
    assert rules_digest(replace(REGISTER, digest="another", backup_days=9), "shop", 1) in digests

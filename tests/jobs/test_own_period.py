"""A period of our own after a date that is still to come: told as what it is, no duty, and only until that date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dsr.config import Settings
from dsr.db.cases import Case
from dsr.domain.answer_check import missing_parts
from dsr.domain.answers import Facts, Kept, StillKept
from dsr.domain.register import Period
from dsr.jobs import erasing
from dsr.services import answers
from tests.parts.erasures import confirm
from tests.parts.shop import Shop, Workplace
from tests.parts.starters import words

pytestmark = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


@pytest.fixture
def shop_settings(shop_settings: Settings, shop: Shop) -> Settings:
    """Tickets may be kept half a year after they are settled; that of Hanna is planned to be in March."""
    shop.run("ALTER TABLE ticket ADD settled_on DATE")
    shop.run("UPDATE ticket SET settled_on = '2027-03-01'")
    register = shop_settings.register
    ticket = replace(register.tables["shop"]["ticket"], dates={"start": "settled_on"})
    category = replace(register.categories["ticket"], retention=Period(months=6))
    return replace(
        shop_settings,
        register=replace(
            register,
            categories={**register.categories, "ticket": category},
            tables={"shop": {**register.tables["shop"], "ticket": ticket}},
        ),
    )


def test_the_letter_and_the_day(workplace: Workplace, approved: Case, later: Case) -> None:
    (tickets,) = (kept for kept in facts_of(workplace, approved).kept if kept.what == "Vragen aan de helpdesk")
    assert tickets == Kept(tickets.what, "period", None, 0, date(2027, 2, 28), date(2027, 2, 28))
    assert not any("wet" in str(part) for part in missing_parts(facts_of(workplace, approved)))
    confirm(workplace, later)
    assert StillKept(tickets.what, approved.reference, None, date(2027, 2, 28)) in facts_of(workplace, later).still_kept

    with workplace.transaction() as session:
        case = session.get_one(Case, approved.id)
        letter = answers.compose_letter(session, case, settings=workplace.context.settings, now=workplace.clock())
    assert "Vragen aan de helpdesk nog nodig tot en met 28 februari 2027" in words(letter)
    assert "(artikel 17 lid 3 onder b AVG) of omdat wij het nog nodig hebben" in words(letter)
    for day in (date(2027, 2, 28), date(2027, 3, 1)):
        workplace.clock.set(day)
        erasing.run_ledger(workplace.context)
        assert (1 in [row["customer_id"] for row in workplace.shop.rows("ticket")]) is (day.month == 2)


def facts_of(workplace: Workplace, case: Case) -> Facts:
    """What the letter has to tell."""
    with workplace.transaction() as session:
        own = session.get_one(Case, case.id)
        return answers.facts_of(session, own, settings=workplace.context.settings, now=workplace.clock())

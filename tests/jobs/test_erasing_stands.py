"""When a plan stands without being judged again: the rows, the rules and the day are as they were, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dsr.config import Settings
from dsr.domain.groups import Part
from dsr.domain.plans import register_decisions
from dsr.domain.register import ErasureGround
from dsr.domain.rights import Right
from dsr.services import drawing_up, plans
from tests.parts.erasures import propose
from tests.parts.shop import Workplace, identified_case

DRAWN_UP_ON = date(2026, 11, 23)


@pytest.fixture
def part(workplace: Workplace) -> Part:
    """What a plan holds on the shop."""
    case, handler, _ = identified_case(workplace, Right.ERASURE)
    return plans.parts_of(propose(workplace, case, handler.id))["shop"]


def stands(
    workplace: Workplace, part: Part, *, on: date = DRAWN_UP_ON, settings: Settings | None = None, **decided: str
) -> bool:
    settings = settings or workplace.context.settings
    decisions = register_decisions(settings.register)
    for category, ground in decided.items():
        decisions[category] = replace(decisions[category], ground=ErasureGround(ground))
    with workplace.context.systems["shop"].erasing() as erasing:
        found = erasing.find({"email": "hanna@example.org"})
    return part.stands(drawing_up.basis_of(settings, found, decisions, on=on))


def test_it_stands_while_nothing_changes_until_the_first_day_on_which_a_kept_row_may_go(
    workplace: Workplace, part: Part
) -> None:
    assert part.basis is not None
    assert part.basis.on == DRAWN_UP_ON
    assert stands(workplace, part)
    assert stands(workplace, part, on=date(2026, 12, 31))
    assert not stands(workplace, part, on=date(2027, 1, 1))
    assert not stands(workplace, part, on=date(2026, 11, 22)), "a clock was set back"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ticket SET body = 'changed' WHERE id = 1",
        "UPDATE customer SET phone = NULL WHERE id = 1",
        "INSERT INTO ticket VALUES (77, 1, 'new')",
        "DELETE FROM ticket WHERE id = 1",
        "UPDATE invoice SET issued_on = '2017-03-06' WHERE id = 117",
    ],
)
def test_a_changed_row_is_seen(workplace: Workplace, part: Part, change: str) -> None:
    workplace.shop.run(change)
    assert not stands(workplace, part)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_other_rules_are_seen(workplace: Workplace, part: Part) -> None:
    settings = workplace.context.settings
    july = replace(settings, procedure=replace(settings.procedure, fiscal_year_start_month=7))
    assert not stands(workplace, part, settings=july)
    other = replace(settings, register=replace(settings.register, digest="0" * 64))
    assert not stands(workplace, part, settings=other)
    assert not stands(workplace, part, ticket="none")


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_part_without_a_basis_is_judged_again(workplace: Workplace, part: Part) -> None:
    assert not stands(workplace, replace(part, basis=None))

"""The short form of `make campaign`: a few sudden deaths on each engine, looked at from outside."""

from __future__ import annotations

import pytest

from tests.campaign.__main__ import ENGINES, carry_out

KILLS = 6


@pytest.mark.parametrize("engine", ENGINES)
def test_of_workers_that_die_nothing_is_lost_and_nothing_is_done_twice(engine: str) -> None:
    tally = carry_out(engine, KILLS, seed=16)
    assert tally.wrong == []
    assert tally.kills >= KILLS

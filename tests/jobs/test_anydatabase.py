"""The short form of `make anydatabase`: a few databases drawn by chance, each with another story."""

from __future__ import annotations

import pytest

from tests.anydatabase.__main__ import carry_out, databases

SEEDS = (2000, 2001, 2004, 2005, 2029, 2065)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_of_a_person_in_any_database_is_what_the_law_and_the_register_say(seed: int) -> None:
    with databases("sqlite") as database:
        assert carry_out(seed, database) == []

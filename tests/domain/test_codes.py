"""Codes that people read aloud and type over."""

from __future__ import annotations

import pytest

from dsr.domain import codes


def test_a_code_is_spelled_in_groups_of_four() -> None:
    assert codes.spell(bytes(range(8))) == "0123-4567"
    assert codes.spell(bytes([255, 31, 24, 0])) == "ZZR0"


@pytest.mark.parametrize("typed", ["K7QF-9M10", "k7qf 9m10", " k7qf9mio ", "K7QF-9MLO", "K7QF–9M10"])
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert codes.read(typed) == "K7QF9M10"


def test_another_code_stays_another_code() -> None:
    assert codes.read("K7QF-9M11") != codes.read("K7QF-9M10")

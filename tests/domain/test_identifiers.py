"""Identifiers: one telephone number in all the ways in which it is written, and no name among them."""

from __future__ import annotations

import re

import pytest

from dsr.domain.identifiers import CUSTOMER_NUMBER, KINDS, PHONE, NotAnIdentifier, normalised, spellings

SAME = [
    "0612345678",
    "06-12345678",
    "06 12 34 56 78",
    "+31612345678",
    "+31 6 1234 5678",
    "+31 (0)6-12345678",
    "0031612345678",
    "0031 (0)6 12.34.56.78",
    "31612345678",
    " 06/12345678 ",
]


@pytest.mark.parametrize("written", SAME)
def test_a_dutch_number_is_one_number_however_it_is_written(written: str) -> None:
    assert normalised(PHONE, written) == "31612345678"
    assert re.sub(r"\D", "", written) in spellings("31612345678")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("+49 30 123456", "4930123456"), ("0049 30 123456", "4930123456"), ("020-1234567", "31201234567")],
)
def test_a_number_of_another_country_or_town(typed: str, kept: str) -> None:
    assert normalised(PHONE, typed) == kept


def test_another_number_is_another_person() -> None:
    mine = set(spellings(normalised(PHONE, "06-12345678")))
    for other in ("06-12345679", "0612345678 9", "+32 6 1234 5678", "020-1234567"):
        assert not mine & set(spellings(normalised(PHONE, other)))


@pytest.mark.parametrize(
    "typed", ["", "06", "1234567", "Hanna", "06-1234567x", "٠٦١٢٣٤٥٦٧٨", "1" * 18, "0612345678; --"]
)
def test_what_is_not_a_telephone_number(typed: str) -> None:
    with pytest.raises(NotAnIdentifier):
        normalised(PHONE, typed)


def test_a_customer_number_stays_as_it_is() -> None:
    assert normalised(CUSTOMER_NUMBER, " K-0042 ") == "K-0042"
    for typed in (" ", "4\n2", "4" * 81):
        with pytest.raises(NotAnIdentifier, match="as it stands in your administration"):
            normalised(CUSTOMER_NUMBER, typed)


def test_nobody_is_found_by_a_name() -> None:
    assert "name" not in KINDS

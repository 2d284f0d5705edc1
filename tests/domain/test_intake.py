"""What a request needs before it can be sent."""

from __future__ import annotations

from typing import Any

import pytest

from dsr.domain.intake import LIMITS, SOMETHING_ELSE, Answers, details_are_needed, faults, invoked, meant, tidy
from dsr.domain.rights import Right

COMPLETE: Answers = {"rights": [Right.ACCESS], "name": "Hanna Brinkman", "email": "hanna@example.org"}


def test_a_name_an_address_and_a_question_are_enough() -> None:
    assert faults(COMPLETE) == {}


def test_everything_that_is_missing_is_named_in_the_order_of_the_form() -> None:
    assert list(faults({})) == ["rights", "name", "email"]


@pytest.mark.parametrize(
    ("right", "sentence"),
    [
        (Right.RECTIFICATION, "Write down what is not right, and what it should be"),
        (Right.OBJECTION, "Write down why you want us to stop"),
        (SOMETHING_ELSE, "Write down what you want to ask"),
    ],
)
def test_some_questions_cannot_be_begun_without_details(right: str, sentence: str) -> None:
    answers: Answers = {**COMPLETE, "rights": [Right.ACCESS, right]}
    assert str(faults(answers)["details"]) == sentence
    assert faults({**answers, "details": "Mijn huisnummer is 12"}) == {}


@pytest.mark.parametrize("right", [Right.ACCESS, Right.ERASURE, Right.MARKETING_OBJECTION])
def test_nobody_has_to_say_why(right: Right) -> None:
    assert not details_are_needed({"rights": [right]})


@pytest.mark.parametrize("chosen", ["portability", "everything", ""])
def test_what_is_not_on_the_list_is_refused(chosen: str) -> None:
    assert str(faults({**COMPLETE, "rights": [Right.ACCESS, chosen]})["rights"]) == "Choose from the list"


@pytest.mark.parametrize("field", LIMITS)
def test_a_text_that_is_too_long_is_told_so_with_both_numbers(field: str) -> None:
    answers: Any = {**COMPLETE, field: "a" * (LIMITS[field] + 1)}
    assert str(faults(answers)[field]).endswith(f"{LIMITS[field]} characters. You now have {LIMITS[field] + 1}.")
    answers[field] = "a" * LIMITS[field]
    assert field not in faults(answers)


def test_rights_come_in_the_order_of_the_form_and_once() -> None:
    chosen = [Right.MARKETING_OBJECTION, Right.ACCESS, SOMETHING_ELSE, Right.ACCESS]
    assert invoked({"rights": list(chosen)}) == [Right.ACCESS, Right.MARKETING_OBJECTION]


def test_text_is_tidied_but_says_the_same() -> None:
    assert tidy("  Hanna\t\x00 Brinkman\r\n") == "Hanna Brinkman"
    assert tidy(" een\r\n\r\ntwee\x07 ", lines=True) == "een\n\ntwee"
    assert tidy("Zoe\u0308") == "Zoë"
    assert tidy("Noor \u202eredaB\u202c") == "Noor redaB"


def test_a_mistyped_domain_is_recognised() -> None:
    assert meant("hanna@Gmial.com") == "hanna@gmail.com"
    assert meant("hanna@example.org") is None
    assert meant("") is None

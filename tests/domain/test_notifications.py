"""Whom art. 19 has us tell: the recipients of what was changed, each once."""

from __future__ import annotations

import pytest

from dsr.domain.notifications import Change, State, by_recipient, first_state
from dsr.domain.register import Category, LegalBasis, Recipient, Register, Text

WORDS = Text("-", "-")


def category(*recipients: str, confidential: str | None = None) -> Category:
    return Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS, recipients=recipients, confidential=confidential)


REGISTER = Register(
    categories={
        "contact": category("mailing", "bookkeeper"),
        "invoice": category("bookkeeper"),
        "report": category("bookkeeper", "unit", confidential="Wwft art. 23"),
    },
    recipients={name: Recipient(name, "processor") for name in ("mailing", "bookkeeper", "unit")},
)


def test_each_recipient_hears_of_all_that_it_got_and_of_nothing_else() -> None:
    changes = [Change("contact"), Change("invoice", is_part=True)]
    assert by_recipient(REGISTER, changes) == {"mailing": changes[:1], "bookkeeper": changes}


def test_what_is_confidential_is_told_to_nobody() -> None:
    assert by_recipient(REGISTER, [Change("report")]) == {}


def test_what_has_left_the_register_is_told_to_nobody() -> None:
    assert by_recipient(REGISTER, [Change("fax"), Change("invoice")]) == {"bookkeeper": [Change("invoice")]}


@pytest.mark.parametrize(
    ("recipient", "begins_as"),
    [
        (Recipient("a mailer", "processor"), State.PROPOSED),
        (Recipient("a bank", "independent-controller"), State.PROPOSED),
        (Recipient("a collector", "independent-controller", when=Text("soms", "at times")), State.ASKED),
        (Recipient("the police", "authority"), State.ASKED),
        (Recipient("the police", "authority", confidential="art. 4(9)"), State.LEFT_OUT),
    ],
)
def test_who_gets_data_on_occasion_is_asked_about_and_the_confidential_left_out(
    recipient: Recipient, begins_as: State
) -> None:
    assert first_state(recipient) is begins_as

"""Whose rows may stand in one plan."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from dsr.domain.persons import doubtful_tables
from dsr.domain.plans import Row, SeveralPersons
from dsr.domain.register import Register, Table
from dsr.services import drawing_up

REGISTER = Register(
    {},
    {
        "shop": {
            "customer": Table("customer", ("id",), match={"email": "email"}),
            "ticket": Table("ticket", ("id",), via={"customer_id": "customer.id"}),
            "newsletter": Table("customer", ("email",), match={"email": "email"}),
        }
    },
)


def test_rows_of_several_persons_are_never_planned_together() -> None:
    def rows(*found: tuple[str, int]) -> list[Row]:
        return [Row(table, (number,), {"id": number}) for table, number in found]

    with pytest.raises(SeveralPersons, match=r"2 persons in shop[.]customer answer to this address"):
        drawing_up.check_one_person(REGISTER, "shop", rows(("customer", 1), ("customer", 2)), ())
    drawing_up.check_one_person(REGISTER, "shop", rows(("customer", 1), ("customer", 2)), {"shop.customer"})
    drawing_up.check_one_person(REGISTER, "shop", rows(("customer", 1), ("ticket", 1), ("ticket", 2)), ())
    # Nothing points at a newsletter: two addresses are two subscriptions of one person.
    drawing_up.check_one_person(REGISTER, "shop", rows(("newsletter", 1), ("newsletter", 2)), ())


def test_things_of_a_person_to_which_others_point_are_no_people() -> None:
    """Of a guest only the address stands in the ticket; of a client, the number."""
    ticket = Table("ticket", ("id",), match={"email": "mail"}, via={"customer_id": "customer.id"})
    reply = Table("ticket", ("id",), via={"ticket_id": "ticket.id"})
    found = [Row("ticket", (number,), {"id": number, "mail": "guest@example.org"}) for number in (1, 2)]
    for people, doubtful in ((None, [("shop", "ticket")]), (True, []), (False, [])):
        tables = {**REGISTER.tables["shop"], "ticket": replace(ticket, people=people), "reply": reply}
        register = replace(REGISTER, tables={"shop": tables})
        assert doubtful_tables(register) == doubtful
        with nullcontext() if people is False else pytest.raises(SeveralPersons, match=r"2 persons in shop[.]ticket"):
            drawing_up.check_one_person(register, "shop", found, ())

"""A present of another customer, sent to her address: her address keeps what that parcel needs, until it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from dsr.config import Settings
from dsr.db.notices import Task
from dsr.keys import Keys
from tests.parts.firm import NOOR, Firm, Person, open_firm
from tests.parts.shop import REGISTER, Shop
from tests.parts.smtp import MailServer
from tests.parts.starters import words
from tests.parts.web import Clock
from tests.scenarios.test_further_plans import approve, plan
from tests.scenarios.test_paper_changes import identified, letter_of

PARCELS = """
[categories.address]
label = { nl = "Adressen", en = "Addresses" }
purpose = { nl = "bezorgen", en = "delivery" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }

[tables.shop.address]
category = "address"
key = ["id"]
via = { customer_id = "customer.id" }
keep_columns = ["street"]

[tables.shop.parcel]
category = "ticket"
key = ["id"]
via = { buyer = "customer.id", address_id = "address.id" }
"""


@pytest.fixture
def firm(shop: Shop, shop_settings: Settings, key_set: Keys, clock: Clock, smtp_server: MailServer) -> Iterator[Firm]:
    """The firm, whose shop sends parcels: of Hanna and of Bram to her first address, her own to the second."""
    shop.run(
        "CREATE TABLE address (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id),"
        " street VARCHAR(40) NOT NULL, bell VARCHAR(40))"
    )
    shop.run(
        "CREATE TABLE parcel (id INTEGER PRIMARY KEY, buyer INTEGER REFERENCES customer (id),"
        " address_id INTEGER REFERENCES address (id))"
    )
    shop.run("INSERT INTO address VALUES (1, 1, 'Sluisweg 3', 'twice'), (2, 1, 'Kade 1', NULL)")
    shop.run("INSERT INTO parcel VALUES (1, 1, 1), (2, 2, 1), (3, 1, 2)")
    with open_firm(shop, shop_settings, REGISTER + PARCELS, key_set, clock=clock, server=smtp_server) as made:
        yield made


def left(firm: Firm) -> tuple[list[object], list[object]]:
    """The streets with how to ring there, and the parcels."""
    addresses, parcels = firm.shop.rows("address"), firm.shop.rows("parcel")
    return [(row["street"], row["bell"]) for row in addresses], [row["id"] for row in parcels]


@pytest.mark.parametrize("shop_url", ["sqlite", "postgresql"], indirect=True)
def test_what_the_present_of_another_needs_stays_until_it_is_gone(firm: Firm, hanna: Person) -> None:
    identified(firm, hanna, "erasure")
    plan(firm, hanna)
    assert "nodig voor rijen buiten dit verzoek" in words(firm.see(NOOR, hanna.reference, "/plan"))
    assert "nodig voor rijen buiten dit verzoek" in approve(firm, hanna)
    assert left(firm) == ([("Sluisweg 3", None)], [2])
    certificate = words(firm.see(NOOR, hanna.reference, "/certificate"))
    assert "1 voor een deel leeggemaakt 1 daarvan nodig voor rijen van iemand anders" in certificate
    letter = letter_of(firm, hanna)
    assert "Adressen (street). Dit is nog nodig voor gegevens van iemand anders." in letter
    firm.come_to(date(2027, 3, 1))
    firm.tick()
    assert left(firm) == ([("Sluisweg 3", None)], [2])
    firm.shop.run("DELETE FROM parcel WHERE id = 2")
    firm.come_to(date(2027, 3, 2))
    firm.tick()
    assert left(firm) == ([], [])
    with firm.store() as session:
        assert session.scalars(select(Task).where(Task.kind.in_(["plan-void", "ledger-left"]))).all() == []

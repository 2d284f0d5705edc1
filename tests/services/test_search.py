"""A search keeps counts; the rows stay where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from dsr.connectors.base import ConnectorError, Found, Identifiers, SystemDown, SystemRefuses
from dsr.connectors.manual import OwnerHasNotAnswered
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.domain.plans import Row
from dsr.domain.register import Category, LegalBasis, Register, Table, Text
from dsr.domain.rights import Right
from dsr.services import search
from dsr.services.search import Counted, Searched
from tests.parts import cast
from tests.parts.shop import Workplace
from tests.parts.store import NOW, Store

WORDS = Text("woorden", "words")
REGISTER = Register(
    {name: Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS) for name in ("customer", "ticket")},
    {
        "shop": {
            "customer": Table("customer", ("id",), match={"email": "email"}),
            "ticket": Table("ticket", ("id",), via={"customer_id": "customer.id"}),
        },
        "crm": {"person": Table("customer", ("id",), match={"email": "email"})},
    },
)
FOUND = {
    "shop": Counted(Counter(customer=1, ticket=2), people={"customer": [Row("customer", (1,), {"name": "Hanna"})]}),
    "crm": Counted(),
}


@pytest.fixture
def case(store: Store) -> Case:
    with store.transaction() as session:
        made = cast.add_case(session, Right.ACCESS)
        assert made.identifiers == []  # read while it can be
        return made


def test_a_search_keeps_how_many_rows_were_found_per_table(store: Store, case: Case) -> None:
    with store.transaction() as session:
        assert search.latest(session, case) is None
        search.record_search(session, case, Searched(FOUND), REGISTER, now=NOW)
    with store.transaction(writes=False) as session:
        found = search.latest(session, case)
        assert found is not None
        assert found.findings == [
            {"system": "shop", "table": "customer", "category": "customer", "rows": 1},
            {"system": "shop", "table": "ticket", "category": "ticket", "rows": 2},
        ]
        (entry,) = session.scalars(select(AuditEntry))
        assert (entry.event, entry.details) == ("data-found", {"rows": 3, "systems": 2})
        assert "Hanna" not in str(session.execute(text("SELECT findings FROM search")).all())


def test_the_newest_search_counts(store: Store, case: Case) -> None:
    with store.transaction() as session:
        search.record_search(session, case, Searched(FOUND), REGISTER, now=NOW + timedelta(hours=1))
        search.record_search(session, case, Searched({"shop": Counted(), "crm": Counted()}), REGISTER, now=NOW)
    with store.transaction(writes=False) as session:
        found = search.latest(session, case)
        assert found is not None
        assert found.searched_at == NOW + timedelta(hours=1)


def test_a_system_that_is_down_delays_its_own_part(store: Store, case: Case) -> None:
    down, refusing = Silent(SystemDown("crm", "it does not answer")), Silent(SystemRefuses("mail", "no such table"))
    systems: dict[str, Any] = {
        "shop": Silent([Found("ticket", ("id",), ("id",), [(1,), (2,)])]),
        "crm": down,
        "mail": refusing,
    }
    searched = search.search_systems(systems, {"email": "hanna@example.org"}, REGISTER)
    assert (list(searched.found), searched.missing) == (["shop"], ["crm", "mail"])
    assert isinstance(searched.fault, SystemDown)
    with store.transaction() as session:
        found = search.record_search(session, case, searched, REGISTER, now=NOW)
        assert found.states == {"shop": "found", "crm": "down", "mail": "refused"}
        assert found.systems["crm"]["error"] == "crm: it does not answer"
        assert search.to_be_searched(session, case, systems) == ["crm", "mail"]


def test_what_was_missing_is_added_to_the_same_search(store: Store, case: Case) -> None:
    down = Searched({"shop": FOUND["shop"]}, {"crm": SystemDown("crm", "it does not answer")})
    with store.transaction() as session:
        first = search.record_search(session, case, down, REGISTER, now=NOW)
        crm = Searched({"crm": Counted(Counter(person=1))})
        second = search.record_search(session, case, crm, REGISTER, now=NOW + timedelta(minutes=5))
        assert second is first
        assert second.missing == []
        assert [finding["rows"] for finding in second.findings] == [1, 2, 1]
        assert search.to_be_searched(session, case, ["shop", "crm"]) == ["shop", "crm"]
        third = search.record_search(
            session, case, Searched({"shop": Counted()}), REGISTER, now=NOW + timedelta(hours=1)
        )
        assert third is not first


def test_an_owner_who_is_awaited_is_no_fault_to_mend() -> None:
    assert Searched(faults={"binder": OwnerHasNotAnswered("binder")}).fault is None
    faults = {"binder": OwnerHasNotAnswered("binder"), "crm": SystemRefuses("crm", "no such table")}
    assert isinstance(Searched(faults=faults).fault, SystemRefuses)


@dataclass
class Silent:
    """A system that gives its rows, or its fault."""

    answer: list[Found] | ConnectorError

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        if isinstance(self.answer, ConnectorError):
            raise self.answer
        yield from self.answer


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_a_database_that_went_away_is_told(workplace: Workplace) -> None:
    register, whom = workplace.context.settings.register, {"email": "hanna@example.org"}
    searched = search.search_systems(workplace.context.systems, whom, register)
    assert {name: found.rows.total() for name, found in searched.found.items()} == {"shop": 30}
    workplace.shop.engine.dispose()
    for system in workplace.context.systems.values():
        system.close()
    (workplace.context.settings.base / "shop.db").rename(workplace.context.settings.base / "elsewhere.db")
    searched = search.search_systems(workplace.context.systems, whom, register)
    assert (searched.found, searched.missing) == ({}, ["shop"])

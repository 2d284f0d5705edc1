"""A search keeps counts; the rows stay where they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from dsr.connectors.base import SystemDown
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.domain.plans import Row
from dsr.domain.register import Category, LegalBasis, Register, Table, Text
from dsr.domain.rights import Right
from dsr.services import search
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
    "shop": [Row("customer", (1,), {"id": 1, "name": "Hanna"}), Row("ticket", (1,), {}), Row("ticket", (2,), {})],
    "crm": [],
}


@pytest.fixture
def case(store: Store) -> Case:
    with store.transaction() as session:
        return cast.add_case(session, Right.ACCESS)


def test_a_search_keeps_how_many_rows_were_found_per_table(store: Store, case: Case) -> None:
    with store.transaction() as session:
        assert search.latest(session, case) is None
        search.record_search(session, case, FOUND, REGISTER, now=NOW)
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
        search.record_search(session, case, FOUND, REGISTER, now=NOW + timedelta(hours=1))
        search.record_search(session, case, {"shop": [], "crm": []}, REGISTER, now=NOW)
    with store.transaction(writes=False) as session:
        found = search.latest(session, case)
        assert found is not None
        assert found.searched_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_one_system_that_is_down_stops_the_whole_search(workplace: Workplace) -> None:
    found = search.search_systems(workplace.context.systems, {"email": "hanna@example.org"})
    assert {name: len(rows) for name, rows in found.items()} == {"shop": 30}
    workplace.shop.engine.dispose()
    for system in workplace.context.systems.values():
        system.close()
    (workplace.context.settings.base / "shop.db").rename(workplace.context.settings.base / "elsewhere.db")
    with pytest.raises(SystemDown):
        search.search_systems(workplace.context.systems, {"email": "hanna@example.org"})

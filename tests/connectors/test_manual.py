"""What an owner answered, behind the protocol of every connector."""

from __future__ import annotations

import pytest

from dsr.connectors.base import Going, SystemDown, rows_of
from dsr.connectors.manual import ManualSystem, OwnerHasNotAnswered
from dsr.domain.plans import Row
from dsr.domain.register import Table

TABLES = {name: Table(name, ("item",)) for name in ("quote", "invoice")}
ROWS = [Row("quote", (number,), {"item": number, "description": f"offerte {number}"}) for number in (1, 2)]
ROWS.append(Row("invoice", (3,), {"item": 3, "description": "factuur", "document_date": None}))


def test_nobody_is_looked_up_before_the_identity_check() -> None:
    assert ManualSystem("binder", TABLES, ROWS).lookup({"email": "hanna@example.org"}) == {}


def test_what_was_found_is_given_by_category() -> None:
    found = ManualSystem("binder", TABLES, ROWS).find({"email": "hanna@example.org"})
    assert [(table.table, table.columns, len(table.rows)) for table in found] == [
        ("quote", ("item", "description"), 2),
        ("invoice", ("item", "description", "document_date"), 1),
    ]
    assert rows_of(found) == ROWS
    assert ManualSystem("binder", TABLES, []).find({}) == []


def test_files_are_shown_and_never_judged() -> None:
    row = Row("quote", (1,), {"item": 1, "description": "offerte", "document_date": None, "files": "scan.pdf"})
    binder = ManualSystem("binder", TABLES, [row])
    assert [found.columns for found in binder.find({})] == [("item", "description", "document_date")]
    assert [found.columns for found in binder.stream({})] == [("item", "description", "files")]


def test_an_owner_who_has_not_answered_is_a_system_that_is_down_for_a_while() -> None:
    waiting = ManualSystem("binder", TABLES, None)
    with pytest.raises(SystemDown, match="binder: its owner has not answered yet"):
        waiting.find({})
    with pytest.raises(OwnerHasNotAnswered), ManualSystem("binder", TABLES, ROWS).erasing():
        pytest.fail("nothing was confirmed")


def test_only_what_the_owner_confirmed_counts_as_erased() -> None:
    confirmed = ManualSystem("binder", TABLES, ROWS, frozenset({(1,), (3,)}))
    with confirmed.erasing() as erasing:
        assert rows_of(erasing.find({})) == ROWS
        assert erasing.read("quote", [(2,), (9,)]).to_rows() == [ROWS[1]]
        assert erasing.erase([Going("quote", [(1,)])]) == [1]
        assert erasing.erase([Going("quote", [(1,), (2,)])]) == [1]
        assert erasing.erase([Going("quote", [(1,)], ("description",))]) == [0]
        assert erasing.pointing("quote", ROWS).rows == []


def test_there_is_no_schema_to_be_wrong() -> None:
    binder = ManualSystem("binder", TABLES, ROWS)
    assert (binder.mistakes(), binder.remarks().warnings) == ([], [])
    binder.close()

"""A database that will not answer is given up, in writing, as long as nothing is being asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dsr.config import DataSystem
from dsr.db.answers import AccessCopy
from dsr.db.cases import Case
from dsr.db.plans import Search
from dsr.domain.rights import Right
from dsr.services import casework, giving_up, search, work
from tests.parts import cast
from tests.parts.store import NOW, Store

REASON = "Dit systeem is opgeheven."


@pytest.fixture
def case(store: Store) -> Case:
    """A case of which the search of the shop failed, and so did the copy."""
    with store.transaction() as session:
        made = cast.add_case(session, Right.ACCESS, handler=cast.add_member(session))
        session.add(Search(case_id=made.id, searched_at=NOW, findings=[], systems={"shop": {"state": "down"}}))
        session.add(
            AccessCopy(case_id=made.id, file="f", size=1, page_at=0, row_count=0, made_at=NOW, missing=["shop"])
        )
        for kind in ("search", "copy"):
            work.ask(session, made.id, kind, now=NOW)
            claimed = work.claim(session, now=NOW)
            assert claimed
            work.put_off(session, claimed, "shop: the database does not answer", now=NOW)
        return made


@pytest.fixture
def give_up(store: Store, case: Case) -> Callable[[str], None]:
    """Go on without the shop, for a reason."""
    settings = replace(store.settings, systems={"shop": DataSystem(path="shop.db")})

    def do(reason: str) -> None:
        with store.transaction() as session:
            own = session.get_one(Case, case.id)
            assert giving_up.candidates(session, own, settings) == ["shop"]
            by = own.handler_id or pytest.fail("nobody")
            giving_up.give_up_system(session, own, "shop", reason, by=by, settings=settings, now=NOW)

    return do


def test_what_was_given_up_is_not_asked_until_a_handler_wants_it_again(
    store: Store, case: Case, give_up: Callable[[str], None]
) -> None:
    give_up(f" {REASON} ")
    with store.transaction() as session:
        own = session.get_one(Case, case.id)
        assert [(given.system, given.reason) for given in search.given_up(session, case.id)] == [("shop", REASON)]
        assert search.without_given_up(session, case.id, {"shop": 1, "crm": 2}) == {"crm": 2}
        newest = search.latest(session, own)
        assert newest is not None
        assert newest.missing == []
        assert [step.error for step in work.of(session, case.id).values()] == [None, None]
        by = own.handler_id or pytest.fail("nobody")
        giving_up.ask_again(session, own, "shop", by=by, now=NOW)
    with store.transaction(writes=False) as session:
        newest = search.latest(session, session.get_one(Case, case.id))
        assert newest is not None
        assert newest.missing == ["shop"]
        assert session.get_one(AccessCopy, case.id).missing == ["shop"]
        assert search.given_up(session, case.id) == []


def test_nothing_is_given_up_while_it_is_being_asked(store: Store, case: Case, give_up: Callable[[str], None]) -> None:
    with store.transaction() as session:
        assert work.claim(session, now=NOW + work.WAITS[0])
    with pytest.raises(casework.NotPossible, match="right now"):
        give_up(REASON)


def test_it_takes_a_reason(give_up: Callable[[str], None]) -> None:
    with pytest.raises(casework.NotPossible, match="reason"):
        give_up("  ")

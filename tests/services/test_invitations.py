"""The link to choose a password: it works once, and not after the account was closed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from dsr.db.notices import Notice
from dsr.db.staff import StaffMember
from dsr.services import invitations, staff
from tests.parts.cast import add_member
from tests.parts.store import NOW, Store


@pytest.fixture
def token(store: Store) -> str:
    """What was mailed to somebody with a new account."""
    with store.transaction() as session:
        invitations.invite(session, add_member(session), by="command", settings=store.settings, now=NOW)
        session.flush()
        link = json.loads(session.scalars(select(Notice)).one().facts or "")["link"]
        return str(link).rpartition("/")[2]


def choose(store: Store, token: str) -> None:
    with store.transaction() as session:
        invitations.choose_password(session, token, staff.UNKNOWN, now=NOW)


def test_of_two_who_use_the_link_at_once_one_chooses_the_password(store: Store, token: str) -> None:
    with ThreadPoolExecutor(1) as other, store.transaction() as session:
        invitations.choose_password(session, token, staff.UNKNOWN, now=NOW)
        session.flush()
        second = other.submit(choose, store, token)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
    with pytest.raises(invitations.LinkUsed):
        second.result()


def test_a_link_does_not_outlive_the_closing_of_the_account(store: Store, token: str) -> None:
    with store.transaction() as session:
        member = session.scalars(select(StaffMember)).one()
        staff.deactivate(session, member, by="command", now=NOW)
        staff.activate(session, member, by="command", now=NOW)
    with pytest.raises(invitations.LinkUsed):
        choose(store, token)

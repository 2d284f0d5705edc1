"""Extending a deadline: two months more, once, announced in time and with reasons (GDPR art. 12(3))."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import deadlines
from tests.parts.cast import add_case, add_member
from tests.parts.store import NOW, Store

REASON = "Op drie opnames zijn twee stemmen te horen."


def _case(store: Store, status: Status = Status.HANDLING) -> None:
    with store.transaction() as session:
        add_case(session, Right.ACCESS, status=status)
        add_member(session)


def _extend(store: Store, now: datetime = NOW, reason: str = REASON) -> None:
    with store.transaction() as session:
        case = session.scalars(select(Case)).one()
        by = add_member(session, f"Joris {now.timestamp()}", email=f"{now.timestamp()}@polder.example").id
        deadlines.extend_deadline(session, case, reason, by=by, settings=store.settings, now=now)


def test_an_extension_moves_the_last_day_and_is_told_to_the_data_subject(store: Store) -> None:
    _case(store)
    _extend(store)
    with store.transaction(writes=False) as session:
        case = session.scalars(select(Case)).one()
        assert (case.due_on, case.next_legal_on, case.version) == (date(2027, 2, 23), date(2027, 2, 23), 2)
        assert case.events[0].reason == REASON
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.recipient) == ("extension", "hanna@example.org")
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.event, entry.details) == ("deadline-extended", {"due_on": "2027-02-23"})


def test_an_extension_happens_once(store: Store) -> None:
    _case(store)
    _extend(store)
    with pytest.raises(deadlines.ExtensionRefused, match="extended already"):
        _extend(store, NOW + timedelta(days=1))


def test_the_last_day_of_the_first_month_is_in_time_and_the_next_is_not(store: Store) -> None:
    _case(store)
    with pytest.raises(deadlines.ExtensionRefused, match="by 2026-12-23"):
        _extend(store, datetime.fromisoformat("2026-12-24T00:00:00+01:00"))
    _extend(store, datetime.fromisoformat("2026-12-23T23:59:59+01:00"))


def test_an_extension_has_reasons(store: Store) -> None:
    _case(store)
    with pytest.raises(deadlines.ExtensionRefused, match="Give the reasons"):
        _extend(store, reason="  ")


def test_an_answered_case_is_not_extended(store: Store) -> None:
    _case(store, Status.ANSWERED)
    with pytest.raises(deadlines.ExtensionRefused, match="no longer open"):
        _extend(store)

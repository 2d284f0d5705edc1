"""Handling a case: one of two people wins, and what cannot be is refused with a sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.plans import Suppression
from dsr.domain.lifecycle import IllegalTransition, Status
from dsr.domain.rights import Outcome, Right
from dsr.services import casework
from tests.parts.cast import add_case, add_member, confirm
from tests.parts.store import NOW, Store


def _case(store: Store, *rights: Right, status: Status = Status.RECEIVED) -> tuple[str, list[object]]:
    with store.transaction() as session:
        case = add_case(session, *rights, status=status)
        members = [add_member(session), add_member(session, "Joris Smit")]
        return case.reference, [member.id for member in members]


def _events(store: Store) -> list[str]:
    with store.transaction(writes=False) as session:
        return list(session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))


def _read(session: object, reference: str) -> Case:
    return session.scalars(select(Case).where(Case.reference == reference)).one()  # type: ignore[attr-defined]


def test_taking_a_case_begins_the_identity_check(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        casework.take_case(session, _read(session, reference), by=noor, now=NOW)
    with store.transaction(writes=False) as session:
        case = _read(session, reference)
        assert (case.handler_id, case.status) == (noor, Status.IDENTIFYING)
    assert _events(store) == ["case-taken", "status-changed"]


def test_a_request_to_stop_advertising_needs_no_identity_check(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.MARKETING_OBJECTION)
    with store.transaction() as session:
        case = _read(session, reference)
        casework.take_case(session, case, by=noor, now=NOW)
        assert case.status == Status.HANDLING


def test_a_case_that_somebody_handles_cannot_be_taken(store: Store) -> None:
    reference, (noor, joris) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        casework.take_case(session, _read(session, reference), by=noor, now=NOW)
    with pytest.raises(casework.Conflict), store.transaction() as session:
        casework.take_case(session, _read(session, reference), by=joris, now=NOW)
    with store.transaction(writes=False) as session:
        assert _read(session, reference).handler_id == noor


def test_of_two_who_read_the_same_version_one_wins(store: Store) -> None:
    """Both have read before either writes, which PostgreSQL allows; SQLite lets the second read only afterwards."""
    reference, members = _case(store, Right.ACCESS)
    barrier = threading.Barrier(2)
    results: list[str] = []

    def take(member: object) -> None:
        with store.transaction(writes=False) as session:
            case = _read(session, reference)
            session.expunge_all()
        barrier.wait(10)
        try:
            with store.transaction() as session:
                merged = session.merge(case, load=False)
                casework.change(session, merged, handler_id=member)
            results.append("won")
        except casework.Conflict:
            results.append("told")

    threads = [threading.Thread(target=take, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["told", "won"]


def test_a_form_of_an_older_version_is_told(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        case = _read(session, reference)
        casework.check_version(case, 1)
        casework.take_case(session, case, by=noor, now=NOW)
        with pytest.raises(casework.Conflict, match="Somebody else changed this case"):
            casework.check_version(case, 1)


def test_handing_over_is_to_somebody_who_handles_cases(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        case = _read(session, reference)
        tim = add_member(session, "Tim de Graaf", "approver")
        with pytest.raises(casework.NotPossible, match="Choose somebody who handles cases"):
            casework.hand_over_case(session, case, tim, by=noor, now=NOW)
        gone = add_member(session, "Yara El Idrissi")
        gone.is_active = False
        with pytest.raises(casework.NotPossible):
            casework.hand_over_case(session, case, gone, by=noor, now=NOW)
        other = add_member(session, "Anna Visser")
        casework.hand_over_case(session, case, other, by=noor, now=NOW)
        assert case.handler_id == other.id


def test_a_decision_needs_the_identity_check_and_a_reason(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.RECTIFICATION, status=Status.IDENTIFYING)

    def decide(outcome: Outcome, reason: str) -> None:
        with store.transaction() as session:
            case = _read(session, reference)
            casework.decide_right(session, case, Right.RECTIFICATION, outcome, reason, by=noor, now=NOW)

    with pytest.raises(casework.NotPossible, match="identity check"):
        decide(Outcome.FULFILLED, "")
    with pytest.raises(casework.NotPossible, match="Give the reason"):
        decide(Outcome.REFUSED, "  ")
    decide(Outcome.REFUSED, "Het adres klopt al.")
    with store.transaction() as session:
        case = _read(session, reference)
        assert (case.rights[0].result, case.rights[0].reason) == (Outcome.REFUSED, "Het adres klopt al.")
        confirm(session, case, add_member(session, "Anna Visser"))
    decide(Outcome.FULFILLED, "")
    with store.transaction() as session:
        case = _read(session, reference)
        assert (case.rights[0].result, case.rights[0].reason, case.version) == (Outcome.FULFILLED, None, 3)
    assert _events(store) == ["right-decided", "right-decided"]


def test_a_right_that_was_not_invoked_cannot_be_decided(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        case = _read(session, reference)
        with pytest.raises(casework.NotPossible, match="does not invoke"):
            casework.decide_right(session, case, Right.OBJECTION, Outcome.REFUSED, "Nee.", by=noor, now=NOW)


def test_rights_are_noted_once_in_the_order_that_loses_nothing(store: Store) -> None:
    reference, (noor, _) = _case(store)
    with store.transaction() as session:
        case = _read(session, reference)
        with pytest.raises(casework.NotPossible, match="at least one"):
            casework.set_rights(session, case, [], by=noor, now=NOW)
        casework.set_rights(session, case, [Right.ERASURE, Right.ACCESS], by=noor, now=NOW)
        assert [each.kind for each in case.rights] == [Right.ACCESS, Right.ERASURE]
        with pytest.raises(casework.NotPossible, match="known already"):
            casework.set_rights(session, case, [Right.OBJECTION], by=noor, now=NOW)


def test_a_case_is_set_aside_and_restored(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with store.transaction() as session:
        case = _read(session, reference)
        with pytest.raises(casework.NotPossible):
            casework.set_aside(session, case, "because", by=noor, now=NOW)
        casework.set_aside(session, case, "spam", by=noor, now=NOW)
        assert (case.status, case.is_open) == (Status.SET_ASIDE, False)
        casework.restore(session, case, by=noor, now=NOW)
        assert case.status == Status.RECEIVED


def test_a_withdrawn_case_keeps_what_was_decided(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS, Right.ERASURE, status=Status.HANDLING)
    with store.transaction() as session:
        case = _read(session, reference)
        casework.decide_right(session, case, Right.ERASURE, Outcome.REFUSED, "Loopt nog.", by=noor, now=NOW)
        casework.withdraw(session, case, by=noor, now=NOW)
        assert [each.result for each in case.rights] == [Outcome.WITHDRAWN, Outcome.REFUSED]
        casework.close_case(session, case, by=noor, now=NOW)
        assert (case.status, case.closed_on.isoformat()) == (Status.CLOSED, "2026-11-23")  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.IDENTIFYING, Status.HANDLING, Status.CLOSED])
def test_only_an_answered_case_closes(store: Store, status: Status) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS, status=status)
    with pytest.raises(casework.NotPossible, match="answer has not been sent"), store.transaction() as session:
        casework.close_case(session, _read(session, reference), by=noor, now=NOW)


def _decide(session: object, case: Case, by: object) -> None:
    casework.decide_right(session, case, Right.ACCESS, Outcome.REFUSED, "Nee.", by=by, now=NOW)  # type: ignore[arg-type]


def _take(session: object, case: Case, by: object) -> None:
    casework.take_case(session, case, by=by, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("act", [_decide, _take])
def test_nothing_is_done_to_a_case_that_is_not_open(store: Store, act: Callable[..., None]) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS, status=Status.ANSWERED)
    with pytest.raises(casework.NotPossible, match="no longer open"), store.transaction() as session:
        act(session, _read(session, reference), noor)


def test_an_illegal_move_changes_nothing(store: Store) -> None:
    reference, (noor, _) = _case(store, Right.ACCESS)
    with pytest.raises(IllegalTransition), store.transaction() as session:
        casework.move(session, _read(session, reference), Status.CLOSED, by=noor, now=NOW)
    assert _events(store) == []


def test_stopping_advertising_takes_effect_when_the_right_is_noted(store: Store) -> None:
    with store.transaction() as session:
        case = add_case(session)
        by = add_member(session).id
        casework.set_rights(session, case, [Right.MARKETING_OBJECTION], by=by, now=NOW)
        assert case.rights[0].result is Outcome.FULFILLED
        assert session.get(Suppression, case.data_subject.email_index) is not None

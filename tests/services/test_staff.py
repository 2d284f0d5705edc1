"""Accounts and sessions: passwords, limits on trying, and sessions that end when they must."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from dsr.db.audit import AuditEntry
from dsr.db.staff import StaffMember, StaffSession
from dsr.services import staff
from tests.parts.cast import PASSWORD, add_member
from tests.parts.store import NOW, Store

EMAIL = "noor@polder.example"


def _add(store: Store, **changes: object) -> StaffMember:
    given = {"name": "Noor Bakker", "email": EMAIL, "roles": ["handler"], "password": PASSWORD, **changes}
    with store.transaction() as session:
        return staff.add_staff_member(session, by="command", now=NOW, **given)  # type: ignore[arg-type]


def _sign_in(store: Store, now: datetime = NOW) -> str:
    with store.transaction(writes=False) as session:
        member = staff.check_password(session, EMAIL, PASSWORD)
    with store.transaction() as session:
        return staff.sign_in(session, member.id, now=now)


def _is_signed_in(store: Store, token: str, now: datetime = NOW) -> bool:
    with store.transaction(writes=False) as session:
        return staff.find_session(session, token, settings=store.settings, now=now) is not None


def test_the_right_password_signs_in(store: Store) -> None:
    member = _add(store)
    token = _sign_in(store)
    with store.transaction(writes=False) as session:
        found = staff.find_session(session, token, settings=store.settings, now=NOW)
        assert found is not None
        assert found.staff_member.id == member.id


def test_neither_password_nor_token_is_stored(store: Store) -> None:
    member = _add(store)
    token = _sign_in(store)
    assert member.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert PASSWORD not in member.password_hash
    with store.transaction(writes=False) as session:
        assert session.scalars(select(StaffSession.digest)).one() != token.encode()
        details = json.dumps([entry.details for entry in session.scalars(select(AuditEntry))])
    assert EMAIL not in details
    assert "Noor" not in details


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, PASSWORD + " "), (EMAIL, PASSWORD.upper()), ("joris@polder.example", PASSWORD), (EMAIL, "x" * 100_000)],
)
def test_a_wrong_address_or_password_is_refused_in_the_same_words(store: Store, email: str, password: str) -> None:
    _add(store)
    with pytest.raises(staff.SignInRefused, match="do not belong together"), store.transaction() as session:
        staff.check_password(session, email, password)


def test_an_inactive_member_is_refused(store: Store) -> None:
    _add(store)
    with store.transaction() as session:
        member = session.scalars(select(StaffMember)).one()
        staff.deactivate(session, member, by="command", now=NOW)
    with pytest.raises(staff.SignInRefused), store.transaction() as session:
        staff.check_password(session, EMAIL, PASSWORD)


@pytest.mark.parametrize("password", ["correct horse b", "vijftien tekens " * 8, "é" * 15, "               "])
def test_a_password_may_be_anything_of_the_right_length(password: str) -> None:
    assert staff.hash_password(password).startswith("$argon2id$")


@pytest.mark.parametrize("password", ["", "x" * 14, "e\u0301" * 14, "x" * 129])
def test_a_password_of_the_wrong_length_is_refused(password: str) -> None:
    with pytest.raises(staff.PasswordRefused, match="characters"):
        staff.hash_password(password)


def test_keyboards_that_write_accents_differently_agree(store: Store) -> None:
    _add(store, password="caf\u00e9 aan de haven")
    with store.transaction(writes=False) as session:
        assert staff.check_password(session, "NOOR@polder.example ", "cafe\u0301 aan de haven")


def test_tries_are_limited_per_account_and_do_not_lock_it_for_good(store: Store) -> None:
    def may_try(now: datetime, address: str = "192.0.2.1", email: str = EMAIL) -> bool:
        with store.transaction() as session:
            return staff.count_attempt(session, email, address=address, now=now)

    assert [may_try(NOW) for _ in range(6)] == [True] * 5 + [False]
    assert may_try(NOW, email="tim@polder.example")
    assert may_try(NOW, "192.0.2.2")  # who guesses does not lock out the owner
    assert may_try(NOW + staff.ATTEMPTS_WINDOW)


def test_tries_from_many_networks_are_limited_too(store: Store) -> None:
    with store.transaction() as session:
        allowed = [
            staff.count_attempt(session, EMAIL, address=f"192.0.2.{number}", now=NOW)
            for number in range(staff.ATTEMPTS_IN_ALL + 1)
        ]
    assert allowed == [True] * staff.ATTEMPTS_IN_ALL + [False]


def test_who_knows_the_password_starts_anew(store: Store) -> None:
    with store.transaction() as session:
        for _ in range(2 * staff.ATTEMPTS_PER_ACCOUNT):
            assert staff.count_attempt(session, EMAIL, address="192.0.2.1", now=NOW)
            staff.forget_attempts(session, EMAIL, address="192.0.2.1")


def test_tries_are_limited_per_network_address(store: Store) -> None:
    with store.transaction() as session:
        allowed = [
            staff.count_attempt(session, f"{number}@polder.example", address="192.0.2.1", now=NOW)
            for number in range(staff.ATTEMPTS_PER_ADDRESS + 1)
        ]
        assert allowed == [True] * staff.ATTEMPTS_PER_ADDRESS + [False]
        assert staff.count_attempt(session, EMAIL, address="192.0.2.2", now=NOW)


def test_a_session_ends_when_it_is_idle(store: Store) -> None:
    _add(store)
    token = _sign_in(store)
    limit = timedelta(minutes=store.settings.procedure.idle_minutes)
    assert _is_signed_in(store, token, NOW + limit)
    assert not _is_signed_in(store, token, NOW + limit + timedelta(seconds=1))


def test_a_session_in_use_lasts_twelve_hours(store: Store) -> None:
    _add(store)
    token = _sign_in(store)
    now = NOW
    while _is_signed_in(store, token, now):
        with store.transaction() as session:
            staff.touch(session, session.scalars(select(StaffSession.digest)).one(), now=now)
        now += timedelta(minutes=20)
    assert now == NOW + timedelta(hours=12)


def test_touching_does_not_bring_back_an_ended_session(store: Store) -> None:
    member = _add(store)
    token = _sign_in(store)
    with store.transaction() as session:
        digest = session.scalars(select(StaffSession.digest)).one()
        staff.sign_out(session, digest, by=member.id, now=NOW)
        staff.touch(session, digest, now=NOW + timedelta(minutes=1))
    assert not _is_signed_in(store, token, NOW + timedelta(minutes=1))


def test_nobody_ends_the_session_of_another(store: Store) -> None:
    _add(store)
    token = _sign_in(store)
    with store.transaction() as session:
        other = add_member(session, "Joris Smit")
        staff.sign_out(session, session.scalars(select(StaffSession.digest)).one(), by=other.id, now=NOW)
    assert _is_signed_in(store, token)


def test_all_other_sessions_end_at_once(store: Store) -> None:
    member = _add(store)
    tokens = [_sign_in(store, NOW + timedelta(minutes=number)) for number in range(3)]
    with store.transaction() as session:
        newest = staff.list_sessions(session, member.id, settings=store.settings, now=NOW)[0]
        assert staff.end_sessions(session, member.id, besides=newest.digest, by=member.id, now=NOW) == 2
    assert [_is_signed_in(store, token) for token in tokens] == [False, False, True]


def test_a_closed_account_has_no_sessions_and_no_permissions(store: Store) -> None:
    _add(store)
    token = _sign_in(store)
    with store.transaction() as session:
        member = session.scalars(select(StaffMember)).one()
        staff.deactivate(session, member, by="command", now=NOW)
        assert staff.permissions_of(member) == frozenset()
    assert not _is_signed_in(store, token)
    with store.transaction() as session:
        staff.activate(session, session.scalars(select(StaffMember)).one(), by="command", now=NOW)
    assert not _is_signed_in(store, token)


def test_nobody_closes_their_own_account(store: Store) -> None:
    member = _add(store, roles=["administrator"])
    with pytest.raises(staff.AccountRefused, match="another administrator"), store.transaction() as session:
        staff.deactivate(session, member, by=member.id, now=NOW)


def test_a_new_password_ends_the_other_sessions(store: Store) -> None:
    _add(store)
    token = _sign_in(store)
    with store.transaction() as session:
        member = session.scalars(select(StaffMember)).one()
        staff.change_password(session, member, "zes kikkers in de sloot", by=member.id, now=NOW)
    assert not _is_signed_in(store, token)
    with pytest.raises(staff.SignInRefused), store.transaction() as session:
        staff.check_password(session, EMAIL, PASSWORD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 121},
        {"roles": []},
        {"roles": ["owner"]},
        {"email": "noor"},
        {"email": "a\r\nBcc: b@example.org"},
    ],
)
def test_an_account_that_cannot_be_is_refused(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(staff.AccountRefused):
        _add(store, **wrong)


def test_an_address_has_one_account(store: Store) -> None:
    _add(store)
    with pytest.raises(staff.AccountRefused, match="already is an account"):
        _add(store, email="Noor@Polder.example")


def test_roles_can_be_combined_and_an_administrator_sees_no_case(store: Store) -> None:
    with store.transaction() as session:
        both = add_member(session, "Yara El Idrissi", "handler", "approver")
        administrator = add_member(session, "Anna Visser", "administrator")
        assert staff.permissions_of(both) == {"case.read", "case.handle", "plan.approve", "hold.place"}
        assert staff.permissions_of(administrator) == {"staff.administer"}


def test_every_change_is_audited(store: Store) -> None:
    member = _add(store)
    _sign_in(store)
    with store.transaction() as session:
        found = session.scalars(select(StaffMember)).one()
        staff.change_password(session, found, "zes kikkers in de sloot", by=member.id, now=NOW)
        staff.deactivate(session, found, by="command", now=NOW)
        staff.activate(session, found, by="command", now=NOW)
        events = list(session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))
    assert events == [
        "staff-member-added",
        "staff-member-signed-in",
        "password-changed",
        "sessions-ended",
        "staff-member-deactivated",
        "sessions-ended",
        "staff-member-activated",
    ]

"""The code that confirms an e-mail address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.identity import EmailCode
from dsr.services import identity
from tests.parts.form import mailed_code, submit
from tests.parts.store import NOW, Store


def test_the_right_code_confirms_the_address(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        identity.confirm_email(session, case, mailed_code(session, case), now=NOW)
        assert case.data_subject.email_confirmed_at == NOW
        assert session.get(EmailCode, case.id) is None
        assert _last_event(session, case) == "email-confirmed"


def test_a_code_may_be_pasted_with_spaces(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        code = mailed_code(session, case)
        identity.confirm_email(session, case, f" {code[:3]} {code[3:]}\n", now=NOW)
        assert case.data_subject.email_confirmed_at == NOW


def test_confirming_twice_changes_nothing(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        identity.confirm_email(session, case, mailed_code(session, case), now=NOW)
        identity.confirm_email(session, case, "nonsense", now=NOW + timedelta(hours=1))
        assert case.data_subject.email_confirmed_at == NOW


def test_a_code_tried_six_times_is_locked_even_when_right(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        wrong = _another(mailed_code(session, case))
        for left in (4, 3, 2, 1, 0):
            with pytest.raises(identity.WrongCode) as caught:
                identity.confirm_email(session, case, wrong, now=NOW)
            assert caught.value.left == left
        with pytest.raises(identity.CodeLocked):
            identity.confirm_email(session, case, mailed_code(session, case), now=NOW)
        assert case.data_subject.email_confirmed_at is None


def test_a_new_code_voids_the_old_one_and_unlocks(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        old = mailed_code(session, case)
        for _ in range(5):
            with pytest.raises(identity.WrongCode):
                identity.confirm_email(session, case, _another(old), now=NOW)
        later = NOW + timedelta(minutes=1)
        identity.request_new_code(session, case, settings=store.settings, now=later)
        new = mailed_code(session, case)
        if new != old:  # one in a million
            with pytest.raises(identity.WrongCode):
                identity.confirm_email(session, case, old, now=later)
        identity.confirm_email(session, case, new, now=later)
        assert case.data_subject.email_confirmed_at == later


def test_a_code_ends(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        with pytest.raises(identity.CodeExpired):
            identity.confirm_email(session, case, mailed_code(session, case), now=NOW + identity.CODE_LIFETIME)


def test_a_code_is_of_one_case(store: Store) -> None:
    with store.transaction() as session:
        mine, other = submit(session, store.settings).case, submit(session, store.settings).case
        code = mailed_code(session, mine)
        if code != mailed_code(session, other):
            with pytest.raises(identity.WrongCode):
                identity.confirm_email(session, other, code, now=NOW)


def test_three_new_codes_a_day(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        for minutes in range(3):
            identity.request_new_code(session, case, settings=store.settings, now=NOW + timedelta(minutes=minutes))
        with pytest.raises(identity.TooManyCodes):
            identity.request_new_code(session, case, settings=store.settings, now=NOW + timedelta(minutes=4))
        identity.request_new_code(session, case, settings=store.settings, now=NOW + timedelta(days=2))


def test_a_code_works_once_its_mail_may_go(store: Store) -> None:
    """A hundred requests in somebody's name give no more codes to guess at than mails go to them: three a day."""
    with store.transaction() as session:
        cases = [submit(session, store.settings).case for _ in range(5)]
        for case in cases[:3]:
            identity.confirm_email(session, case, mailed_code(session, case), now=NOW)
        code = mailed_code(session, cases[3])
        with pytest.raises(identity.TooManyCodes):
            identity.confirm_email(session, cases[3], code, now=NOW)
        with pytest.raises(identity.TooManyCodes):
            identity.request_new_code(session, cases[3], settings=store.settings, now=NOW)
        a_day_later = NOW + timedelta(days=1)
        identity.confirm_email(session, cases[3], code, now=a_day_later)
        assert session.get_one(EmailCode, cases[4].id).expires_at == a_day_later + identity.CODE_LIFETIME


def test_the_code_itself_is_not_stored(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        assert mailed_code(session, case).encode() not in session.get_one(EmailCode, case.id).digest


def _another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def _last_event(session: Session, case: Case) -> str | None:
    events = select(AuditEntry.event).where(AuditEntry.case_id == case.id)
    return session.scalar(events.order_by(AuditEntry.number.desc()).limit(1))

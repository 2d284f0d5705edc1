"""The outbox: a mail is there once, is sent by one worker at a time, and is wiped when it is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.notices import Notice, Task
from dsr.domain.rights import Right
from dsr.mail.delivery import DeliveryFailed, Mail
from dsr.services import notices
from dsr.services.notices import Claim, Letter
from tests.parts.cast import add_case
from tests.parts.store import NOW, Store

FACTS = {"reference": "2026-K7QF-9M3X", "link": "http://localhost:8080/status/abc"}
PASSING = DeliveryFailed("451 4.3.0", is_permanent=False)
FINAL = DeliveryFailed("550 5.1.1", is_permanent=True)


def enqueue(store: Store, key: str = "one", *, kind: str = "answer-ready", now: datetime = NOW) -> Notice:
    with store.transaction() as session:
        notices.enqueue(session, kind, key=key, recipient="hanna@example.org", facts=FACTS, now=now)
        return session.scalars(select(Notice).where(Notice.key == key)).one()


def claim(store: Store, now: datetime = NOW) -> Claim | None:
    with store.transaction() as session:
        return notices.claim(session, now=now)


def claimed(store: Store, now: datetime = NOW) -> Claim:
    found = claim(store, now)
    assert found is not None
    return found


def render(store: Store, held: Claim, now: datetime = NOW) -> Letter | None:
    with store.transaction() as session:
        return notices.render(session, held, settings=store.settings, mail=Mail(Flask("dsr"), store.settings), now=now)


def fail(store: Store, held: Claim, fault: DeliveryFailed, now: datetime = NOW) -> None:
    with store.transaction() as session:
        notices.note_failure(session, held, fault, now=now)


def sent(store: Store, held: Claim, now: datetime = NOW) -> bool:
    with store.transaction() as session:
        return notices.note_sent(session, held, now=now)


def only(store: Store) -> Notice:
    with store.transaction(writes=False) as session:
        return session.scalars(select(Notice)).one()


def tasks(store: Store) -> list[Task]:
    with store.transaction(writes=False) as session:
        return list(session.scalars(select(Task)))


def events(store: Store) -> list[tuple[str, str]]:
    with store.transaction(writes=False) as session:
        return [(entry.event, entry.details["kind"]) for entry in session.scalars(select(AuditEntry))]


def test_the_same_key_is_one_mail(store: Store) -> None:
    first, second = enqueue(store), enqueue(store)
    assert first.id == second.id == only(store).id
    with store.transaction() as session:
        for _ in range(2):
            notices.enqueue(session, "answer-ready", key="two", recipient="a@example.org", facts=FACTS, now=NOW)
        assert session.scalar(select(func.count()).select_from(Notice)) == 2


def test_what_a_transaction_takes_back_is_not_sent(store: Store) -> None:
    def change_and_fail() -> None:
        with store.transaction() as session:
            notices.enqueue(session, "answer-ready", key="one", recipient="a@example.org", facts=FACTS, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert claim(store) is None


def test_facts_that_do_not_fit_never_get_in(store: Store) -> None:
    with pytest.raises(TypeError), store.transaction() as session:
        notices.enqueue(session, "new-code", key="one", recipient="a@example.org", facts=FACTS, now=NOW)


def test_a_mail_is_claimed_by_one_worker(store: Store) -> None:
    enqueue(store)
    with store.transaction(writes=False) as session:
        assert notices.is_any_due(session, now=NOW)
    assert claimed(store) == Claim(only(store).id, 1)
    assert claim(store) is None
    assert claim(store, NOW + notices.LEASE - timedelta(seconds=1)) is None
    with store.transaction(writes=False) as session:
        assert not notices.is_any_due(session, now=NOW)


def test_the_mail_that_waits_longest_goes_first(store: Store) -> None:
    later, earlier = enqueue(store, "later", now=NOW), enqueue(store, "earlier", now=NOW - timedelta(minutes=1))
    assert [claimed(store).notice_id, claimed(store).notice_id] == [earlier.id, later.id]


def test_workers_at_once_never_share_a_mail(store: Store) -> None:
    for number in range(12):
        enqueue(store, str(number), kind="plan-to-approve")
    with ThreadPoolExecutor(4) as workers:
        claims = list(workers.map(lambda _: claim(store), range(16)))
    numbers = [held.notice_id for held in claims if held]
    assert len(numbers) == len(set(numbers)) == 12


def test_a_mail_is_written_once(store: Store) -> None:
    enqueue(store)
    first = render(store, claimed(store))
    later = NOW + timedelta(days=1)
    again = render(store, claimed(store, later), later)
    assert first is not None
    assert again == first
    assert f"Message-ID: <{only(store).id}@polder.example>".encode() in first.mail
    assert first.recipient == "hanna@example.org"


def test_a_worker_that_slept_through_its_lease_can_note_nothing(store: Store) -> None:
    enqueue(store)
    asleep = claimed(store)
    awake = claimed(store, NOW + notices.LEASE)
    assert render(store, asleep) is None
    fail(store, asleep, FINAL)
    assert not sent(store, asleep)
    assert (only(store).state, only(store).attempt) == ("sending", 2)
    assert sent(store, awake)
    assert not sent(store, awake)
    fail(store, awake, FINAL)
    assert only(store).state == "sent"
    assert tasks(store) == []


def test_nothing_is_left_of_a_mail_that_went(store: Store) -> None:
    enqueue(store)
    held = claimed(store)
    render(store, held)
    assert only(store).message_sealed is not None
    sent(store, held, NOW + timedelta(seconds=2))
    notice = only(store)
    assert (notice.state, notice.sent_at) == ("sent", NOW + timedelta(seconds=2))
    assert (notice.recipient_sealed, notice.facts_sealed, notice.message_sealed) == (None, None, None)
    assert events(store) == [("notice-sent", "answer-ready")]


def test_what_waits_is_sealed(store: Store) -> None:
    enqueue(store)
    render(store, claimed(store))
    notice = only(store)
    stored = b"".join([notice.recipient_sealed or b"", notice.facts_sealed or b"", notice.message_sealed or b""])
    assert len(stored) > 500
    assert b"hanna" not in stored + notice.recipient_index
    assert notice.recipient == "hanna@example.org"


def test_a_passing_fault_is_tried_again_later_and_later(store: Store) -> None:
    enqueue(store)
    now, waits = NOW, []
    for _ in range(notices.TRIES - 1):
        fail(store, claimed(store, now), PASSING, now)
        waits.append((only(store).next_try_at - now).total_seconds() / 60)
        assert claim(store, only(store).next_try_at - timedelta(seconds=1)) is None
        now = only(store).next_try_at
    assert waits[:6] == [1, 5, 30, 120, 240, 240]
    assert max(waits) == 240
    assert now - NOW > timedelta(days=7)
    assert (only(store).state, only(store).error) == ("queued", "451 4.3.0")
    assert tasks(store) == []

    fail(store, claimed(store, now), PASSING, now)
    assert only(store).state == "failed"
    assert [task.kind for task in tasks(store)] == ["mail-failed"]


def test_a_mail_whose_worker_dies_each_time_is_given_up_in_the_end(store: Store) -> None:
    enqueue(store)
    for number in range(notices.TRIES):
        claimed(store, NOW + number * notices.LEASE)
    assert claim(store, NOW + notices.TRIES * notices.LEASE) is None
    assert only(store).state == "failed"
    assert len(tasks(store)) == 1


def test_a_final_fault_is_a_task_for_staff(store: Store) -> None:
    with store.transaction() as session:
        case = add_case(session, Right.ACCESS)
        notices.enqueue(
            session, "answer-ready", key="one", case=case, recipient="hanna@example.org", facts=FACTS, now=NOW
        )
    held = claimed(store)
    render(store, held)
    fail(store, held, FINAL)
    notice, (task,) = only(store), tasks(store)
    assert (notice.state, notice.error) == ("failed", "550 5.1.1")
    assert (notice.recipient_sealed, notice.facts_sealed, notice.message_sealed) == (None, None, None)
    assert (task.kind, task.case_id, task.told_at) == ("mail-failed", case.id, None)
    assert task.facts == {"notice": "answer-ready", "code": "550 5.1.1"}
    assert events(store) == [("notice-failed", "answer-ready")]
    assert claim(store, NOW + timedelta(days=30)) is None


def test_a_mail_to_staff_that_fails_is_not_mailed_about(store: Store) -> None:
    with store.transaction() as session:
        notices.enqueue(session, "staff-task", key="one", recipient="noor@polder.example",
                        facts={"link": "http://localhost/staff/", "tasks": []}, now=NOW)  # fmt: skip
    fail(store, claimed(store), FINAL)
    (task,) = tasks(store)
    assert (task.kind, task.told_at) == ("staff-mail-failed", NOW)


def moments(store: Store, case: Case, count: int, now: datetime = NOW) -> list[float]:
    """How many hours after NOW each of so many mails about a case may go."""
    with store.transaction() as session:
        case = session.get_one(Case, case.id)
        email = case.data_subject.email
        for number in range(count):
            key = f"{case.id}:{now.isoformat()}:{number}"
            notices.enqueue(session, "answer-ready", key=key, case=case, recipient=email, facts=FACTS, now=now)
        queued = select(Notice.next_try_at).where(Notice.key.startswith(f"{case.id}:{now.isoformat()}:"))
        return [(goes_at - NOW).total_seconds() / 3600 for goes_at in session.scalars(queued.order_by(Notice.key))]


def test_an_address_that_nobody_confirmed_gets_three_mails_a_day_and_the_others_wait(store: Store) -> None:
    with store.transaction() as session:
        case, again = add_case(session, Right.ACCESS), add_case(session, Right.ACCESS)
    assert moments(store, case, 2) == [0, 0]
    assert moments(store, again, 5, NOW + timedelta(hours=1)) == [1, 24, 24, 25, 48]


def test_an_address_is_free_again_after_a_day(store: Store) -> None:
    with store.transaction() as session:
        case = add_case(session, Right.ACCESS)
    assert moments(store, case, 3) == [0, 0, 0]
    assert moments(store, case, 1, NOW + timedelta(hours=30)) == [30]


def test_a_confirmed_address_and_staff_never_wait(store: Store) -> None:
    with store.transaction() as session:
        case, unconfirmed = add_case(session, Right.ACCESS), add_case(session, Right.ACCESS)
        case.data_subject.email_confirmed_at = NOW
        for number in range(5):
            notices.enqueue(session, "plan-to-approve", key=f"{number}", recipient="noor@polder.example", facts=FACTS,
                            language="nl", now=NOW)  # fmt: skip
        assert set(session.scalars(select(Notice.next_try_at))) == {NOW}
    assert moments(store, case, 5) == [0] * 5
    assert moments(store, unconfirmed, 1) == [24]  # whoever typed the same address here may be somebody else


def test_another_person_does_not_wait(store: Store) -> None:
    with store.transaction() as session:
        case, other = add_case(session, Right.ACCESS), add_case(session, Right.ACCESS, name="Tim de Graaf")
    assert moments(store, case, 4)[-1] == 24
    assert moments(store, other, 1) == [0]


def test_the_oldest_unsent_mail_is_known(store: Store) -> None:
    def oldest(now: datetime) -> datetime | None:
        with store.transaction(writes=False) as session:
            return notices.oldest_unsent_at(session, now=now)

    assert oldest(NOW) is None
    enqueue(store, "one")
    enqueue(store, "two", now=NOW + timedelta(minutes=1))
    assert oldest(NOW + timedelta(hours=1)) == NOW
    fail(store, claimed(store), PASSING)
    assert oldest(NOW) == NOW
    sent(store, claimed(store, NOW + timedelta(minutes=1)))
    assert oldest(NOW + timedelta(hours=1)) == NOW + timedelta(minutes=1)

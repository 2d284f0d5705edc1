"""From a draft to a case: nothing lost, nothing twice, nothing readable at rest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.cases import Case
from dsr.db.drafts import Draft
from dsr.db.notices import Notice, Work
from dsr.db.plans import Suppression
from dsr.domain.intake import SOMETHING_ELSE, Answers
from dsr.domain.rights import Outcome, Right
from dsr.services import identity, intake
from tests.parts.form import HANNA, submit
from tests.parts.store import NOW, Store

DAY = timedelta(days=1)


def test_a_draft_is_kept_for_24_hours(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, HANNA, now=NOW)
        assert intake.read_draft(session, token, now=NOW + DAY - timedelta(seconds=1)) == HANNA
        assert intake.read_draft(session, token, now=NOW + DAY) is None


def test_a_draft_grows_under_one_token(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, {"rights": ["access"]}, now=NOW)
        assert intake.save_draft(session, token, HANNA, now=NOW) == token
        assert session.scalar(select(func.count()).select_from(Draft)) == 1


def test_a_draft_opens_for_nobody_else(store: Store) -> None:
    with store.transaction() as session:
        intake.save_draft(session, None, HANNA, now=NOW)
        assert intake.read_draft(session, "guessed", now=NOW) is None
        assert intake.read_draft(session, None, now=NOW) is None
        assert b"Brinkman" not in (session.scalars(select(Draft)).one().answers_sealed or b"")


def test_a_request_becomes_a_case_with_a_running_clock(store: Store) -> None:
    with store.transaction() as session:
        submission = submit(session, store.settings)
    with store.transaction() as session:
        case = session.get_one(Case, submission.case.id)
        assert re.fullmatch(r"2026-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", case.reference)
        assert (case.status, case.channel, case.language) == ("received", "form", "nl")
        assert (case.received_at, case.received_on) == (NOW, date(2026, 11, 23))
        assert case.due_on == case.next_legal_on == date(2026, 12, 23)
        assert [right.kind for right in case.rights] == [Right.ACCESS, Right.ERASURE]
        assert case.data_subject.name == "Hanna Brinkman"
        assert case.data_subject.customer_number == "4471"
        assert case.data_subject.email_index == identity.email_digest("Hanna.Brinkman@EXAMPLE.org")
        assert case.data_subject.email_confirmed_at is None


def test_a_request_just_after_midnight_here_counts_from_that_day(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings, now=datetime(2026, 12, 31, 23, 30, tzinfo=UTC)).case
        assert case.received_on == date(2027, 1, 1)
        assert case.reference.startswith("2027-")


def test_an_address_is_kept_as_mail_finds_it(store: Store) -> None:
    """To PostgreSQL İ is an i: the owner of the one domain would pass for somebody of the other."""
    with store.transaction() as session:
        case = submit(session, store.settings, {**HANNA, "email": "Hanna@İng.example"}).case
    assert case.data_subject.email == "Hanna@xn--ing-8dc.example"


def test_an_acknowledgement_with_a_code_waits_in_the_outbox(store: Store) -> None:
    with store.transaction() as session:
        submission = submit(session, store.settings)
        notice = session.scalars(select(Notice)).one()
        facts = json.loads(notice.facts)
        assert (notice.kind, notice.recipient) == ("acknowledgement", "hanna.brinkman@example.org")
        assert facts["reference"] == submission.case.reference
        assert facts["due_on"] == "2026-12-23"
        assert facts["link"] == f"http://localhost:8080/status/{submission.status_token}"
        assert re.fullmatch(r"\d{6}", facts["code"])
        assert submission.receipt_code not in notice.facts


def test_the_worker_is_asked_to_look_the_person_up(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        assert [(work.case_id, work.kind) for work in session.scalars(select(Work))] == [(case.id, "lookup")]


def test_the_receipt_is_recorded_without_personal_data(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        entries = list(session.scalars(select(AuditEntry).where(AuditEntry.case_id == case.id)))
        assert entries[0].event == "request-received"
        assert entries[0].actor == "data-subject"
        assert "hanna" not in " ".join(json.dumps(entry.details) for entry in entries).lower()


def test_the_two_secrets_open_the_case_and_are_not_stored(store: Store) -> None:
    with store.transaction() as session:
        submission = submit(session, store.settings)
        case = intake.find_case(session, submission.status_token)
        assert case is not None
        assert case.id == submission.case.id
        assert re.fullmatch(r"(\w{4}-){2}\w{4}", submission.receipt_code)
        assert case.receipt_code_digest == identity.receipt_code_digest(submission.receipt_code.lower())
        assert intake.find_case(session, "guessed") is None


def test_sent_twice_it_is_one_case(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, HANNA, now=NOW)
    sent = []
    for _ in range(2):
        with store.transaction() as session:
            sent.append(intake.submit_request(session, token, settings=store.settings, now=NOW))
    assert sent[0].case.id == sent[1].case.id
    assert sent[0].receipt_code == sent[1].receipt_code
    assert sent[0].status_token == sent[1].status_token
    with store.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
        assert session.scalar(select(func.count()).select_from(Notice)) == 1
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_second_request_from_the_same_browser_is_a_second_case(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, HANNA, now=NOW)
        first = intake.submit_request(session, token, settings=store.settings, now=NOW)
        token = intake.save_draft(session, token, {**HANNA, "rights": ["erasure"]}, now=NOW)
        second = intake.submit_request(session, token, settings=store.settings, now=NOW)
        assert first.case.id != second.case.id
        assert first.receipt_code != second.receipt_code


def test_the_receipt_code_can_be_seen_again_for_a_day(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, HANNA, now=NOW)
        sent = intake.submit_request(session, token, settings=store.settings, now=NOW)
        again = intake.find_submission(session, token, now=NOW + DAY - timedelta(seconds=1))
        assert again is not None
        assert again.receipt_code == sent.receipt_code
        assert intake.find_submission(session, token, now=NOW + DAY) is None
        assert intake.find_submission(session, "guessed", now=NOW) is None


def test_answers_that_are_gone_cannot_be_sent(store: Store) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, HANNA, now=NOW)
        with pytest.raises(intake.DraftExpired):
            intake.submit_request(session, token, settings=store.settings, now=NOW + DAY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rights": []}, "rights"),
        ({"rights": ["rectification"], "details": ""}, "details"),
        ({"name": ""}, "name"),
        ({"email": "hanna.brinkman"}, "email"),
        ({"email": "hanna@exa mple.org"}, "email"),
        ({"email": "hanna@example.org\nBcc: all@example.org"}, "email"),
        ({"email": "hänna@example.org"}, "email"),
    ],
)
def test_incomplete_answers_stay_a_draft(store: Store, change: Answers, field: str) -> None:
    with store.transaction() as session:
        token = intake.save_draft(session, None, {**HANNA, **change}, now=NOW)
        with pytest.raises(intake.AnswersIncomplete) as caught:
            intake.submit_request(session, token, settings=store.settings, now=NOW)
        assert list(caught.value.faults) == [field]
        assert intake.read_draft(session, token, now=NOW) is not None
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_advertising_stops_at_once(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings, {**HANNA, "rights": ["access", "marketing-objection"]}).case
        marketing, access = case.rights
        assert (marketing.kind, marketing.result, marketing.decided_at) == (
            Right.MARKETING_OBJECTION,
            Outcome.FULFILLED,
            NOW,
        )
        assert access.result is None
        assert session.scalar(select(Suppression.since)) == NOW


def test_somebody_who_does_not_know_has_a_case_without_a_right(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings, {**HANNA, "rights": [SOMETHING_ELSE]}).case
        assert case.rights == []
        assert case.data_subject.details == HANNA["details"]


def test_the_database_cannot_be_read_without_the_key_set(store: Store) -> None:
    with store.transaction() as session:
        case = submit(session, store.settings).case
        sealed = [
            case.data_subject.name_sealed,
            case.data_subject.email_sealed,
            case.data_subject.details_sealed,
            case.data_subject.customer_number_sealed,
        ]
        assert all(sealed)
        assert not any(b"anna" in value or b"klant" in value or b"4471" in value for value in sealed if value)


def test_too_many_requests_from_one_address(store: Store) -> None:
    settings = _limited(store.settings, per_address=2, in_all=100)
    with store.transaction() as session:
        for _ in range(2):
            intake.admit(session, "203.0.113.7", settings=settings, now=NOW)
        with pytest.raises(intake.TooManyRequests):
            intake.admit(session, "203.0.113.7", settings=settings, now=NOW)
        intake.admit(session, "203.0.113.8", settings=settings, now=NOW)


def test_too_many_requests_in_all(store: Store) -> None:
    settings = _limited(store.settings, per_address=100, in_all=2)
    with store.transaction() as session:
        for last in (1, 2):
            intake.admit(session, f"203.0.113.{last}", settings=settings, now=NOW)
        with pytest.raises(intake.TooManyRequests):
            intake.admit(session, "203.0.113.3", settings=settings, now=NOW)
        intake.admit(session, "203.0.113.3", settings=settings, now=NOW + timedelta(hours=1))


def _limited(settings: Settings, *, per_address: int, in_all: int) -> Settings:
    web = replace(settings.web, requests_per_address_per_hour=per_address, requests_per_hour=in_all)
    return replace(settings, web=web)

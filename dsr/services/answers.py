"""The letter that answers a request: its facts from receipts and register, its sending, and the reading of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.db.answers import AccessCopy, Letter
from dsr.db.base import new_id
from dsr.db.cases import Case, ClockEvent, RequestedRight
from dsr.db.staff import StaffMember
from dsr.domain.answer_check import AnswerIncomplete, missing_parts
from dsr.domain.answers import DecidedRight, Elsewhere, Facts, Without
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import Status
from dsr.domain.notifications import About, Informed
from dsr.domain.register import Register
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import (
    audit,
    casework,
    corrections,
    errands,
    holds,
    informed,
    later,
    notices,
    objection,
    plans,
    search,
)
from dsr.services import kept as kept_earlier
from dsr.services.deadlines import clock_of, recompute
from dsr.services.erasure_told import Erasure
from dsr.services.identity import status_path
from dsr.services.lookup import identifiers_of, lookups_of
from dsr.services.receipt_codes import check_receipt_code
from dsr.templating import render

KIND = "answer"


class LetterNotThere(DomainError):
    """The answer has not been sent yet."""

    def __init__(self) -> None:
        super().__init__(N_("The answer to this request is not there yet."))


def facts_of(session: Session, case: Case, *, settings: Settings, now: datetime) -> Facts:
    """All that the letter of a case may say on this day."""
    plan = plans.current(session, case.id)
    erasure = Erasure(session, case, plan, settings.register) if plan else None
    clock = clock_of(case, settings)
    kept, not_erased = (tuple(erasure.kept()), tuple(erasure.not_erased())) if erasure else ((), ())
    is_whole = erasure is not None and not (kept or not_erased or erasure.leaves_more())
    still_kept = kept_earlier.told(session, case, settings.register)
    return Facts(
        reference=case.reference,
        received_on=case.received_on,
        written_on=local_date(now),
        name=case.data_subject.name,
        handler=_handler(session, case),
        rights=tuple(_decided(right, is_whole=is_whole) for right in case.rights),
        due_on=clock.due_on,
        refusal_latest_on=clock.refusal_notice_latest,
        extended_on=next((local_date(event.started_at) for event in case.events if event.kind == "extension"), None),
        marketing_stopped_on=_marketing_stopped_on(case),
        copy_until=_copy_until(session, case),
        erased=tuple(erasure.erased()) if erasure else (),
        kept=kept,
        not_erased=not_erased,
        systems_without_receipt=tuple(erasure.systems_without_receipt()) if erasure else (),
        unplanned=tuple(erasure.outstanding) if erasure else (),
        tables_without_entry=tuple(erasure.tables_without_entry()) if erasure else (),
        is_cut_short=erasure is not None and bool(erasure.dropped),
        unnamed=tuple(erasure.unnamed()) if erasure else (),
        backup_days=settings.register.backup_days,
        nothing_found=not still_kept and _nothing_found(session, case),
        still_kept=still_kept,
        is_told_later=later.is_wanted(session, case),
        elsewhere=tuple(_elsewhere(case, settings.register)),
        is_held=bool(holds.holds_of(session, case.id, identifiers_of(case))),
        not_ours=tuple(_not_ours(session, case, settings.register)),
        informed=_informed(session, case, settings),
        unsearched=tuple(_unsearched(session, case)),
        unconfirmed=tuple(_unconfirmed(session, case)),
        given_up=tuple(dict.fromkeys(_given_up(session, case, settings))),
        rectified=corrections.told(session, case, settings.register),
        uncorrected=tuple(corrections.outstanding(session, case.id)),
        stopped=objection.told(session, case, settings.register),
    )


def _informed(session: Session, case: Case, settings: Settings) -> tuple[Informed, ...]:
    """The recipients by what was done for the case."""
    return tuple(each for each in informed.of_case(session, case, settings) if each.about is About.RIGHT)


def _unsearched(session: Session, case: Case) -> list[str]:
    """The systems that have not answered the newest search."""
    latest = search.latest(session, case)
    return latest.missing if latest else []


def _unconfirmed(session: Session, case: Case) -> list[str]:
    """The systems in which a person still has to correct, restrict or stop something."""
    found = (errand for errand in errands.of_case(session, case.id) if errand.kind in errands.CHANGING)
    return sorted({errand.system for errand in found if errands.is_needed(session, errand)})


def _given_up(session: Session, case: Case, settings: Settings) -> Iterator[Without]:
    """The systems that were waited for in vain, or their owners, with the reason."""
    labels, found = settings.labels(case.language), _systems_found(session, case)
    for given in search.given_up(session, case.id):
        is_searched = given.system in found or not _asks_what_we_hold(case)
        yield Without(labels.get(given.system, given.system), given.reason, is_searched)
    for errand in errands.of_case(session, case.id):
        if errand.state == errands.GIVEN_UP and errand.kind in errands.TOLD:
            yield Without(labels.get(errand.system, errand.system), errand.reason, errand.kind != errands.SEARCH)


def _systems_found(session: Session, case: Case) -> set[str]:
    """The systems in which something of the person was found."""
    latest = search.latest(session, case)
    return {finding["system"] for finding in latest.findings} if latest else set()


def _asks_what_we_hold(case: Case) -> bool:
    return any(right.kind in (Right.ACCESS, Right.ERASURE) for right in case.rights)


def _elsewhere(case: Case, register: Register) -> Iterator[Elsewhere]:
    """What the register says is held outside the systems; never that something is there."""
    for category in register.categories.values() if _asks_what_we_hold(case) else ():
        if category.held_by and category.is_ours and not category.confidential:
            yield Elsewhere(category.label.in_language(case.language), category.held_by.in_language(case.language))


def _not_ours(session: Session, case: Case, register: Register) -> Iterator[Elsewhere]:
    """What the person must ask somebody else: a controller we work for, or one that decides for itself."""
    latest = search.latest(session, case)
    found = [finding["category"] for finding in latest.findings if finding["rows"]] if latest else []
    for name in register.not_ours(found) if _asks_what_we_hold(case) else ():
        label = register.categories[name].label.in_language(case.language)
        yield Elsewhere(label, str(register.turn_to(name, case.language)))


def _decided(right: RequestedRight, *, is_whole: bool) -> DecidedRight:
    """A right as the letter tells it. That something confidential stays is not told (Wwft art. 23)."""
    outcome = right.result
    if right.kind is Right.ERASURE and outcome is Outcome.PARTLY_FULFILLED and is_whole and not right.reason:
        outcome = Outcome.FULFILLED
    return DecidedRight(right.kind, outcome, right.reason)


def _handler(session: Session, case: Case) -> str | None:
    handler = session.get(StaffMember, case.handler_id) if case.handler_id else None
    return handler.name if handler else None


def _marketing_stopped_on(case: Case) -> date | None:
    """The objection takes effect in the transaction that decides it."""
    decided = (right.decided_at for right in case.rights if right.kind is Right.MARKETING_OBJECTION)
    return next((local_date(moment) for moment in decided if moment), None)


def _copy_until(session: Session, case: Case) -> date | None:
    copy = session.get(AccessCopy, case.id)
    return copy.expires_on if copy and copy.released_at else None


def _nothing_found(session: Session, case: Case) -> bool:
    """Whether we may say that we hold nothing: only to somebody who reads mail at the address we looked for."""
    if case.data_subject.email_confirmed_at is None:
        return False
    if latest := search.latest(session, case):
        if set(latest.states.values()) - {search.FOUND} or errands.systems_given_up(session, case.id, errands.SEARCH):
            return False
        return not any(finding["rows"] for finding in latest.findings)
    lookups = lookups_of(session, case)
    return bool(lookups) and not any(lookup.is_known for lookup in lookups)


def compose_letter(session: Session, case: Case, *, settings: Settings, now: datetime) -> str:
    """The letter as it would be sent now, as a whole HTML page in the language of the case, complete or not."""
    return _write(case, facts_of(session, case, settings=settings, now=now), settings)


def _write(case: Case, facts: Facts, settings: Settings) -> str:
    return render(
        f"letters/{KIND}/{case.language}.html",
        language=case.language,
        facts=facts,
        controller=settings.controller,
        logo_url="/logo" if settings.controller.logo else _asset("logo.svg"),
        asset=_asset,
    )


def _asset(name: str) -> str:
    # Without a version: a letter is read for years, and its style sheet is whatever we have then.
    return f"/static/{name}"


def send_answer(session: Session, case: Case, *, by: uuid.UUID, settings: Settings, now: datetime) -> Letter:
    """Seal the letter as it stands, lay it ready behind the status page, tell the person, and stop the clock.

    Raises AnswerIncomplete, or casework's Conflict; IllegalTransition where the case cannot be answered.
    """
    facts = facts_of(session, case, settings=settings, now=now)
    if missing := missing_parts(facts):
        raise AnswerIncomplete(missing)
    letter = _letter_of(session, case) or Letter(id=new_id(), case_id=case.id, kind=KIND)
    letter.language, letter.sent_at, letter.sent_by_id = case.language, now, by
    letter.html = _write(case, facts, settings)
    session.add(letter)
    session.add(ClockEvent(case_id=case.id, kind="answer_sent", started_at=now))
    recompute(session, case, settings)
    casework.move(session, case, Status.ANSWERED, by=by, now=now, answered_at=now)
    audit.record(session, "answer-sent", by=by, now=now, case_id=case.id, letter=str(letter.id))
    _announce(session, case, settings=settings, now=now)
    return letter


def _letter_of(session: Session, case: Case) -> Letter | None:
    return session.scalar(select(Letter).where(Letter.case_id == case.id, Letter.kind == KIND))


def _announce(session: Session, case: Case, *, settings: Settings, now: datetime) -> None:
    notices.enqueue(
        session,
        "answer-ready",
        key=f"answer-ready:{case.id}:{case.version}",
        case=case,
        recipient=case.data_subject.email,
        facts={"reference": case.reference, "link": settings.web.base_url + status_path(case)},
        now=now,
    )


def read_letter(session: Session, case: Case) -> str:
    """The letter as it was sent, for staff. Raises LetterNotThere."""
    letter = _letter_of(session, case)
    if letter is None or letter.sent_at is None:
        raise LetterNotThere
    html: str = letter.html
    return html


def open_letter(session: Session, case: Case, receipt_code: str, *, now: datetime) -> str:
    """The letter as it was sent, for the person, after their receipt code.

    Raises WrongReceiptCode, ReceiptCodeLocked (commit all the same: a try counts) or LetterNotThere.
    """
    check_receipt_code(session, case, receipt_code, now=now)
    html = read_letter(session, case)
    audit.record(session, "letter-opened", by=audit.DATA_SUBJECT, now=now, case_id=case.id)
    return html

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
from dsr.db.plans import ErasurePlan, Execution, LedgerEntry
from dsr.db.staff import StaffMember
from dsr.domain import answers
from dsr.domain.answers import (
    AnswerIncomplete,
    DecidedRight,
    Elsewhere,
    Erased,
    Facts,
    Kept,
    NotErased,
)
from dsr.domain.calendars import local_date
from dsr.domain.errors import DomainError
from dsr.domain.holds import HoldGround, noted_ground
from dsr.domain.lifecycle import Status
from dsr.domain.plans import (
    CURRENT_VALUE,
    DATE_MISSING,
    DATE_UNREADABLE,
    EVENT,
    NOT_OURS,
    PSEUDONYM,
    READ_ONLY,
    PlanRow,
    Verdict,
)
from dsr.domain.register import Register
from dsr.domain.retention import PERIOD, RULES
from dsr.domain.rights import Outcome, Right
from dsr.domain.wording import N_
from dsr.services import (
    audit,
    casework,
    errands,
    holds,
    later,
    notices,
    notifications,
    objection,
    plans,
    rectification,
    search,
)
from dsr.services import kept as kept_earlier
from dsr.services.deadlines import clock_of, recompute
from dsr.services.identity import status_path
from dsr.services.lookup import identifiers_of, lookups_of
from dsr.services.receipt_codes import check_receipt_code
from dsr.templating import render, translations

KIND = "answer"
HELD = {
    HoldGround.LEGAL_CLAIM: N_("We keep this for a legal claim, as long as that runs (art. 17(3)(e) GDPR)."),
    HoldGround.DISPUTE: N_("We keep this because of a dispute, as long as that runs (art. 17(3)(e) GDPR)."),
    HoldGround.INQUIRY: N_("We keep this for an inquiry by an authority, as long as that runs (art. 17(3)(b) GDPR)."),
}
"""What the person is told of a hold; why it was placed stays with us."""
_CODES = (DATE_MISSING, DATE_UNREADABLE, CURRENT_VALUE)


class LetterNotThere(DomainError):
    """The answer has not been sent yet."""

    def __init__(self) -> None:
        super().__init__(N_("The answer to this request is not there yet."))


def facts_of(session: Session, case: Case, *, settings: Settings, now: datetime) -> Facts:
    """All that the letter of a case may say on this day."""
    plan = plans.current(session, case.id)
    erasure = _Erasure(session, case, plan, settings.register) if plan else None
    clock = clock_of(case, settings)
    kept, not_erased = (tuple(erasure.kept()), tuple(erasure.not_erased())) if erasure else ((), ())
    is_whole = erasure is not None and not (kept or not_erased or erasure.leaves_what_is_not_ours())
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
        tables_without_entry=tuple(erasure.tables_without_entry()) if erasure else (),
        backup_days=settings.register.backup_days,
        nothing_found=not still_kept and _nothing_found(session, case),
        still_kept=still_kept,
        is_told_later=later.is_wanted(session, case),
        elsewhere=tuple(_elsewhere(case, settings.register)),
        is_held=bool(holds.holds_of(session, case.id, identifiers_of(case))),
        not_ours=tuple(_not_ours(session, case, settings.register)),
        informed=tuple(notifications.informed(session, case, settings)),
        unsearched=tuple(_unsearched(session, case, settings)),
        given_up=tuple(_given_up(session, case, settings)),
        rectified=rectification.told(session, case, settings.register),
        stopped=objection.told(session, case, settings.register),
    )


def _unsearched(session: Session, case: Case, settings: Settings) -> list[str]:
    """The systems that have not answered the newest search."""
    latest = search.latest(session, case)
    return [_system_label(system, case, settings) for system in latest.missing] if latest else []


def _given_up(session: Session, case: Case, settings: Settings) -> Iterator[Elsewhere]:
    """The systems whose owner was waited for in vain, with the reason."""
    for errand in errands.of_case(session, case.id):
        if errand.state == errands.CLOSED and errand.reason:
            yield Elsewhere(_system_label(errand.system, case, settings), errand.reason)


def _system_label(name: str, case: Case, settings: Settings) -> str:
    system = settings.systems.get(name)
    return (system.label.in_language(case.language) if system else "") or name


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
        if set(latest.states.values()) - {search.FOUND}:
            return False
        return not any(finding["rows"] for finding in latest.findings)
    lookups = lookups_of(session, case)
    return bool(lookups) and not any(lookup.is_known for lookup in lookups)


class _Erasure:
    """What an erasure plan came to, in the words of the register."""

    def __init__(self, session: Session, case: Case, plan: ErasurePlan, register: Register) -> None:
        self._register, self._language = register, case.language
        self._rows = plans.planned_rows(plan)
        self._receipts = {done.system for done in plan.executions if done.state == "done"}
        # A plan that was voided halfway did erase what its receipts say.
        of_case = select(Execution).join(ErasurePlan).where(ErasurePlan.case_id == case.id, Execution.state == "done")
        self._executions = list(session.scalars(of_case))
        of_plan = select(LedgerEntry).where(LedgerEntry.plan_id == plan.id)
        self._ledger = list(session.scalars(of_plan.order_by(LedgerEntry.category, LedgerEntry.table)))

    def erased(self) -> Iterator[Erased]:
        pseudonyms = {row.category for row in self._rows if row.why == PSEUDONYM}
        for category, done_on in self._categories_erased().items():
            parts = [entry for entry in self._shown_ledger() if entry.category == category]
            yield Erased(
                self._label(category),
                done_on,
                is_part=bool(parts) or category in pseudonyms,
                remainder=next((words for entry in parts if (words := self._kept_as(entry))), None),
            )

    def _categories_erased(self) -> dict[str, date]:
        """Category -> the last day on which rows of it went."""
        found: dict[str, date] = {}
        for execution in self._executions:
            for table in self._changed_tables(execution):
                category = self._register.tables[execution.system][table].category
                if execution.done_at and self._is_shown(category):
                    found[category] = max(local_date(execution.done_at), found.get(category, date.min))
        return {name: found[name] for name in self._register.categories if name in found}

    def _changed_tables(self, execution: Execution) -> list[str]:
        return [table for table, count in {**execution.changed, **execution.erased}.items() if count]

    def kept(self) -> Iterator[Kept]:
        groups: dict[tuple[str, str | None, str | None], list[LedgerEntry]] = {}
        for entry in self._shown_ledger():
            if entry.verdict == Verdict.KEEP and entry.keep_through:
                groups.setdefault((entry.category, entry.rule, self._part_in_words(entry)), []).append(entry)
        for (category, rule, part), entries in groups.items():
            yield self._kept(part or self._label(category), rule, entries)

    def _kept(self, what: str, rule: str | None, entries: list[LedgerEntry]) -> Kept:
        days = [entry.keep_through for entry in entries if entry.keep_through]
        known = RULES.get(rule or "", PERIOD)
        needed_by = self._needed_by(entries[0]) if entries[0].columns_kept is not None else ()
        return Kept(what, rule, entries[0].law, known.years, min(days), max(days), needed_by)

    def _part_in_words(self, entry: LedgerEntry) -> str | None:
        """What stays of rows that keep only some columns."""
        if entry.columns_kept is None:
            return None
        if words := self._kept_as(entry):
            return words[0].upper() + words[1:]
        key = self._register.tables[entry.system][entry.table].key
        columns = ", ".join(column for column in entry.columns_kept if column not in key)
        return f"{self._label(entry.category)} ({columns})" if columns else self._label(entry.category)

    def _kept_as(self, entry: LedgerEntry) -> str | None:
        words = self._register.tables[entry.system][entry.table].kept_as
        return words.in_language(self._language) if words and entry.columns_kept is not None else None

    def _needed_by(self, entry: LedgerEntry) -> tuple[str, ...]:
        """The categories, still kept, whose rows belong to these."""
        tables = self._register.tables[entry.system]
        of_system = (other for other in self._shown_ledger() if other.system == entry.system)
        children = [other for other in of_system if tables[other.table].parent == entry.table]
        return tuple(dict.fromkeys(self._label(child.category) for child in children))

    def not_erased(self) -> Iterator[NotErased]:
        stays = {
            (row.category, self._verdict(row), self._reason(row)): row
            for row in self._rows
            if self._is_shown(row.category) and self._has_no_last_day(row) and row.why != NOT_OURS
        }
        for (category, verdict, reason), row in stays.items():
            yield NotErased(self._label(category), verdict, reason, row.law)

    def leaves_what_is_not_ours(self) -> bool:
        """Whether rows stay because another controller decides on them."""
        return any(row.why == NOT_OURS and self._is_shown(row.category) for row in self._rows)

    def _has_no_last_day(self, row: PlanRow) -> bool:
        return row.verdict not in (Verdict.ERASE, Verdict.KEEP) or (
            row.verdict is Verdict.KEEP and row.keep_through is None
        )

    def _verdict(self, row: PlanRow) -> Verdict:
        """A row that is needed by one without a last day waits for it."""
        return Verdict.FIRST if row.verdict is Verdict.KEEP else row.verdict

    def _reason(self, row: PlanRow) -> str | None:
        category = self._register.categories[row.category]
        if ground := noted_ground(row.why):
            return translations(self._language).gettext(HELD[ground])
        if row.verdict is Verdict.KEEP or row.why in _CODES:
            return None
        if row.why == EVENT and category.ends_when:
            sentence = translations(self._language).gettext(N_("We keep this until %(event)s."))
            return sentence % {"event": category.ends_when.in_language(self._language)}
        if row.why == READ_ONLY:
            return translations(self._language).gettext(N_("We still have to erase this by hand."))
        return category.retold(row.why, self._language)

    def systems_without_receipt(self) -> Iterator[str]:
        """Systems in which something had to be changed and no receipt says that it was."""
        planned = {row.system for row in self._rows if row.verdict is Verdict.ERASE or row.columns_kept is not None}
        yield from sorted(planned - self._receipts)

    def tables_without_entry(self) -> Iterator[str]:
        """Tables of which rows are kept, and no entry in the ledger sees to it that they go one day."""
        planned = {(row.system, row.table) for row in self._rows if row.verdict is Verdict.KEEP}
        noted = {(entry.system, entry.table) for entry in self._ledger}
        yield from sorted(table for _, table in planned - noted)

    def _shown_ledger(self) -> list[LedgerEntry]:
        return [entry for entry in self._ledger if entry.state != "erased" and self._is_shown(entry.category)]

    def _is_shown(self, category: str) -> bool:
        return not self._register.categories[category].confidential

    def _label(self, category: str) -> str:
        return self._register.categories[category].label.in_language(self._language)


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
    if missing := answers.missing_parts(facts):
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

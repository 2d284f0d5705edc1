"""The clock of GDPR art. 12(3)-(4): when a request is due, and the steps that led there.

Receipt is an instant; every date of the law is a Europe/Amsterdam day and the last day on which something may still
happen. R0 to R9 are the rule numbers of the test vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from dateutil.relativedelta import relativedelta

from dsr.domain.calendars import (
    ONE_DAY,
    Profile,
    covered_years,
    is_covered,
    local_date,
    roll,
    roll_back,
    why_not_working,
)
from dsr.domain.errors import DomainError
from dsr.domain.records import VECTOR_KEYS, BadRecord, read_flag, read_instant, read_list, read_object, read_text
from dsr.domain.steps import Step, Trail
from dsr.domain.wording import N_

ONE_MONTH = relativedelta(months=1)
TWO_MONTHS = relativedelta(months=2)
REMINDER_DAYS = (7, 3, 1)
SUSPENSION_REASONS = (N_("identity"), N_("clarification"))

_REFUSALS = {
    "extension_late": N_("notice after one month of receipt: art. 12(3) third sentence"),
    "extension_without_reasons": N_("reasons missing: art. 12(3) third sentence"),
}


@dataclass(frozen=True)
class Suspension:
    """A question to the data subject that may stop the clock (EDPB 01/2022, para 159); `reason` is a word (msgid)."""

    asked_at: datetime
    answered_at: datetime | None
    reason: str
    valid_ground: bool
    without_undue_delay: bool


@dataclass(frozen=True)
class Extension:
    """The announcement that two further months are needed (art. 12(3))."""

    notified_at: datetime
    reasons_given: bool


@dataclass(frozen=True)
class AnswerSent:
    """The answer left for the data subject."""

    at: datetime


Event = Suspension | Extension | AnswerSent
T = TypeVar("T", Suspension, Extension, AnswerSent)


class AnsweredBeforeAsked(DomainError):
    """A suspension whose answer is older than its question."""

    def __init__(self, asked_on: date, answered_on: date) -> None:
        super().__init__(
            N_("The answer of %(answered_on)s comes before the question of %(asked_on)s."),
            asked_on=asked_on,
            answered_on=answered_on,
        )


@dataclass(frozen=True)
class Clock:
    """The dates of one request. `due` and the extended dates are None while the clock stands still."""

    profile: Profile
    received_local_date: date
    nominal_due: date
    suspended_days: int
    state: str
    due: date | None
    safe_target: date
    refusal_notice_latest: date
    extension_notice_latest: date
    extension_accepted: bool | None
    extension_reason: str | None
    extended_due: date | None
    extended_due_if_extended_in_time: date | None
    answered_on: date | None
    suspended_since: date | None
    steps: tuple[Step, ...]

    @property
    def due_on(self) -> date | None:
        """The last day to answer as things stand; None while the clock stands still."""
        return self.extended_due if self.extension_accepted else self.due

    @property
    def next_legal_on(self) -> date:
        """The last day to answer or, while the clock stands still, to refuse (art. 12(4))."""
        return self.due_on or self.refusal_notice_latest

    @property
    def answered_on_time(self) -> bool | None:
        """R8; None without an answer, or when a clock standing still leaves no date to compare with."""
        if self.answered_on is None or self.due_on is None:
            return None
        return self.answered_on <= self.due_on

    @property
    def due_on_without_suspension(self) -> date:
        """The last day as things stand, extension included, had the clock never stopped."""
        return roll(_term(self.nominal_due, 0, bool(self.extension_accepted)), self.profile)

    @property
    def target_on(self) -> date:
        """The internal target (R9) as things stand, extension included; `safe_target` is that of the first term."""
        return _safe_target(_term(self.nominal_due, self.suspended_days, bool(self.extension_accepted)))

    def to_record(self) -> dict[str, object]:
        """The clock as the machine interface writes it; receipt is in its dates, so `steps` begins with R1."""
        record: dict[str, object] = {key: _plain(getattr(self, key)) for key in _RECORD_KEYS}
        if self.answered_on is not None:
            record["answered_on_time"] = self.answered_on_time
        record["steps"] = [step.to_record() for step in self.steps if step.code != "received"]
        return record


_RECORD_KEYS = (
    "received_local_date",
    "nominal_due",
    "suspended_days",
    "state",
    "due",
    "safe_target",
    "refusal_notice_latest",
    "extension_notice_latest",
    "extension_accepted",
    "extension_reason",
    "extended_due",
    "extended_due_if_extended_in_time",
)


def compute(received_at: datetime, events: Sequence[Event] = (), profile: Profile = Profile.NL_DEFAULT) -> Clock:
    """The clock of a request (R0 to R9, Reg. 1182/71 art. 3).

    Raises NaiveInstant, YearOutOfRange or AnsweredBeforeAsked.
    """
    received = local_date(received_at)
    nominal = received + ONE_MONTH
    latest = roll(nominal, profile)
    trail = _first_month(received, nominal)
    days, waiting = _suspend(trail, _of(Suspension, events), latest)
    extended_term = _term(nominal, days, extended=True)
    accepted, refusal = _extend(trail, _of(Extension, events), latest, extended_term, days)
    _end(trail, waiting, profile)
    due, extended = (None, None) if waiting else (roll(_term(nominal, days), profile), roll(extended_term, profile))
    return Clock(
        profile=profile,
        received_local_date=received,
        nominal_due=nominal,
        suspended_days=days,
        state="suspended" if waiting else "running",
        due=due,
        safe_target=_safe_target(_term(nominal, days)),
        # R4 and R6: a suspension does not move these, the cautious reading of art. 12(3) and 12(4).
        refusal_notice_latest=latest,
        extension_notice_latest=latest,
        extension_accepted=accepted,
        extension_reason=refusal,
        extended_due=extended if accepted else None,
        extended_due_if_extended_in_time=extended,
        answered_on=min((local_date(answer.at) for answer in _of(AnswerSent, events)), default=None),
        suspended_since=local_date(waiting.asked_at) if waiting else None,
        steps=tuple(trail.steps),
    )


def reminder_dates(clock: Clock) -> tuple[tuple[date, int], ...]:
    """The days on which staff are reminded of the next legal date, each with the calendar days that are then left."""
    return tuple((clock.next_legal_on - timedelta(days=before), before) for before in REMINDER_DAYS)


def days_left(last_day: Clock | date, today: date) -> int:
    """Calendar days from today to the last day (of a clock: the next legal date); 0 on it, negative after it."""
    return ((last_day.next_legal_on if isinstance(last_day, Clock) else last_day) - today).days


def from_record(record: object, profile: Profile = Profile.NL_DEFAULT) -> Clock:
    """The clock of a record in the form of the test vectors. Raises DomainError with what is wrong in it."""
    read = read_object(record, required=("received",), optional=("events", *VECTOR_KEYS))
    events = [_read_event(event) for event in read_list(read, "events")]
    return compute(read_instant(read, "received"), events, profile)


def _term(nominal: date, suspended_days: int, extended: bool = False) -> date:
    """R3 and R5: the months first, then the days the clock stood still; the roll comes last."""
    return (nominal + TWO_MONTHS if extended else nominal) + timedelta(days=suspended_days)


def _safe_target(term_end: date) -> date:
    """R9: no reading of the holidays makes an answer on this day late."""
    return roll_back(term_end, Profile.NL_ATW_FULL)


def _first_month(received: date, nominal: date) -> Trail:
    """R0 and R1: the same day number a month later, else the last day of that month (art. 3(2)(c))."""
    trail = Trail(received)
    trail.add("received")
    if nominal.day == received.day:
        trail.add("month", to=nominal)
    else:
        trail.add("month_clamped", to=nominal, day=received.day)
    return trail


def _suspend(trail: Trail, suspensions: Iterable[Suspension], latest: date) -> tuple[int, Suspension | None]:
    """R2 and R7: the days credited, and the first question that still waits for its answer."""
    credited = [suspension for suspension in sorted(suspensions, key=_asked_on) if _credit(trail, suspension, latest)]
    free_from, before = trail.steps[0].end + ONE_DAY, trail.at
    for suspension in credited:
        if answered_on := _answered_on(suspension):
            # Whole days strictly between question and answer; none twice, none before receipt.
            days = max(0, (answered_on - max(_asked_on(suspension) + ONE_DAY, free_from)).days)
            free_from = max(free_from, answered_on)
            trail.add(
                "suspended",
                to=trail.at + timedelta(days=days),
                reason=suspension.reason,
                asked_on=_asked_on(suspension),
                answered_on=answered_on,
                days=days,
            )
    return (trail.at - before).days, next((s for s in credited if s.answered_at is None), None)


def _asked_on(suspension: Suspension) -> date:
    return local_date(suspension.asked_at)


def _answered_on(suspension: Suspension) -> date | None:
    if suspension.answered_at is None:
        return None
    asked_on, answered_on = _asked_on(suspension), local_date(suspension.answered_at)
    if answered_on < asked_on:
        raise AnsweredBeforeAsked(asked_on, answered_on)
    return answered_on


def _credit(trail: Trail, suspension: Suspension, latest: date) -> bool:
    """R2: only a valid question, asked in time, stops the clock; the trail says why another does not."""
    asked_on = _asked_on(suspension)
    if not suspension.valid_ground:
        trail.add("suspension_without_ground", asked_on=asked_on)
    elif not suspension.without_undue_delay:
        trail.add("suspension_asked_late", asked_on=asked_on)
    elif asked_on > latest:
        trail.add("suspension_after_due", asked_on=asked_on, latest_on=latest)
    else:
        return True
    return False


def _extend(
    trail: Trail, extensions: Iterable[Extension], latest: date, term_end: date, suspended_days: int
) -> tuple[bool | None, str | None]:
    """R4: whether an extension was accepted (None: none was announced) and, if not, why."""
    accepted: bool | None = None
    refusal: str | None = None
    for extension in sorted(extensions, key=lambda extension: local_date(extension.notified_at)):
        notified_on = local_date(extension.notified_at)
        if code := _refused(extension, notified_on, latest):
            trail.add(code, notified_on=notified_on, latest_on=latest)
            accepted, refusal = bool(accepted), refusal or _REFUSALS[code]
        elif accepted:
            trail.add("extension_again", notified_on=notified_on)
        else:
            code = "extended_and_suspended" if suspended_days else "extended"
            trail.add(code, to=term_end, notified_on=notified_on, latest_on=latest)
            accepted = True
    return accepted, None if accepted else refusal


def _refused(extension: Extension, notified_on: date, latest: date) -> str | None:
    if notified_on > latest:
        return "extension_late"
    return None if extension.reasons_given else "extension_without_reasons"


def _end(trail: Trail, waiting: Suspension | None, profile: Profile) -> None:
    """R3 or R7: the last day moves to a working day, or there is none while the clock stands still."""
    if waiting:
        trail.add("standing_still", asked_on=_asked_on(waiting), reason=waiting.reason)
        return
    last_day = roll(trail.at, profile)
    if last_day != trail.at:
        trail.add("rolled", to=last_day, days=_days_off(trail.at, last_day, profile))
    if not is_covered(profile, last_day.year):
        first, last = covered_years(profile)
        trail.add("not_covered", profile=str(profile), first=first, last=last, year=last_day.year)


def _days_off(start: date, end: date, profile: Profile) -> tuple[str, ...]:
    days = (start + timedelta(days=offset) for offset in range((end - start).days))
    return tuple(reason for day in days if (reason := why_not_working(day, profile)))


def _of(kind: type[T], events: Iterable[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _read_event(record: object) -> Event:
    kind = record.get("type") if isinstance(record, dict) else None
    match kind:
        case "suspension":
            return _read_suspension(record)
        case "extension":
            read = read_object(record, required=("type", "notified_at", "reasons_given"))
            return Extension(read_instant(read, "notified_at"), read_flag(read, "reasons_given"))
        case "answer_sent":
            return AnswerSent(read_instant(read_object(record, required=("type", "at")), "at"))
    raise BadRecord(N_('An event needs "type": "suspension", "extension" or "answer_sent".'))


def _read_suspension(record: object) -> Suspension:
    flags = ("valid_ground", "without_undue_delay")
    read = read_object(record, required=("type", "asked_at", "reason", *flags), optional=("answered_at",))
    answered = read.get("answered_at") is not None
    return Suspension(
        asked_at=read_instant(read, "asked_at"),
        answered_at=read_instant(read, "answered_at") if answered else None,
        reason=read_text(read, "reason"),
        valid_ground=read_flag(read, "valid_ground"),
        without_undue_delay=read_flag(read, "without_undue_delay"),
    )

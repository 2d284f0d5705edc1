"""The requests of the demo, in every stage. Each is a story that stops where the next thing happens on a later day.

`tell` plays all stories at once, in the order of their moments, so that the audit trail is in order too.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from heapq import heapify, heappop, heappush

from dsr.config import TIMEZONE
from dsr.demo.clock import Clock
from dsr.demo.office import Office
from dsr.demo.people import JORIS, NOOR, TIM, former_customers
from dsr.domain.rights import Outcome, Right

TODAY = date(2026, 11, 23)
START = datetime.combine(TODAY, time(10), TIMEZONE)
PAST = 16
LATE = 9
"""The one of the past requests that was answered too late."""
_REMINDED_FROM = date(2026, 10, 12)
_DAY = timedelta(days=1)

Story = Iterator[datetime]
"""Yields the moment at which it goes on."""


def tell(office: Office, clock: Clock) -> None:
    """Play every story up to the demo's first day."""
    clock.start(START - timedelta(days=400))
    office.hire()
    _play([*_present(office), *_past(office), _days(office)], clock)
    clock.set(START)


def _play(stories: Iterable[Story], clock: Clock) -> None:
    waiting = [(next(story), number, story) for number, story in enumerate(stories)]
    heapify(waiting)
    while waiting:
        moment, number, story = heappop(waiting)
        clock.set(moment)
        following = next(story, None)
        if following:
            heappush(waiting, (following, number, story))


def _at(day: date, hour: float) -> datetime:
    """A moment of a day: 9.5 is half past nine in Amsterdam."""
    return datetime.combine(day, time(), TIMEZONE) + timedelta(hours=hour)


def _in_november(day: int, hour: float) -> datetime:
    return _at(date(2026, 11, day), hour)


def _in_october(day: int, hour: float) -> datetime:
    return _at(date(2026, 10, day), hour)


def _days(office: Office) -> Story:
    """Every morning of the last weeks the worker reminds and purges."""
    for number in range((TODAY - _REMINDED_FROM).days + 1):
        yield _at(_REMINDED_FROM + timedelta(days=number), 7)
        office.begin_day()


def _past(office: Office) -> Iterator[Story]:
    for number, name in enumerate(former_customers(PAST)):
        received = TODAY - timedelta(days=380 - 21 * number)
        yield _past_correction(office, name, received, days=40 if number == LATE else 4 + number * 5 % 20)


def _past_correction(office: Office, name: str, received: date, days: int) -> Story:
    yield _at(received, 12 + days % 9)
    case = office.receive(name, Right.RECTIFICATION, details="Mijn huisnummer klopt niet.")
    yield _at(received, 21.5)
    office.confirm_email(case, name)
    yield _at(received + timedelta(days=1), 9.2)
    office.take(case, NOOR)
    office.identify(case, NOOR)
    yield _at(received + timedelta(days=days), 14.1)
    office.decide(case, Right.RECTIFICATION, Outcome.FULFILLED, NOOR, "Uw huisnummer is verbeterd.")
    office.answer(case, NOOR)
    yield _at(received + timedelta(days=days + 2), 16.3)
    office.close(case, NOOR)


def _present(office: Office) -> Iterator[Story]:
    for story in (
        _overdue_correction,
        _overdue_answer,
        _ready_to_write,
        _waiting_for_approval_tomorrow,
        _marketing_only,
        _objection,
        _searched,
        _waiting_for_approval,
        _waiting_for_identity,
        _new,
        _extended,
        _closed_with_ledger,
        _answered,
    ):
        yield story(office)


def _overdue_correction(office: Office) -> Story:
    name = "Petra Vonk"
    yield _in_october(15, 20.4)
    case = office.receive(name, Right.RECTIFICATION, details="Ik heet Vonk, niet Vonck. En ik woon nu op nummer 12.")
    yield _in_october(15, 20.6)
    office.confirm_email(case, name)
    yield _in_october(19, 9.1)
    office.take(case, NOOR)
    office.identify(case, NOOR)


def _overdue_answer(office: Office) -> Story:
    name = "Youssef Amrani"
    yield _in_october(20, 11.8)
    case = office.receive(name, Right.ACCESS, language="en")
    yield _in_october(20, 11.9)
    office.confirm_email(case, name)
    yield _in_october(22, 13.2)
    office.take(case, JORIS)
    office.identify(case, JORIS)
    yield _in_october(23, 11.4)
    office.look_up(case)
    yield _in_november(9, 15.6)
    office.make_copy(case, JORIS)
    office.release_copy(case, JORIS)


def _ready_to_write(office: Office) -> Story:
    name = "Lotte van Dam"
    yield _in_october(23, 8.3)
    case = office.receive(name, Right.ERASURE)
    yield _in_october(23, 8.4)
    office.confirm_email(case, name)
    yield _in_october(26, 10.7)
    office.take(case, NOOR)
    office.identify(case, NOOR)
    yield _in_october(28, 16.1)
    office.look_up(case, "Offerte voor een webwinkel, 2023")
    yield _in_november(18, 9.9)
    office.plan(case, NOOR)
    yield _in_november(19, 11.3)
    office.approve(case, TIM)
    yield _in_november(20, 13.3)
    office.destroy(case)


def _waiting_for_approval_tomorrow(office: Office) -> Story:
    name = "Gerrit Hoekstra"
    yield _in_october(24, 19.1)
    case = office.receive(name, Right.ACCESS, Right.ERASURE)
    yield _in_october(25, 10.2)
    office.confirm_email(case, name)
    yield _in_october(27, 9.6)
    office.take(case, JORIS)
    office.identify(case, JORIS)
    yield _in_october(30, 9.5)
    office.look_up(case)
    yield _in_november(16, 14.4)
    office.make_copy(case, JORIS)
    office.release_copy(case, JORIS)
    yield _in_november(20, 16.2)
    office.plan(case, JORIS)


def _marketing_only(office: Office) -> Story:
    yield _in_october(26, 13.7)
    case = office.receive("Aylin Kaya", Right.MARKETING_OBJECTION)
    yield _in_october(28, 9.4)
    office.take(case, NOOR)


def _objection(office: Office) -> Story:
    name = "Bram Oosterhuis"
    yield _in_october(27, 21.2)
    case = office.receive(
        name, Right.OBJECTION, details="Neem mijn telefoongesprekken niet meer op. Ik werk met vertrouwelijke stukken."
    )
    yield _in_october(27, 21.3)
    office.confirm_email(case, name)
    yield _in_october(30, 11.5)
    office.take(case, NOOR)
    office.identify(case, NOOR)


def _searched(office: Office) -> Story:
    name = "Femke Postma"
    yield _in_november(1, 15.8)
    case = office.receive(name, Right.ACCESS)
    yield _in_november(1, 16.1)
    office.confirm_email(case, name)
    yield _in_november(20, 9.8)
    office.take(case, JORIS)
    office.identify(case, JORIS)


def _waiting_for_approval(office: Office) -> Story:
    name = "Daan Verhulst"
    yield _in_november(7, 9.9)
    case = office.receive(name, Right.ACCESS, Right.ERASURE, Right.MARKETING_OBJECTION)
    yield _in_november(7, 10.1)
    office.confirm_email(case, name)
    yield _in_november(10, 13.6)
    office.take(case, NOOR)
    office.identify(case, NOOR)
    yield _in_november(12, 15.2)
    office.look_up(case, "Offerte voor een website, maart 2024", "Offerte voor een mailbox, 2025")
    yield _in_november(17, 10.3)
    office.make_copy(case, NOOR)
    office.release_copy(case, NOOR)
    yield _in_november(20, 10.4)
    office.plan(case, NOOR)


def _waiting_for_identity(office: Office) -> Story:
    yield _in_november(14, 17.3)
    case = office.receive("Ilse Kramer", Right.ACCESS, Right.RECTIFICATION, details="Mijn geboortedatum is fout.")
    yield _in_november(16, 9.5)
    office.take(case, JORIS)


def _new(office: Office) -> Story:
    yield _in_november(22, 21.6)
    office.receive("Ruben Schaap", Right.ACCESS)


def _extended(office: Office) -> Story:
    name = "Mohamed Ziani"
    yield _in_october(12, 9.3)
    case = office.receive(name, Right.ACCESS)
    yield _in_october(12, 9.5)
    office.confirm_email(case, name)
    yield _in_october(13, 14.9)
    office.take(case, NOOR)
    office.identify(case, NOOR)
    yield _in_october(15, 10.6)
    office.look_up(case)
    yield _in_november(5, 10.1)
    office.extend(case, "Op uw opnames zijn ook anderen te horen. Dat moeten wij eerst bekijken.", NOOR)


def _erased(office: Office, name: str, received: datetime) -> Generator[datetime, None, uuid.UUID]:
    """Access and erasure, up to the answer; returns the case."""
    yield received
    case = office.receive(name, Right.ACCESS, Right.ERASURE)
    yield received + timedelta(minutes=8)
    office.confirm_email(case, name)
    yield received + 2 * _DAY
    office.take(case, JORIS)
    office.identify(case, JORIS)
    yield received + 3 * _DAY
    office.look_up(case, "Offerte voor webhosting, 2020")
    yield received + 5 * _DAY
    office.make_copy(case, JORIS)
    office.release_copy(case, JORIS)
    office.plan(case, JORIS)
    yield received + 6 * _DAY
    office.approve(case, TIM)
    office.destroy(case)
    yield received + 7 * _DAY
    office.tell_recipients(case, JORIS)
    office.answer(case, JORIS)
    return case


def _closed_with_ledger(office: Office) -> Story:
    case = yield from _erased(office, "Anneke de Rooij", _in_october(13, 10.5))
    yield _in_october(30, 9.1)
    office.close(case, JORIS)


def _answered(office: Office) -> Story:
    yield from _erased(office, "Sanne Dekker", _in_november(4, 14.5))

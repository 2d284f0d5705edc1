"""The geometry of the drawn clock: where receipt, stops, extension, today and last day lie, in percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from dsr.domain.deadlines import Clock, reminder_dates

Anchor = Literal["start", "middle", "end"]
Stop = tuple[date, date | None]

_WIDTH = 700  # pixels for which labels are placed; a wider drawing only has more room
_CHARACTER = 5.8
_GAP = 10
_LED = {"today", "due", "extension", "first-term"}  # the others have their own line, or no single mark
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the track, in percent. kind: rest, extension, gone, stopped or late."""

    kind: str
    start: float
    end: float

    @property
    def width(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the track, in percent. kind: received, today, due, first-term, extension, target or reminder."""

    kind: str
    at: float
    day: date


@dataclass(frozen=True, slots=True)
class Event:
    """What is told below the track: at its mark, for `days` if it lasted; day is where it begins."""

    kind: str
    at: float
    anchor: Anchor
    day: date
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """An event's words with their place: row 0 is nearest to the track; a leader joins a label to its mark."""

    kind: str
    text: str
    at: float
    anchor: Anchor
    row: int
    has_leader: bool


@dataclass(frozen=True, slots=True)
class Month:
    """The first of a month (or the receipt day) on the axis; a name that has no room is not shown."""

    at: float
    day: date
    has_name: bool
    has_year: bool


@dataclass(frozen=True, slots=True)
class Face:
    """All that is drawn, in percent of the width; `days_late` is 0 when in time."""

    received: Mark
    today: Mark
    due: Mark
    is_stopped: bool
    is_extended: bool
    days_late: int
    day_number: int
    day_count: int
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    events: tuple[Event, ...]
    months: tuple[Month, ...]

    @property
    def is_today_above(self) -> bool:
        """Whether today's caption has room between that of receipt and that of the last day."""
        return 13 <= self.today.at <= 80

    @property
    def is_due_above(self) -> bool:
        """Whether the last day's caption has room beside that of receipt."""
        return self.due.at >= 24

    def of_kind(self, kind: str) -> tuple[Mark, ...]:
        """The marks of one kind, from left to right."""
        return tuple(mark for mark in self.marks if mark.kind == kind)


def face(clock: Clock, *, today: date, suspensions: Sequence[Stop] = (), extension_on: date | None = None) -> Face:
    """Lay out `clock` as seen on `today` (for an answered case: the day of the answer).

    A suspension is the day of the question and the day of the reply, or None while it is awaited; the days strictly
    between stand still. `extension_on` is the day an extension was announced, None without an accepted one.
    """
    scale = _scale(clock, today)
    last = clock.due_on or scale.end
    late = max((today - last).days, 0)
    term_end = clock.due if extension_on else None
    now = Mark("today", 100.0 if late else scale.noon(today), today)
    due = Mark("due", scale.midnight(last), last)
    marks = _marks(clock, scale, extension_on, term_end, is_open=not late and clock.due_on is not None)
    return Face(
        received=Mark("received", 0.0, scale.start),
        today=now,
        due=due,
        is_stopped=clock.due_on is None,
        is_extended=extension_on is not None,
        days_late=late,
        day_number=(today - scale.start).days,
        day_count=(last - scale.start).days,
        bars=_bars(scale, now, due, suspensions, term_end),
        marks=marks,
        events=_events(now, due, marks, suspensions, scale),
        months=_months(scale),
    )


def place_labels(events: Sequence[Event], texts: Sequence[str]) -> list[Label]:
    """Give each event's words the first row in which they overlap nothing, in the order given."""
    placed: list[tuple[Label, float, float]] = []
    for event, text in zip(events, texts, strict=True):
        anchor, left, right = _fit(event, text)
        row = next(row for row in range(len(events)) if not _overlaps(placed, row, left, right))
        free = not any(label.row < row and start < event.at < end for label, start, end in placed)
        has_leader = free and event.kind in _LED and (row > 0 or event.kind == "first-term")
        placed.append((Label(event.kind, text, event.at, anchor, row, has_leader), left, right))
    return [label for label, _, _ in placed]


@dataclass(frozen=True, slots=True)
class _Scale:
    start: date
    end: date

    def morning(self, day: date) -> float:
        return self._percent(day, 0)

    def noon(self, day: date) -> float:
        return self._percent(day, 0.5)

    def midnight(self, day: date) -> float:
        return self._percent(day, 1)

    def _percent(self, day: date, part: float) -> float:
        days = (self.end - self.start).days + 1
        return round(((day - self.start).days + part) * 100 / days, 2)


def _scale(clock: Clock, today: date) -> _Scale:
    if clock.due_on is None:
        return _Scale(clock.received_local_date, max(clock.due_on_without_suspension, today + 9 * _DAY))
    return _Scale(clock.received_local_date, max(clock.due_on, today))


def _bars(scale: _Scale, now: Mark, due: Mark, suspensions: Sequence[Stop], term_end: date | None) -> tuple[Bar, ...]:
    notch = scale.midnight(term_end) if term_end else 100.0
    standing = [asked for asked, replied in suspensions if replied is None]
    gone = scale.morning(min(standing) + _DAY) if standing else min(now.at, due.at)
    bars = [
        Bar("rest", 0.0, notch),
        Bar("extension", notch, due.at),
        Bar("gone", 0.0, gone),
        *(Bar("stopped", scale.morning(asked + _DAY), scale.morning(replied) if replied else now.at)
          for asked, replied in suspensions),
        Bar("late", due.at, now.at),
    ]  # fmt: skip
    return tuple(bar for bar in bars if bar.width > 0)


def _marks(
    clock: Clock, scale: _Scale, extension_on: date | None, term_end: date | None, *, is_open: bool
) -> tuple[Mark, ...]:
    marks = []
    if extension_on:
        marks.append(Mark("extension", scale.noon(extension_on), extension_on))
    if term_end:
        marks.append(Mark("first-term", scale.midnight(term_end), term_end))
    if is_open:
        marks += [Mark("reminder", scale.noon(day), day) for day, _ in reminder_dates(clock) if day > scale.start]
        marks.append(Mark("target", scale.noon(clock.target_on), clock.target_on))
    return tuple(marks)


def _events(
    now: Mark, due: Mark, marks: Sequence[Mark], suspensions: Sequence[Stop], scale: _Scale
) -> tuple[Event, ...]:
    events = []
    if not 13 <= now.at <= 80:
        events.append(Event("today", now.at, "end" if now.at > 50 else "start", now.day))
    if due.at < 24:
        events.append(Event("due", due.at, "start", due.day))
    events += [_stop(asked, replied, scale) for asked, replied in suspensions if _stands(asked, replied, now.day)]
    anchors: dict[str, Anchor] = {"extension": "middle", "first-term": "start"}
    events += [Event(mark.kind, mark.at, anchors[mark.kind], mark.day) for mark in marks if mark.kind in anchors]
    if any(mark.kind == "reminder" for mark in marks):
        events.append(Event("reminders", 100.0, "end", due.day))
    events += [Event("target", 100.0, "end", mark.day) for mark in marks if mark.kind == "target"]
    return tuple(events)


def _stands(asked: date, replied: date | None, today: date) -> bool:
    return (replied or today + _DAY) - asked > _DAY


def _stop(asked: date, replied: date | None, scale: _Scale) -> Event:
    days = (replied - asked).days - 1 if replied else None
    return Event("stopped", scale.morning(asked + _DAY), "start", asked + _DAY, days)


def _months(scale: _Scale) -> tuple[Month, ...]:
    days = [scale.start]
    while (first := _next_month(days[-1])) <= scale.end:
        days.append(first)
    places = [*(scale.morning(day) for day in days), 100.0]
    months: list[Month] = []
    for day, (at, following) in zip(days, pairwise(places), strict=True):
        has_year = day.month == 1 or not any(month.has_name for month in months)
        months.append(Month(at, day, _percent_of(8 if has_year else 3) <= following - at, has_year))
    return tuple(months)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + 32 * _DAY).replace(day=1)


def _fit(event: Event, text: str) -> tuple[Anchor, float, float]:
    width = _percent_of(len(text))
    spans: dict[Anchor, tuple[float, float]] = {
        "start": (event.at, event.at + width),
        "middle": (event.at - width / 2, event.at + width / 2),
        "end": (event.at - width, event.at),
    }
    order: tuple[Anchor, ...] = (event.anchor, "start", "end")
    anchor = next((each for each in order if spans[each][0] >= 0 and spans[each][1] <= 100), event.anchor)
    return anchor, *spans[anchor]


def _overlaps(placed: Sequence[tuple[Label, float, float]], row: int, left: float, right: float) -> bool:
    return any(label.row == row and left < end and start < right for label, start, end in placed)


def _percent_of(characters: int) -> float:
    return (characters * _CHARACTER + _GAP) * 100 / _WIDTH

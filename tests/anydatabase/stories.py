"""What else happens while the ledger waits: somebody pays, changes a row, adds one, places a hold, or asks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from tests.anydatabase.people import PERSON, in_kind
from tests.anydatabase.reckoning import Known
from tests.anydatabase.schema import SPARE, Kind
from tests.anydatabase.trial import Trial

YEARS = range(2027, 2038)
DAYS = [date(year, month, 2) for year in YEARS for month in (1, 7)]


@dataclass
class Story:
    """Some years of one database."""

    trial: Trial
    kind: str
    starts: date
    ends: date

    def tell(self) -> list[str]:
        """All that is to be told; returns what is wrong, up to the first day on which something is."""
        wrong = self.trial.mistakes()
        self.trial.receive()
        if not wrong and self.kind == "hold before":
            self.hold()
        wrong = wrong or self.trial.request()
        for day in DAYS:
            if wrong:
                return [f"{self.kind}, before {day}", *wrong]
            wrong = self.half_a_year(day)
        return wrong or self.trial.unasked() or ([] if self.kind in MEDDLING else self.trial.tasks())

    def half_a_year(self, day: date) -> list[str]:
        if day == self.starts and self.kind in MEANWHILE:
            MEANWHILE[self.kind](self)
        if day == self.ends and self.trial.reckoning.held:
            self.lift()
        self.pay(day)
        wrong = self.trial.run_ledger(day)
        if not wrong and day == self.starts and self.kind == "again" and self.comes_back():
            self.trial.receive()
            wrong = self.trial.request()
        return wrong

    def pay(self, day: date) -> None:
        """Some of what is open is paid."""
        for row in [row for row in self.kept() if row.table.paid and not row.is_part]:
            is_open = row.values["day"] not in (None, "", "unknown") and row.values["paid"] in (None, "")
            if is_open and self.trial.chance.random() < 0.1:
                self.trial.change(row, "paid", in_kind(row.table.columns["paid"], day))

    def kept(self) -> list[Known]:
        """The rows of the person that the ledger keeps."""
        return [row for row in self.trial.reckoning.rows if row.is_kept and not row.is_left]

    def change(self) -> None:
        """Somebody writes in rows of which the day is known."""
        today = self.trial.clock().date()
        for row in self.kept():
            day = self.trial.reckoning.day(row, today)
            spare = [name for name in SPARE if row.table.columns.get(name) is Kind.WORDS]
            if spare and day and day > today and self.trial.chance.random() < 0.5:
                self.trial.change(row, spare[0], "somebody wrote this")
                row.is_changed = True

    def newcomers(self) -> None:
        """New rows point at kept ones."""
        reckoning, drawn = self.trial.reckoning, self.trial.drawn
        drawn.by_table = {table.name: [row.values for row in reckoning.of(table)] for table in reckoning.tables}
        for row in self.kept():
            pointing = [table for table in reckoning.tables if any(way.parent is row.table for way in table.ways)]
            if pointing and self.trial.chance.random() < 0.5:
                table = self.trial.chance.choice(pointing)
                self.trial.add([Known(table, drawn.add(table, None, {row.table.name: row.values}))])

    def others_leave(self) -> None:
        """Rows of others, at which nothing points, are gone."""
        reckoning = self.trial.reckoning
        for row in [row for row in reversed(reckoning.rows) if not (row.is_kept or row.is_left)]:
            if not reckoning.pointing(row) and self.trial.chance.random() < 0.7:
                self.trial.remove(row)

    def hold(self) -> None:
        """Somebody holds a category, or all."""
        trial = self.trial
        names = sorted({table.category.name for table in trial.reckoning.tables})
        category = trial.chance.choice([None, *names])
        trial.reckoning.held = {category} if category else {*names}
        trial.place_hold(category)

    def lift(self) -> None:
        """Nobody holds anything any more."""
        self.trial.reckoning.held.clear()
        self.trial.lift_hold()

    def comes_back(self) -> bool:
        """Whether the person is a customer again, with rows that belong to the new ones."""
        reckoning, drawn = self.trial.reckoning, self.trial.drawn
        known = {row.table for row in reckoning.rows if str(row.values.get("email")).lower() == PERSON}
        roots = [table for table in reckoning.tables if not table.ways and not (table.has_people and table in known)]
        for root in roots:
            added = drawn.add(root, PERSON)
            self.trial.add([Known(root, added)])
            for table in reckoning.tables:
                if [way.parent for way in table.ways] == [root]:
                    self.trial.add([Known(table, drawn.add(table, None, {root.name: added}))])
        return bool(roots)


MEANWHILE: Mapping[str, Callable[[Story], None]] = {
    "changes": Story.change,
    "newcomers": Story.newcomers,
    "others leave": Story.others_leave,
    "hold": Story.hold,
}
MEDDLING = ("changes", "newcomers", "again")
"""Where somebody may have to look at rows that the ledger leaves."""
KINDS = ("quiet", "hold before", "again", *MEANWHILE)


def drawn_story(trial: Trial) -> Story:
    """What happens in a trial, and when."""
    starts = trial.chance.randrange(8)
    ends = trial.chance.randrange(starts + 1, len(DAYS))
    return Story(trial, trial.chance.choice(KINDS), DAYS[starts], DAYS[ends])

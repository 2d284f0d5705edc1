"""One database, one person who asks for erasure, and the years of the ledger: the program beside the reckoning."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, func, select
from sqlalchemy.orm import Session

from dsr import keys
from dsr.config import Procedure, Settings
from dsr.connectors.registry import open_systems
from dsr.db import base
from dsr.db.cases import Case
from dsr.db.holds import Hold
from dsr.db.notices import Task
from dsr.db.plans import Execution, LedgerEntry
from dsr.db.sqlite import DRIVER
from dsr.domain.holds import HoldGround
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.jobs import erasing, work
from dsr.jobs.context import Context
from dsr.services import approvals, holds, plans, retention
from tests.anydatabase import register, schema
from tests.anydatabase.people import PERSON, TODAY, Rows
from tests.anydatabase.reckoning import PSEUDONYM, Known, Reckoning
from tests.parts import cast
from tests.parts.registers import load_register
from tests.parts.shop import Clock, data_system
from tests.parts.store import Store, opened, polder_hosting, put_tables


@dataclass
class Trial:
    """A database drawn by chance, our program beside it, and what should be left of it."""

    chance: random.Random
    engine: Engine
    store: Store
    context: Context
    clock: Clock
    reckoning: Reckoning
    drawn: Rows
    cases: list[Case] = field(default_factory=list)

    @cached_property
    def sql(self) -> dict[str, Any]:
        """The tables as SQLAlchemy has them."""
        return schema.in_sql(self.reckoning.tables)

    @cached_property
    def staff(self) -> tuple[Any, Any]:
        """Who handles the cases, and who approves."""
        with self.transaction() as session:
            return cast.add_member(session), cast.add_member(session, "Tim de Graaf", "approver")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction of ours."""
        with self.store.transaction() as session:
            yield session

    def fill(self) -> None:
        """Make the tables, with the rows that were drawn."""
        tables = self.reckoning.tables
        next(iter(self.sql.values())).metadata.create_all(self.engine)
        self.drawn.fill(tables)
        for table in tables:
            self.add(Known(table, values) for values in self.drawn.by_table[table.name])

    def add(self, rows: Iterable[Known]) -> None:
        """Rows appear in the database."""
        with self.engine.begin() as connection:
            for row in rows:
                connection.execute(self.sql[row.table.name].insert(), row.values)
                self.reckoning.rows.append(row)

    def change(self, row: Known, column: str, value: Any) -> None:
        """Somebody changes a row, past our program."""
        with self.engine.begin() as connection:
            connection.execute(self._of(row, self.sql[row.table.name].update()).values({column: value}))
        row.values[column] = value

    def remove(self, row: Known) -> None:
        """A row is gone, past our program."""
        with self.engine.begin() as connection:
            connection.execute(self._of(row, self.sql[row.table.name].delete()))
        self.reckoning.rows.remove(row)

    def _of(self, row: Known, statement: Any) -> Any:
        table = self.sql[row.table.name]
        return statement.where(*(table.c[name] == row.values[name] for name in row.table.key))

    def receive(self) -> None:
        """The person asks for erasure."""
        handler, _ = self.staff
        with self.transaction() as session:
            case = cast.add_case(
                session, Right.ERASURE, status=Status.HANDLING, handler=handler, received_at=self.clock()
            )
            case.data_subject.email = PERSON
            case.data_subject.email_index = base.keys().digest("email", PERSON)
            cast.confirm(session, case, handler)
        self.cases.append(case)

    def mistakes(self) -> list[str]:
        """What the check of the register has against it; there should be nothing."""
        return [str(mistake) for mistake in self.context.systems["shop"].mistakes()]

    def request(self) -> list[str]:
        """The plan for the last case is drawn up, approved and carried out. Returns what is wrong."""
        handler, approver = self.staff
        case = self.cases[-1]
        with self.transaction() as session:
            plans.propose(session, session.get_one(Case, case.id), {}, by=handler.id, now=self.clock())
        work.run_all(self.context)
        with self.transaction() as session:
            plan = plans.current(session, case.id)
            if plan is None or plan.digest is None:
                return ["no plan was drawn up"]
            own = session.get_one(Case, case.id)
            approvals.approve_plan(
                session, own, plan.digest, by=approver.id, settings=self.context.settings, now=self.clock()
            )
        work.run_all(self.context)
        found = self.reckoning.request(self.clock().date())
        return [*self.counted(case, found), *self.differences()]

    def place_hold(self, category: str | None) -> None:
        """Somebody holds what is known of the person."""
        ask = {
            "ground": HoldGround.DISPUTE,
            "reason": "a dispute",
            "review_on": self.clock().date() + timedelta(days=90),
        }
        with self.transaction() as session:
            case = session.get_one(Case, self.cases[0].id)
            by = self.staff[0].id
            holds.place_hold(
                session, case, category=category, by=by, settings=self.context.settings, now=self.clock(), **ask
            )

    def lift_hold(self) -> None:
        """Nobody holds it any more."""
        with self.transaction() as session:
            hold = session.scalars(select(Hold)).one()
            case = session.get_one(Case, hold.case_id)
            by = self.staff[0].id
            holds.lift_hold(
                session, case, hold, "it is settled", by=by, settings=self.context.settings, now=self.clock()
            )

    def counted(self, case: Case, found: int) -> list[str]:
        """Whether every row of the person was erased or is in the ledger."""
        with self.transaction() as session:
            plan = plans.current(session, case.id)
            erased = sum(
                sum(each.values())
                for each in session.scalars(select(Execution.erased).where(Execution.plan_id == plan.id))
            )
            kept = session.scalar(select(func.sum(LedgerEntry.row_count)).where(LedgerEntry.case_id == case.id)) or 0
        done = [] if plan.state == plans.EXECUTED else [f"the plan is {plan.state}"]
        return done + ([] if erased + kept == found else [f"{found} rows expected, {erased} erased, {kept} kept"])

    def run_ledger(self, day: date) -> list[str]:
        """The worker does what is to be done on a day. Returns what is wrong."""
        # What the rows of another request needed goes a night after these.
        for night in range(len(self.cases)):
            self.clock.set(day + timedelta(night))
            erasing.run_ledger(self.context)
            work.run_all(self.context)
        self.reckoning.ledger(day)
        return self.differences()

    def differences(self) -> list[str]:
        """Where the database differs from what it should be."""
        wrong: list[str] = []
        with self.engine.connect() as connection:
            for table in self.reckoning.tables:
                there = [dict(row) for row in connection.execute(select(self.sql[table.name])).mappings()]
                expected = {row.key: row.values for row in self.reckoning.of(table)}
                got = {tuple(values[column] for column in table.key): values for values in there}
                wrong += [f"{table.name} {key} is gone: {expected[key]}" for key in expected.keys() - got.keys()]
                wrong += [f"{table.name} {key} is still there: {got[key]}" for key in got.keys() - expected.keys()]
                wrong += [
                    f"{table.name} {key} {column}: {got[key][column]!r}, not {value!r}"
                    for key in expected.keys() & got.keys()
                    for column, value in expected[key].items()
                    if not _is_as(value, got[key][column])
                ]
                for key in expected.keys() & got.keys():  # a pseudonym stays the same from now on
                    expected[key].update({c: got[key][c] for c, value in expected[key].items() if value is PSEUDONYM})
        return wrong

    def unasked(self) -> list[str]:
        """The rows that are left of which nobody is asked to look at them."""
        with self.transaction() as session:
            entries = session.scalars(select(LedgerEntry).where(LedgerEntry.state == retention.TASK)).all()
            asked = {(entry.table, key) for entry in entries for key in retention.kept_rows(entry)}
        left = [row for row in self.reckoning.rows if row.is_left]
        return [f"no task for {row.table.name} {row.key}" for row in left if (row.table.name, row.key) not in asked]

    def tasks(self) -> list[str]:
        """The tasks to look at rows that are left."""
        with self.transaction() as session:
            return [
                f"a task: {task.facts}" for task in session.scalars(select(Task).where(Task.kind == retention.LEFT))
            ]


def _is_as(expected: Any, got: Any) -> bool:
    return (isinstance(got, str) and len(got) == 16) if expected is PSEUDONYM else bool(expected == got)


@contextmanager
def opened_trial(seed: int, url: URL, folder: Path) -> Iterator[Trial]:
    """The trial of a seed, in the empty database at `url`."""
    chance = random.Random(seed)  # noqa: S311 - the same database must come back with the seed
    tables = schema.draw(chance)
    month = chance.choice([1, 1, 4, 7])
    settings = _settings(folder, url, tables, month)
    ours = URL.create(DRIVER, database=str(folder / "dsr.db"))
    put_tables(ours)
    keys.create(folder / "keys.json")
    engine, systems, clock = create_engine(url), open_systems(settings), Clock()
    clock.set(TODAY)
    try:
        with opened(ours, keys.load((folder / "keys.json").read_text()), settings) as store:
            context = Context(store.transaction, settings, clock, systems)
            trial = Trial(chance, engine, store, context, clock, Reckoning(tables, month), Rows(chance, {}))
            trial.fill()
            yield trial
    finally:
        systems["shop"].close()
        engine.dispose()


def _settings(folder: Path, url: URL, tables: Sequence[schema.AnyTable], month: int) -> Settings:
    file = folder / "register.toml"
    file.write_text(register.written(tables))
    procedure = Procedure(fiscal_year_start_month=month)
    systems = {"shop": data_system(url, folder)}
    return replace(polder_hosting(folder), procedure=procedure, systems=systems, register=load_register(file))

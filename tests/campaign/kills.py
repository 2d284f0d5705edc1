"""One campaign on one engine: people are erased while the worker is killed, at random and at named places."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, create_engine, func, select
from sqlalchemy.orm import Session

from dsr import keys
from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db.base import use_keys
from dsr.db.cases import Case
from dsr.db.notices import Work
from dsr.db.plans import CasePlan, Execution, LedgerEntry
from dsr.db.sqlite import DRIVER
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.jobs.context import Context
from dsr.services import approvals, audit, plans
from dsr.services.work import release_all
from tests.campaign import town
from tests.parts import cast
from tests.parts.registers import load_register
from tests.parts.shop import REGISTER, Clock, Shop, Workplace, data_system
from tests.parts.store import open_store, polder_hosting

POINTS = ("rows-changed", "customer-database-committed", "erase-noted")
BATCH = 20
"""So many people wait for the worker at once."""
LONGEST = 0.25
"""Seconds after which the worker is killed at the latest, where it is killed at random."""
RETRY = timedelta(hours=1)


@dataclass
class Tally:
    """What was done and what was found; `wrong` is to stay empty."""

    kills: int = 0
    people: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """A shop, the program beside it, and a worker that does not live long."""

    base: Path
    shop_url: URL
    people: int
    chance: random.Random
    clock: Clock = field(default_factory=Clock)
    tally: Tally = field(default_factory=Tally)

    def run(self, kills: int) -> Tally:
        """Kill the worker so often, then let it finish, and count."""
        self._open()
        while self.tally.kills < kills and self.tally.people + BATCH <= self.people:
            asked = range(self.tally.people + 1, self.tally.people + BATCH + 1)
            with self._workplace() as workplace:
                self._approve(workplace, asked)
            while self._is_any_left() and self.tally.kills < kills:
                self._live_shortly()
                self._check_shop(asked)
            self._finish()
            self.tally.people += BATCH
            self._check_all()
        return self.tally

    def _open(self) -> None:
        keys.create(self.base / "keys.json")
        (self.base / "register.toml").write_text(REGISTER)
        engine = create_engine(self.shop_url)
        town.found(Shop(engine), self.people)
        engine.dispose()

    def _settings(self) -> Settings:
        systems = {"shop": data_system(self.shop_url, self.base)}
        return replace(polder_hosting(self.base), systems=systems, register=load_register(self.base / "register.toml"))

    @contextmanager
    def _workplace(self) -> Iterator[Workplace]:
        """Nothing of it stays open: a process that is forked must not share a connection."""
        settings, shop = self._settings(), create_engine(self.shop_url)
        key_set = keys.load((self.base / "keys.json").read_text())
        use_keys(key_set)
        with open_store(URL.create(DRIVER, database=str(self.base / "dsr.db")), key_set, settings) as store:
            systems = open_systems(settings)
            try:
                context = Context(store.transaction, settings, self.clock, systems)
                yield Workplace(store, Shop(shop), self.clock, context)
            finally:
                for system in systems.values():
                    system.close()
                shop.dispose()

    def _approve(self, workplace: Workplace, asked: range) -> None:
        now, settings = self.clock(), workplace.context.settings
        with workplace.transaction() as session:
            handler, approver = self._staff(session)
            cases = [self._case(session, person, handler) for person in asked]
            for case in cases:
                plans.propose(session, case, {}, by=handler.id, now=now)
        work.run_all(workplace.context)
        with workplace.transaction() as session:
            for made in cases:
                case, plan = session.get_one(Case, made.id), plans.current(session, made.id)
                assert plan is not None
                approvals.approve_plan(session, case, plan.digest, by=approver.id, settings=settings, now=now)

    def _staff(self, session: Session) -> tuple[StaffMember, StaffMember]:
        address = f"{self.tally.people}@polder.example"
        handler = cast.add_member(session, email=f"noor{address}")
        return handler, cast.add_member(session, "Tim de Graaf", "approver", email=f"tim{address}")

    def _case(self, session: Session, person: int, handler: StaffMember) -> Case:
        case = cast.add_case(session, Right.ERASURE, status=Status.HANDLING, handler=handler)
        case.data_subject.email = town.address_of(person)
        cast.confirm(session, case, handler)
        return case

    def _is_any_left(self) -> bool:
        with self._workplace() as workplace, workplace.transaction() as session:
            return bool(session.scalar(select(func.count()).where(Work.kind == "erase", Work.state == "queued")))

    def _live_shortly(self) -> None:
        """A worker of its own process, killed at a named place or at any moment."""
        point = self.chance.choice([None, None, *POINTS])
        worker = _forked(lambda: self._work(point))
        if point is None:
            time.sleep(self.chance.uniform(0, LONGEST))
            os.kill(worker, signal.SIGKILL)
        _, status = os.waitpid(worker, 0)
        if os.WIFSIGNALED(status):
            self.tally.kills += 1
        elif os.WEXITSTATUS(status):
            self.tally.wrong.append("a worker failed")
        else:
            self.clock.now += RETRY  # what it put off is due again

    def _work(self, point: str | None) -> None:
        if point:
            os.environ["DSR_FAULT"] = point
        with self._workplace() as workplace:
            with workplace.transaction() as session:
                release_all(session)
            work.run_all(workplace.context)

    def _finish(self) -> None:
        for _ in range(5):
            if self._is_any_left():
                self._work(None)
                self.clock.now += RETRY

    def _check_shop(self, asked: range) -> None:
        """All or nothing of everybody, and nothing of anybody else."""
        with self._workplace() as workplace:
            rows = town.look(workplace.shop)
        for person in asked:
            if town.of_person(person, rows) not in (town.before([person]), town.after([person])):
                self.tally.wrong.append(f"person {person} is erased in part")

    def _check_all(self) -> None:
        """The whole shop, and what we wrote of it, against what should be there."""
        done, others = range(1, self.tally.people + 1), range(self.tally.people + 1, self.people + 1)
        with self._workplace() as workplace:
            rows = town.look(workplace.shop)
            kept, untouched = town.after(done), town.before(others)
            expected = {table: sorted([*kept[table], *untouched[table]], key=lambda row: row[:2]) for table in rows}
            self._expect({table: sorted(found, key=lambda row: row[:2]) for table, found in rows.items()}, expected)
            self._check_accounts(workplace)

    def _check_accounts(self, workplace: Workplace) -> None:
        people = self.tally.people
        with workplace.transaction() as session:
            states = set(session.scalars(select(CasePlan.state)))
            erased = sum(sum(counts.values()) for counts in session.scalars(select(Execution.erased)))
            kept = session.scalar(select(func.sum(LedgerEntry.row_count)))
            self._expect((states, erased, kept), ({"executed"}, people * town.ERASED, people * town.KEPT))
            self._expect(audit.verify(session, Path("none")).faults, ())

    def _expect(self, found: object, expected: object) -> None:
        if found != expected:
            self.tally.wrong.append(
                f"after {self.tally.people} people: {str(found)[:200]} is not {str(expected)[:200]}"
            )


def _forked(act: Callable[[], None]) -> int:
    """The number of a process of our own that does this and ends."""
    child = os.fork()
    if child:
        return child
    try:
        act()
        os._exit(0)
    finally:
        os._exit(1)

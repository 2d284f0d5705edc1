"""The program beside a shop of a hundred thousand customers, and one person's request brought up to a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine

from dsr import keys
from dsr.cli.serving import rarely_collect
from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db.cases import Case
from dsr.db.sqlite import DRIVER
from dsr.db.staff import StaffMember
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.jobs import work
from dsr.jobs.context import Context
from dsr.services import approvals, plans
from tests.parts import cast
from tests.parts.databases import DatabaseServer, postgresql
from tests.parts.registers import load_register
from tests.parts.shop import Clock, Shop, Workplace, data_system
from tests.parts.store import open_store, polder_hosting

HERE = Path(__file__).parent
CUSTOMERS, ORDERS, INVOICES = 100_000, 300_000, 500_000


@dataclass(frozen=True)
class Office:
    """The program at work, a connection of its own to the shop, and the two people who work here."""

    workplace: Workplace
    bare: psycopg.Connection[Any]
    handler: StaffMember
    approver: StaffMember

    def case(self, customer: int, *rights: Right) -> Case:
        """A case of a customer whose identity is confirmed."""
        with self.workplace.transaction() as session:
            case = cast.add_case(session, *rights, status=Status.HANDLING, handler=self.handler)
            case.data_subject.email = address_of(customer)
            cast.confirm(session, case, self.handler)
            return case

    def approve_erasure(self, customer: int) -> Case:
        """A case of which the erasure plan is approved and waits for the worker."""
        return self.approve_erasures([customer])[0]

    def approve_erasures(self, customers: Iterable[int]) -> list[Case]:
        """One for each of these customers; the worker has drawn up the plans and erased nothing."""
        now, settings = self.workplace.clock(), self.workplace.context.settings
        cases = [self.case(customer, Right.ERASURE) for customer in customers]
        with self.workplace.transaction() as session:
            for case in cases:
                plans.propose(session, session.get_one(Case, case.id), {}, by=self.handler.id, now=now)
        self.work()
        with self.workplace.transaction() as session:
            for made in cases:
                case, plan = session.get_one(Case, made.id), plans.current(session, made.id)
                approvals.approve_plan(session, case, plan.digest, by=self.approver.id, settings=settings, now=now)
        return cases

    def let_go(self) -> None:
        """Close every connection but the bare one: a process that is forked must not share them."""
        for system in self.workplace.context.systems.values():
            system.close()
        self.workplace.store.engine.dispose()

    def work(self) -> None:
        """Let the worker do what is asked for."""
        work.run_all(self.workplace.context)


def address_of(customer: int) -> str:
    """The address that shop.sql gives a customer."""
    return f"user{customer}@example.com"


@contextmanager
def open_office() -> Iterator[Office]:
    """A new office: its shop in PostgreSQL with every commit durable, the program's own database in SQLite."""
    with TemporaryDirectory(prefix="dsr-bench-") as folder, postgresql() as server:
        url, base = _filled_shop(server), Path(folder)
        settings = replace(
            polder_hosting(base),
            systems={"shop": data_system(url, base)},
            register=load_register(HERE / "register.toml"),
        )
        with _beside(url, settings) as workplace, closing(_connect(url)) as bare:
            rarely_collect()  # as dsr serve does
            yield Office(workplace, bare, *_staff(workplace))


def _filled_shop(server: DatabaseServer) -> URL:
    url = server.create_database()
    with closing(_connect(url)) as connection:
        for statement in (HERE / "shop.sql").read_text().split(";\n"):
            connection.execute(statement)
    return url


def _connect(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(host=str(url.query["host"]), dbname=url.database, user=url.username, autocommit=True)


@contextmanager
def _beside(url: URL, settings: Settings) -> Iterator[Workplace]:
    key_file = settings.path("keys.json")
    keys.create(key_file)
    own = URL.create(DRIVER, database=str(settings.path("dsr.db")))
    shop = create_engine(url)
    with open_store(own, keys.load(key_file.read_text()), settings) as store:
        systems = open_systems(settings)
        clock = Clock()
        try:
            yield Workplace(store, Shop(shop), clock, Context(store.transaction, settings, clock, systems))
        finally:
            for system in systems.values():
                system.close()
            shop.dispose()


def _staff(workplace: Workplace) -> tuple[StaffMember, StaffMember]:
    with workplace.transaction() as session:
        return cast.add_member(session), cast.add_member(session, "Tim de Graaf", "approver")

"""A controller's own shop database on each engine we reach, its register, and a worker that may erase in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.orm import Session

from dsr.config import Account, DataSystem, Secret, Settings
from dsr.connectors.registry import open_systems
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.jobs.context import Context
from tests.parts import cast
from tests.parts.registers import load_register
from tests.parts.store import NOW, Store

TABLES = ("customer", "invoice", "invoice_line", "ticket", "newsletter")
SCHEMA = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL, name VARCHAR(80) NOT NULL,
  address VARCHAR(80), phone VARCHAR(20), birthday DATE);
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id),
  issued_on DATE, paid_on DATE, total NUMERIC(10, 2) NOT NULL);
CREATE TABLE invoice_line (invoice_id INTEGER NOT NULL REFERENCES invoice (id), line INTEGER NOT NULL,
  what VARCHAR(80), PRIMARY KEY (invoice_id, line));
CREATE TABLE ticket (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), body VARCHAR(200));
CREATE TABLE newsletter (email VARCHAR(80) PRIMARY KEY, since DATE);
"""
REGISTER = """
[categories.customer]
label = { nl = "Klantgegevens", en = "Customer details" }
purpose = { nl = "u helpen", en = "helping you" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }

[categories.invoice]
label = { nl = "Facturen", en = "Invoices" }
purpose = { nl = "de boekhouding", en = "the books" }
legal_basis = "legal-obligation"
source = { nl = "uit uw bestellingen", en = "from your orders" }
retention = "fiscal7"

[categories.ticket]
label = { nl = "Vragen aan de helpdesk", en = "Support tickets" }
purpose = { nl = "uw vragen beantwoorden", en = "answering your questions" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }

[categories.newsletter]
label = { nl = "Nieuwsbrief", en = "Newsletter" }
purpose = { nl = "nieuws sturen", en = "sending news" }
legal_basis = "consent"
source = { nl = "van uzelf", en = "from you" }

[tables.shop.customer]
category = "customer"
key = ["id"]
match = { email = "email" }
keep_columns = ["name", "address"]
fixed = { email = "erased-{id}@erased.invalid" }
rectifiable = ["email", "name", "address", "phone", "birthday"]

[tables.shop.invoice]
category = "invoice"
key = ["id"]
via = { customer_id = "customer.id" }
dates = { document_date = "issued_on", current_value_ended = "paid_on" }
rectifiable = ["total"]

[tables.shop.invoice_line]
category = "invoice"
key = ["invoice_id", "line"]
via = { invoice_id = "invoice.id" }

[tables.shop.ticket]
category = "ticket"
key = ["id"]
via = { customer_id = "customer.id" }

[tables.shop.newsletter]
category = "newsletter"
key = ["email"]
match = { email = "email" }
"""


@dataclass(frozen=True)
class Shop:
    """The shop as its owner sees it: looked at and changed past our program."""

    engine: Engine

    def run(self, statement: str, **values: Any) -> None:
        """Change the shop."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, by its first two columns."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).mappings()]  # noqa: S608 - a constant of the test

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """The whole shop."""
        return {table: self.rows(table) for table in TABLES}


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def set(self, day: date) -> None:
        """Ten in the morning of a day."""
        self.now = NOW.replace(year=day.year, month=day.month, day=day.day)


@dataclass(frozen=True)
class Workplace:
    """Our program beside the shop: a database, settings, a clock, and the worker's context."""

    store: Store
    shop: Shop
    clock: Clock
    context: Context

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction of ours."""
        with self.store.transaction() as session:
            yield session


def fill(shop: Shop) -> None:
    """Hanna with invoices of 2017 to 2025, one unpaid; Bram, who must never be touched."""
    people = [
        {"id": 1, "email": "Hanna@Example.org", "name": "Hanna Brinkman"},
        {"id": 2, "email": "bram@example.org", "name": "Bram Bos"},
    ]
    invoices = [
        {
            "id": 100 * person["id"] + year - 2000,
            "customer": person["id"],
            "issued": date(year, 3, 5),
            "paid": None if year == 2025 else date(year, 4, 1),
        }
        for person in people
        for year in range(2017, 2026)
    ]
    newsletter = [{"email": person["email"].lower()} for person in people]
    with shop.engine.begin() as connection:
        for statement, rows in (
            ("customer VALUES (:id, :email, :name, 'Sluisweg 3', '0612345678', '1980-05-06')", people),
            ("invoice VALUES (:id, :customer, :issued, :paid, 12.50)", invoices),
            ("invoice_line VALUES (:id, 1, 'hosting')", invoices),
            ("invoice_line VALUES (:id, 2, 'domein')", invoices),
            ("ticket VALUES (:id, :id, 'help')", people),
            ("newsletter VALUES (:email, '2020-01-01')", newsletter),
        ):
            connection.execute(text(f"INSERT INTO {statement}"), rows)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def shop_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """An empty database of the controller, on each engine."""
    if request.param == "sqlite":
        return URL.create("sqlite", database=str(tmp_path / "shop.db"))
    url: URL = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def shop(shop_url: URL) -> Iterator[Shop]:
    """The filled shop."""
    engine = create_engine(shop_url)
    made = Shop(engine)
    with engine.begin() as connection:
        for statement in SCHEMA.strip().split(";\n"):
            connection.execute(text(statement.rstrip(";")))
    fill(made)
    yield made
    engine.dispose()


@pytest.fixture
def shop_settings(settings: Settings, shop_url: URL) -> Settings:
    """The settings of a controller with this shop."""
    (settings.base / "register.toml").write_text(REGISTER)
    return replace(
        settings,
        systems={"shop": data_system(shop_url, settings.base)},
        register=load_register(settings.base / "register.toml"),
    )


def data_system(url: URL, base: Path) -> DataSystem:
    """A system of the configuration for a test database; a server is on this machine, without certificates."""
    engine = url.get_backend_name().replace("mysql", "mariadb")
    if engine == "sqlite":
        return DataSystem(engine="sqlite", path=url.database)
    host = url.query.get("host") or url.query.get("unix_socket") or url.host
    account = Account(url.username or "root", _password(url, base))
    return DataSystem(
        engine="postgresql" if engine == "postgresql" else "mariadb",
        host=str(host),
        port=url.port,
        name=url.database,
        tls=False,
        reader=account,
        eraser=account,
        statement_seconds=10,
        lock_seconds=1,
    )


def _password(url: URL, base: Path) -> Secret | None:
    if url.password is None:
        return None
    (base / "password").write_text(str(url.password))
    return Secret(file="password")


@pytest.fixture
def workplace(sqlite_store: Store, shop: Shop, shop_settings: Settings) -> Iterator[Workplace]:
    """Our program on SQLite beside the shop on each engine."""
    clock = Clock()
    systems = open_systems(shop_settings)
    context = Context(sqlite_store.transaction, shop_settings, clock, systems)
    yield Workplace(sqlite_store, shop, clock, context)
    for system in systems.values():
        system.close()


def identified_case(workplace: Workplace, *rights: Right) -> tuple[Case, Any, Any]:
    """A case of Hanna with a confirmed identity, its handler and an approver."""
    with workplace.transaction() as session:
        handler = cast.add_member(session, "Noor Bakker")
        approver = cast.add_member(session, "Tim de Graaf", "approver")
        case = cast.add_case(session, *rights, status=Status.HANDLING, handler=handler)
        case.data_subject.email_index = keys().digest("email", "hanna@example.org")
        cast.confirm(session, case, handler)
        return case, handler, approver

"""What the two accounts of a server may do: too much is a warning, too little a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text

from dsr.config import Account, Secret, Settings
from dsr.connectors.base import Going, Remarks, SystemRefuses, rows_of
from dsr.connectors.sql import SqlSystem
from dsr.domain.found_tables import FoundTable
from dsr.domain.register import Mark, Table
from tests.connectors.test_sql_schema import TRIGGER
from tests.parts.shop import TABLES, Shop

pytestmark = pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
HANNA = {"email": "hanna@example.org"}


class Accounts:
    """Two new accounts of a shop, without any right as yet."""

    def __init__(self, shop: Shop, settings: Settings) -> None:
        self.shop, self.settings = shop, settings
        self.is_mariadb = shop.engine.dialect.name == "mysql"
        (settings.base / "secret").write_text("molen-sloot")
        for name in ("reader", "eraser"):
            self.drop(name)
            self.make(name)

    def make(self, name: str) -> None:
        """An account without rights."""
        password = "IDENTIFIED BY 'molen-sloot'" if self.is_mariadb else "LOGIN PASSWORD 'molen-sloot'"
        self.shop.run(f"CREATE {'USER' if self.is_mariadb else 'ROLE'} {name} {password}")

    def drop(self, name: str) -> None:
        """Take an account away, with its rights."""
        if self.is_mariadb:
            self.shop.run(f"DROP USER IF EXISTS {name}")
        elif self._exists(name):
            self.shop.run(f"DROP OWNED BY {name}")
            self.shop.run(f"DROP ROLE {name}")

    def _exists(self, name: str) -> bool:
        with self.shop.engine.connect() as connection:
            known = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
            return connection.scalar(known, {"name": name.strip('"')}) is not None

    def grant(self, name: str, rights: str, *tables: str) -> None:
        """Give an account rights on tables."""
        for table in tables:
            self.shop.run(f"GRANT {rights} ON {table} TO {name}")

    def mark(self, table: str, column: str) -> None:
        """Have the register name the column that says what may only be stored."""
        tables = self.settings.register.tables["shop"]
        marked = replace(tables[table], restricted=Mark(column, "x"))
        register = replace(self.settings.register, tables={"shop": {**tables, table: marked}})
        self.settings = replace(self.settings, register=register)

    def let_read(self) -> None:
        """All that the reading account needs: on MariaDB also what shows it the triggers."""
        if self.is_mariadb:
            self.grant("reader", "SELECT, TRIGGER", f"{self.shop.engine.url.database}.*")
        else:
            self.grant("reader", "SELECT", *TABLES)

    def remarks(self, **accounts: str) -> Remarks:
        """What check-config --connect tells."""
        system = self.open(**accounts)
        try:
            return system.remarks()
        finally:
            system.close()

    def found_tables(self) -> list[FoundTable]:
        """What a draft is made of."""
        with closing(self.open()) as system:
            return system.found_tables()[0]

    def closed_schemas(self) -> list[str]:
        """What a draft leaves out."""
        with closing(self.open()) as system:
            return system.closed_schemas()

    def open(self, reader: str = "reader", eraser: str = "eraser") -> SqlSystem:
        """The shop with these accounts."""
        password = Secret(file="secret")
        accounts = {"reader": Account(reader, password), "eraser": Account(eraser, password)}
        system = replace(self.settings.systems["shop"], **accounts)  # type: ignore[arg-type]
        return SqlSystem("shop", replace(self.settings, systems={"shop": system}))


@pytest.fixture
def accounts(shop: Shop, shop_settings: Settings) -> Iterator[Accounts]:
    made = Accounts(shop, shop_settings)
    yield made
    made.drop("reader")
    made.drop("eraser")


def test_accounts_with_just_what_they_need(accounts: Accounts) -> None:
    accounts.let_read()
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", *TABLES)
    assert accounts.remarks() == Remarks([])
    if accounts.is_mariadb:
        accounts.shop.run("ALTER TABLE newsletter ENGINE = Aria")
        remarks = accounts.remarks()
        assert (len(remarks.mistakes), remarks.warnings) == (1, []), "it has no transactions; what may be done is known"
    if not accounts.is_mariadb:
        accounts.shop.run("ALTER TABLE ticket ENABLE ROW LEVEL SECURITY")
        cure = "let a policy show it every row, or give it BYPASSRLS"
        sees = f"row security decides which rows of ticket it sees; {cure}"
        assert accounts.remarks() == Remarks([], [f"systems.shop.{each}: {sees}" for each in ("reader", "eraser")])


def test_an_account_that_does_not_see_all_says_so(accounts: Accounts) -> None:
    accounts.grant("reader", "SELECT", *TABLES)
    if accounts.is_mariadb:  # as it is once the accounts are made and the tables are not named yet
        with pytest.raises(SystemRefuses, match=r"has no right in this database yet; grant it .* \(eraser, "):
            accounts.remarks()
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", *TABLES)
    found = accounts.remarks()
    missed = "it does not see every foreign key and trigger, so a cascade may be missed"
    assert found.mistakes == []
    assert any(missed in warning for warning in found.warnings) is accounts.is_mariadb
    accounts.shop.run("CREATE VIEW caller AS SELECT * FROM customer WHERE phone IS NOT NULL")
    accounts.grant("reader", "SELECT", "caller")
    if accounts.is_mariadb:
        with pytest.raises(SystemRefuses, match=r"grant it SHOW VIEW on the database \(reader, "):
            accounts.found_tables()
        accounts.grant("reader", "SHOW VIEW", f"{accounts.shop.engine.url.database}.*")
    accounts.shop.run("REVOKE SELECT ON newsletter FROM reader")
    found_tables = accounts.found_tables()
    assert [table.name for table in found_tables if table.is_view] == ["caller"]
    values = {table.name: table.columns["email"].values for table in found_tables if "email" in table.columns}
    assert (len(values["customer"]), values["newsletter"]) == (2, ())  # of the last it may read nothing
    (accounts.settings.base / "secret").write_text("sloot-molen")
    if accounts.is_mariadb:  # the other server of the tests trusts everybody
        with pytest.raises(SystemRefuses, match=r"does not let the account in; .* \(reader, "):
            accounts.found_tables()


def test_too_little_is_a_mistake(accounts: Accounts) -> None:
    accounts.grant("reader", "SELECT", *TABLES)
    accounts.mark("ticket", "body")
    accounts.grant("eraser", "SELECT, DELETE, UPDATE", *(set(TABLES) - {"customer", "newsletter", "ticket"}))
    accounts.grant("eraser", "SELECT, UPDATE (email)", "customer")
    accounts.grant("eraser", "SELECT, DELETE, UPDATE (id)", "ticket")
    accounts.grant("eraser", "SELECT, UPDATE", "newsletter")
    told = dict(each.split(": ")[1:] for each in accounts.remarks().mistakes)
    assert list(told) == [
        "it may not delete from table customer, newsletter",
        "it may not update table customer, ticket",
    ]
    for grants in told.values():
        for grant in grants.split("; "):
            accounts.shop.run(grant)
    assert accounts.remarks().mistakes == []
    if not accounts.is_mariadb:  # there a schema is another database
        _told_of_a_closed_schema(accounts)


def test_a_grant_names_an_account_as_the_database_does(accounts: Accounts) -> None:
    name = "`dsr-eraser`" if accounts.is_mariadb else '"dsr-eraser"'
    accounts.let_read()
    accounts.make(name)
    accounts.grant(name, "SELECT, UPDATE", *TABLES)
    (lacking,) = accounts.remarks(eraser="dsr-eraser").mistakes
    for grant in lacking.split(": ")[2].split("; "):
        accounts.shop.run(grant)
    assert accounts.remarks(eraser="dsr-eraser").mistakes == []
    accounts.drop(name)


def _told_of_a_closed_schema(accounts: Accounts) -> None:
    number = "id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    accounts.shop.run("CREATE SCHEMA desk")
    accounts.shop.run(f"CREATE TABLE desk.note ({number}, mail VARCHAR(80))")
    note = Table("ticket", ("id",), match={"email": "mail"}, schema="desk")
    accounts.settings = replace(
        accounts.settings, register=replace(accounts.settings.register, tables={"shop": {"note": note}})
    )
    assert "note" not in [table.name for table in accounts.found_tables()]
    assert accounts.closed_schemas() == ["desk"]
    mistakes = accounts.remarks().mistakes
    for each in ("reader", "eraser"):
        cure = f"GRANT USAGE ON SCHEMA desk TO {each}"
        assert f"systems.shop.{each}: it may not use schema desk: {cure}" in mistakes
        accounts.shop.run(cure)
    accounts.grant("reader", "SELECT", "desk.note")
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", "desk.note")
    assert accounts.remarks() == Remarks([]), "a number that the database gives is no right to change it"
    accounts.grant("reader", "UPDATE (mail)", "desk.note")
    (warning,) = accounts.remarks().warnings
    assert warning.startswith("systems.shop.reader: it may change rows (note)")


def test_a_view_that_nobody_can_change_is_no_warning(accounts: Accounts) -> None:
    accounts.let_read()
    accounts.shop.run("CREATE VIEW caller AS SELECT DISTINCT id, phone FROM customer")
    accounts.grant("reader", "SELECT" + (", SHOW VIEW" if accounts.is_mariadb else ""), "caller")
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", *TABLES)
    accounts.grant("eraser", "SELECT" + (", SHOW VIEW" if accounts.is_mariadb else ""), "caller")
    view = Table("customer", ("id",), match={"phone": "phone"}, view_of="customer")
    shop = accounts.settings.register.tables["shop"]
    tables = {"shop": {**shop, "caller": view}}
    accounts.settings = replace(accounts.settings, register=replace(accounts.settings.register, tables=tables))
    assert accounts.remarks() == Remarks([])


def test_too_much_is_a_warning(accounts: Accounts) -> None:
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", *TABLES)
    found = accounts.remarks(reader="eraser")
    assert (found.mistakes, found.warnings[:2]) == (
        [],
        [
            "systems.shop.reader: it is the eraser's account too; give it one of its own",
            f"systems.shop.reader: it may change rows ({', '.join(TABLES)}); it needs SELECT and nothing more",
        ],
    )
    accounts.let_read()
    accounts.grant("reader", "UPDATE", "ticket")
    assert "systems.shop.reader: it may change rows (ticket); it needs SELECT and nothing more" in (
        accounts.remarks().warnings
    )
    everything = "ALL PRIVILEGES ON *.* TO eraser" if accounts.is_mariadb else ""
    accounts.shop.run(f"GRANT {everything}" if everything else "ALTER ROLE eraser SUPERUSER")
    superuser = "systems.shop.eraser: it is a superuser of the server; give it only the tables of the register"
    assert superuser in accounts.remarks(reader="eraser").warnings


def test_the_reading_account_sees_a_trigger(accounts: Accounts) -> None:
    accounts.let_read()
    accounts.grant("eraser", "SELECT, UPDATE, DELETE", *TABLES)
    for statement in TRIGGER[accounts.shop.engine.dialect.name]:
        accounts.shop.run(statement)
    (told,) = accounts.remarks().mistakes
    assert told.startswith("tables.shop.ticket: a trigger runs when a row is erased (follow)")


def test_an_account_that_may_only_read_erases_nothing(accounts: Accounts) -> None:
    before = accounts.shop.everything()
    accounts.grant("reader", "SELECT", *TABLES)
    system = accounts.open(eraser="reader")
    assert len(rows_of(system.find(HANNA))) == 30
    with pytest.raises(SystemRefuses, match=r"the account may not do this \(reader, "), system.erasing() as erasing:
        erasing.erase([Going("ticket", [(1,)])])
    system.close()
    assert accounts.shop.everything() == before

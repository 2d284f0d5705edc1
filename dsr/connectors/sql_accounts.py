"""What the two accounts of a database may do: the reader only read, the eraser no more than it must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from dsr.config import DataSystem
from dsr.connectors.base import Remarks
from dsr.connectors.sql_checks import never_emptied
from dsr.connectors.sql_emptying import changed_along
from dsr.connectors.sql_errors import going_on, is_forbidden
from dsr.connectors.sql_schema import Schema
from dsr.domain.register import Table

# How the catalogue of MariaDB writes the account that asks.
_OF_ME = "WHERE grantee = CONCAT('\\'', REPLACE(CURRENT_USER(), '@', '\\'@\\''), '\\'')"
_ON_ALL = f"""
SELECT privilege_type FROM information_schema.user_privileges {_OF_ME}
UNION SELECT privilege_type FROM information_schema.schema_privileges {_OF_ME} AND DATABASE() LIKE table_schema
"""  # noqa: S608 - our own words

_ROW_SECURITY = "SELECT row_security_active(to_regclass(:place))"
_ALMIGHTY = {
    "postgresql": "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
    "mysql": f"SELECT count(*) FROM information_schema.user_privileges {_OF_ME} AND privilege_type = 'SUPER'",  # noqa: S608
}


def shut_out(connection: Connection, at: str, tables: Mapping[str, Table]) -> Remarks | None:
    """What an account is told that may not look into the schemas of the register; then no more can be known."""
    named = {table.schema for table in tables.values()}
    closed = [schema for schema in Schema(connection).closed if schema in named]
    return (
        Remarks([f"{at}: it may not use schema {', '.join(closed)}: {let_in(connection, closed)}"]) if closed else None
    )


def let_in(connection: Connection, schemas: Iterable[str]) -> str:
    """What lets an account look into schemas."""
    named = ", ".join(map(connection.dialect.identifier_preparer.quote, schemas))
    return f"GRANT USAGE ON SCHEMA {named} TO {_account(connection)}"


def reader_remarks(connection: Connection, name: str, system: DataSystem, tables: Mapping[str, Table]) -> Remarks:
    """The reading account must see every table of the register, and should be able to change none."""
    if connection.dialect.name == "sqlite":
        return Remarks([])
    at = f"systems.{name}.reader"
    warnings = [f"{at}: it is the eraser's account too; give it one of its own"] if _is_one(system) else []
    blind = [table for table in tables if _is_kept_from(connection, _selecting(table, tables[table]))]
    own = {table: known for table, known in tables.items() if known.is_erasable}  # of a view rows cannot be erased
    writable = [table for table in own if _may_change(connection, table, own[table])]
    if writable:
        warnings.append(f"{at}: it may change rows ({', '.join(writable)}); it needs SELECT and nothing more")
    if connection.dialect.name == "mysql" and not _sees_all(connection):
        warnings.append(
            f"{at}: it does not see every foreign key and trigger, so a cascade may be missed;"
            " MariaDB shows them to an account with SELECT and TRIGGER on the whole database"
        )
    warnings += _partly_blind(connection, at, tables)
    return Remarks([_lacking(connection, at, "read", [table], tables) for table in blind], warnings)


def eraser_remarks(connection: Connection, name: str, tables: Mapping[str, Table]) -> Remarks:
    """The erasing account must be able to lock, change and erase, and to do nothing else."""
    if connection.dialect.name == "sqlite":
        return Remarks([])
    at = f"systems.{name}.eraser"
    lacking: dict[str, list[str]] = {}
    for table in tables:
        for act, statement in _acts(connection, tables, table):
            if _is_kept_from(connection, statement):
                lacking.setdefault(act, []).append(table)
    mistakes = [_lacking(connection, at, act, names, tables) for act, names in lacking.items()]
    warning = f"{at}: it is a superuser of the server; give it only the tables of the register"
    warnings = [warning] if _is_almighty(connection) else []
    return Remarks(mistakes, warnings + _partly_blind(connection, at, tables))


_RIGHTS = {"read": "SELECT", "read and lock": "SELECT, UPDATE", "delete from": "DELETE", "update": "UPDATE"}


def _lacking(connection: Connection, at: str, act: str, names: list[str], tables: Mapping[str, Table]) -> str:
    """What an account may not do, and what lets it; MariaDB takes a table at a time."""
    quoted = connection.dialect.identifier_preparer
    places = [quoted.format_table(_clause(name, tables[name])) for name in names]
    groups = places if connection.dialect.name == "mysql" else [", ".join(places)]
    grants = "; ".join(f"GRANT {_RIGHTS[act]} ON {group} TO {_account(connection)}" for group in groups)
    return f"{at}: it may not {act} table {', '.join(names)}: {grants}"


def _account(connection: Connection) -> str:
    """The account as a GRANT names it; MariaDB has one for each host."""
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name != "mysql":
        return quote(str(connection.engine.url.username))
    name, _, host = str(connection.scalar(sa.text("SELECT CURRENT_USER()"))).rpartition("@")
    return f"{quote(name)}@{quote(host)}".replace("%%", "%")  # doubled for the driver


def _partly_blind(connection: Connection, at: str, tables: Mapping[str, Table]) -> list[str]:
    """PostgreSQL may hide rows of a table from an account without a word."""
    if connection.dialect.name != "postgresql":
        return []
    place_of, asked = connection.dialect.identifier_preparer.format_table, sa.text(_ROW_SECURITY)
    places = {name: place_of(_clause(name, table)) for name, table in tables.items()}
    found = [name for name, place in places.items() if connection.scalar(asked, {"place": place})]
    sees_all = "let a policy show it every row, or give it BYPASSRLS"
    return [f"{at}: row security decides which rows of {', '.join(found)} it sees; {sees_all}"] if found else []


def _is_one(system: DataSystem) -> bool:
    return system.reader is not None and system.eraser is not None and system.reader.user == system.eraser.user


def _sees_all(connection: Connection) -> bool:
    return {"SELECT", "TRIGGER"} <= set(connection.scalars(sa.text(_ON_ALL)))


def _is_almighty(connection: Connection) -> bool:
    return bool(connection.scalar(sa.text(_ALMIGHTY[connection.dialect.name])))


def _acts(connection: Connection, tables: Mapping[str, Table], name: str) -> list[tuple[str, sa.Executable]]:
    """What the eraser does with a table. To lock a row, PostgreSQL asks for the right to update something in it."""
    table = tables[name]
    if not table.is_erasable:
        return [("read", _selecting(name, table))]
    locking = _selecting(name, table).with_for_update()
    acts: list[tuple[str, sa.Executable]] = [("read and lock", locking), ("delete from", _deleting(name, table))]
    columns = table.written
    if table.may_be_emptied:
        columns |= Schema(connection).columns(name, table).keys() - never_emptied(tables, name)
        columns.update(changed_along(connection, table.table or name, table.schema))
    acts += [("update", _updating(name, table, sorted(columns)))] if columns else []
    return acts


def _clause(name: str, table: Table, *columns: str) -> sa.TableClause:
    return sa.table(table.table or name, *map(sa.column, columns), schema=table.schema)


def _selecting(name: str, table: Table) -> sa.Select[tuple[object]]:
    return sa.select(sa.literal_column("*")).select_from(_clause(name, table))


def _deleting(name: str, table: Table) -> sa.Executable:
    source = _clause(name, table, *table.key)
    return sa.delete(source).where(*(source.c[column].is_(None) for column in table.key))


def _updating(name: str, table: Table, columns: Iterable[str]) -> sa.Executable:
    source = _clause(name, table, *columns)
    return sa.update(source).values({column: sa.null() for column in source.c})


def _may_change(connection: Connection, name: str, table: Table) -> bool:
    # PostgreSQL looks first whether a column may have that value; whoever may update something may lock a row.
    locking = _selecting(name, table).with_for_update()
    updating = locking if connection.dialect.name == "postgresql" else _updating(name, table, table.key)
    return not all(_is_kept_from(connection, change) for change in (_deleting(name, table), updating))


def _is_kept_from(connection: Connection, statement: sa.Executable) -> bool:
    """Whether the account may not do this: the statement is explained, never run. Another fault is told elsewhere."""
    text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]
    try:
        with going_on(connection):
            connection.exec_driver_sql(f"EXPLAIN {text}").close()
    except DBAPIError as error:
        return is_forbidden(error)
    return False

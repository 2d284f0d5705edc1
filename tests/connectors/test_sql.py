"""A controller's database on each engine: what is found, what is refused, and what is never told or changed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from dsr.config import Settings
from dsr.connectors.base import ConnectorError, Going, SystemDown, SystemRefuses, rows_of
from dsr.connectors.sql import SqlSystem
from dsr.domain.plans import Row
from dsr.domain.register import Table
from tests.parts.shop import Shop

HANNA = {"email": "hanna@example.org"}
Open = Callable[..., SqlSystem]


@pytest.fixture
def open_shop(shop: Shop, shop_settings: Settings) -> Iterator[Open]:
    """Opens the shop, with other tables in the register or other settings of the system where they are given."""
    opened: list[SqlSystem] = []

    def open_shop(tables: dict[str, Table] | None = None, **values: Any) -> SqlSystem:
        register = shop_settings.register
        register = replace(register, tables={"shop": {**register.tables["shop"], **(tables or {})}})
        system = replace(shop_settings.systems["shop"], **values)
        opened.append(SqlSystem("shop", replace(shop_settings, register=register, systems={"shop": system})))
        return opened[-1]

    yield open_shop
    for system in opened:
        system.close()


@pytest.fixture
def system(open_shop: Open) -> SqlSystem:
    """The shop as its register describes it."""
    return open_shop()


def keys(rows: list[Row], table: str) -> list[Any]:
    return sorted(row.key if len(row.key) > 1 else row.key[0] for row in rows if row.table == table)


def changed(settings: Settings, name: str, **values: Any) -> dict[str, Table]:
    """One table of the register with other values."""
    return {name: replace(settings.register.tables["shop"][name], **values)}


# Looking up and searching


@pytest.mark.parametrize(
    ("email", "is_known"),
    [
        ("hanna@example.org", True),
        ("HANNA@EXAMPLE.ORG", True),
        ("bram@example.org", True),
        ("nobody@example.org", False),
        ("hanna@example.or", False),
        ("hanna_example.org", False),
        ("%", False),
        ("' OR '1'='1", False),
        ("", False),
        ("hänna@example.org", False),
        ("hanna@example.org ", False),
    ],
)
def test_a_lookup_says_yes_or_no(system: SqlSystem, email: str, is_known: bool) -> None:
    assert system.lookup({"email": email}) == {"email": is_known}


def test_an_identifier_that_no_table_matches_on_is_unknown(system: SqlSystem) -> None:
    assert system.lookup({**HANNA, "passport": "X"}) == {"email": True, "passport": False}
    assert rows_of(system.find({"passport": "X"})) == []


def test_a_search_finds_all_of_one_person_and_nothing_of_another(system: SqlSystem) -> None:
    rows = rows_of(system.find({"email": "HANNA@example.org"}))
    assert keys(rows, "customer") == [1]
    assert keys(rows, "invoice") == list(range(117, 126))
    assert keys(rows, "invoice_line") == [(number, line) for number in range(117, 126) for line in (1, 2)]
    assert keys(rows, "ticket") == [1]
    assert keys(rows, "newsletter") == ["hanna@example.org"]
    assert [row.table for row in rows].index("customer") < [row.table for row in rows].index("invoice")


def test_spaces_around_a_stored_address_are_no_part_of_it(shop: Shop, system: SqlSystem) -> None:
    shop.run("UPDATE customer SET email = ' Hanna@Example.org ' WHERE id = 1")
    assert keys(rows_of(system.find(HANNA)), "customer") == [1]


def test_an_accent_makes_another_person(shop: Shop, system: SqlSystem) -> None:
    shop.run("UPDATE customer SET email = 'hänna@example.org' WHERE id = 2")
    assert keys(rows_of(system.find(HANNA)), "customer") == [1]
    assert keys(rows_of(system.find({"email": "hänna@example.org"})), "customer") == [2]


@pytest.mark.parametrize("shop_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_exact", [True, False])
def test_a_collation_that_takes_them_for_one_does_not_make_them_one_person(
    shop: Shop, shop_settings: Settings, open_shop: Open, is_exact: bool
) -> None:
    shop.run("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)")
    shop.run("ALTER TABLE customer ALTER email TYPE text COLLATE loose")
    shop.run("UPDATE customer SET email = 'Hänna@example.org' WHERE id = 2")
    system = open_shop(changed(shop_settings, "customer", match_exactly=is_exact))
    assert keys(rows_of(system.find({"email": "Hanna@Example.org"})), "customer") == [1]
    assert system.lookup({"email": "hannä@example.org"}) == {"email": False}


def test_an_exact_match_minds_capitals(shop_settings: Settings, open_shop: Open) -> None:
    system = open_shop(changed(shop_settings, "customer", match_exactly=True))
    assert keys(rows_of(system.find({"email": "Hanna@Example.org"})), "customer") == [1]
    assert keys(rows_of(system.find(HANNA)), "customer") == []


def test_a_number_can_identify(shop_settings: Settings, open_shop: Open) -> None:
    match = {"email": "email", "customer_number": "id"}
    system = open_shop(changed(shop_settings, "customer", match=match))
    assert system.lookup({"customer_number": "2"}) == {"customer_number": True}
    assert system.lookup({"customer_number": "2x"}) == {"customer_number": False}
    assert keys(rows_of(system.find({"customer_number": "2"})), "customer") == [2]


@pytest.mark.parametrize("stored", ["06-12345678", "+31 (0)6 1234 5678", "0031612345678", "06.12.34.56.78"])
def test_a_telephone_number_can_identify_however_it_is_written(
    shop: Shop, shop_settings: Settings, open_shop: Open, stored: str
) -> None:
    shop.run("UPDATE customer SET phone = :phone WHERE id = 1", phone=stored)
    shop.run("UPDATE customer SET phone = '06-12345679' WHERE id = 2")
    system = open_shop(changed(shop_settings, "customer", match={"email": "email", "phone": "phone"}))
    assert keys(rows_of(system.find({"phone": "31612345678"})), "customer") == [1]
    assert keys(rows_of(system.find({"phone": "31612345678"})), "invoice") == list(range(117, 126))
    assert rows_of(system.find({"phone": "31612345670"})) == []


def test_an_exact_match_takes_a_telephone_number_as_digits(
    shop: Shop, shop_settings: Settings, open_shop: Open
) -> None:
    shop.run("UPDATE customer SET phone = '06-12345678' WHERE id = 2")
    system = open_shop(changed(shop_settings, "customer", match={"phone": "phone"}, match_exactly=True))
    assert keys(rows_of(system.find({"phone": "31612345678"})), "customer") == [1]


def test_another_identifier_is_known_only_together_with_the_address(shop_settings: Settings, open_shop: Open) -> None:
    match = {"email": "email", "customer_number": "id", "phone": "phone"}
    system = open_shop(changed(shop_settings, "customer", match=match))
    assert system.lookup({**HANNA, "customer_number": "1", "phone": "31612345678"}) == {
        "email": True,
        "customer_number": True,
        "phone": True,
    }
    assert system.lookup({**HANNA, "customer_number": "2"}) == {"email": True, "customer_number": False}
    assert system.lookup({"email": "x@example.org", "customer_number": "1"}) == {
        "email": False,
        "customer_number": False,
    }


def test_three_steps_from_the_person(shop: Shop, open_shop: Open) -> None:
    shop.run("CREATE TABLE remark (id INTEGER PRIMARY KEY, invoice INTEGER, line_number INTEGER, words VARCHAR(40))")
    shop.run("INSERT INTO remark VALUES (1, 117, 2, 'hers'), (2, 217, 2, 'his'), (3, 117, 9, 'nobody''s')")
    way = {"invoice": "invoice_line.invoice_id", "line_number": "invoice_line.line"}
    system = open_shop({"remark": Table("invoice", ("id",), via=way)})
    assert keys(rows_of(system.find(HANNA)), "remark") == [1]


def test_a_table_may_be_reached_directly_and_by_way_of_another(shop_settings: Settings, open_shop: Open) -> None:
    both = changed(shop_settings, "ticket", match={"email": "body"})
    assert keys(rows_of(open_shop(both).find({"email": "HELP"})), "ticket") == [1, 2]
    assert keys(rows_of(open_shop(both).find(HANNA)), "ticket") == [1]


def test_more_rows_than_the_cap_are_refused(open_shop: Open) -> None:
    assert len(rows_of(open_shop(row_cap=30).find(HANNA))) == 30
    with pytest.raises(SystemRefuses, match="more than 29 rows, the most for one person"):
        open_shop(row_cap=29).find(HANNA)


def test_beyond_the_most_for_one_person_no_other_table_is_read(
    shop: Shop, open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsr.connectors.sql_rows.TOGETHER", 4)
    shop.run("DROP TABLE invoice_line")
    with pytest.raises(SystemRefuses, match="more than 9 rows, the most for one person"):
        open_shop(row_cap=9).find(HANNA)


# What may not be


def test_the_reading_account_cannot_write(shop: Shop, system: SqlSystem) -> None:
    before = shop.everything()
    with pytest.raises(SystemRefuses, match="only read"), system._transaction(system._reader) as connection:
        connection.execute(text("UPDATE customer SET name = 'x'"))
    assert shop.everything() == before


@pytest.mark.parametrize("act", ["lookup", "find"])
def test_a_table_or_column_that_is_not_there_is_refused(shop_settings: Settings, open_shop: Open, act: str) -> None:
    no_table = open_shop({"nowhere": Table("ticket", ("id",), match={"email": "email"})})
    with pytest.raises(SystemRefuses, match="a table of the register does not exist"):
        no_table.lookup({"email": "nobody@example.org"})
    no_column = open_shop(changed(shop_settings, "customer", match={"email": "e_mail"}))
    with pytest.raises(SystemRefuses, match="a column of the register does not exist"):
        getattr(no_column, act)(HANNA)


def test_a_column_that_is_only_missed_in_the_answer_is_refused(shop_settings: Settings, open_shop: Open) -> None:
    system = open_shop(changed(shop_settings, "customer", keep_columns=("name", "city")))
    with pytest.raises(SystemRefuses, match="table customer has no column city"):
        system.find(HANNA)


def test_a_row_that_others_point_at_stays(shop: Shop, system: SqlSystem) -> None:
    before = shop.everything()
    with pytest.raises(SystemRefuses, match="other rows point at a row that would go"):
        _erase(system, ("ticket", 1), ("customer", 1))
    assert shop.everything() == before


def test_no_fault_of_a_driver_tells_what_is_in_a_row(shop: Shop, system: SqlSystem) -> None:
    shop.run("CREATE UNIQUE INDEX one_name ON customer (name)")
    with pytest.raises(ConnectorError) as caught, system.erasing() as erasing:
        erasing.connection.execute(text("UPDATE customer SET name = 'Hanna Brinkman' WHERE id = 2"))  # type: ignore[attr-defined]
    told = "".join(traceback.format_exception(caught.value))
    assert "a value that must be unique is there already" in str(caught.value)
    assert "Hanna" not in told
    assert "UPDATE customer SET" not in str(caught.value)


# Down, busy or slow


def test_a_system_that_does_not_answer_is_down(open_shop: Open, shop_settings: Settings) -> None:
    is_file = shop_settings.systems["shop"].engine == "sqlite"
    system = open_shop(path="nowhere/shop.db") if is_file else open_shop(host="127.0.0.1", port=1)
    why = "the file of the database cannot be opened" if is_file else "the database does not answer, or is busy"
    for act in (system.mistakes, lambda: system.lookup(HANNA), lambda: system.find(HANNA)):
        with pytest.raises(SystemDown, match=f"shop: {why}"):
            act()
    with pytest.raises(SystemDown), system.erasing():
        pass


def test_a_row_that_somebody_else_holds_makes_the_system_busy(shop: Shop, open_shop: Open) -> None:
    system = open_shop(lock_seconds=1)
    before = shop.everything()
    with shop.engine.connect() as connection:
        connection.execute(text("UPDATE customer SET phone = '1' WHERE id = 1"))
        with pytest.raises(SystemDown):
            _erase(system, ("ticket", 1), ("customer", 1))
        connection.rollback()
    assert shop.everything() == before


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_a_statement_that_takes_too_long_is_given_up(open_shop: Open) -> None:
    system = open_shop(statement_seconds=1)
    sleep = {"postgresql": "SELECT pg_sleep(9)", "mysql": "SELECT count(*), sleep(9) FROM customer"}
    with pytest.raises(SystemDown), system._transaction(system._reader) as connection:
        connection.execute(text(sleep[connection.dialect.name]))


@pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
def test_while_one_is_erased_others_go_on_and_no_row_is_added_to_that_one(shop: Shop, system: SqlSystem) -> None:
    no_wait = {"postgresql": "SET lock_timeout = 200", "mysql": "SET innodb_lock_wait_timeout = 1"}
    with system.erasing() as erasing, shop.engine.connect() as other:
        erasing.find(HANNA)
        other.execute(text(no_wait[other.dialect.name]))
        other.execute(text("UPDATE customer SET phone = '1' WHERE id = 2"))
        other.execute(text("UPDATE invoice SET total = 1 WHERE id = 217"))
        other.commit()
        with pytest.raises(Exception, match=r"(?i)lock"):
            other.execute(text("INSERT INTO invoice VALUES (999, 1, '2026-01-01', NULL, 1)"))
        other.rollback()


# Erasing


def _erase(system: SqlSystem, *rows: tuple[str, int]) -> None:
    with system.erasing() as erasing:
        for table, number in rows:
            erasing.erase([Going(table, [(number,)])])


def test_rows_are_erased_by_their_keys_in_parts(shop: Shop, system: SqlSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsr.connectors.sql_statements.PARAMETERS", 6)
    with system.erasing() as erasing:
        rows = rows_of(erasing.find(HANNA))
        lines = [row.key for row in rows if row.table == "invoice_line"]
        invoices = [row for row in rows if row.table == "invoice"]
        assert len(erasing.pointing("invoice_line", invoices).rows) == 18
        assert erasing.erase([Going("invoice_line", [*lines, (404, 1)])]) == [18]
        assert len(erasing.pointing("invoice_line", invoices).rows) == 0
        assert erasing.read("invoice_line", lines).rows == []
        assert len(erasing.read("invoice", [row.key for row in invoices]).rows) == 9
    assert {row["invoice_id"] for row in shop.rows("invoice_line")} == set(range(217, 226))


def test_columns_are_emptied_or_get_their_fixed_value(shop: Shop, system: SqlSystem) -> None:
    with system.erasing() as erasing:
        assert erasing.erase([Going("customer", [(1,), (404,)], ("email", "phone", "birthday"))]) == [1]
        again = Going("customer", [(1,)], ("phone",))  # a row counts when nothing in it changes, too
        assert erasing.erase([again, Going("customer", [(404,)])]) == [1, 0]
    hanna, bram = shop.rows("customer")
    assert (hanna["name"], hanna["email"], hanna["phone"], hanna["birthday"]) == (
        "Hanna Brinkman",
        "erased-1@erased.invalid",
        None,
        None,
    )
    assert (bram["email"], bram["phone"]) == ("bram@example.org", "0612345678")


def test_a_fixed_value_can_be_unique(shop: Shop, system: SqlSystem) -> None:
    shop.run("CREATE UNIQUE INDEX one_address ON customer (email)")
    assert system.mistakes() == []
    with system.erasing() as erasing:
        assert erasing.erase([Going("customer", [(1,), (2,)], ("email",))]) == [2]
    emails = [row["email"] for row in shop.rows("customer")]
    assert emails == ["erased-1@erased.invalid", "erased-2@erased.invalid"]


def test_a_fault_takes_everything_back(shop: Shop, system: SqlSystem) -> None:
    before = shop.everything()
    with pytest.raises(ZeroDivisionError), system.erasing() as erasing:
        1 / (erasing.erase([Going("ticket", [(1,)]), Going("customer", [(1,)], ("phone",))]) != [1, 1])
    assert shop.everything() == before


def test_keys_of_every_type_lead_back_to_their_row(shop: Shop, open_shop: Open) -> None:
    shop.run("CREATE TABLE visit (day DATE, price NUMERIC(8, 2), who VARCHAR(80), PRIMARY KEY (day, price))")
    shop.run("INSERT INTO visit VALUES ('2020-02-29', 1.50, 'hanna@example.org'), ('2020-02-29', 2.50, 'x')")
    system = open_shop({"visit": Table("ticket", ("day", "price"), match={"email": "who"})})
    (visit,) = [row for row in rows_of(system.find(HANNA)) if row.table == "visit"]
    with system.erasing() as erasing:
        assert [row.values["who"] for row in erasing.read("visit", [visit.key]).to_rows()] == ["hanna@example.org"]
        assert erasing.erase([Going("visit", [visit.key])]) == [1]
    assert [row["who"] for row in shop.rows("visit")] == ["x"]


def test_of_several_people_only_the_chosen_one_is_found(shop: Shop, system: SqlSystem) -> None:
    shop.run("UPDATE customer SET email = 'hanna@example.org' WHERE id = 2")
    assert keys(rows_of(system.find(HANNA)), "customer") == [1, 2]
    chosen = rows_of(system.find({**HANNA, "shop.customer": "[[2]]"}))
    assert keys(chosen, "customer") == [2]
    assert keys(chosen, "ticket") == [2]
    assert keys(rows_of(system.find({**HANNA, "shop.invoice_line": "[[117, 2], [118, 1]]"})), "invoice_line") == [
        (117, 2),
        (118, 1),
    ]
    with system.erasing() as erasing:
        assert keys(rows_of(erasing.find({**HANNA, "shop.customer": "[[2]]"})), "invoice") == list(range(217, 226))

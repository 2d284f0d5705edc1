"""What is wrong with a register, from the file alone and against the live database: all at once, each with its line."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from tests.cli.test_installation import run

REGISTER = """\
data_stays_in_eea = true

[recipients.cloud]
name = "Wolk Inc."
role = "processor"
inside_eea = false
safeguard = { nl = "modelcontract", en = "model clauses" }

[categories.customer]
label = { nl = "Klanten", en = "Customers" }
purpose = { nl = "u helpen", en = "helping you" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }
recipients = ["cloud", "bank"]

[categories.invoice]
label = { nl = "Facturen", en = "Invoices" }
purpose = { nl = "de boekhouding", en = "the books" }
legal_basis = "legal-obligation"
source = { nl = "uit uw opdrachten", en = "from your orders" }
retention = "fiscal70"

[tables.shop.customers]
category = "customer"
key = ["id"]
match = { email = "mail" }
keep_columns = []

[tables.shop.Customers]
category = "invoice"
key = ["id"]
match = { email = "email" }

[tables.shop.orders]
category = "customer"
key = ["id"]
via = { line_id = "lines.id" }

[tables.shop.lines]
category = "customer"
key = ["id"]
via = { order_id = "orders.id" }

[tables.shop.notes]
category = "customer"
key = ["id"]
via = { staff_id = "staff.id" }

[tables.shop.staff]
category = "customer"
key = ["id"]

[tables.archive.boxes]
category = "customer"
key = ["id"]
match = { email = "email" }
"""
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, line_id INTEGER);
CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER);
CREATE TABLE notes (id INTEGER PRIMARY KEY);
CREATE TABLE staff (id INTEGER PRIMARY KEY);
"""
TOLD = {
    "categories.customer.recipients: names bank, which is not under [recipients]": "recipients = [",
    "categories.invoice.retention: fiscal70 is not a rule": 'retention = "fiscal70"',
    "recipients.cloud.inside_eea: is false, while data_stays_in_eea says": "inside_eea = false",
    "tables.shop.orders.via: goes round in a circle": 'via = { line_id = "lines.id" }',
    "tables.shop.lines.via: goes round in a circle": 'via = { order_id = "orders.id" }',
    "tables.shop.notes.via: ends at staff, which has no match: it never reaches": 'via = { staff_id = "staff.id" }',
    "tables.shop.staff: needs match": "[tables.shop.staff]",
    "tables.shop.Customers: is the table of tables.shop.customers, and": "[tables.shop.Customers]",
    "tables.archive: no system archive in config.toml": "[tables.archive.boxes]",
}
TOLD_OF_THE_DATABASE = {
    "tables.shop.customers.match: there is no column mail": 'match = { email = "mail" }',
    "tables.shop.notes.via: there is no column staff_id": 'via = { staff_id = "staff.id" }',
}


def check(tmp_path: Path, *options: str) -> list[str]:
    folder = tmp_path / "new"
    if not folder.exists():
        assert run("init", str(folder), cwd=tmp_path).returncode == 0
        with sqlite3.connect(folder / "shop.db") as shop:
            shop.executescript(SHOP)
        (folder / "register.toml").write_text(REGISTER)
        config = folder / "config.toml"
        config.write_text(config.read_text() + '\n[systems.shop]\npath = "shop.db"\n')
    done = run("check-config", *options, cwd=folder)
    assert done.returncode == 2
    return [line for line in done.stderr.splitlines() if not line.startswith("Warning:")]


def expected(wanted: dict[str, str], told: list[str]) -> None:
    """Each wanted sentence is told with the line of its place, and nothing else is."""
    numbers = {line: number for number, line in reversed(list(enumerate(REGISTER.splitlines(), 1)))}
    for sentence, place in wanted.items():
        line = next(number for text, number in numbers.items() if text.startswith(place))
        assert [each for each in told if each.startswith(f"register.toml:{line}: {sentence}")], (line, sentence, told)
    assert len(told) == len(wanted), told


def test_everything_in_the_file_is_told_at_once(tmp_path: Path) -> None:
    expected(TOLD, check(tmp_path))


def test_what_the_database_does_not_have_is_told_with_it(tmp_path: Path) -> None:
    expected({**TOLD, **TOLD_OF_THE_DATABASE}, check(tmp_path, "--connect"))


def test_with_a_mistake_in_the_configuration_itself_no_database_is_asked(tmp_path: Path) -> None:
    check(tmp_path)
    config = tmp_path / "new" / "config.toml"
    config.write_text(re.sub(r'path = "shop.db"', 'engine = "postgresql"', config.read_text()))
    told = check(tmp_path, "--connect")
    assert [line for line in told if "systems.shop: needs name, the database on the server" in line]
    assert len(told) == len(TOLD) + 1

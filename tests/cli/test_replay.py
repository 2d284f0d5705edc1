"""`dsr replay`: what its answers and exit codes mean."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsr.cli import main
from dsr.domain.fingerprints import fingerprint
from dsr.domain.rights import Right
from dsr.services.erased import NotedRows, remember
from tests.parts.cast import add_case
from tests.parts.installation import install, installed
from tests.parts.store import NOW

REGISTER = """
backup_days = 30

[categories.ticket]
label = { nl = "Vragen", en = "Tickets" }
purpose = { nl = "helpen", en = "helping" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }

[categories.quote]
label = { nl = "Offertes", en = "Quotes" }
purpose = { nl = "een offerte maken", en = "making a quote" }
legal_basis = "contract"
source = { nl = "van uzelf", en = "from you" }
held_in = ["binder"]

[tables.crm.ticket]
category = "ticket"
key = ["id"]
match = { email = "email" }
"""
BINDER = """
[systems.binder]
engine = "manual"
label = { nl = "Ordner", en = "Binder" }
owner = { name = "Yara El Idrissi", email = "yara@polder.example" }
"""
ROW = {"id": 1, "email": "hanna@example.org"}
SINCE = (date.today() - timedelta(days=5)).isoformat()  # noqa: DTZ011 - the day only


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation that erased a ticket of Hanna, which a backup has brought back."""
    install(tmp_path)
    file = tmp_path / "config.toml"
    text = file.read_text().partition("[systems.")[0]
    file.write_text(f'{text}\n[systems.crm]\nengine = "sqlite"\npath = "crm.db"\n{BINDER}')
    (tmp_path / "register.toml").write_text(REGISTER)
    with sqlite3.connect(tmp_path / "crm.db") as crm:
        crm.execute("CREATE TABLE ticket (id INTEGER PRIMARY KEY, email TEXT)")
        crm.execute("INSERT INTO ticket VALUES (1, 'hanna@example.org')")
    with installed(tmp_path) as (session, settings):
        case = add_case(session, Right.ERASURE)
        written = NotedRows("ticket", None, 1, json.dumps([[[1], fingerprint(ROW)]]))
        from_now = NOW.replace(year=date.today().year + 1)  # noqa: DTZ011
        remember(session, case.id, "crm", [written], settings.register, now=from_now)
        quote = NotedRows("quote", None, 1, json.dumps([[[1], "f" * 32]]))
        remember(session, case.id, "binder", [quote], settings.register, now=from_now)
    return tmp_path


def run(folder: Path, *options: str, system: str = "crm", since: str = SINCE) -> Result:
    given = ["--config", str(folder / "config.toml"), "--system", system, "--since", since, *options]
    return CliRunner().invoke(main, ["replay", *given])


def rows(folder: Path) -> int:
    with sqlite3.connect(folder / "crm.db") as crm:
        return int(crm.execute("SELECT count(*) FROM ticket").fetchone()[0])


def test_a_dry_run_changes_nothing_and_the_replay_can_be_repeated(folder: Path) -> None:
    tried = run(folder, "--dry-run")
    assert (tried.exit_code, rows(folder)) == (0, 1), tried.output
    assert "1 rows would be erased again, 0 gone already, 0 left" in tried.output
    done = json.loads(run(folder, "--json").output)
    assert (done["again"], done["gone"], done["left"], rows(folder)) == (1, 0, [], 0)
    assert "0 rows erased again, 1 gone already" in run(folder).output


def test_a_row_that_is_left_is_an_exit_code_of_its_own(folder: Path) -> None:
    with sqlite3.connect(folder / "crm.db") as crm:
        crm.execute("UPDATE ticket SET email = 'bram@example.org'")
    left = run(folder)
    assert (left.exit_code, rows(folder)) == (1, 1)
    assert "ticket [1]: it is not the row that was erased" in left.output


def test_wrong_use_and_a_day_that_is_forgotten_are_told(folder: Path) -> None:
    unknown = run(folder, system="shop")
    assert (unknown.exit_code, unknown.output) == (2, "--system shop: the register names crm, binder.\n")
    assert run(folder, since="2999-01-01").exit_code == 2
    old = run(folder, since="2020-01-01")
    assert old.exit_code == 1
    assert "no longer remembered" in old.output


def test_the_owner_of_a_system_without_a_database_is_asked(folder: Path) -> None:
    tried = run(folder, "--dry-run", system="binder")
    assert (tried.exit_code, "the owner would be asked to look (requests: 1)" in tried.output) == (0, True)
    assert json.loads(run(folder, "--json", system="binder").output)["asked"] == 1
    old = run(folder, "--dry-run", system="binder", since="2020-01-01")
    assert (old.exit_code, "no longer remembered" in old.output) == (1, True)


def test_a_system_that_does_not_answer_is_told_apart(folder: Path) -> None:
    (folder / "crm.db").rename(folder / "elsewhere.db")
    assert run(folder).exit_code == 3

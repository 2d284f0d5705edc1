"""A first register drawn up from a live database on each engine, and filled in by its reader."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from dsr.config import DataSystem
from tests.cli.test_installation import run
from tests.parts.found import decided
from tests.parts.shop import data_system, shop_url  # noqa: F401 - a fixture

SCHEMA = (
    "CREATE TABLE klant (nr INTEGER PRIMARY KEY, naam VARCHAR(80), emailadres VARCHAR(80), geboortedatum DATE)",
    "CREATE TABLE factuur (nr INTEGER PRIMARY KEY, klant_nr INTEGER NOT NULL REFERENCES klant (nr), datum DATE)",
    "CREATE TABLE regel (factuur INTEGER REFERENCES factuur (nr), positie INTEGER, PRIMARY KEY (factuur, positie))",
    "CREATE TABLE artikel (nr INTEGER PRIMARY KEY, naam VARCHAR(80), prijs NUMERIC(8, 2))",
    "CREATE TABLE werkbon (id INTEGER PRIMARY KEY, klant INTEGER, meldde VARCHAR(80), gedaan VARCHAR(20))",
    "INSERT INTO klant VALUES (7001, 'Hanna', 'hanna@example.org', NULL), (7002, 'Tim', 'tim@example.org', NULL)",
    "INSERT INTO werkbon VALUES (1, 7001, 'hanna@example.org', '22-11-2026'), (2, 7002, 'tim@example.org', '')",
)


@pytest.fixture
def folder(tmp_path: Path, shop_url: URL) -> Iterator[Path]:  # noqa: F811
    """A fresh installation beside the database of the firm."""
    engine = create_engine(shop_url)
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.execute(text(statement))
    yield _installed(tmp_path, data_system(shop_url, tmp_path))
    engine.dispose()


def _installed(folder: Path, system: DataSystem) -> Path:
    assert run("init", "new", cwd=folder).returncode == 0
    account = f'{{ user = "{system.reader.user}" }}' if system.reader else None
    given = {
        "engine": system.engine,
        "path": system.path,
        "host": system.host,
        "name": system.name,
        "port": system.port,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items() if value is not None]
    lines += [f"reader = {account}", f"eraser = {account}"] if account else []
    file = folder / "new" / "config.toml"
    file.write_text(file.read_text() + "\n[systems.zaak]\ntls = false\n" + "\n".join(lines) + "\n")
    return folder / "new"


def test_a_draft_names_the_tables_and_the_ways_and_is_a_register_once_its_gaps_are_filled(folder: Path) -> None:
    done = run("register", "draft", "--system", "zaak", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert tomllib.loads(done.stdout)["tables"]["zaak"] == {
        "klant": {"category": "person", "key": ["nr"], "match": {"email": "emailadres"}},
        "factuur": {"category": "books", "key": ["nr"], "via": {"klant_nr": "klant.nr"}},
        "regel": {"category": "books", "key": ["factuur", "positie"], "via": {"factuur": "factuur.nr"}},
        # Without a foreign key or a telling name: by what is in it.
        "werkbon": {
            "category": "contacts",
            "key": ["id"],
            "match": {"email": "meldde"},
            "via": {"klant": "klant.nr"},
        },
    }
    assert "hanna" not in done.stdout
    (folder / "register.toml").write_text(done.stdout)
    gaps = run("check-config", cwd=folder)
    assert gaps.returncode == 2
    for category in ("person", "books", "contacts"):
        for key in ("purpose", "legal_basis", "source"):
            assert re.search(rf"register.toml:\d+: categories.{category}.{key}: is missing", gaps.stderr)
    assert "tables.zaak.klant.keep_columns: is missing" in gaps.stderr
    left = done.stdout.count("# GAP")
    assert f"{left} lines are still marked # GAP" in gaps.stderr
    (folder / "register.toml").write_text(decided(done.stdout))
    connected = run("check-config", "--connect", cwd=folder)
    assert connected.returncode == 0, connected.stderr
    assert "the register and the databases are in order" in connected.stdout
    assert "GAP" not in connected.stdout
    # The servers of the tests have one account, which may do everything.
    assert set(re.findall(r"systems.zaak.(\w+)", connected.stderr)) <= {"reader", "eraser"}


def test_a_system_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    folder = _installed(tmp_path, DataSystem(path="absent.db"))
    done = run("register", "draft", "--system", "zaken", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no database zaken in config.toml; it has: zaak." in done.stderr
    assert run("register", "draft", "--system", "zaak", cwd=folder).returncode == 3

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
from tests.parts.shop import data_system, shop_url  # noqa: F401 - a fixture

SCHEMA = (
    "CREATE TABLE klant (nr INTEGER PRIMARY KEY, naam VARCHAR(80), emailadres VARCHAR(80), geboortedatum DATE)",
    "CREATE TABLE factuur (nr INTEGER PRIMARY KEY, klant_nr INTEGER NOT NULL REFERENCES klant (nr), datum DATE)",
    "CREATE TABLE regel (factuur INTEGER REFERENCES factuur (nr), positie INTEGER, PRIMARY KEY (factuur, positie))",
    "CREATE TABLE artikel (nr INTEGER PRIMARY KEY, naam VARCHAR(80), prijs NUMERIC(8, 2))",
)
FILLED_IN = {
    "purpose": '{ nl = "u helpen", en = "helping you" }',
    "legal_basis": '"contract"',
    "source": '{ nl = "van uzelf", en = "from you" }',
    "keep_columns": '["nr"]',
}


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
        "klant": {"category": "klant", "key": ["nr"], "match": {"email": "emailadres"}},
        "factuur": {"category": "factuur", "key": ["nr"], "via": {"klant_nr": "klant.nr"}},
        "regel": {"category": "regel", "key": ["factuur", "positie"], "via": {"factuur": "factuur.nr"}},
    }
    assert "date columns: datum" in done.stdout
    (folder / "register.toml").write_text(done.stdout)
    gaps = run("check-config", cwd=folder)
    assert gaps.returncode == 2
    for table in ("klant", "factuur", "regel"):
        for key in ("purpose", "legal_basis", "source"):
            assert re.search(rf"register.toml:\d+: categories.{table}.{key}: is missing", gaps.stderr)
    filled = re.sub(r"^# GAP: (\w+) = .*$", _filled, done.stdout, flags=re.MULTILINE)
    (folder / "register.toml").write_text(filled)
    connected = run("check-config", "--connect", cwd=folder)
    assert connected.returncode == 0
    # The servers of the tests have one account, which may do everything.
    assert set(re.findall(r"systems.zaak.(\w+)", connected.stderr)) <= {"reader", "eraser"}


def _filled(gap: re.Match[str]) -> str:
    return f"{gap[1]} = {FILLED_IN[gap[1]]}" if gap[1] in FILLED_IN else gap[0]


def test_a_system_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    folder = _installed(tmp_path, DataSystem(path="absent.db"))
    done = run("register", "draft", "--system", "zaken", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no database zaken in the configuration; it has: zaak." in done.stderr
    assert run("register", "draft", "--system", "zaak", cwd=folder).returncode == 3

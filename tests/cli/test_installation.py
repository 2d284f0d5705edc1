"""Setting an installation up, and holding its files to account, as somebody would who has only the commands."""

from __future__ import annotations

import dataclasses
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from click.testing import CliRunner

from dsr import config, paths
from dsr.cli import main
from tests.parts.smtp import MailServer


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, as typed in the folder `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", "dsr", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(config.__file__).parents[1]), **environment},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh installation."""
    done = run("init", str(tmp_path / "new"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "apart" in done.stdout
    assert f"Then, in {(tmp_path / 'new').resolve()}: dsr check-config" in done.stdout
    return tmp_path / "new"


def test_a_fresh_installation_is_in_order_and_its_secrets_are_its_owner_s(folder: Path) -> None:
    checked = run("check-config", cwd=folder)
    assert checked.returncode == 0
    assert "Note: controller: this is still the firm of the example" in checked.stdout
    assert run("db", "upgrade", cwd=folder).returncode == 0
    assert run("audit", "verify", cwd=folder).returncode == 0
    for name in ("keys.json", "dsr.db"):
        assert stat.S_IMODE((folder / name).stat().st_mode) & 0o077 == 0, name


def test_the_register_of_a_repair_shop_tells_who_makes_its_promise_untrue(tmp_path: Path) -> None:
    assert run("init", "--register", "repair", ".", cwd=tmp_path).returncode == 0
    told = run("check-config", cwd=tmp_path).stdout
    assert told.count("is outside the EEA") == 1
    assert "recipients.analytics: is outside the EEA, so a statement that data stay inside it is untrue." in told


def test_init_begins_with_the_register_of_a_kind_of_firm(tmp_path: Path) -> None:
    assert run("init", "--register", "hosting", "new", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new/register.toml").read_text() == paths.starter_registers()["hosting"].read_text()
    done = run("check-config", cwd=tmp_path / "new")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Note: categories.quote: no retention is stated" in done.stdout
    assert "categories.hosted: no retention" not in done.stdout, "its rows are another controller's"


@pytest.mark.parametrize("group", ["", "audit", "db", "ledger", "register", "restriction", "staff", "suppression"])
def test_what_each_command_does_is_told_on_one_line(group: str) -> None:
    told = CliRunner().invoke(main, [*group.split(), "--help"]).output
    assert "Commands:" in told
    assert not [line for line in told.splitlines() if line.startswith("  ") and line.endswith("...")]


def test_a_kind_of_firm_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = run("init", "--register", "bakery", "new", cwd=tmp_path)
    assert done.returncode == 2
    for label in ("bakery", *paths.starter_registers()):
        assert f"'{label}'" in done.stderr
        assert label == "bakery" or label in run("init", "--help", cwd=tmp_path).stdout
    assert not (tmp_path / "new").exists()


def test_init_never_overwrites(folder: Path) -> None:
    before = (folder / "keys.json").read_bytes()
    done = run("init", ".", cwd=folder)
    assert done.returncode == 2
    assert "keys.json" in done.stderr
    assert (folder / "keys.json").read_bytes() == before


def test_every_mistake_is_told_at_once_with_its_place(folder: Path) -> None:
    file = folder / "config.toml"
    text = file.read_text().replace("[web]", '[web]\nporrt = 80\nthreads = "8"', 1)
    file.write_text(
        text + '\n[systems.shop]\npath = "shop.db"\nreader = { user = "r", password = { file = "absent" } }\n'
    )
    (folder / "register.toml").write_text((folder / "register.toml").read_text().replace("fiscal7", "fiscal8"))
    done = run("check-config", cwd=folder)
    assert done.returncode == 2
    assert re.search(r"config.toml:\d+: web.porrt: is not a setting \(did you mean port\?\)", done.stderr)
    assert re.search(r"config.toml:\d+: web.threads: must be a whole number", done.stderr)
    assert re.search(r"register.toml:\d+: categories.invoice.retention: fiscal8 is not a rule", done.stderr)


def test_what_nobody_looks_for_is_noted(folder: Path) -> None:
    done = run("check-config", cwd=folder)
    assert done.returncode == 0
    assert "categories.customer: nothing says where it is (a table, held_in, held_by)" in done.stdout
    register = folder / "register.toml"
    register.write_text(register.read_text().replace("# held_by", "held_by"))
    assert "categories.customer: nothing says" not in run("check-config", cwd=folder).stdout


def test_an_unreadable_secret_is_named_by_its_key(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text(file.read_text().replace("[mail]", '[mail]\npassword = { env = "DSR_ABSENT" }', 1))
    done = run("check-config", cwd=folder)
    assert done.returncode == 2
    assert "mail.password: the environment variable DSR_ABSENT is not set" in done.stderr
    assert run("check-config", cwd=folder, DSR_ABSENT="x").returncode == 0


def test_a_missing_file_and_a_lost_key_set_are_sentences(folder: Path) -> None:
    assert "cannot be read" in run("check-config", "--config", "absent.toml", cwd=folder).stderr
    (folder / "keys.json").write_text("{}")
    done = run("audit", "verify", cwd=folder)
    assert done.returncode == 2
    assert "not a key set" in done.stderr


def test_the_register_is_held_against_the_database(folder: Path) -> None:
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT)")
    file = folder / "config.toml"
    file.write_text(file.read_text() + '\n[systems.shop]\npath = "shop.db"\n')
    register = folder / "register.toml"
    register.write_text(
        register.read_text()
        + '[tables.shop.customers]\ncategory = "customer"\nkey = ["id"]\nmatch = { email = "mail" }\n'
        + '[tables.shop.notes]\ncategory = "customer"\nkey = ["id"]\nmatch = { email = "email" }\n'
    )
    assert run("check-config", cwd=folder).returncode == 0
    done = run("check-config", "--connect", cwd=folder)
    assert done.returncode == 2
    assert "tables.shop.customers.match: there is no column mail" in done.stderr
    assert "tables.shop.notes: there is no such table" in done.stderr


def test_a_database_that_is_not_there_is_a_passing_fault(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text(file.read_text() + '\n[systems.shop]\npath = "absent.db"\n')
    register = folder / "register.toml"
    register.write_text(
        register.read_text()
        + '[tables.shop.customers]\ncategory = "customer"\nkey = ["id"]\nmatch = { email = "mail" }\n'
    )
    done = run("check-config", "--connect", cwd=folder)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "shop: the file of the database cannot be opened; look at its path"


def test_the_mail_server_is_tried_and_nothing_is_sent(folder: Path, smtp_server: MailServer) -> None:
    file = folder / "config.toml"
    given, server = file.read_text(), f"[mail]\nport = {smtp_server.port}\nsecurity = "
    file.write_text(given.replace("[mail]", f'{server}"none"', 1))
    done = run("check-config", "--connect", cwd=folder)
    assert (done.returncode, "mail:" in done.stderr, smtp_server.deliveries) == (0, False, [])
    file.write_text(given.replace("[mail]", f'{server}"starttls"', 1))
    done = run("check-config", "--connect", cwd=folder)
    told = f"Warning: mail: localhost:{smtp_server.port} (starttls) takes nothing from us now: SMTPNotSupportedError"
    assert (done.returncode, done.stderr.splitlines()) == (0, [told])


def test_somebody_can_be_added_once(folder: Path) -> None:
    command = ["staff", "add", "--email", "noor@polder.example", "--name", "Noor Bakker", "--role", "handler"]
    done = run(*command, "--password", "vijf kikkers in de sloot", cwd=folder)
    assert done.returncode == 0, done.stderr
    again = run(*command, "--password", "vijf kikkers in de sloot", cwd=folder)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    short = run(*command[:3], "tim@polder.example", *command[4:], "--password", "kort", cwd=folder)
    assert short.returncode == 1


@pytest.mark.parametrize(
    "command",
    [["--help"], *([name, "--help"] for name in ("init", "check-config", "db", "serve", "web", "worker", "staff"))],
)
def test_every_command_explains_itself(command: list[str], tmp_path: Path) -> None:
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_serving_an_old_database_is_refused(folder: Path) -> None:
    (folder / "dsr.db").unlink()
    done = run("serve", cwd=folder)
    assert done.returncode == 2
    assert "dsr db upgrade" in done.stderr


def _settings_of(kind: Any, prefix: str = "") -> set[str]:
    found = set()
    for name, hint in get_type_hints(kind).items():
        if name.startswith("__") or (prefix == "" and name in {"register", "base"}):
            continue
        inner = [part for part in (hint, *get_args(hint)) if dataclasses.is_dataclass(part)]
        found |= _settings_of(inner[0], f"{prefix}{name}.") if inner else {f"{prefix}{name}"}
    return found


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    text = paths.example().read_text()
    # As if every commented setting were set.
    lines = [re.sub(r"^# (?=[\w.]+ = |\[)", "", line) for line in text.splitlines()]
    named = {match[1] for line in lines if (match := re.match(r"(\w+) = ", line))}
    wanted = {path.split(".")[-1] for path in _settings_of(config.Settings)}
    inline = {"nl", "en", "user", "password", "file", "env"}
    assert wanted - named - inline == set()
    assert tomllib.loads(text)["controller"]["name"]

"""A database is opened with the key set that it was written with, or not at all."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsr import config_file, keys
from dsr.cli import main
from dsr.cli.opening import open_app
from dsr.cli.serving import first_account

ADD = ["staff", "add", "--name", "Noor Bakker", "--role", "handler", "--password", "vijf kikkers in de sloot"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation with somebody in it, whose key set was replaced by another."""
    file = tmp_path / "config.toml"
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    added = CliRunner().invoke(main, [*ADD, "--email", "noor@polder.example", "--config", str(file)])
    assert added.exit_code == 0, added.output
    (tmp_path / "keys.json").rename(tmp_path / "lost.json")
    keys.create(tmp_path / "keys.json")
    return file


def content(config: Path) -> list[str]:
    """Everything in the database."""
    with closing(sqlite3.connect(config.parent / "dsr.db")) as database:
        return list(database.iterdump())


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["web"],
        ["worker"],
        ["audit", "verify"],
        ["suppression", "filter"],
        [*ADD, "--email", "tim@polder.example"],
    ],
)
def test_no_command_writes_with_another_key_set(config: Path, command: list[str]) -> None:
    before = content(config)
    done = CliRunner().invoke(main, [*command, "--config", str(config)])
    assert done.exit_code == 2
    assert "storage.key_set" in done.output
    assert content(config) == before


def test_the_right_key_set_opens_it_again(config: Path) -> None:
    (config.parent / "lost.json").replace(config.parent / "keys.json")
    done = CliRunner().invoke(main, ["audit", "verify", "--config", str(config)])
    assert done.exit_code == 0
    assert "There is no anchor" in done.output


def test_whoever_starts_it_without_staff_is_told_how_to_make_the_first_account(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    file = tmp_path / "config.toml"
    app = open_app(config_file.load(file))
    (told,) = first_account(app, file).splitlines()[1:]
    command = shlex.split(told.partition("account: dsr ")[2])
    added = CliRunner().invoke(main, [*command, "--password", "vijf kikkers in de sloot"])
    assert added.exit_code == 0, added.output
    assert first_account(app, file) == ""

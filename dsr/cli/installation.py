"""Commands that set an installation up and hold its files to account."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from dsr import keys, paths
from dsr.cli.options import SYSTEM_DOWN, config_option, fail, read_keys, read_settings
from dsr.config import Settings
from dsr.config_file import check
from dsr.connectors.base import Remarks, SystemDown, SystemRefuses
from dsr.connectors.registry import open_systems
from dsr.db import base, migrations
from dsr.domain.persons import doubtful_tables
from dsr.domain.register_check import named_nowhere
from dsr.mail.delivery import DeliveryFailed, Mail
from dsr.register_file import GAP, gaps
from dsr.toml import Mistake, line_of


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option(
    "--register",
    "label",
    type=click.Choice(list(paths.starter_registers())),
    help="Begin with the register of this kind of firm.",
)
def init(folder: Path, label: str | None) -> None:
    """Make a configuration, a register, a key set and a database.

    They are made in FOLDER (default: here); the configuration and the register explain every key.
    """
    register = paths.starter_registers()[label] if label else paths.starter_register()
    files = {"config.toml": paths.example(), "register.toml": register}
    present = [name for name in (*files, "keys.json", "dsr.db") if (folder / name).exists()]
    if present:
        fail(f"Nothing was changed: {', '.join(present)} is already there.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        (folder / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    keys.create(folder / "keys.json")
    _upgrade(read_settings(folder / "config.toml"))
    click.echo(
        f"Made in {folder.resolve()}:\n"
        "  config.toml    who you are, your mail server, your databases: edit it first\n"
        "  register.toml  what you hold and how long: edit it next\n"
        "  dsr.db         the database\n"
        "  keys.json      the key set\n\n"
        "Keep a copy of keys.json apart from the database and its backups. Without it nothing can be read;\n"
        "with both, everything can.\n\n"
        f"Then, in {folder.resolve()}: dsr check-config --connect, dsr staff add, dsr serve"
    )


@click.command("check-config")
@config_option
@click.option(
    "--connect", is_flag=True, help="Also hold the register against the live databases, and try the mail server."
)
def check_config(config_file: Path, connect: bool) -> None:
    """Tell every mistake in configuration and register."""
    settings, mistakes = check(config_file)
    told = [*map(str, mistakes)]
    if settings and connect and _is_of_register(mistakes, settings):
        _try_mail(settings)
        try:
            told += _mistakes_of_systems(settings)
        except SystemDown as error:
            fail(*told, str(error), status=SYSTEM_DOWN)
        except SystemRefuses as error:
            fail(*told, str(error))
    if settings is None or told:
        fail(*told, *(_gaps(settings) if settings else []))
    read_keys(settings)
    is_held = connect and any(not system.is_manual for system in settings.systems.values())
    click.echo(
        f"The configuration{', the register and the databases' if is_held else ' and the register'} are in order."
    )
    for note in [*_gaps(settings), *_notes(settings)]:
        click.echo(f"Note: {note}")


def _gaps(settings: Settings) -> list[str]:
    """How much of a draft is still to be decided on."""
    file = settings.path(settings.register_file)
    lines = gaps(file)
    left = f"lines are still marked {GAP}, from this one on: decide each, and take the mark away."
    return [f"{file.name}:{lines[0]}: {len(lines)} {left}"] if lines else []


def _notes(settings: Settings) -> Iterator[str]:
    """What is no mistake, and that somebody should know all the same."""
    example = tomllib.loads(paths.example().read_text(encoding="utf-8"))["controller"]["name"]
    if settings.controller.name == example:
        yield f"controller: this is still the firm of the example, {example}; pages, mails and letters would name it."
    for name, category in settings.register.categories.items():
        if category.retention == "not-stated" and category.is_ours:
            yield f"categories.{name}: no retention is stated, so its rows may be erased on request."
    for name, recipient in settings.register.recipients.items():
        if not recipient.inside_eea:
            yield f"recipients.{name}: is outside the EEA, so a statement that data stay inside it is untrue."
    for system, name in doubtful_tables(settings.register):
        counted = "two of its rows that are found count as two people, and nothing is erased until one is chosen"
        things = "say people = false if its rows are things of a person, such as tickets, else true"
        yield f"tables.{system}.{name}: {counted}; {things}."
    for name in named_nowhere(settings.register):
        yield f"categories.{name}: nothing says where it is (a table, held_in, held_by): nobody looks there."


def _is_of_register(mistakes: list[Mistake], settings: Settings) -> bool:
    """Whether the configuration itself is in order, so that its systems can be asked."""
    return all(mistake.file.name == settings.path(settings.register_file).name for mistake in mistakes)


def _try_mail(settings: Settings) -> None:
    """Warn where nothing could be sent now; a mail waits until it can."""
    try:
        Mail(Flask(__name__), settings).check()
    except DeliveryFailed as fault:
        server = f"{settings.mail.host}:{settings.mail.port} ({settings.mail.security})"
        click.echo(f"Warning: mail: {server} takes nothing from us now: {fault.code}", err=True)


def _mistakes_of_systems(settings: Settings) -> list[str]:
    """What the live databases do not bear out, with the lines of the register; warnings are printed."""
    remarks = Remarks([])
    known = {name: tables for name, tables in settings.register.tables.items() if name in settings.systems}
    for system in open_systems(replace(settings, register=replace(settings.register, tables=known))).values():
        try:
            remarks += system.remarks()
        finally:
            system.close()
    for warning in remarks.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return [_with_its_line(settings, sentence) for sentence in remarks.mistakes]


def _with_its_line(settings: Settings, sentence: str) -> str:
    key, _, told = sentence.partition(": ")
    if not key.startswith("tables."):
        return sentence
    file = settings.path(settings.register_file)
    return str(Mistake(file, key, told, line_of(file.read_text(encoding="utf-8"), key)))


@click.group("db")
def db_command() -> None:
    """The database of this program."""


@db_command.command()
@config_option
def upgrade(config_file: Path) -> None:
    """Bring the database to this version of the program. Safe to repeat."""
    _upgrade(read_settings(config_file))
    click.echo("The database is up to date.")


def _upgrade(settings: Settings) -> None:
    engine = create_engine(base.url(settings.database, settings))
    try:
        migrations.upgrade(engine)
    except SQLAlchemyError as error:
        fail(f"database: it does not answer ({type(error).__name__})", status=SYSTEM_DOWN)
    finally:
        engine.dispose()


COMMANDS = {"init": init, "check-config": check_config, "db": db_command}

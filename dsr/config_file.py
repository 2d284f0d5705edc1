"""config.toml and register.toml -> the settings. Every mistake of both is reported at once, then we stop."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from operator import attrgetter
from pathlib import Path

from dsr.config import DataSystem, Secret, Server, Settings
from dsr.domain.register import Register
from dsr.domain.register_check import systems_named, tables_named_twice, wrong_kind
from dsr.register_file import read_register
from dsr.toml import ConfigurationError, Mistake, hint, line_of, read, validated


def load(file: Path) -> Settings:
    """The settings of `file` and its register; ConfigurationError with every mistake of both."""
    settings, mistakes = check(file)
    if mistakes or settings is None:
        raise ConfigurationError(mistakes)
    return settings


def check(file: Path) -> tuple[Settings | None, list[Mistake]]:
    """The settings of `file` and its register as far as they can be read, and every mistake of both."""
    table, text, mistakes = read(file)
    if mistakes:
        return None, mistakes
    given = {key: value for key, value in table.items() if key not in ("register", "base")}
    unknown = [Mistake(file, key, "is not a setting") for key in table if key in ("register", "base")]
    settings, mistakes = validated(Settings, given, file, text)
    register_file = file.parent / str(table.get("register_file", "register.toml"))
    register, mistakes_of_register = read_register(register_file)
    mistakes = [*unknown, *mistakes, *mistakes_of_register]
    if settings is not None:
        settings = replace(settings, base=file.resolve().parent, register=register or Register({}))
        mistakes += _wrong_values(settings, file, text)
        if register is not None:
            mistakes += _against_systems(settings, register_file)
    return settings, mistakes


def _against_systems(settings: Settings, file: Path) -> list[Mistake]:
    """What the register says of systems that config.toml does not bear out."""
    text = file.read_text(encoding="utf-8")
    found = [*_unknown_systems(settings), *tables_named_twice(settings.register, partial(_place, settings))]
    return [Mistake(file, key, sentence, line_of(text, key)) for key, sentence in found]


def _place(settings: Settings, system: str) -> Hashable:
    """Which database a system is; an unknown system is one of its own."""
    server = settings.systems.get(system)
    if server is None or server.is_manual:
        return system
    if server.engine == "sqlite":
        return settings.path(str(server.path)).resolve()
    return server.engine, server.host, server.port, server.name


def _wrong_values(settings: Settings, file: Path, text: str) -> list[Mistake]:
    found = {
        "web.base_url": _wrong_address(settings.web.base_url),
        **_out_of_range(settings),
        **_unreadable_secrets(settings),
        **_incomplete_servers(settings),
    }
    return [Mistake(file, key, sentence, line_of(text, key)) for key, sentence in found.items() if sentence]


def _wrong_address(base_url: str) -> str:
    is_address = re.fullmatch(r"https?://[^\s/?#@]+", base_url)
    return "" if is_address else "must be an address such as https://privacy.example.org, without a path"


_PORT, _SECONDS = (1, 65535), (1, 3600)
_RANGES = {
    "web.port": _PORT,
    "web.proxy_hops": (0, 10),
    "web.threads": (1, 100),
    "mail.port": _PORT,
    "mail.timeout_seconds": _SECONDS,
    "procedure.fiscal_year_start_month": (1, 12),
    "procedure.idle_minutes": (1, 90),
    "procedure.copy_days": (1, 30),
    "procedure.copy_downloads": (1, 100),
    "procedure.confirmation_reminder_days": (1, 30),
}
_SYSTEM_RANGES = {"statement_seconds": _SECONDS, "lock_seconds": _SECONDS, "row_cap": (1, 1_000_000), "days": (1, 28)}


def _out_of_range(settings: Settings) -> dict[str, str]:
    found = {key: _outside(attrgetter(key)(settings), *limits) for key, limits in _RANGES.items()}
    for name, system in settings.systems.items():
        for key, limits in _SYSTEM_RANGES.items():
            found[f"systems.{name}.{key}"] = _outside(getattr(system, key), *limits)
    return found


def _outside(number: int, least: int, most: int) -> str:
    return "" if least <= number <= most else f"must lie between {least} and {most}"


def _secrets(settings: Settings) -> dict[str, Secret]:
    """Every secret the settings point to, by key path. The key set is left out: `keys` reports it."""
    accounts = {"database.account": settings.database.account}
    for name, system in settings.systems.items():
        accounts[f"systems.{name}.reader"] = system.reader
        accounts[f"systems.{name}.eraser"] = system.eraser
    found = {f"{key}.password": account.password for key, account in accounts.items() if account}
    found["mail.password"] = settings.mail.password
    return {key: secret for key, secret in found.items() if secret}


def _unreadable_secrets(settings: Settings) -> dict[str, str]:
    return {key: _unreadable(secret, settings.base) for key, secret in _secrets(settings).items()}


def _unreadable(secret: Secret, base: Path) -> str:
    try:
        return "" if secret.read(base) else "is empty"
    except ValueError as error:
        return str(error)


def _incomplete_servers(settings: Settings) -> dict[str, str]:
    servers: dict[str, Server] = {"database": settings.database}
    servers.update({f"systems.{name}": system for name, system in settings.systems.items()})
    return {key: _incomplete(server) for key, server in servers.items()}


def _incomplete(server: Server) -> str:
    if isinstance(server, DataSystem) and (server.is_manual or server.owner):
        return _wrong_owner(server)
    if server.engine == "sqlite":
        return "" if server.path else "needs path, the SQLite file"
    return "" if server.name else "needs name, the database on the server"


_OF_A_DATABASE = ("path", "host", "port", "name", "tls", "ca_file", "reader", "eraser")


def _wrong_owner(system: DataSystem) -> str:
    """What is wrong with the owner of a system, or with a database that should not have one."""
    if not system.is_manual:
        return 'has an owner, and that is for engine = "manual" only'
    unused = DataSystem()
    strange = [key for key in _OF_A_DATABASE if getattr(system, key) != getattr(unused, key)]
    if strange:
        return f"is manual, so it has no {', '.join(strange)}"
    if not (system.label.nl and system.label.en):
        return "needs label, the name of the place in both languages"
    if system.owner is None or not system.owner.name.strip():
        return 'needs owner = { name = "…", email = "…" }, who looks there'
    is_address = re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+", system.owner.email)
    return "" if is_address else "needs an owner with an e-mail address, such as tim@example.org"


def _unknown_systems(settings: Settings) -> list[tuple[str, str]]:
    known = {name: system.is_manual for name, system in settings.systems.items()}
    return [
        (key, wrong_kind(system, is_manual=known[system], by_hand=by_hand))
        if system in known
        else (key, f"no system {system} in config.toml" + hint(system, list(known)))
        for key, system, by_hand in systems_named(settings.register)
        if known.get(system) is not by_hand
    ]

"""config.toml and register.toml -> frozen dataclasses. Every mistake is reported at once, then we stop."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from dsr.domain.calendars import Profile
from dsr.domain.register import STRICT, Register, Text
from dsr.domain.register_check import systems_named, tables_named_twice, wrong_kind
from dsr.register_file import read_register
from dsr.toml import ConfigurationError, Mistake, hint, line_of, read, validated

TIMEZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is: a file with nothing else in it, or an environment variable. Never the secret itself."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    file: str | None = None
    env: str | None = None

    def read(self, base: Path) -> str:
        """The secret; ValueError in a sentence when it cannot be read."""
        if bool(self.file) == bool(self.env):
            raise ValueError('give either file = "…" or env = "…"')
        if self.env:
            return _from_environment(self.env)
        try:
            return (base / str(self.file)).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"the file {self.file} cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise ValueError(f"the file {self.file} is not text in UTF-8") from None


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ValueError(f"the environment variable {name} is not set")
    return value


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers: name, address and the ways to reach them, as the public pages and letters show them."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    address: str
    email: str
    phone: str
    phone_hours: Text
    registration: str | None = None
    privacy_officer: str | None = None
    logo: str | None = None
    privacy_notice: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class Web:
    """Where the pages are served. `proxy_hops` is the number of proxies of our own before the program."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    base_url: str
    listen: str = "127.0.0.1"
    port: int = 8080
    proxy_hops: int = 0
    threads: int = 4
    requests_per_address_per_hour: int = 5
    requests_per_hour: int = 500

    @property
    def is_secure(self) -> bool:
        """Whether the public reaches us over https."""
        return self.base_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Account:
    """A database account."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    user: str
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A database: a SQLite file, or a server with its name. `tls` checks the server's certificate."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    engine: Literal["sqlite", "postgresql", "mariadb"] = "sqlite"
    path: str | None = None
    host: str = "localhost"
    port: int | None = None
    name: str | None = None
    tls: bool = True
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Database(Server):
    """The database of this program itself."""

    engine: Literal["sqlite", "postgresql"] = "sqlite"
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who looks things up, and erases them, in a system without a database."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class DataSystem(Server):
    """A system of the controller. Of a database the reader may only read, the eraser change what the register names.

    A "manual" one has no database: its `owner` is asked by mail and should answer within so many `days`.
    """

    engine: Literal["sqlite", "postgresql", "mariadb", "manual"] = "sqlite"  # type: ignore[assignment]
    label: Text = Text("", "")
    owner: Owner | None = None
    days: int = 7
    reader: Account | None = None
    eraser: Account | None = None
    statement_seconds: int = 30
    lock_seconds: int = 5
    row_cap: int = 20_000

    @property
    def is_manual(self) -> bool:
        """Whether a person is asked."""
        return self.engine == "manual"


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that takes our mail, and who it is from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    host: str
    sender: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: Secret | None = None
    ca_file: str | None = None
    timeout_seconds: int = 20


@dataclass(frozen=True, slots=True)
class Storage:
    """Files outside the database: the key set (to be kept apart), the file store, the anchors of the audit chain."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    key_set: Secret = Secret(file="keys.json")
    files: str = "files"
    anchors: str = "anchors.log"


@dataclass(frozen=True, slots=True)
class Procedure:
    """The choices that the law leaves to the controller."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    holiday_profile: Profile = Profile.NL_DEFAULT
    fiscal_year_start_month: int = 1
    approval: Literal["two-people", "single"] = "two-people"
    idle_minutes: int = 30
    copy_days: int = 30
    copy_downloads: int = 5
    confirmation_reminder_days: int = 3
    language: Literal["nl", "en"] = "nl"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything config.toml says, with the register beside it. `base` is the folder that relative paths start from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    controller: Controller
    web: Web
    mail: Mail
    database: Database = Database(path="dsr.db")
    storage: Storage = Storage()
    procedure: Procedure = Procedure()
    systems: Mapping[str, DataSystem] = field(default_factory=dict)
    register_file: str = "register.toml"
    demo: bool = False

    register: Register = field(default_factory=lambda: Register({}))
    base: Path = Path()

    def path(self, name: str) -> Path:
        """A file of the configuration, relative to the folder of config.toml."""
        return self.base / name

    def labels(self, language: str) -> dict[str, str]:
        """System, or SYSTEM.TABLE -> what people call it, where the configuration says so."""
        called = {name: label for name, system in self.systems.items() if (label := system.label.in_language(language))}
        return {**called, **self.register.places(called, language)}


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


def secrets(settings: Settings) -> dict[str, Secret]:
    """Every secret the settings point to, by key path. The key set is left out: `keys` reports it."""
    accounts = {"database.account": settings.database.account}
    for name, system in settings.systems.items():
        accounts[f"systems.{name}.reader"] = system.reader
        accounts[f"systems.{name}.eraser"] = system.eraser
    found = {f"{key}.password": account.password for key, account in accounts.items() if account}
    found["mail.password"] = settings.mail.password
    return {key: secret for key, secret in found.items() if secret}


def _unreadable_secrets(settings: Settings) -> dict[str, str]:
    return {key: _unreadable(secret, settings.base) for key, secret in secrets(settings).items()}


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

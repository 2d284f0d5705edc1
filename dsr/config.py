"""What config.toml says, as frozen dataclasses; `config_file` reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from dsr.domain.calendars import Profile
from dsr.domain.register import STRICT, Register, Text

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

"""What a handler may ask of the running application: its settings, the time, and the worker's attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app

from dsr.config import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the composition root hands to the handlers; it is `app.extensions["dsr"]`."""

    settings: Settings
    clock: Clock
    wake: Callable[[], None]


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def settings() -> Settings:
    """The settings of the running application."""
    return _runtime().settings


def now() -> datetime:
    """This moment by the application's clock, which the demo can move."""
    return _runtime().clock()


def wake() -> None:
    """Tell the worker that there is something to do, so that it does not wait for its next tick."""
    _runtime().wake()


def _runtime() -> Runtime:
    runtime: Runtime = current_app.extensions["dsr"]
    return runtime

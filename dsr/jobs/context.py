"""What every job works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Connector, SystemRefuses

Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Context:
    """A factory of our own transactions, the settings, the clock, and the controller's systems."""

    transaction: Transaction
    settings: Settings
    now: Callable[[], datetime]
    systems: Mapping[str, Connector] = field(default_factory=dict)

    def check_schemas(self) -> None:
        """Hold the register against the systems as they are now. Raises SystemRefuses or SystemDown."""
        for name, system in self.systems.items():
            mistakes = system.mistakes()
            if mistakes:
                raise SystemRefuses(name, "; ".join(mistakes))

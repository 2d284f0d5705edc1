"""What every job works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from dsr.config import Settings
from dsr.connectors.base import Connector
from dsr.domain.errors import DomainError
from dsr.templating import in_words


class Transaction(Protocol):
    """Opens a transaction of our own database, one that writes or one that only reads."""

    def __call__(self, *, writes: bool = True) -> AbstractContextManager[Session]: ...


@dataclass(frozen=True)
class Context:
    """A factory of our own transactions, the settings, the clock, and the controller's systems."""

    transaction: Transaction
    settings: Settings
    now: Callable[[], datetime]
    systems: Mapping[str, Connector] = field(default_factory=dict)

    def in_words(self, error: DomainError) -> str:
        """A fault as staff read it, in the language of the configuration."""
        language = self.settings.procedure.language
        return in_words(error, language=language, labels=self.settings.labels(language))


Note = Callable[[Session], Exception | None]
"""Notes what came of a step as it ends; returns what is left undone, if anything."""


def left_undone(fault: Exception | None) -> Note:
    """There is nothing to note but what is left undone."""
    return lambda _session: fault

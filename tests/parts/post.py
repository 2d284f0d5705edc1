"""A worker's way to a mail server of the test, and its clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from dsr.config import Mail as MailSettings
from dsr.jobs.context import Context
from dsr.mail.delivery import Mail
from tests.parts.smtp import MailServer
from tests.parts.store import NOW, Store


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        """Let time pass: ``pass_by(days=1)``."""
        self.at += timedelta(**amount)


def mail_for(store: Store, server: MailServer, **options: Any) -> Mail:
    """A way to the server, without encryption unless told otherwise."""
    given = {"security": "none", "timeout_seconds": 5, **options}
    mail = MailSettings(server.host, "privacy@polder.example", server.port, **given)
    return Mail(Flask("dsr"), replace(store.settings, mail=mail))


def context_for(store: Store, clock: Clock) -> Context:
    """What a job works with, without systems of the controller."""
    return Context(store.transaction, store.settings, clock)

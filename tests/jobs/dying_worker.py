"""A worker process for the tests of sudden death: it delivers the mail of one database, once, and ends.

Arguments (JSON): the database's address, the key set, the port of the mail server, and the time by the worker's clock.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, make_url

from dsr import keys
from dsr.config import Controller, Settings, Web
from dsr.config import Mail as MailSettings
from dsr.db import base
from dsr.domain.register import Text
from dsr.jobs import tasks
from dsr.jobs.context import Context
from dsr.mail.delivery import Mail
from tests.parts.store import Store


def main(url: str, key_set: str, port: int, now: str) -> None:
    base.use_keys(keys.load(key_set))
    engine = create_engine(make_url(url))
    hours = Text("werkdagen", "weekdays")
    controller = Controller("Polder Hosting", "Dijkweg 1", "privacy@polder.example", "0123 456 789", hours)
    server = MailSettings("localhost", "privacy@polder.example", port, "none", timeout_seconds=5)
    settings = Settings(controller, Web("http://localhost:8080"), server, base=Path())
    context = Context(Store(engine, settings).transaction, settings, lambda: datetime.fromisoformat(now))
    tasks.deliver(context, Mail(Flask("dsr"), settings))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

"""A worker process for the tests of sudden death: it does the work of one database, then what is due, and ends.

Arguments (JSON): our database, the key set, the folder of the register, the shop, and the time by the worker's clock.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, make_url

from dsr import keys
from dsr.config import Settings
from dsr.connectors.registry import open_systems
from dsr.db import base
from dsr.jobs import erasing, work
from dsr.jobs.context import Context
from dsr.services.work import release_all
from tests.parts.registers import load_register
from tests.parts.shop import data_system
from tests.parts.store import Store, polder_hosting


def main(url: str, key_set: str, folder: str, shop: str, now: str) -> None:
    base.use_keys(keys.load(key_set))
    engine = create_engine(make_url(url))
    context = _context(Store(engine, _settings(Path(folder), shop)), datetime.fromisoformat(now))
    with context.transaction() as session:
        release_all(session)
    work.run_all(context)
    erasing.erase_due(context)


def _settings(folder: Path, shop: str) -> Settings:
    systems = {"shop": data_system(make_url(shop), folder)}
    return replace(polder_hosting(folder), systems=systems, register=load_register(folder / "register.toml"))


def _context(store: Store, now: datetime) -> Context:
    return Context(store.transaction, store.settings, lambda: now, open_systems(store.settings))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

"""A server that falls silent, behind a relay that stops passing on what is said."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text

from dsr.config import Settings
from dsr.connectors.base import Going, SystemDown
from dsr.connectors.sql import SqlSystem
from tests.parts.shop import Shop


@contextmanager
def _relay(server: str, path: Path, silent: Event) -> Iterator[None]:
    """Passes on between one client and a server, until it is to be silent."""
    with closing(socket.socket(socket.AF_UNIX)) as listener, closing(socket.socket(socket.AF_UNIX)) as behind:
        listener.bind(str(path))
        listener.listen()
        behind.connect(server)

        def serve() -> None:
            client, _ = listener.accept()
            back = Thread(target=_pass_on, args=(behind, client, silent), daemon=True)
            back.start()
            _pass_on(client, behind, silent)
            behind.shutdown(socket.SHUT_RDWR)
            back.join()
            client.close()

        serving = Thread(target=serve, daemon=True)
        serving.start()
        yield
        serving.join(10)


def _pass_on(source: socket.socket, target: socket.socket, silent: Event) -> None:
    while data := source.recv(65536):
        if not silent.is_set():
            target.sendall(data)


def _erase_in_silence(system: SqlSystem, silent: Event) -> None:
    with system.erasing() as transaction:
        assert transaction.erase([Going("ticket", [(1,)])]) == [1]
        silent.set()


@pytest.mark.parametrize("shop_url", ["mariadb"], indirect=True)
def test_a_server_that_falls_silent_in_a_commit_is_given_up(
    shop: Shop, shop_settings: Settings, tmp_path: Path
) -> None:
    system, silent, path = shop_settings.systems["shop"], Event(), tmp_path / "relay.sock"
    by_relay = replace(system, host=str(path), statement_seconds=1, lock_seconds=1)
    opened = SqlSystem("shop", replace(shop_settings, systems={"shop": by_relay}))
    before = shop.everything()
    with _relay(system.host, path, silent):
        begun = time.monotonic()
        with pytest.raises(SystemDown):
            _erase_in_silence(opened, silent)
        assert 1 < time.monotonic() - begun < 8
        opened.close()
    with shop.engine.connect() as connection:
        connection.execute(text("SELECT * FROM ticket FOR UPDATE")).all()  # the server has let go
    assert shop.everything() == before

"""An installation as `dsr init` makes it, served by `dsr serve` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory
from typing import Any

from dsr import config_file
from dsr.config import Settings
from tests.parts.source import ROOT

LIMIT = 60.0  # seconds
_SILENT: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Server:
    """A running `dsr serve`, and how long it took to answer for the first time, in seconds."""

    process: subprocess.Popen[bytes]
    settings: Settings
    started_in: float

    def connect(self) -> HTTPConnection:
        """A connection of a client's own."""
        return HTTPConnection("localhost", self.settings.web.port, timeout=LIMIT)


@contextmanager
def installation() -> Iterator[Settings]:
    """A fresh installation on an empty database, without limits on how many requests come in."""
    with TemporaryDirectory(prefix="dsr-bench-") as folder:
        subprocess.run([*_dsr("init"), folder], check=True, capture_output=True, cwd=ROOT)
        file = Path(folder) / "config.toml"
        port = _free_port()
        text = file.read_text().replace(
            'base_url = "http://localhost:8080"',
            f'base_url = "http://localhost:{port}"\nport = {port}\n'
            "requests_per_address_per_hour = 0\nrequests_per_hour = 0",
        )
        file.write_text(text)
        yield config_file.load(file)


@contextmanager
def serving(settings: Settings, command: str = "serve") -> Iterator[Server]:
    """`dsr serve`, or `dsr web`, of an installation, from its first answer until the block ends."""
    begun = time.monotonic()
    config_file = str(settings.path("config.toml"))
    with subprocess.Popen([*_dsr(command), "--config", config_file], cwd=ROOT, **_SILENT) as process:
        try:
            while not _answers(settings.web.port):
                assert process.poll() is None, "dsr serve ended"
                assert time.monotonic() < begun + LIMIT, "dsr serve does not answer"
                time.sleep(0.01)
            yield Server(process, settings, time.monotonic() - begun)
        finally:
            process.terminate()


def _dsr(command: str) -> list[str]:
    return [sys.executable, "-m", "dsr", command]


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    connection = HTTPConnection("localhost", port, timeout=LIMIT)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()

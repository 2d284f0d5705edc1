"""The whole program as a process of its own, on a free port: started, killed and started again."""

from __future__ import annotations

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner

import dsr
from dsr.cli import main

SECONDS = 30


@dataclass
class Visitor:
    """A browser without scripts: it keeps cookies and sends the token of the page it is on."""

    address: str
    page: str = ""
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
    )

    def open(self, path: str) -> str:
        """Go to a page."""
        return self._follow(urllib.request.Request(self.address + path))  # noqa: S310 - our own http address

    def send(self, path: str, **fields: str) -> str:
        """Send the form of the page."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        assert token, self.page
        body = urllib.parse.urlencode({"csrf_token": token[1], **fields}).encode()
        return self._follow(urllib.request.Request(self.address + path, body))  # noqa: S310 - our own http address

    def _follow(self, request: urllib.request.Request) -> str:
        with self.opener.open(request, timeout=SECONDS) as answer:
            self.page = answer.read().decode()
        return self.page


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def install(folder: Path, *, port: int, mail_port: int) -> Path:
    """A fresh installation that listens on a port and mails to a server of the test."""
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    file = folder / "config.toml"
    text = file.read_text().replace("http://localhost:8080", f"http://localhost:{port}")
    text = text.replace("# port = 8080", f"port = {port}")
    text = text.replace("# port = 587", f'port = {mail_port}\nsecurity = "none"')
    file.write_text(text)
    return file


@contextmanager
def serving(config: Path, port: int, *, fault: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """`dsr serve` until the block ends; with `fault` it kills itself at that point."""
    environment = {**os.environ, "PYTHONPATH": str(Path(dsr.__file__).parents[1]), "DSR_FAULT": fault}
    command = [sys.executable, "-m", "dsr", "serve", "--config", str(config)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the program ended by itself"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the program does not listen")

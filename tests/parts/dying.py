"""A worker that is killed at a step, in a process of its own, and one that comes after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.shop import Workplace
from tests.parts.source import ROOT

WORKER = ROOT / "tests" / "jobs" / "dying_eraser.py"


def start(workplace: Workplace, key_file: Path, fault: str = "") -> subprocess.Popen[bytes]:
    """A worker in a process of its own, which kills itself at `fault`."""
    arguments = {
        "url": workplace.store.engine.url.render_as_string(hide_password=False),
        "key_set": key_file.read_text(),
        "folder": str(workplace.context.settings.base),
        "shop": workplace.shop.engine.url.render_as_string(hide_password=False),
        "now": workplace.clock.now.isoformat(),
    }
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DSR_FAULT": fault}
    return subprocess.Popen([sys.executable, WORKER, json.dumps(arguments)], env=environment)


def killed_at(workplace: Workplace, key_file: Path, fault: str) -> None:
    """Let a worker die there."""
    assert start(workplace, key_file, fault).wait(60) == -signal.SIGKILL


def ends_well(workplace: Workplace, key_file: Path) -> None:
    """Let a worker do what is left."""
    assert start(workplace, key_file).wait(60) == 0


@pytest.fixture
def key_file(key_set: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key set of the run, as the worker finds it."""
    return max(tmp_path_factory.getbasetemp().glob("keys*/keys.json"))

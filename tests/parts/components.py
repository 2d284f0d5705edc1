"""The servers and the browser that tests run against, which a machine may lack."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def requires(program: str) -> str:
    """Return where ``program`` is; without it the test is skipped, and fails where CI=true."""
    return find(program) or _give_up(f"{program} is not installed (tests/install.sh installs it)")


def find(program: str) -> str | None:
    """Return where ``program`` is, in the places where Debian keeps its servers too."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    folders = [*map(str, newest_first), os.environ.get("PATH", ""), "/usr/sbin"]
    return shutil.which(program, path=os.pathsep.join(folders))


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

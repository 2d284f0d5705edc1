"""What the program takes before it has done anything: to install, to start, in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.installation import installation, serving
from tests.bench.table import Row, judged, not_measured
from tests.bench.timing import seconds
from tests.parts.source import ROOT

STARTS = 5
SETTLED = 3.0
"""Seconds after which an idle program has done what it does on starting."""

MEGABYTE = 1_000_000


def install(*, quick: bool) -> Row:
    """A new environment with exactly what requirements.lock names: limits of 250 MB and 45 s."""
    if quick:
        return not_measured("install", "--quick")
    with TemporaryDirectory(prefix="dsr-bench-") as folder:
        python = Path(folder) / "bin" / "python"
        taken = seconds(lambda: _install(folder, python))
        size = sum(file.lstat().st_size for file in Path(folder).rglob("*")) / MEGABYTE
        count = len(subprocess.check_output([python, "-m", "pip", "list", "--format=freeze"]).splitlines())
    return Row(
        "install",
        f"{size:.0f} MB, {taken:.0f} s, {count} packages, 1 process",
        limit="< 250 MB, < 45 s",
        verdict=judged(size < 250 and taken < 45),
    )


def _install(folder: str, python: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ["--require-hashes", "--requirement", ROOT / "requirements.lock"]
    subprocess.run([*pip, *lock], check=True)


def start_and_memory() -> Iterator[Row]:
    """`dsr serve` on an empty database: until its first page, and what it holds when nobody asks anything."""
    with installation() as settings:
        starts, memory = [], 0.0
        for _ in range(STARTS):
            with serving(settings) as server:
                starts.append(server.started_in)
                if len(starts) == STARTS:
                    time.sleep(SETTLED)
                    memory = _proportional_set_size(server.process.pid)
    taken = median(starts)
    yield Row("start to first answer", f"{taken:.2f} s", limit="< 3 s", verdict=judged(taken < 3))
    yield Row("memory at idle (PSS)", f"{memory:.0f} MB", limit="< 200 MB", verdict=judged(memory < 200))


def _proportional_set_size(pid: int) -> float:
    """What the process and its children hold, in MB; a shared page counts for its part."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kilobytes = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes * 1024 / MEGABYTE + sum(_proportional_set_size(int(child)) for child in children)

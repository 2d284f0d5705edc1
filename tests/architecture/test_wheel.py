"""An installation without a checkout has everything the checkout has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.parts.source import ROOT, name, repository_files


def _in_the_wheel(file: str) -> str | None:
    folder = file.partition("/")[0]
    return {"dsr": file, "templates": f"dsr/_data/{file}", "migrations": f"dsr/_data/{file}"}.get(folder)


def test_the_wheel_holds_the_package_its_templates_and_its_migrations(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("*.whl")
    held = set(ZipFile(wheel).namelist())
    expected = {place for path in repository_files() if (place := _in_the_wheel(name(path)))}
    assert expected - held == set()
    assert {file for file in held if file.startswith("tests/")} == set()

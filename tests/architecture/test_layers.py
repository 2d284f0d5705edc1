"""Imports point down (the contracts are in pyproject.toml), the law is pure, and time is passed in."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.source import ROOT, imported_modules, name, python_files, tree

CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "localtime", "gmtime"}


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_are_kept() -> None:
    done = _lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("planted", "line", "contract"),
    [
        ("domain/plans.py", "import dsr.services.plans", "Imports point down"),
        ("mail/delivery.py", "import dsr.files", "Imports point down"),
        ("helpers.py", "", "Imports point down"),
        ("web/public/form.py", "import dsr.web.staff", "An audience knows nothing of another"),
        ("domain/plans.py", "import sqlalchemy", "The law is pure"),
        ("services/plans.py", "from flask import request", "Flask stays at the edge"),
        ("web/public/form.py", "import flask_sqlalchemy", "Flask stays at the edge"),
        ("mail/delivery.py", "import flask_sqlalchemy", "Flask stays at the edge"),
    ],
)
def test_a_planted_breach_is_found(planted: str, line: str, contract: str, tmp_path: Path) -> None:
    package = tmp_path / "dsr"
    for folder in (".", "domain", "services", "mail", "files", "web", "web/public", "web/staff"):
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").touch()
    for module in ("domain/plans.py", "services/plans.py", "mail/delivery.py", "web/public/form.py"):
        (package / module).touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert _lint_imports(tmp_path).returncode == 0

    (package / planted).write_text(line)
    done = _lint_imports(tmp_path)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout or "Could not run" in done.stdout


def test_the_law_needs_the_standard_library_and_dateutil_only() -> None:
    allowed = {*sys.stdlib_module_names, "dateutil"}
    strangers = [
        f"{name(path)}: {module}"
        for path in python_files("dsr/domain")
        for module in imported_modules(tree(path))
        if module.split(".")[0] not in allowed and not module.startswith("dsr.domain")
    ]
    assert strangers == []


@pytest.mark.parametrize("layer", ["domain", "services"])
def test_time_is_passed_in(layer: str) -> None:
    clocks = [
        f"{name(path)}:{node.lineno} {ast.unparse(node)}"
        for path in python_files(f"dsr/{layer}")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
        if ast.unparse(node.func.value) in {"date", "datetime", "time", "datetime.date", "datetime.datetime"}
    ]
    assert clocks == []

"""The project's own files, as the guards in tests/architecture read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.parts.components import requires

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def repository_files() -> list[Path]:
    """Every file that git keeps, or would keep once it is added."""
    git = requires("git")
    command = [git, "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({ROOT / name for name in names if name and (ROOT / name).is_file()})


def python_files(folder: str = "") -> list[Path]:
    """Our Python files below ``folder``."""
    return [path for path in repository_files() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)]


def templates() -> list[Path]:
    """Every Jinja template."""
    return [path for path in repository_files() if path.is_relative_to(ROOT / "templates")]


def name(path: Path) -> str:
    """The file as a reader of a fault wants it: ``dsr/cli.py``."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text("utf-8"), str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, the inner ones too."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """How many lines a function takes, from its ``def`` to its end."""
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def imported_modules(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement below ``node`` names."""
    for statement in ast.walk(node):
        if isinstance(statement, ast.ImportFrom):
            yield "." * statement.level + (statement.module or "")
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)

"""register.toml -> the register, with every mistake in it at once, also where some of it cannot be read yet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsr.domain.errands import with_items
from dsr.domain.register import Register
from dsr.domain.register_check import mistakes
from dsr.toml import Mistake, line_of, read, validated

GAP = "# GAP"
"""What marks a place that `dsr register draft` could not fill in."""

_CANDIDATES = re.compile(r"^[^#]+=[^#]* \| ")
_NOTHING = re.compile('^[^#]+=[^#]*"…"')
_NO_TEXT = {"nl": "", "en": ""}
_STAND_INS: dict[str, dict[str, Any]] = {
    # Of these, consent goes with every retention.
    "categories": {"label": _NO_TEXT, "purpose": _NO_TEXT, "source": _NO_TEXT, "legal_basis": "consent"},
    "recipients": {"name": "", "role": "processor"},
    "tables": {"category": "", "key": []},
}
_DEPTHS = {"categories": 3, "recipients": 3, "tables": 4}
"""How many parts the path of one setting has: categories.NAME.KEY."""


def read_register(file: Path) -> tuple[Register | None, list[Mistake]]:
    """The register of `file` as far as it can be read, and every mistake in it, in the order of its lines."""
    table, text, unreadable = read(file)
    if unreadable:
        candidates = _lines_with(_CANDIDATES, file, "holds several candidates; keep one")
        return None, [*candidates, *_not_filled_in(file), *unreadable]
    register, wrong = validated(Register, table, file, text)
    if register is None:
        register, _ = validated(Register, _legible(table, wrong), file, text)
    if register is None:
        return None, wrong
    known = {mistake.key for mistake in wrong}
    found = [Mistake(file, key, said, line_of(text, key)) for key, said in mistakes(register) if key not in known]
    digest = hashlib.sha256(text.encode()).hexdigest()
    in_order = sorted([*wrong, *found, *_not_filled_in(file)], key=lambda mistake: mistake.line or 0)
    return with_items(replace(register, digest=digest)), in_order


def gaps(file: Path) -> list[int]:
    """The lines that a draft left to be decided on."""
    return [number for number, line in _lines(file) if GAP in line]


def _not_filled_in(file: Path) -> list[Mistake]:
    return _lines_with(_NOTHING, file, 'holds "…"; fill it in')


def _lines_with(pattern: re.Pattern[str], file: Path, told: str) -> list[Mistake]:
    return [Mistake(file, "", told, number) for number, line in _lines(file) if pattern.search(line)]


def _lines(file: Path) -> list[tuple[int, str]]:
    try:
        return list(enumerate(file.read_text(encoding="utf-8").splitlines(), 1))
    except (OSError, UnicodeDecodeError):
        return []


def _legible(table: Mapping[str, Any], wrong: Iterable[Mistake]) -> dict[str, Any]:
    """The register without the settings that are wrong, and with a stand-in for those that are needed."""
    paths = [tuple(mistake.key.split(".")) for mistake in wrong]
    rest = _without(table, {path[: _DEPTHS.get(path[0], 1)] for path in paths})
    for kind in ("categories", "recipients"):
        rest[kind] = {name: _STAND_INS[kind] | given for name, given in rest.get(kind, {}).items()}
    tables = rest.get("tables", {})
    stand_in = _STAND_INS["tables"]
    rest["tables"] = {system: {name: stand_in | own for name, own in tables[system].items()} for system in tables}
    return rest


def _without(table: Mapping[str, Any], paths: set[tuple[str, ...]], at: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        key: _without(value, paths, (*at, key)) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if (*at, key) not in paths
    }

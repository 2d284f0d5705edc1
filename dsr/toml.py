"""Reading a TOML file into frozen dataclasses: every mistake with its key, its line and a sentence."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in a file: the key's path, a sentence, and the line where it could be found."""

    file: Path
    key: str
    sentence: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file.name}:{self.line}" if self.line else self.file.name
        return f"{place}: {self.key}: {self.sentence}" if self.key else f"{place}: {self.sentence}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `mistakes` holds all that is wrong with it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def read(file: Path) -> tuple[dict[str, Any], str, list[Mistake]]:
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text), text, []
    except OSError as error:
        return {}, "", [Mistake(file, "", f"cannot be read ({error.strerror})")]
    except UnicodeDecodeError:
        return {}, "", [Mistake(file, "", "is not text in UTF-8")]
    except tomllib.TOMLDecodeError as error:
        return {}, "", [Mistake(file, "", f"is not TOML: {error}")]


def validated(kind: type[T], table: Mapping[str, Any], file: Path, text: str) -> tuple[T | None, list[Mistake]]:
    try:
        # By way of JSON, so that "5" is not taken for 5 while tables may still become dataclasses.
        return TypeAdapter(kind).validate_json(json.dumps(table, default=str), strict=True), []
    except ValidationError as error:
        return None, list(_mistakes(kind, error.errors(), file, text))


def _mistakes(kind: type, problems: list[Any], file: Path, text: str) -> Iterator[Mistake]:
    """One mistake per key. Where several types are allowed, the one that fitted furthest is spoken of."""
    found: dict[tuple[str, ...], list[str]] = {}
    for problem in problems:
        path = tuple(str(part) for part in problem["loc"] if part not in _UNION_TAGS)
        found.setdefault(path, []).append(_sentence(kind, problem, path))
    for path, sentences in found.items():
        key = ".".join(path)
        is_outdone = len(sentences) == 1 and any(other[: len(path)] == path != other for other in found)
        if not is_outdone:
            yield Mistake(file, key, " or ".join(dict.fromkeys(sentences)), line_of(text, key))


_UNION_TAGS = ("str", "int", "Period", "Text")


_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": 'must be a list, such as ["a", "b"]',
    "dict_type": "must be a table",
    "dataclass_type": "must be a table",
    "mapping_type": "must be a table",
}


def _sentence(kind: type, problem: Any, path: Sequence[str]) -> str:
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return "is not a setting" + hint(path[-1], _names(kind))
    if problem.get("ctx", {}).get("class_name") == "Secret":
        return 'must tell where the secret is: { file = "…" } or { env = "…" }'
    if problem["type"] in ("literal_error", "enum"):
        return f"must be one of {problem['ctx']['expected']}"
    return _SENTENCES.get(problem["type"], str(problem["msg"]))


def _names(kind: type) -> list[str]:
    schema = TypeAdapter(kind).json_schema()
    return [name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", {})]


def hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def line_of(text: str, key: str) -> int | None:
    """The line of a key path: its own (also where it is still a gap) or the first in it, else that of what holds it."""
    path = key.split(".")
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = [part.strip(" \"'") for part in header[1].split(".")]
            depth = _shared(table, path)
        elif assigned := re.match(r"\s*(?:# GAP: )?([\w\".-]+)\s*=", line):
            depth = _shared([*table, *(part.strip('"') for part in assigned[1].split("."))], path)
        else:
            continue
        if depth and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _shared(place: list[str], path: list[str]) -> int:
    depth = min(len(place), len(path))
    return depth if place[:depth] == path[:depth] else 0

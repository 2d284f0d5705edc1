"""Every sentence of the interface is said in Dutch, once, with the values of the English one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from tests.parts.source import ROOT, name, python_files, templates

METHODS = {".py": "python", ".html": "jinja2", ".txt": "jinja2"}
PLACEHOLDER = re.compile(r"%\((\w+)\)|(?<!%)%([sd])|\{(\w*)\}")

# The tables of the law, whose names, laws and texts are shown.
TABLES = [ROOT / "dsr/domain/calendars.toml", ROOT / "dsr/domain/retention.toml"]

Key = tuple[str, str]  # context, English sentence (the singular)


@cache
def used() -> dict[Key, str]:
    """Every sentence that the program or a template marks for translation, with a place where it does."""
    sources = [path for path in [*python_files("dsr"), *templates()] if path.suffix in METHODS]
    marked = {key: f"{name(path)}:{line}" for path in sources for line, key in _marked(path)}
    for path in TABLES:
        marked |= {("", sentence): name(path) for sentence in _said_by(tomllib.loads(path.read_text("utf-8")))}
    return marked


def _said_by(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _said_by(value)
        elif key in {"name", "law", "text"}:
            yield value


def _marked(path: Path) -> Iterator[tuple[int, Key]]:
    options = {"silent": "false", "newstyle_gettext": "true"} if METHODS[path.suffix] == "jinja2" else {}
    for line, sentence, _, context in extract(METHODS[path.suffix], BytesIO(path.read_bytes()), options=options):
        yield line, (context or "", sentence if isinstance(sentence, str) else sentence[0])


@cache
def dutch() -> dict[str, Catalog]:
    """The Dutch catalogues, by area."""
    catalogues = {}
    for path in sorted((ROOT / "dsr/translations/nl").glob("*.po")):
        with path.open("rb") as file:
            catalogues[path.stem] = read_po(file, locale="nl", abort_invalid=True)
    return catalogues


def _translated() -> Iterator[tuple[str, Key, Message]]:
    for area, catalogue in dutch().items():
        for message in catalogue:
            if message.id:
                yield area, (message.context or "", _forms(message.id)[0]), message


def _forms(sentence: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else tuple(sentence)


def test_every_sentence_is_translated() -> None:
    translated = {key for _, key, message in _translated() if all(_forms(message.string))}
    missing = {sentence: place for (_, sentence), place in used().items() if (_, sentence) not in translated}
    assert missing == {}


def test_no_translation_is_left_over() -> None:
    left_over = [f"{area}: {key[1]}" for area, key, _ in _translated() if key not in used()]
    assert left_over == []


def test_no_translation_is_uncertain() -> None:
    assert [f"{area}: {message.id}" for area, _, message in _translated() if message.fuzzy] == []


def test_the_values_of_a_sentence_survive_its_translation() -> None:
    faults = [f"{area}: {message.id} -> {message.string}" for area, _, message in _translated() if not _agrees(message)]
    assert faults == []


def _agrees(message: Message) -> bool:
    english = [sorted(PLACEHOLDER.findall(form)) for form in _forms(message.id)]
    return all(sorted(PLACEHOLDER.findall(form)) in english for form in _forms(message.string))


def test_one_sentence_has_one_translation() -> None:
    seen: dict[Key, set[tuple[str, ...]]] = {}
    for _, key, message in _translated():
        seen.setdefault(key, set()).add(_forms(message.string))
    assert {key: strings for key, strings in seen.items() if len(strings) > 1} == {}

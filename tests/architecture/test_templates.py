"""Templates hold to the content security policy, escape what they show, and speak plainly to the public."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from dsr import templating
from tests.parts.source import ROOT, name, templates

FORBIDDEN = {
    "an inline style": re.compile(r"<style|\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son\w+\s*=", re.IGNORECASE),
    "a script in the page": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "unescaped output": re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE),
}
# A file that is downloaded stands alone: no server sends a style sheet, or a policy, with it.
BRING_THEIR_OWN_STYLE = {"templates/copy/index.html"}
LAWYERS_WORDS = re.compile(r"betrokkene|verwerking|dossier", re.IGNORECASE)
ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')  # a macro may write one of its own
SPOKEN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}
WORD = re.compile(r"[^\W\d_]{2,}")
# The languages name themselves, and a block may fill a class attribute with its audience.
SAID_AS_IT_IS = {"English", "Nederlands", "public", "staff", "staff plain"}


@pytest.mark.parametrize("fault", FORBIDDEN)
def test_no_template_has(fault: str) -> None:
    found = {name(path) for path in templates() if FORBIDDEN[fault].search(path.read_text("utf-8"))}
    assert found == (BRING_THEIR_OWN_STYLE if fault == "an inline style" else set())


@pytest.mark.parametrize("language", templating.LANGUAGES)
def test_every_template_compiles(language: str) -> None:
    environment = templating.environment(language)
    for path in templates():
        environment.get_template(path.relative_to(ROOT / "templates").as_posix())


def test_the_public_is_spoken_to_in_plain_words() -> None:
    pages = {name(path): path.read_text("utf-8") for path in templates() if _audience(path) == "public"}
    with (ROOT / "dsr/translations/nl/public.po").open("rb") as file:
        words = {f"public.po: {message.id}": str(message.string) for message in read_po(file, locale="nl")}
    assert [place for place, text in {**pages, **words}.items() if LAWYERS_WORDS.search(text)] == []


def test_every_word_on_a_page_is_translated() -> None:
    """Letters and notices are whole templates per language; pages are one template for every language."""
    pages = [path for path in templates() if path.suffix == ".html" and _audience(path) not in {"letters", "notices"}]
    literal = {name(path): words for path in pages if (words := _literal_words(path.read_text("utf-8")))}
    assert literal == {}


def test_a_word_that_is_not_translated_is_found() -> None:
    page = '<p title="{{ _("When") }}">{% trans %}Your request{% endtrans %}</p><a aria-label="Close">Verder</a>'
    assert _literal_words(page) == ["Close", "Verder"]


def _audience(path: Path) -> str:
    return path.relative_to(ROOT / "templates").parts[0]


def _literal_words(source: str) -> list[str]:
    """What a page says without asking for a translation."""
    reader = _Reader()
    reader.feed(_outside_jinja(source))
    said = [" ".join(text.split()) for text in reader.said]
    return [text for text in said if WORD.search(text) and text not in SAID_AS_IT_IS]


def _outside_jinja(source: str) -> str:
    """The template without its expressions, statements and translated blocks."""
    kept: list[str] = []
    block = translating = False
    for _, token, value in Environment(autoescape=True).lex(source):
        if token == "name" and block:
            translating = value == "trans" or (translating and value != "endtrans")
        block = token == "block_begin" or (block and token == "whitespace")
        if token == "data" and not translating:
            kept.append(value)
    return "".join(kept)


class _Reader(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for attribute, value in attrs if attribute in SPOKEN_ATTRIBUTES and value]

    def handle_data(self, data: str) -> None:
        self.said.append(ATTRIBUTE.sub("", data))

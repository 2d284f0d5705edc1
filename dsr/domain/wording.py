"""Sentences of the law: an English template with values, so that a caller can say it in another language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

Value = str | int | date | tuple[str, ...]
Translate = Callable[[str], str]
WriteDate = Callable[[date], str]


def N_(msgid: str) -> str:  # noqa: N802 - the name that extracts of translatable text look for
    """Mark a sentence for translation; it is translated where it is shown."""
    return msgid


def say(
    template: str,
    values: Mapping[str, Value],
    translate: Translate = str,
    write_date: WriteDate = date.isoformat,
) -> str:
    """The sentence in the language of `translate`: words among the values are translated, dates written out."""
    return translate(template) % {name: _spell(value, translate, write_date) for name, value in values.items()}


def _spell(value: Value, translate: Translate, write_date: WriteDate) -> str:
    if isinstance(value, date):
        return write_date(value)
    if isinstance(value, tuple):
        return ", ".join(translate(word) for word in value)
    # gettext answers an empty msgid with the catalogue's header.
    return translate(value) if value and isinstance(value, str) else str(value)

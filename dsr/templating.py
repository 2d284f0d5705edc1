"""One Jinja environment per language, shared by web pages, mail and letters; words come from dsr/translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from dsr import paths
from dsr.domain import clockface
from dsr.domain.calendars import AMSTERDAM, local_date
from dsr.domain.wording import Translate, WriteDate

LANGUAGES = ("nl", "en")

_CATALOGUES = Path(__file__).resolve().parent / "translations"
_CHIP = {"nl": "d-M-y", "en": "d MMM y"}
_CLOCK = {"nl": "HH.mm 'uur'", "en": "HH:mm"}


class Sentence(Protocol):
    """Words of the domain that can be said in a language."""

    def say(self, translate: Translate, write_date: WriteDate) -> str: ...


def render(name: str, *, language: str, **context: Any) -> str:
    """Render the template `name` in `language` ("nl" or "en"); a missing variable raises `UndefinedError`."""
    return environment(language).get_template(name).render(context)


@cache
def environment(language: str) -> Environment:
    """The Jinja environment whose words and filters speak `language`; KeyError for a language we do not have."""
    if language not in LANGUAGES:
        raise KeyError(language)
    jinja = Environment(
        loader=FileSystemLoader(paths.templates()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    jinja.globals.update(language=language, place_labels=clockface.place_labels)
    jinja.filters.update({name: partial(filter_, language=language) for name, filter_ in _FILTERS.items()})
    jinja.filters.update(unbroken=unbroken, breakable=breakable, local_date=local_date)
    return jinja


@cache
def translations(language: str) -> Translations:
    """The words of `language`, every area's catalogue in one; an English sentence without translation stays itself."""
    merged = Catalog(locale=language)
    for path in sorted((_CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    merged.add(message.id, message.string, flags=message.flags, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def date_long(day: date, *, language: str) -> str:
    """A date in text: "maandag 18 januari 2027"."""
    return format_date(day, "EEEE d MMMM y", locale=language)


def date_short(day: date, *, language: str) -> str:
    """A date in a table: "ma 18 jan 2027"."""
    return format_date(day, "EEE d MMM y", locale=language)


def date_brief(day: date, *, language: str) -> str:
    """A date in a drawing, where the year is plain: "ma 18 jan"."""
    return format_date(day, "EEE d MMM", locale=language)


def date_chip(day: date, *, language: str) -> str:
    """A date in a chip: "31-12-2030"."""
    return format_date(day, _CHIP[language], locale=language)


def date_plain(day: date, *, language: str) -> str:
    """A date in a letter: "18 januari 2027"."""
    return format_date(day, "d MMMM y", locale=language)


def month(day: date, *, language: str) -> str:
    """A month under a drawing: "jan"."""
    return format_date(day, "MMM", locale=language)


def time_of_day(instant: datetime, *, language: str) -> str:
    """The Amsterdam time of an aware instant: "21.14 uur"."""
    return format_datetime(instant, _CLOCK[language], tzinfo=AMSTERDAM, locale=language)


def moment(instant: datetime, *, language: str) -> str:
    """A point on a timeline, Amsterdam time: "23 nov 09.12"."""
    hours = "HH.mm" if language == "nl" else "HH:mm"
    return format_datetime(instant, f"d MMM {hours}", tzinfo=AMSTERDAM, locale=language)


def days_left(days: int, *, language: str) -> str:
    """Whole days to a last day, in words; 0 is today, below 0 is late."""
    words = translations(language)
    if days == 0:
        return words.gettext("today")
    if days < 0:
        return words.ngettext("%(num)d day late", "%(num)d days late", -days) % {"num": -days}
    return words.ngettext("%(num)d day left", "%(num)d days left", days) % {"num": days}


def bytes_size(size: int, *, language: str) -> str:
    """A number of bytes as a person says it: "4,2 MB"."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{format_decimal(round(amount, 1), locale=language)} {unit}"


def in_words(sentence: Sentence, *, language: str, labels: Mapping[str, str] | None = None) -> str:
    """A sentence of the law (a step, a fault) in `language`, its dates as in text.

    What the configuration gives a label (a system) is named by that: `labels` has them by key.
    """
    gettext, known = translations(language).gettext, labels or {}
    return sentence.say(lambda text: known.get(text) or gettext(text), partial(date_plain, language=language))


def unbroken(text: str) -> Markup:
    """Keep a date, an article number, a reference or a postcode on one line."""
    return Markup('<span class="unbroken">{}</span>').format(text)


def breakable(address: str) -> Markup:
    """Let a long e-mail address go on on the next line after its @ or a dot, not within a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[@.])", address))


_FILTERS: dict[str, Callable[..., str]] = {
    "date_long": date_long,
    "date_short": date_short,
    "date_brief": date_brief,
    "date_chip": date_chip,
    "date_plain": date_plain,
    "month": month,
    "time_of_day": time_of_day,
    "moment": moment,
    "days_left": days_left,
    "bytes_size": bytes_size,
    "in_words": in_words,
}

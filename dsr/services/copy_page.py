"""The readable half of an access copy, index.html: what was found, in words, with the first rows of every table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

from jinja2.environment import TemplateStream
from markupsafe import Markup, escape

from dsr.config import TIMEZONE, Settings
from dsr.domain import copies
from dsr.domain.calendars import local_date
from dsr.domain.copies import Content, Listing
from dsr.domain.errands import HEADINGS
from dsr.domain.register import Category, Period, Recipient
from dsr.domain.retention import Rule
from dsr.services.copy_data import CopyOrder
from dsr.templating import bytes_size, date_plain, environment, render, translations


def page(order: CopyOrder, content: Content, settings: Settings, now: datetime) -> Iterator[bytes]:
    """The page, piece by piece: a table may have a thousand rows in it."""
    page: TemplateStream = (
        environment(order.language)
        .get_template("copy/index.html")
        .stream(
            order=order,
            content=content,
            controller=settings.controller,
            automated_decisions=settings.register.automated_decisions,
            made_on=local_date(now),
            given_up=[settings.labels(order.language).get(name, name) for name in order.given_up],
            register=settings.register,
            about=lambda part: _about(order.language, part.category, part.recipients, part.rule),
            headings=partial(_headings, settings, order.language),
            rows=partial(_rows, settings, order.language),
            place=partial(_place_of, settings, order.language),
        )
    )
    page.enable_buffering(200)
    return (part.encode() for part in page)


@lru_cache(maxsize=512)
def _about(language: str, category: Category, recipients: tuple[Recipient, ...], rule: Rule | Period | None) -> Markup:
    """What is told of a category: the same in every copy, until the register changes."""
    told = {"category": category, "recipients": recipients, "rule": rule, "legal_bases": copies.LEGAL_BASES}
    grounds = {"roles": copies.ROLES, "keeping_grounds": copies.KEEPING_GROUNDS}
    return Markup(render("copy/category.html", language=language, **told, **grounds))  # noqa: S704 - escaped there


def _headings(settings: Settings, language: str, listing: Listing) -> Sequence[str]:
    """The names of the columns as a person reads them: those of the register, or the words for what an owner noted."""
    system, _ = settings.systems.get(listing.system), translations(language).gettext
    if system is None or not system.is_manual:
        table = settings.register.tables[listing.system][listing.table]
        return [table.column_named(column, language) for column in listing.columns]
    return [_(HEADINGS.get(column, column)) for column in listing.columns]


def _rows(settings: Settings, language: str, listing: Listing) -> Iterator[list[tuple[Markup, str | None]]]:
    """The rows as a person reads them: each cell with its heading and what it says, None where it is empty."""
    headings = [*map(escape, _headings(settings, language, listing))]
    for row in listing.rows:
        yield [
            (heading, None if cell is None else _shown(cell, language))
            for heading, cell in zip(headings, row, strict=True)
        ]


def _place_of(settings: Settings, language: str, listing: Listing) -> str:
    """Where rows come from: table and system, or the place where an owner looked."""
    place = f"{listing.system}.{listing.table}"
    return settings.labels(language).get(place, f"{listing.table} ({listing.system})")


def _shown(value: Any, language: str) -> str:
    """A value as a person reads it; data.json has it exactly."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    _ = translations(language).gettext
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        local = value.astimezone(TIMEZONE) if value.tzinfo else value
        return f"{date_plain(local, language=language)} {local.time().isoformat('seconds')}"
    if isinstance(value, date):
        return date_plain(value, language=language)
    if isinstance(value, bytes):
        return _("a file of %(size)s, see data.json") % {"size": bytes_size(len(value), language=language)}
    return str(value)

"""Words, dates and sizes as a person reads them, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from jinja2 import UndefinedError

from dsr import templating

DAY = date(2027, 1, 18)
EVENING = datetime(2026, 10, 11, 19, 14, tzinfo=UTC)


def say(expression: str, language: str, **values: object) -> str:
    return templating.environment(language).from_string("{{ " + expression + " }}").render(values)


@pytest.mark.parametrize(
    ("filter_", "dutch", "english"),
    [
        ("date_long", "maandag 18 januari 2027", "Monday 18 January 2027"),
        ("date_short", "ma 18 jan 2027", "Mon 18 Jan 2027"),
        ("date_brief", "ma 18 jan", "Mon 18 Jan"),
        ("date_chip", "18-1-2027", "18 Jan 2027"),
        ("date_plain", "18 januari 2027", "18 January 2027"),
        ("month", "jan", "Jan"),
    ],
)
def test_dates(filter_: str, dutch: str, english: str) -> None:
    assert [say(f"day | {filter_}", language, day=DAY) for language in ("nl", "en")] == [dutch, english]


def test_instants_are_shown_in_amsterdam() -> None:
    assert say("at | time_of_day", "nl", at=EVENING) == "21.14 uur"
    assert say("at | time_of_day", "en", at=EVENING) == "21:14"
    assert say("at | moment", "nl", at=EVENING) == "11 okt 21.14"
    assert say("at | local_date", "nl", at=datetime(2026, 10, 11, 23, 30, tzinfo=UTC)) == "2026-10-12"


@pytest.mark.parametrize(
    ("days", "dutch", "english"),
    [
        (12, "nog 12 dagen", "12 days left"),
        (1, "nog 1 dag", "1 day left"),
        (0, "vandaag", "today"),
        (-1, "1 dag te laat", "1 day late"),
        (-3, "3 dagen te laat", "3 days late"),
    ],
)
def test_days_left(days: int, dutch: str, english: str) -> None:
    assert [say("days | days_left", language, days=days) for language in ("nl", "en")] == [dutch, english]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (4_200_000, "4,2 MB"), (10**12, "1.000 GB")]
)
def test_sizes(size: int, words: str) -> None:
    assert say("size | bytes_size", "nl", size=size) == words


def test_a_sentence_without_translation_stays_english() -> None:
    assert templating.translations("nl").gettext("Nobody wrote this down") == "Nobody wrote this down"
    assert templating.translations("en").gettext("Privacy notice") == "Privacy notice"


def test_every_area_speaks_in_one_voice() -> None:
    assert say("_('Privacy notice')", "nl") == "Privacyverklaring"
    assert say("_('Checking identity')", "nl") == "Identiteit vaststellen"


def test_what_a_person_typed_is_escaped_also_inside_a_translation() -> None:
    assert "<b>" not in say("_('The clock of %(name)s', name=name)", "nl", name="<b>")
    assert say("text | unbroken", "nl", text="<b>") == '<span class="unbroken">&lt;b&gt;</span>'


def test_an_address_breaks_after_its_at_or_a_dot() -> None:
    assert say("text | breakable", "nl", text="d.<b>@mail.example") == "d.<wbr>&lt;b&gt;@<wbr>mail.<wbr>example"


def test_a_missing_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        say("nobody_passed_this", "nl")


def test_a_language_we_do_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        templating.environment("fr")

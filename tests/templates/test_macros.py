"""The macros give what a screen reader and a keyboard need."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from dsr import templating
from dsr.domain import clockface
from dsr.domain.deadlines import compute

FORMS = "{% import 'macros/forms.html' as forms with context %}"
CLOCK = "{% import 'macros/clock.html' as clock %}{{ clock.clock(face, 'Hanna', 'one') }}"


def show(source: str, **values: object) -> str:
    return templating.environment("nl").from_string(source).render(values)


def form(source: str) -> str:
    return show(FORMS + source, csrf_token=lambda: "a-token")


def drawn(today: date) -> str:
    face = clockface.face(compute(datetime(2026, 11, 4, 12, tzinfo=UTC)), today=today)
    return show(CLOCK, face=face)


def test_every_form_can_carry_its_token() -> None:
    assert form("{{ forms.csrf() }}").strip() == '<input type="hidden" name="csrf_token" value="a-token">'


def test_a_field_names_its_help_and_its_error() -> None:
    field = form("{{ forms.field('name', 'Uw naam', help='Zoals op uw factuur.', error='Vul uw naam in') }}")
    assert 'aria-describedby="name-help name-error"' in field
    assert 'aria-invalid="true"' in field
    assert re.search(r'id="name-error"><span class="unseen">Fout:</span> Vul uw naam in', field)


def test_a_field_without_remarks_describes_nothing() -> None:
    field = form("{{ forms.field('name', 'Uw naam', value='Hanna') }}")
    assert "aria" not in field
    assert 'value="Hanna"' in field


def test_a_password_is_never_sent_back() -> None:
    assert "value" not in form("{{ forms.field('password', 'Wachtwoord', type='password', value='geheim') }}")


def test_what_was_typed_stays_and_is_escaped() -> None:
    assert "&lt;/textarea&gt;" in form("{{ forms.textarea('why', 'Toelichting', value='</textarea>') }}")


def test_the_error_summary_links_to_each_field_in_its_own_words() -> None:
    summary = form("{{ forms.error_summary({'name': 'Vul uw naam in'}) }}")
    assert '<a href="#name">Vul uw naam in</a>' in summary
    assert form("{{ forms.error_summary({}) }}").strip() == ""


def test_the_first_choice_can_be_reached_from_the_error_summary() -> None:
    options = "[{'value': 'a', 'label': 'A'}, {'value': 'b', 'label': 'B'}]"
    rows = form("{{ forms.choices('rights', 'Wat vraagt u?', " + options + ", ['b']) }}")
    assert re.findall(r'id="([^"]+)" name="rights" value="(.)"( checked)?', rows) == [
        ("rights", "a", ""),
        ("rights-2", "b", " checked"),
    ]


def test_the_clock_tells_in_words_what_it_draws() -> None:
    picture = drawn(date(2026, 11, 23))
    assert picture.count("<title id=") == picture.count("<desc id=") == 2
    assert "Ontvangen op woensdag 4 november 2026." in picture
    assert "De uiterste dag is vrijdag 4 december 2026." in picture
    assert "viewBox" not in picture


def test_a_late_clock_says_how_late() -> None:
    assert picture_words(drawn(date(2026, 12, 7))).count("vandaag ma 7 dec, 3 dagen te laat") == 1


def test_every_id_in_the_drawing_is_its_own() -> None:
    ids = re.findall(r' id="([^"]+)"', drawn(date(2026, 11, 23)))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("macro", ["case_state('new')", "identity_state('asked')", "outcome('')", "verdict('erase')"])
def test_no_state_is_told_by_colour_alone(macro: str) -> None:
    assert picture_words(show("{% import 'macros/staff.html' as staff %}{{ staff." + macro + " }}")).strip()


def picture_words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)

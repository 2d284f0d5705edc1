"""The answer letter reads as a letter, whatever it has to say, on paper and on a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page

from dsr.config import Settings
from dsr.domain.answers import DecidedRight, Facts, NotErased
from dsr.domain.notifications import Informed, State
from dsr.domain.plans import Verdict
from dsr.domain.rights import Outcome, Right
from dsr.templating import render
from tests.parts.letter import COMPLETE
from tests.parts.source import ROOT

STATIC = (ROOT / "dsr/web/static").as_uri()
OUTCOMES = [*Outcome, None]


def letter(facts: Facts, settings: Settings, language: str = "nl") -> str:
    return render(
        f"letters/answer/{language}.html",
        language=language,
        facts=facts,
        controller=settings.controller,
        logo_url=f"{STATIC}/logo.svg",
        asset=lambda name: f"{STATIC}/{name}",
    )


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html.split("<body", 1)[1])


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("right", Right)
def test_every_outcome_of_every_right_has_its_words(settings: Settings, language: str, right: Right) -> None:
    said = set()
    for outcome, reason in product(OUTCOMES, ["Daarom.", None]):
        facts = replace(COMPLETE, rights=(DecidedRight(right, outcome, reason),), erased=(), kept=(), not_erased=())
        text = words(letter(facts, settings, language))
        assert "None" not in text
        assert "betrokkene" not in text.lower()
        assert bool(reason) == ("Daarom." in text) or right is Right.MARKETING_OBJECTION
        said.add(text)
    assert len(said) >= len(Outcome)


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("erased", [COMPLETE.erased, COMPLETE.erased[:1], ()])
@pytest.mark.parametrize("kept", [COMPLETE.kept, ()])
@pytest.mark.parametrize("left", [(NotErased("Offertes", Verdict.FIRST), NotErased("Post", Verdict.PROTECTED)), ()])
def test_every_mix_of_erased_and_kept_can_be_told(
    settings: Settings, language: str, erased: tuple, kept: tuple, left: tuple
) -> None:  # type: ignore[type-arg]
    facts = replace(COMPLETE, erased=erased, kept=kept, not_erased=left)
    text = words(letter(facts, settings, language))
    assert all(part.what in text for part in (*erased, *kept, *left))
    assert "autoriteitpersoonsgegevens.nl" in text
    assert "35 UAVG" in text


def test_an_erasure_is_told_once_where_a_consent_was_withdrawn_too(settings: Settings) -> None:
    both = (DecidedRight(Right.CONSENT_WITHDRAWAL, Outcome.FULFILLED), *COMPLETE.rights)
    assert words(letter(replace(COMPLETE, rights=both), settings)).count("Het loopt nog.") == 1
    assert words(letter(replace(COMPLETE, rights=both[:1]), settings)).count("Het loopt nog.") == 1


def test_a_law_is_named_only_where_there_is_one(settings: Settings) -> None:
    left = NotErased("Logboek", Verdict.PROTECTED, is_part=True)
    own = words(letter(replace(COMPLETE, not_erased=(left, replace(left, what="Post", is_part=False))), settings))
    assert "Logboek (een deel) en Post." in own
    assert "Wij weten nog niet tot wanneer wij dit bewaren" in own
    assert "De wet kan ons verplichten" not in own
    assert "De wet kan ons verplichten" in words(
        letter(replace(COMPLETE, not_erased=(replace(left, law="AWR art. 52(4)"),)), settings)
    )


@pytest.mark.parametrize(("language", "heading"), [("nl", "Ontvangers"), ("en", "Recipients")])
def test_recipients_of_several_rights_stand_under_one_heading(settings: Settings, language: str, heading: str) -> None:
    informed = tuple(Informed("Duinpost", right, State.PROPOSED) for right in (Right.ERASURE, Right.RESTRICTION))
    text = words(letter(replace(COMPLETE, informed=informed), settings, language))
    assert text.count(heading) == 1
    assert text.count("Duinpost") == 2


def test_what_is_needed_for_a_claim_is_not_called_a_duty(settings: Settings) -> None:
    claim = replace(COMPLETE.kept[0], rule="claim5", law="BW 3:307(1), 3:310(1); GDPR art. 17(3)(e)", years=5)
    text = words(letter(replace(COMPLETE, kept=(claim,)), settings))
    assert "verplicht of toestaat" in text
    assert "onder e AVG" in text


def test_a_late_answer_is_admitted(settings: Settings) -> None:
    late = letter(replace(COMPLETE, due_on=date(2026, 11, 11), extended_on=date(2026, 11, 5)), settings)
    assert "Wij zijn te laat. Dat spijt ons." in late
    assert "meer tijd nodig" not in late


def test_the_privacy_officer_is_named(settings: Settings) -> None:
    controller = replace(settings.controller, privacy_officer="Sanne Vos, fg@polder.example")
    assert "fg@polder.example" in letter(COMPLETE, replace(settings, controller=controller))


NORMAL = replace(
    COMPLETE,
    rights=(
        DecidedRight(Right.MARKETING_OBJECTION, Outcome.FULFILLED),
        DecidedRight(Right.ACCESS, Outcome.FULFILLED),
        DecidedRight(Right.ERASURE, Outcome.PARTLY_FULFILLED),
    ),
    not_erased=(),
)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_normal_letter_prints_on_one_sheet(page: Page, settings: Settings, tmp_path: Path, language: str) -> None:
    file = tmp_path / "letter.html"
    file.write_text(letter(NORMAL, settings, language), encoding="utf-8")
    page.goto(file.as_uri())
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_letter_scrolls_sideways(page: Page, settings: Settings, tmp_path: Path, width: int) -> None:
    file = tmp_path / "letter.html"
    file.write_text(letter(COMPLETE, settings), encoding="utf-8")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width

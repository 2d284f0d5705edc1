"""Every notice in both languages: complete as plain text, the same as HTML, with a link and nothing personal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from dsr import paths
from dsr.config import Controller
from dsr.domain.register import Text
from dsr.mail import messages
from dsr.mail.messages import KINDS, OWNER_KINDS, RECIPIENT_KINDS, STAFF_KINDS, Message
from dsr.templating import LANGUAGES

CONTROLLER = Controller(
    name="Polder & Zn. Hosting",
    address="Dijkweg 1, 1234 AB Polderdam",
    email="privacy@polder.example",
    phone="0123 456 789",
    phone_hours=Text("werkdagen van 9 tot 17 uur", "weekdays from 9 to 17"),
)
LINK = "https://privacy.polder.example/status/abcdefghijklmnop"
REFERENCE = "2026-K7QF-9M3X"

FACTS: dict[str, dict[str, Any]] = {
    "acknowledgement": {"due_on": "2027-01-18", "code": "012345"},
    "new-code": {"code": "012345"},
    "confirmation-reminder": {},
    "copy-ready": {"expires_on": "2027-01-18"},
    "answer-ready": {},
    "kept-erased": {},
    "extension": {"due_on": "2027-01-18"},
    "erasure-planned": {"not_before": "2026-11-26"},
    "lifting": {"lift_on": "2026-12-01"},
    "plan-to-approve": {},
    "staff-digest": {
        "cases": [
            {"reference": REFERENCE, "on": "2027-01-18", "days": 1},
            {"reference": "2026-AAAA-BBBB", "on": "2027-01-11", "days": -6},
        ],
        "missed": ["2027-01-12", "2027-01-13"],
        "tasks": [{"kind": "mail-failed", "reference": REFERENCE}, {"kind": "new-kind", "reference": None}],
        "ledger": [{"what": "Facturen", "where": "winkel", "erased": 12, "waiting": 1}],
    },
    "staff-task": {"tasks": [{"kind": "mail-failed", "reference": REFERENCE}]},
    "staff-password": {"until": "2027-01-18"},
    "errand": {"system": "Ordner op kantoor", "work": "search", "due_on": "2027-01-18"},
    "errand-reminder": {
        "errands": [{"reference": REFERENCE, "system": "Ordner op kantoor", "on": "2027-01-18", "days": -1}]
    },
    "errand-stopped": {"system": "Ordner op kantoor"},
    "owner-code": {"code": "012345"},
    "notification": {"until": "2027-01-18"},
    "notification-reminder": {"told_on": "2027-01-04", "until": "2027-01-18"},
    "notification-code": {"code": "012345"},
}
EVERY = [(kind, language) for kind in KINDS for language in LANGUAGES]
MONDAY = {"nl": "maandag 18 januari 2027", "en": "Monday 18 January 2027"}


def write(kind: str, language: str, **other: Any) -> Message:
    facts = {**FACTS[kind], "link": LINK, "reference": REFERENCE, **other}
    return messages.write(kind, facts, controller=CONTROLLER, language=language)


class _Words(HTMLParser):
    """What a person reads of a page, and the addresses it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str | None] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(html: str) -> _Words:
    words = _Words()
    words.feed(html)
    return words


def words_of(text: str) -> list[str]:
    return re.sub(r"^- ", "", text, flags=re.MULTILINE).split()


def test_every_kind_has_its_templates() -> None:
    folders = {path.name for path in (paths.templates() / "notices").iterdir() if path.is_dir()} - {"closing"}
    assert folders == set(KINDS) == set(FACTS)


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_a_notice_says_where_to_read_on(kind: str, language: str) -> None:
    message = write(kind, language)
    assert LINK in message.text.splitlines()
    assert "{" not in message.text + message.subject
    assert message.subject.isprintable()
    assert 10 <= len(message.subject) <= 78
    assert not message.subject.startswith("Subject")


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_html_says_the_same_and_fetches_nothing(kind: str, language: str) -> None:
    message = write(kind, language)
    html = read(message.html)
    assert words_of(" ".join(html.said[1:])) == words_of(f"{message.subject} {message.text}")
    assert html.links == [LINK]
    assert f'<html lang="{language}">' in message.html
    assert html.tags & {"img", "script", "style", "link", "iframe", "form"} == set()


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_lines_are_short_and_nothing_is_broken_off(kind: str, language: str) -> None:
    message = write(kind, language)
    assert max(len(line) for line in message.text.splitlines() if LINK not in line) <= 100
    assert "\n\n\n" not in message.text
    assert message.text.strip() + "\n" == message.text


@pytest.mark.parametrize(
    ("kind", "language"), [each for each in EVERY if each[0] not in STAFF_KINDS | OWNER_KINDS | RECIPIENT_KINDS]
)
def test_a_person_is_told_the_reference_and_whom_to_ask_and_nothing_of_the_request(kind: str, language: str) -> None:
    message = write(kind, language)
    assert REFERENCE in message.subject
    assert REFERENCE in message.text
    for contact in (CONTROLLER.name, CONTROLLER.email):
        assert contact in message.text.replace("\n", " ")
    revealing = r"inzage|verwijder|gewist|wissen|bezwaar|reclame|klant|access|eras|delet|objection|advertis|customer"
    assert re.search(revealing, f"{message.subject} {message.text}", re.IGNORECASE) is None
    lawyers_words = r"betrokkene|verwerking|dossier|AVG|GDPR"
    assert re.search(lawyers_words, message.text) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["acknowledgement", "copy-ready", "extension", "staff-digest"])
def test_dates_are_written_out(kind: str, language: str) -> None:
    text = write(kind, language).text.replace("\n", " ")
    assert MONDAY[language] in text
    assert "2027-01" not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["acknowledgement", "new-code"])
def test_the_code_stands_on_a_line_of_its_own_and_not_in_the_subject(kind: str, language: str) -> None:
    message = write(kind, language)
    assert "012345" in message.text.splitlines()
    assert "012345" not in message.subject
    assert message.is_reply


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_code_none_is_asked_for(language: str) -> None:
    message = write("acknowledgement", language, code=None)
    assert "code" not in message.text.split(LINK)[0].lower()
    assert MONDAY[language] in message.text.replace("\n", " ")


@pytest.mark.parametrize(
    ("language", "near", "late"), [("nl", "nog 1 dag", "6 dagen te laat"), ("en", "1 day left", "6 days late")]
)
def test_the_digest_says_how_long_there_is(language: str, near: str, late: str) -> None:
    lines = write("staff-digest", language).text.splitlines()
    assert f"- {REFERENCE}: {MONDAY[language]}, {near}" in lines
    assert [line for line in lines if line.startswith("- 2026-AAAA-BBBB") and line.endswith(late)]


@pytest.mark.parametrize(
    ("language", "subject"),
    [("nl", "1 verzoek vraagt vandaag uw aandacht"), ("en", "1 request needs your attention today")],
)
def test_a_digest_of_one_case(language: str, subject: str) -> None:
    message = write("staff-digest", language, cases=FACTS["staff-digest"]["cases"][:1], missed=[], tasks=[])
    assert message.subject == subject
    assert "2027" not in message.text.replace(MONDAY[language], "")


@pytest.mark.parametrize(
    ("language", "said"), [("nl", "12 januari 2027 en 13 januari 2027"), ("en", "12 January 2027 and 13 January 2027")]
)
def test_the_digest_says_what_was_missed(language: str, said: str) -> None:
    assert said in write("staff-digest", language).text.replace("\n", " ")


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        (
            "nl",
            "Gewist na de bewaartermijn",
            "- Facturen (winkel): 12 rijen gewist, 1 rij kon niet weg en wacht op iemand",
        ),
        (
            "en",
            "Erased at the end of its retention",
            "- Facturen (winkel): 12 rows erased, 1 row could not go and waits",
        ),
    ],
)
def test_a_digest_of_the_ledger_alone(language: str, subject: str, line: str) -> None:
    message = write("staff-digest", language, cases=[], missed=[], tasks=[])
    assert message.subject == subject
    assert line in message.text
    assert "\n\n\n" not in message.text
    left = [{"what": "Facturen", "where": "winkel", "erased": 0, "waiting": 2}]
    assert write("staff-digest", language, cases=[], missed=[], tasks=[], ledger=left).subject != subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_is_escaped(language: str) -> None:
    assert "Polder &amp; Zn. Hosting" in write("answer-ready", language).html


def test_facts_that_do_not_fit_are_refused_at_once() -> None:
    messages.check("new-code", {"link": LINK, "reference": REFERENCE, "code": "1"})
    with pytest.raises(TypeError):
        messages.check("new-code", {"link": LINK, "reference": REFERENCE})
    with pytest.raises(TypeError):
        messages.check("answer-ready", {"link": LINK, "name": "Hanna Brinkman"})
    with pytest.raises(KeyError):
        messages.check("new-code", {"code": "1"})
    with pytest.raises(KeyError):
        messages.check("farewell", {"link": LINK})

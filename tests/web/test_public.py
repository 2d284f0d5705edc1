"""The form, the confirmation and the status page, as a browser meets them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from dsr.app import create_app
from dsr.config import Settings
from dsr.db.audit import AuditEntry
from dsr.db.base import transaction
from dsr.db.cases import Case, DataSubject
from dsr.db.drafts import Draft
from dsr.db.notices import Notice
from dsr.keys import Keys
from dsr.services.identity import email_digest
from dsr.services.lookup import record_lookup
from dsr.web.public.form import STEPS
from tests.parts.form import HANNA, mailed_code
from tests.parts.store import NOW
from tests.parts.web import Clock, Visitor

LONG = "Mijn huisnummer klopt niet. " * 40_000  # more than 1 MB


def _fill_in(visitor: Visitor, *, until: str = "controle", **changed: object) -> TestResponse:
    """Answer the questions up to the page `until`, which is the answer."""
    given: dict[str, object] = {**HANNA, **changed}
    visitor.send("/verzoek/rechten", rights=given["rights"])
    visitor.send("/verzoek/toelichting", details=given["details"])
    visitor.send("/verzoek/naam", name=given["name"], customer_number=given["customer_number"])
    visitor.send("/verzoek/e-mail", email=given["email"])
    return visitor.see(f"/verzoek/{until}")


def _submit(visitor: Visitor, **changed: object) -> str:
    """Send a request; returns the path of its status page."""
    _fill_in(visitor, **changed)
    assert visitor.send("/verzoek/controle").location == "/ontvangen"
    found = re.search(r'href="(/status/\w+)"', visitor.see("/ontvangen").text)
    assert found
    return found[1]


def _the_case(session: Session) -> Case:
    return session.scalars(select(Case)).one()


def _count(app: Flask, table: type) -> int:
    with app.app_context(), transaction(writes=False) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_start_page_names_the_last_day(visitor: Visitor) -> None:
    text = visitor.see("/").text
    assert "Uw gegevens bij Polder Hosting" in text
    assert "Uiterlijk woensdag 23 december 2026" in text


@pytest.mark.parametrize("path", ["/", "/verzoek/rechten", "/status", "/privacy", "/toegankelijkheid", "/nowhere"])
def test_every_page_links_to_the_privacy_notice(visitor: Visitor, path: str) -> None:
    assert 'href="/privacy"' in visitor.see(path).text


def test_the_whole_form(visitor: Visitor, app: Flask) -> None:
    path = "/verzoek/rechten"
    for following, fields in {
        "/verzoek/toelichting": {"rights": HANNA["rights"]},
        "/verzoek/naam": {"details": HANNA["details"]},
        "/verzoek/e-mail": {"name": HANNA["name"], "customer_number": HANNA["customer_number"]},
        "/verzoek/controle": {"email": HANNA["email"]},
    }.items():
        answer = visitor.send(path, **fields)
        assert (answer.status_code, answer.location) == (302, following)
        path = following
    check = visitor.see("/verzoek/controle").text
    assert all(str(HANNA[field]) in check for field in ("details", "name", "customer_number", "email"))
    assert "Inzage in mijn gegevens\nVerwijdering</dd>" in check
    assert visitor.send("/verzoek/controle").location == "/ontvangen"
    with app.app_context(), transaction(writes=False) as session:
        case = _the_case(session)
        assert case.data_subject.email == HANNA["email"]
    received = visitor.see("/ontvangen").text
    assert case.reference in received
    assert "woensdag 23 december 2026" in received
    assert re.search(r"(\w{4}-){2}\w{4}</dd>", received)
    assert HANNA["email"] in received


def test_the_worker_is_woken_by_a_request(settings: Settings, key_set: Keys, app: Flask) -> None:
    woken: list[bool] = []
    awake = create_app(settings, key_set, wake=lambda: woken.append(True))
    _submit(Visitor(awake.test_client()))
    assert woken == [True]


def test_a_question_cannot_be_skipped(visitor: Visitor) -> None:
    for step in STEPS[1:]:
        assert visitor.see(f"/verzoek/{step}").location == "/verzoek/rechten"
    visitor.send("/verzoek/rechten", rights="access")
    assert visitor.see("/verzoek/controle").location == "/verzoek/naam"


def test_a_changed_answer_leads_straight_back_to_the_check(visitor: Visitor) -> None:
    assert "Hanna Brinkman" in _fill_in(visitor).text
    answer = visitor.send("/verzoek/naam", name="Hanna de Graaf")
    assert answer.location == "/verzoek/controle"
    assert "Hanna de Graaf" in visitor.see("/verzoek/controle").text


def test_a_changed_question_that_needs_details_asks_for_them(visitor: Visitor) -> None:
    _fill_in(visitor, details="")
    assert visitor.send("/verzoek/rechten", rights="rectification").location == "/verzoek/toelichting"
    assert "Wat klopt er niet?" in visitor.see("/verzoek/toelichting").text


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("rechten", {}, "Kies ten minste één ding dat u wilt vragen"),
        ("naam", {"name": " ", "customer_number": "4471"}, "Vul uw naam in"),
        ("e-mail", {"email": ""}, "Vul uw e-mailadres in"),
        ("e-mail", {"email": "hanna.brinkman"}, "Vul een e-mailadres in zoals naam@voorbeeld.nl"),
        ("e-mail", {"email": "hanna@@example.org"}, "Vul een e-mailadres in zoals naam@voorbeeld.nl"),
    ],
)
def test_an_error_says_what_to_do_and_keeps_what_was_typed(
    visitor: Visitor, step: str, typed: dict[str, str], sentence: str
) -> None:
    _fill_in(visitor)
    answer = visitor.send(f"/verzoek/{step}", **typed)
    assert answer.status_code == 400
    assert "<title>Fout: " in answer.text
    field = next(iter(typed), "rights")
    assert f'<a href="#{field}">{sentence}</a>' in answer.text
    assert f"</span> {sentence}</p>" in answer.text
    assert all(f'value="{text}"' in answer.text for text in typed.values() if text.strip())


def test_details_are_asked_for_where_we_cannot_begin_without(visitor: Visitor) -> None:
    visitor.send("/verzoek/rechten", rights=["something-else"])
    assert "mag u leeg laten" not in visitor.see("/verzoek/toelichting").text
    assert "Schrijf op wat u wilt vragen" in visitor.send("/verzoek/toelichting", details="").text
    assert visitor.send("/verzoek/toelichting", details="Wat mag ik?").status_code == 302


def test_a_megabyte_in_a_field_gets_a_sentence_and_comes_back(visitor: Visitor, app: Flask) -> None:
    visitor.send("/verzoek/rechten", rights="rectification")
    answer = visitor.send("/verzoek/toelichting", details=LONG)
    assert answer.status_code == 400
    assert "Maak uw tekst korter: hooguit 5000 tekens." in answer.text
    assert LONG.strip() in answer.text
    with app.app_context(), transaction(writes=False) as session:
        assert len(session.scalars(select(Draft)).one().answers_sealed or b"") < 1000


def test_more_than_we_can_take_in_loses_no_earlier_answer(visitor: Visitor) -> None:
    _fill_in(visitor)
    answer = visitor.send("/verzoek/toelichting", details=LONG * 3)
    assert answer.status_code == 413
    assert "Dit is te veel tekst" in answer.text
    assert "Hanna Brinkman" in visitor.see("/verzoek/controle").text


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_a_missing_or_foreign_token_keeps_the_text(visitor: Visitor, token: str | None) -> None:
    visitor.send("/verzoek/rechten", rights="rectification")
    typed = {"details": "Mijn huisnummer is 12,\nniet 21."}
    answer = visitor.browser.post("/verzoek/toelichting", data={"csrf_token": token, **typed} if token else typed)
    assert answer.status_code == 400
    assert "Verstuur deze pagina nog een keer." in answer.text
    assert typed["details"] in answer.text
    again = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert again
    sent = visitor.browser.post("/verzoek/toelichting", data={"csrf_token": again[1], **typed})
    assert sent.location == "/verzoek/naam"


def test_a_request_without_a_token_is_not_sent(visitor: Visitor, app: Flask) -> None:
    _fill_in(visitor)
    answer = visitor.browser.post("/verzoek/controle")
    assert answer.status_code == 400
    assert "Hanna Brinkman" in answer.text
    assert _count(app, Case) == 0


def test_a_request_without_a_token_or_answers_is_begun_again(visitor: Visitor, app: Flask) -> None:
    answer = visitor.browser.post("/verzoek/controle")
    assert answer.status_code == 400
    assert "Wat wilt u ons vragen?" in answer.text
    assert "Verstuur deze pagina nog een keer" in answer.text
    assert _count(app, Case) == 0


def test_sent_twice_it_is_one_request(visitor: Visitor, app: Flask) -> None:
    _fill_in(visitor)
    token = visitor.token("/verzoek/controle")
    answers = [visitor.browser.post("/verzoek/controle", data={"csrf_token": token}) for _ in range(2)]
    assert [answer.location for answer in answers] == ["/ontvangen", "/ontvangen"]
    assert _count(app, Case) == _count(app, Notice) == 1


def test_answers_that_are_gone_are_said_to_be_gone(visitor: Visitor, clock: Clock) -> None:
    _fill_in(visitor)
    token = visitor.token("/verzoek/controle")
    clock.move(timedelta(hours=25))
    answer = visitor.browser.post("/verzoek/controle", data={"csrf_token": token})
    assert answer.status_code == 400
    assert "Wij bewaren uw antwoorden 24 uur." in answer.text
    assert "Wat wilt u ons vragen?" in answer.text


def test_over_the_cap_a_page_names_the_other_ways_and_nothing_is_lost(
    settings: Settings, key_set: Keys, app: Flask, clock: Clock
) -> None:
    web = replace(settings.web, requests_per_address_per_hour=1)
    visitor = Visitor(create_app(replace(settings, web=web), key_set, clock=clock).test_client())
    _submit(visitor)
    _fill_in(visitor, name="Hanna nogmaals")
    busy = visitor.send("/verzoek/controle")
    assert busy.status_code == 429
    assert busy.headers["Retry-After"] == "3600"
    assert "0123 456 789" in busy.text
    assert "Dijkweg 1" in busy.text
    assert "Hanna nogmaals" in visitor.see("/verzoek/controle").text
    clock.move(timedelta(hours=1))
    assert visitor.send("/verzoek/controle").location == "/ontvangen"
    assert _count(app, Case) == 2


def test_a_mistyped_domain_is_pointed_out_and_does_not_block(visitor: Visitor) -> None:
    assert "Bedoelt u hanna@gmail.com?" in _fill_in(visitor, email="hanna@gmial.com").text
    assert visitor.send("/verzoek/controle").location == "/ontvangen"


def test_the_receipt_code_is_only_for_who_sent_the_request(visitor: Visitor, app: Flask, clock: Clock) -> None:
    status = _submit(visitor)
    somebody = Visitor(app.test_client())
    assert somebody.see("/ontvangen").location == "/"
    assert "/ontvangen" not in somebody.see(status).text
    assert "/ontvangen" in visitor.see(status).text
    clock.move(timedelta(hours=24))
    assert visitor.see("/ontvangen").location == "/"


def test_known_and_unknown_people_see_the_same(app: Flask) -> None:
    seen = []
    for email, is_known in (("hanna.brinkman@example.org", True), ("nobody.we.know@example.org", False)):
        visitor = Visitor(app.test_client())
        status = _submit(visitor, email=email)
        _look_up(app, email, is_known=is_known)
        pages = visitor.see("/ontvangen"), visitor.see(status)
        seen.append([(page.status_code, dict(page.headers), _without_secrets(page.text, email)) for page in pages])
    assert seen[0] == seen[1]
    with app.app_context(), transaction(writes=False) as session:
        facts = [json.loads(notice.facts) for notice in session.scalars(select(Notice))]
        assert facts[0].keys() == facts[1].keys()


def _look_up(app: Flask, email: str, *, is_known: bool) -> None:
    with app.app_context(), transaction() as session:
        subject = select(DataSubject).where(DataSubject.email_index == email_digest(email))
        case = session.get_one(Case, session.scalars(subject).one().case_id)
        record_lookup(session, case, "shop", {"email": is_known}, now=NOW)


def _without_secrets(text: str, email: str) -> str:
    text = re.sub(r'name="csrf_token" value="[^"]+"|/status/\w+', "", text.replace(email, ""))
    return re.sub(r"2026(-\w{4}){2}|(\w{4}-){2}\w{4}", "", text)


def test_the_code_confirms_the_address(visitor: Visitor, app: Flask) -> None:
    status = _submit(visitor)
    with app.app_context(), transaction(writes=False) as session:
        code = mailed_code(session, _the_case(session))
    assert visitor.send(f"{status}/code", status, code=code).location == status
    assert "Uw e-mailadres is bevestigd." in visitor.see(status).text
    assert "Bevestig uw e-mailadres" not in visitor.see(status).text
    with app.app_context(), transaction(writes=False) as session:
        assert _the_case(session).data_subject.email_confirmed_at


def test_a_code_tried_six_times_is_locked(visitor: Visitor, app: Flask) -> None:
    status = _submit(visitor)
    with app.app_context(), transaction(writes=False) as session:
        code = mailed_code(session, _the_case(session))
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for left in (4, 3, 2, 1, 0):
        answer = visitor.send(f"{status}/code", status, code=wrong)
        assert answer.status_code == 400
        assert f"U kunt het nog {left} keer proberen." in answer.text
    answer = visitor.send(f"{status}/code", status, code=code)
    assert answer.status_code == 429
    assert "Te vaak een verkeerde code." in answer.text
    assert visitor.send(f"{status}/nieuwe-code", status).location == status
    with app.app_context(), transaction(writes=False) as session:
        code = mailed_code(session, _the_case(session))
    assert visitor.send(f"{status}/code", status, code=code).location == status


def test_opening_a_link_changes_nothing(visitor: Visitor, app: Flask) -> None:
    status = _submit(visitor)
    before = _count(app, AuditEntry)
    scanner = app.test_client()
    for _ in range(3):
        assert scanner.get(status).status_code == 200
        assert scanner.head(status).status_code == 200
        assert scanner.get(f"{status}/code").status_code == 405
    assert _count(app, AuditEntry) == before


@pytest.mark.parametrize("path", ["/status/guessed", "/status/" + "a" * 32])
def test_a_guessed_link_leads_nowhere(visitor: Visitor, path: str) -> None:
    assert visitor.see(path).status_code == 404


def test_a_number_alone_shows_nothing(visitor: Visitor, app: Flask) -> None:
    _submit(visitor)
    with app.app_context(), transaction(writes=False) as session:
        reference = _the_case(session).reference
    assert visitor.see(f"/status/{reference}").status_code == 404


def test_the_status_page_tells_steps_and_dates_and_no_name(visitor: Visitor) -> None:
    text = visitor.see(_submit(visitor, rights=["access", "marketing-objection"])).text
    assert "U krijgt ons antwoord uiterlijk op <b>woensdag 23 december 2026</b>." in text
    assert "Dat is nog 30 dagen." in text
    assert "gestopt op maandag 23 november 2026" in text
    assert "Hanna" not in text
    assert "hanna.brinkman" not in text


def test_without_the_receipt_code_there_is_no_copy_and_no_letter(visitor: Visitor) -> None:
    status = _submit(visitor)
    for path, field in (("kopie", "receipt_code"), ("brief", "letter_code")):
        answer = visitor.send(f"{status}/{path}", status, **{field: "0000-0000-0000"})
        assert answer.status_code == 400
        assert "zip" not in answer.content_type


def test_a_status_form_without_a_token_does_nothing_and_says_so(visitor: Visitor) -> None:
    status = _submit(visitor)
    answer = visitor.browser.post(f"{status}/code", data={"code": "123456"})
    assert answer.status_code == 400
    assert "Vul dit nog een keer in." in answer.text


def test_the_language_stays_as_chosen(visitor: Visitor) -> None:
    assert "Wat wilt u ons vragen?" in visitor.see("/verzoek/rechten").text
    assert "What do you want to ask us?" in visitor.see("/verzoek/rechten?lang=en").text
    assert '<html lang="en">' in visitor.see("/").text
    assert "lang=nl" in visitor.see("/").text
    assert '<html lang="nl">' in visitor.see("/?lang=nl").text
    assert '<html lang="nl">' in visitor.see("/?lang=xx").text


def test_an_english_visitor_has_an_english_case(visitor: Visitor, app: Flask) -> None:
    visitor.see("/?lang=en")
    _submit(visitor)
    with app.app_context(), transaction(writes=False) as session:
        assert _the_case(session).language == "en"


def test_the_browser_is_asked_for_a_language(visitor: Visitor) -> None:
    assert '<html lang="en">' in visitor.see("/", headers={"Accept-Language": "en-GB,en;q=0.9,nl;q=0.5"}).text
    assert '<html lang="nl">' in visitor.see("/", headers={"Accept-Language": "fr"}).text


def test_what_is_typed_is_shown_and_not_run(visitor: Visitor) -> None:
    _fill_in(visitor, name="<script>alert(1)</script>{{ 7*7 }}")
    text = visitor.see("/verzoek/controle").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in text

"""The guard before every handler, and the headers on every answer."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from dsr.app import create_app
from dsr.config import Settings
from dsr.keys import Keys
from dsr.services.staff import PERMISSIONS
from dsr.web.security import BODY_LIMIT, HEADERS, OWNER, PUBLIC, SAFE_METHODS, STAFF, allows, permission_of
from tests.parts.web import Visitor

NAME = "Hanna Brinkman"
KNOWN = {PUBLIC, STAFF, OWNER, *(permission for role in PERMISSIONS.values() for permission in role)}
FILLED_IN = {
    "token": "x",
    "verb": "klaar",
    "step": "rechten",
    "reference": "2026-AAAA-AAAA",
    "right": "access",
    "filename": "x",
}


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """The application with views that a careless developer might write."""

    @app.get("/forgotten")
    def forgotten() -> str:
        return "open to all"

    @app.route("/fails", methods=["GET", "POST"])
    @allows(PUBLIC)
    def fails() -> str:
        raise RuntimeError(f"{NAME} is not here")

    @app.post("/busy")
    @allows(PUBLIC)
    def busy() -> str:
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    @app.post("/echo")
    @allows(PUBLIC)
    def echo() -> str:
        return "done"

    return app.test_client()


def test_every_route_declares_a_permission(app: Flask) -> None:
    declared = {rule.endpoint: permission_of(app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()}
    assert {endpoint: found for endpoint, found in declared.items() if found not in KNOWN} == {}


def test_only_staff_pages_ask_for_more_than_public_ones(app: Flask) -> None:
    wrong = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if (permission_of(app.view_functions[rule.endpoint]) not in (PUBLIC, OWNER))
        and not rule.rule.startswith("/staff")
    ]
    assert wrong == []


def test_what_an_owner_does_stands_behind_a_link_and_asks_who_it_is(app: Flask) -> None:
    theirs = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/opdracht/")]
    unsafe = {rule.endpoint for rule in theirs if "POST" in (rule.methods or ())}
    assert unsafe - {"owner.mail_code", "owner.enter"} == {
        rule.endpoint for rule in theirs if permission_of(app.view_functions[rule.endpoint]) == OWNER
    }
    assert all(app.view_functions[endpoint].admit for endpoint in unsafe - {"owner.mail_code", "owner.enter"})  # type: ignore[attr-defined]


def test_a_view_without_a_permission_is_refused(broken: FlaskClient) -> None:
    assert broken.get("/forgotten").status_code == 403


def _unsafe(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, _path(rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - SAFE_METHODS)
    ]


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda argument: FILLED_IN.get(argument[1], "x"), rule.rule)


def test_no_unsafe_request_gets_through_without_a_token(app: Flask) -> None:
    public = [(method, path) for method, path in _unsafe(app) if not path.startswith("/staff")]
    assert len(public) > 4
    for method, path in public:
        assert app.test_client().open(path, method=method, data={"name": "x"}).status_code in (400, 404, 410), path


def test_no_staff_page_can_be_posted_to_from_outside(app: Flask) -> None:
    for method, path in _unsafe(app):
        if path.startswith("/staff"):
            expected = (400,) if path == "/staff/sign-in" else (400, 401, 404)
            assert app.test_client().open(path, method=method, data={"name": "x"}).status_code in expected, path


def test_a_foreign_token_is_refused(app: Flask, visitor: Visitor) -> None:
    foreign = Visitor(app.test_client()).token("/verzoek/rechten")
    visitor.see("/verzoek/rechten")
    answer = visitor.browser.post("/verzoek/rechten", data={"csrf_token": foreign, "rights": "access"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": "http://localhost:8080"}, 200),
        ({"Origin": "null"}, 200),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 400),
        ({}, 200),
    ],
)
def test_a_form_comes_from_our_own_page(broken: FlaskClient, headers: dict[str, str], status: int) -> None:
    browser = broken
    token = Visitor(browser).token("/verzoek/rechten")
    assert browser.post("/echo", data={"csrf_token": token}, headers=headers).status_code == status


def test_a_token_lasts_as_long_as_the_browser_is_open(app: Flask, broken: FlaskClient) -> None:
    assert app.config["WTF_CSRF_TIME_LIMIT"] is None
    browser = broken
    token = Visitor(browser).token("/verzoek/rechten")
    browser.get("/verzoek/rechten")
    assert browser.post("/echo", data={"csrf_token": token}).text == "done"


def test_a_refused_form_shows_what_was_typed(broken: FlaskClient) -> None:
    answer = broken.post("/echo", data={"letter": "Beste mevrouw <b>Brinkman</b>", "password": "geheim"})
    assert answer.status_code == 400
    assert "Beste mevrouw &lt;b&gt;Brinkman&lt;/b&gt;" in answer.text
    assert "geheim" not in answer.text


def _answers(app: Flask, browser: FlaskClient) -> dict[str, TestResponse]:
    large = "a" * (BODY_LIMIT + 1)
    app.config["TESTING"] = False
    return {
        "200": browser.get("/"),
        "200 static": browser.get("/static/dsr.css", buffered=True),
        "302": browser.get("/ontvangen"),
        "400": browser.post("/echo"),
        "400 host": browser.get("/", headers={"Host": "evil.example"}),
        "403": browser.get("/forgotten"),
        "404": browser.get("/nowhere"),
        "404 status": browser.get("/status/guessed"),
        "405": browser.delete("/"),
        "413": browser.post("/echo", data={"text": large}),
        "500": browser.get("/fails"),
    }


def test_every_answer_has_the_headers(app: Flask, broken: FlaskClient) -> None:
    for name, answer in _answers(app, broken).items():
        assert str(answer.status_code) == name.split()[0]
        assert {header: answer.headers.get(header) for header in HEADERS} == HEADERS, name
        caching = answer.headers["Cache-Control"]
        assert caching == "no-store" if "static" not in name else "max-age=31536000" in caching, name
        assert "Server" not in answer.headers


def test_an_error_page_says_nothing_of_our_insides(
    app: Flask, broken: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = broken.get("/fails")
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    assert NAME not in answer.text + caplog.text
    number = caplog.records[0].getMessage().split()[1]
    assert number in answer.text
    assert "RuntimeError" in caplog.text
    assert "in fails" in caplog.text


def test_a_database_that_is_busy_is_passing(broken: FlaskClient) -> None:
    token = Visitor(broken).token("/verzoek/rechten")
    answer = broken.post("/busy", data={"csrf_token": token, "a": "Mijn adres klopt niet"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Mijn adres klopt niet" in answer.text


def test_a_failure_keeps_what_was_typed(broken: FlaskClient) -> None:
    browser = broken
    token = Visitor(browser).token("/verzoek/rechten")
    assert (
        "Mijn adres klopt niet" in browser.post("/fails", data={"csrf_token": token, "a": "Mijn adres klopt niet"}).text
    )


def test_errors_speak_the_language_of_the_visitor(client: FlaskClient) -> None:
    assert "Deze pagina bestaat niet" in client.get("/nowhere").text
    assert "This page does not exist" in client.get("/nowhere", headers={"Accept-Language": "en-GB,en"}).text


def test_405_names_what_is_allowed(client: FlaskClient) -> None:
    assert "GET" in client.delete("/").headers["Allow"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1"])
def test_another_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host, "X-Forwarded-Host": "localhost"})
    assert answer.status_code == 400
    assert host not in answer.text


def test_the_cookie_over_http(visitor: Visitor) -> None:
    cookie = visitor.see("/verzoek/rechten").headers["Set-Cookie"]
    assert cookie.startswith("dsr=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_cookie_and_the_headers_over_https(settings: Settings, key_set: Keys) -> None:
    web = replace(settings.web, base_url="https://privacy.polder.example")
    browser = create_app(replace(settings, web=web), key_set).test_client()
    answer = browser.get("/privacy?lang=en", base_url="https://privacy.polder.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-dsr=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_page_without_a_form_sets_no_cookie(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/").headers


def test_the_address_of_a_visitor_comes_from_our_own_proxies_only(settings: Settings, key_set: Keys) -> None:
    spoofed = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    seen = {}
    for hops in (0, 1):
        app = create_app(replace(settings, web=replace(settings.web, proxy_hops=hops)), key_set)
        app.add_url_rule("/address", view_func=allows(PUBLIC)(_address))
        seen[hops] = app.test_client().get("/address", headers=spoofed).text
    assert seen == {0: "127.0.0.1", 1: "203.0.113.7"}


def _address() -> str:
    return str(request.remote_addr)


def test_one_audience_alone(settings: Settings, key_set: Keys) -> None:
    public = create_app(settings, key_set, audiences=("public",)).test_client()
    assert public.get("/").status_code == 200
    assert public.get("/staff/sign-in").status_code == 404
    staff = create_app(settings, key_set, audiences=("staff",)).test_client()
    assert staff.get("/").status_code == 404
    assert staff.get("/healthz").status_code == 503  # it answers, and says that nothing works yet

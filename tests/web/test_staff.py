"""The pages of staff: who may see and do what, sessions that end, and two people who act at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from dsr.db.cases import Case
from dsr.db.notices import Work
from dsr.db.staff import StaffMember, StaffSession
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services.staff import PERMISSIONS, Role
from dsr.web.security import permission_of
from tests.parts.cast import PASSWORD, add_member
from tests.parts.staff import PEOPLE, SIGN_IN, add, case_of, sign_in, store
from tests.parts.web import Clock, Visitor

SAMPLES = {
    "system": "shop",
    "reference": "2026-0000-0000",
    "right": "access",
    "member_id": "00000000-0000-0000-0000-000000000000",
    "hold_id": "00000000-0000-0000-0000-000000000000",
    "notification_id": "00000000-0000-0000-0000-000000000000",
    "task_id": "00000000-0000-0000-0000-000000000000",
    "restriction_id": "00000000-0000-0000-0000-000000000000",
    "errand_id": "00000000-0000-0000-0000-000000000000",
    "file_id": "00000000-0000-0000-0000-000000000000",
    "verb": "klaar",
    "token": "nobodys",
}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every view of staff: method, path and permission."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("staff."):
                path = app.url_for(rule.endpoint, **{name: SAMPLES[name] for name in rule.arguments})
                permission = permission_of(app.view_functions[rule.endpoint])
                found += [(method, path, str(permission)) for method in sorted(rule.methods & {"GET", "POST"})]  # type: ignore[operator]
    return found


def test_every_view_of_staff_declares_a_permission_that_exists(app: Flask) -> None:
    known = {"public", "staff"}.union(*PERMISSIONS.values())
    assert {permission for _, _, permission in routes(app)} <= known
    public = {path for _, path, permission in routes(app) if permission == "public"}
    assert public == {SIGN_IN, "/staff/password/nobodys"}


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_own_doors_and_no_others(app: Flask, visitor: Visitor, role: Role) -> None:
    sign_in(visitor, add(app, role))
    token = visitor.token("/staff/account")
    answers = {}
    for method, path, permission in routes(app):
        if permission not in ("public", "staff"):
            answer = visitor.browser.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
            answers[method, path] = (answer.status_code != 403, permission in PERMISSIONS[role])
    assert len(answers) > 20
    assert {door: opened for door, (opened, allowed) in answers.items() if opened != allowed} == {}


def test_nobody_gets_in_without_signing_in(app: Flask, visitor: Visitor) -> None:
    for method, path, permission in routes(app):
        if permission != "public":
            answer = visitor.browser.open(path, method=method)
            assert answer.status_code == (302 if method == "GET" else 401), path
            assert method == "POST" or answer.location.startswith(SIGN_IN)


def test_no_form_is_taken_without_its_token(app: Flask, visitor: Visitor) -> None:
    reference = case_of(app)
    for role in Role:
        with store(app) as session:
            member = session.scalar(select(StaffMember))
            roles = sorted({*(member.roles if member else ()), role})
            if member is None:
                add_member(session, PEOPLE[Role.HANDLER], role)
            else:
                member.roles = roles
    sign_in(visitor, "noor@polder.example")
    for method, path, _ in routes(app):
        if method == "POST":
            answer = visitor.browser.post(
                path.replace(SAMPLES["reference"], reference), data={"reason": "Ik typte dit."}
            )
            assert answer.status_code == 400, path
            assert "Ik typte dit." in answer.text


def test_an_administrator_is_led_to_people_and_sees_no_case(app: Flask, visitor: Visitor) -> None:
    reference = case_of(app)
    email = add(app, Role.ADMINISTRATOR)
    answer = visitor.send(SIGN_IN, email=email, password=PASSWORD)
    assert answer.location == "/staff/people"
    assert "Hanna" not in visitor.see(f"/staff/cases/{reference}").text
    assert reference not in visitor.see("/staff/people").text


def test_a_wrong_password_is_said_and_the_address_kept(app: Flask, visitor: Visitor) -> None:
    email = add(app)
    answer = visitor.send(SIGN_IN, email=email, password="a wrong password")
    assert answer.status_code == 422
    assert "horen niet bij elkaar" in answer.text
    assert email in answer.text
    assert "a wrong password" not in answer.text


def test_trying_stops_after_five_and_may_go_on_later(app: Flask, visitor: Visitor, clock: Clock) -> None:
    email = add(app)
    for _ in range(5):
        assert visitor.send(SIGN_IN, email=email, password="a wrong password").status_code == 422
    assert visitor.send(SIGN_IN, email=email, password=PASSWORD).status_code == 429
    clock.move(timedelta(minutes=15))
    sign_in(visitor, email)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/staff/", "//evil.example/staff/", "/\\evil.example", "/verzoek", "/staff/\r\nX: y"]
)
def test_signing_in_leads_nowhere_else(app: Flask, visitor: Visitor, wanted: str) -> None:
    answer = visitor.send(SIGN_IN, email=add(app), password=PASSWORD, next=wanted)
    assert answer.location == "/staff/"


def test_signing_in_leads_to_the_page_that_was_asked_for(app: Flask, visitor: Visitor) -> None:
    wanted = f"/staff/cases/{case_of(app)}"
    asked = visitor.see(wanted).location
    assert asked.startswith(SIGN_IN)
    answer = visitor.browser.post(
        SIGN_IN,
        data={"csrf_token": visitor.token(asked), "email": add(app), "password": PASSWORD, "next": wanted},
    )
    assert answer.location == wanted


def test_each_sign_in_has_a_new_token_and_the_cookie_is_not_in_the_database(app: Flask, visitor: Visitor) -> None:
    email = add(app)
    with visitor.browser.session_transaction() as cookie:
        cookie["_user_id"] = "planted"
    sign_in(visitor, email)
    with visitor.browser.session_transaction() as cookie:
        token = cookie["_user_id"]
    assert token != "planted"
    with store(app) as session:
        assert token.encode() not in session.scalars(select(StaffSession.digest)).one()


def test_signing_out_ends_the_session_on_our_side(app: Flask, visitor: Visitor) -> None:
    sign_in(visitor, add(app))
    with visitor.browser.session_transaction() as cookie:
        kept = dict(cookie)
    assert visitor.send("/staff/sign-out", page="/staff/account").location == SIGN_IN
    with visitor.browser.session_transaction() as cookie:
        cookie.update(kept)
    assert visitor.see("/staff/").status_code == 302


def test_a_session_that_sat_idle_is_over(app: Flask, visitor: Visitor, clock: Clock) -> None:
    sign_in(visitor, add(app))
    clock.move(timedelta(minutes=20))
    assert visitor.see("/staff/").status_code == 200
    clock.move(timedelta(minutes=30))
    assert visitor.see("/staff/").status_code == 200
    clock.move(timedelta(minutes=30, seconds=1))
    assert visitor.see("/staff/").status_code == 302


def test_a_session_lasts_twelve_hours_at_most(app: Flask, visitor: Visitor, clock: Clock) -> None:
    sign_in(visitor, add(app))
    for _ in range(23):
        clock.move(timedelta(minutes=30))
        assert visitor.see("/staff/").status_code == 200
    clock.move(timedelta(minutes=30))
    assert visitor.see("/staff/").status_code == 302


def test_one_ends_ones_other_sessions(app: Flask) -> None:
    email, here, there = add(app), Visitor(app.test_client()), Visitor(app.test_client())
    sign_in(here, email)
    sign_in(there, email)
    here.send("/staff/account/end-sessions", page="/staff/account")
    assert there.see("/staff/").status_code == 302
    assert here.see("/staff/").status_code == 200


def test_a_new_password_needs_the_old_one(app: Flask, visitor: Visitor) -> None:
    email = add(app)
    sign_in(visitor, email)
    new = "zes kikkers in de sloot"
    change = {"path": "/staff/account/password", "page": "/staff/account", "password": new}
    assert visitor.send(**change, old_password="not the password").status_code == 422  # type: ignore[arg-type]
    assert visitor.send(**change, old_password=PASSWORD).status_code == 303  # type: ignore[arg-type]
    assert Visitor(app.test_client()).send(SIGN_IN, email=email, password=new).status_code == 302


def version_on(page: str) -> str:
    """The version of the case that the forms of a page carry."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_of_two_handlers_the_second_is_told_and_keeps_the_text(app: Flask) -> None:
    reference = case_of(app, Right.RECTIFICATION, status=Status.HANDLING)
    path = f"/staff/cases/{reference}"
    noor, tim = Visitor(app.test_client()), Visitor(app.test_client())
    sign_in(noor, add(app))
    with store(app) as session:
        sign_in_as = add_member(session, "Joris Smit").email
    sign_in(tim, sign_in_as)
    version = version_on(noor.see(path).text)
    decision = {"page": path, "version": version, "outcome": "refused", "right": "rectification"}
    assert noor.send(f"{path}/rights/rectification", **decision, reason="Het klopt al.").status_code == 303
    told = tim.send(f"{path}/rights/rectification", **decision, reason="Andere reden.")
    assert told.status_code == 409
    assert "Iemand anders heeft deze zaak intussen veranderd" in told.text
    assert "Andere reden." in told.text
    assert f'href="{path}"' in told.text
    with store(app) as session:
        assert session.scalars(select(Case)).one().rights[0].reason == "Het klopt al."


def test_a_refused_form_says_why_and_keeps_the_text(app: Flask, visitor: Visitor) -> None:
    reference = case_of(app, Right.RECTIFICATION, status=Status.IDENTIFYING)
    path = f"/staff/cases/{reference}"
    sign_in(visitor, add(app))
    fields = {"version": version_on(visitor.see(path).text), "right": "rectification"}
    answer = visitor.send(
        f"{path}/rights/rectification", page=path, outcome="fulfilled", reason="Adres verbeterd.", **fields
    )
    assert answer.status_code == 422
    assert "Leg eerst de identiteitscontrole vast" in answer.text
    assert "Adres verbeterd." in answer.text


def test_a_text_of_a_megabyte_is_refused_with_its_length(app: Flask, visitor: Visitor) -> None:
    path = f"/staff/cases/{case_of(app)}"
    sign_in(visitor, add(app))
    fields = {"version": version_on(visitor.see(path).text), "outcome": "refused", "reason": "x" * 1_000_000}
    answer = visitor.send(f"{path}/rights/access", page=path, **fields)
    assert answer.status_code == 422
    assert "Het zijn er nu 1000000" in answer.text
    with store(app) as session:
        assert session.scalars(select(Case)).one().rights[0].outcome is None


def test_taking_a_case_asks_for_the_next_step(app: Flask, visitor: Visitor) -> None:
    path = f"/staff/cases/{case_of(app)}"
    sign_in(visitor, add(app))
    page = visitor.see(path).text
    assert "Nog niemand behandelt deze zaak" in page
    visitor.send(f"{path}/take", page=path, version=version_on(page))
    page = visitor.see(path).text
    assert "heeft het e-mailadres nog niet bevestigd" in page
    assert "Noor Bakker nam de zaak op zich." in page


def test_nothing_is_searched_copied_or_planned_before_the_identity_check(app: Flask, visitor: Visitor) -> None:
    path = f"/staff/cases/{case_of(app, Right.ACCESS, Right.ERASURE, status=Status.IDENTIFYING)}"
    sign_in(visitor, add(app))
    version = version_on(visitor.see(path).text)
    for step in ("identity", "search", "copy", "copy/release", "plan"):
        assert visitor.send(f"{path}/{step}", page=path, version=version).status_code == 422, step
    with store(app) as session:
        assert session.scalar(select(Work)) is None


def test_extending_needs_reasons_and_happens_once(app: Flask, visitor: Visitor) -> None:
    path = f"/staff/cases/{case_of(app, status=Status.IDENTIFYING)}"
    sign_in(visitor, add(app))

    def extend(reason: str) -> tuple[int, str]:
        version = version_on(visitor.see(path).text)
        answer = visitor.send(f"{path}/extension", page=path, version=version, extension_reason=reason)
        return answer.status_code, answer.text

    assert extend(" ")[0] == 422
    assert extend("Drie opnames met twee stemmen.")[0] == 303
    page = visitor.see(path).text
    assert "Verlengen kan niet" in page
    assert "uiterlijk dinsdag 23 februari 2027" in page
    status, text = extend("Nog eens.")
    assert status == 422
    assert "De termijn is al verlengd." in text


def test_extending_is_refused_after_the_first_month(app: Flask, visitor: Visitor, clock: Clock) -> None:
    path = f"/staff/cases/{case_of(app, status=Status.IDENTIFYING)}"
    clock.move(timedelta(days=31))
    sign_in(visitor, add(app))
    page = visitor.see(path).text
    assert "Een verlenging moest uiterlijk op 23 december 2026 gemeld zijn." in page
    answer = visitor.send(f"{path}/extension", page=path, version=version_on(page), extension_reason="Te laat.")
    assert answer.status_code == 422


def test_the_queue_filters_by_its_address_and_finds_by_number(app: Flask, visitor: Visitor) -> None:
    access, erasure = case_of(app, Right.ACCESS), case_of(app, Right.ERASURE)
    sign_in(visitor, add(app))
    page = visitor.see("/staff/?right=erasure&handler=nobody").text
    assert erasure in page
    assert access not in page
    assert access in visitor.see("/staff/?right=nonsense&after=nonsense").text
    assert visitor.see(f"/staff/?q={access.lower()}").location == f"/staff/cases/{access}"
    assert "Niets gevonden" in visitor.see("/staff/?q=2026-0000").text


def test_the_next_page_follows_the_first(app: Flask, visitor: Visitor) -> None:
    references = {case_of(app) for _ in range(30)}
    sign_in(visitor, add(app))
    first = visitor.see("/staff/").text
    found = re.search(r'rel="next" href="([^"]+)"', first)
    assert found
    second = visitor.see(found[1].replace("&amp;", "&")).text
    shown = [re.findall(r"/staff/cases/([\w-]+)", page) for page in (first, second)]
    assert [len(each) for each in shown] == [25, 5]
    assert {*shown[0], *shown[1]} == references


def test_a_case_that_is_not_there_says_so(app: Flask, visitor: Visitor) -> None:
    sign_in(visitor, add(app))
    for page in ("", "/plan", "/letter", "/timeline"):
        assert visitor.see(f"/staff/cases/2026-0000-0000{page}").status_code == 404


@pytest.mark.parametrize("before", ["9" * 30, "-1", "x"])
def test_a_timeline_before_no_entry_is_the_newest(app: Flask, visitor: Visitor, before: str) -> None:
    path = f"/staff/cases/{case_of(app)}/timeline"
    sign_in(visitor, add(app))
    assert visitor.see(f"{path}?before={before}").text == visitor.see(path).text

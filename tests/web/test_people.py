"""Accounts of others: added, closed, their sessions ended; and a password that nobody but its owner knows."""

from __future__ import annotations

import json
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from dsr.db.notices import Notice
from dsr.db.staff import StaffMember
from dsr.services.staff import Role
from tests.parts.cast import PASSWORD
from tests.parts.staff import SIGN_IN, add, sign_in, store
from tests.parts.web import Clock, Visitor


def test_an_administrator_ends_sessions_and_closes_accounts(app: Flask) -> None:
    noor, yara = Visitor(app.test_client()), Visitor(app.test_client())
    sign_in(noor, add(app))
    sign_in(yara, add(app, Role.ADMINISTRATOR))
    with store(app) as session:
        member = next(each for each in session.scalars(select(StaffMember)) if "handler" in each.roles)
    yara.send(f"/staff/people/{member.id}/end-sessions", page="/staff/people")
    assert noor.see("/staff/").status_code == 302
    sign_in(noor, member.email)
    yara.send(f"/staff/people/{member.id}/deactivate", page="/staff/people")
    assert noor.see("/staff/").status_code == 302
    assert noor.send(SIGN_IN, email=member.email, password=PASSWORD).status_code == 422


def link_for(app: Flask, email: str) -> str:
    """The path of the newest link that was mailed to somebody to choose a password."""
    with store(app) as session:
        sent = session.scalars(select(Notice).where(Notice.kind == "staff-password").order_by(Notice.made_at))
        mine = [notice for notice in sent if notice.recipient == email]
        return str(json.loads(mine[-1].facts)["link"]).removeprefix("http://localhost:8080")


def test_an_administrator_adds_somebody_who_chooses_a_password_and_signs_in(app: Flask, visitor: Visitor) -> None:
    sign_in(visitor, add(app, Role.ADMINISTRATOR))
    person = {"name": "Joris Smit", "email": "joris@polder.example", "roles": "handler", "language": "en"}
    refused = visitor.send("/staff/people", **{**person, "email": "joris"})
    assert refused.status_code == 422
    assert "Joris Smit" in refused.text
    assert visitor.send("/staff/people", **person).status_code == 303
    joris, link = Visitor(app.test_client()), link_for(app, "joris@polder.example")
    assert joris.send(SIGN_IN, email=person["email"], password=PASSWORD).status_code == 422
    short = joris.send(f"{link}?lang=nl", link, password="te kort")
    assert short.status_code == 422
    assert "minstens 15 tekens" in short.text
    assert joris.send(link, password=PASSWORD).status_code == 303
    sign_in(joris, "joris@polder.example")
    assert "Sign out" in joris.see("/staff/account").text  # in the language of the staff member
    assert Visitor(app.test_client()).see(link).status_code == 410


def test_nobody_but_the_owner_of_the_mailbox_gets_into_an_account(app: Flask, clock: Clock) -> None:
    yara, tim = Visitor(app.test_client()), Visitor(app.test_client())
    sign_in(yara, add(app, Role.ADMINISTRATOR))
    email = add(app, Role.APPROVER)
    sign_in(tim, email)
    with store(app) as session:
        member = next(each for each in session.scalars(select(StaffMember)) if "approver" in each.roles)
    posted = yara.send(f"/staff/people/{member.id}/password", page="/staff/people", password="zes kikkers in de sloot")
    assert posted.status_code == 303
    assert tim.see("/staff/").status_code == 302, "the sessions end"
    for password in (PASSWORD, "zes kikkers in de sloot"):
        assert Visitor(app.test_client()).send(SIGN_IN, email=email, password=password).status_code == 422
    old, shown = link_for(app, email), yara.see("/staff/people?lang=nl").text
    assert "moet nog een wachtwoord kiezen" in shown
    assert "/staff/password/" not in shown
    clock.move(timedelta(minutes=1))
    yara.send(f"/staff/people/{member.id}/password", page="/staff/people")
    assert tim.see(old).status_code == 410, "a newer link takes its place"
    new = link_for(app, email)
    clock.move(timedelta(days=3))
    late = tim.browser.post(new, data={"csrf_token": tim.token(SIGN_IN), "password": PASSWORD})
    assert late.status_code == 410

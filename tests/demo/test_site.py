"""The demo's pages are in the demo and nowhere else, and it takes no other folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dsr.app import create_app
from dsr.config import Settings
from dsr.demo import site
from dsr.demo.clock import Clock
from dsr.demo.mailbox import Mailbox
from dsr.demo.pages import Demo
from dsr.keys import Keys
from dsr.web.security import permission_of


@pytest.mark.parametrize("path", ["/demo/", "/demo/mailbox", "/demo/mailbox/1", "/demo/database"])
def test_elsewhere_the_pages_do_not_exist(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_elsewhere_the_clock_cannot_be_set(client: FlaskClient) -> None:
    assert client.post("/demo/clock", data={"to": "next-day"}).status_code == 404
    assert "demo-bar" not in client.get("/").text


def test_a_configuration_that_says_demo_brings_no_pages_either(settings: Settings, key_set: Keys) -> None:
    client = create_app(replace(settings, demo=True), key_set).test_client()
    assert client.post("/demo/clock").status_code == 404


def test_an_application_that_is_no_demo_gets_no_pages(app: Flask, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(site.NotADemo):
        site.add_pages(app, _parts(app, settings, tmp_path))


def test_the_pages_declare_who_may_see_them(settings: Settings, key_set: Keys, tmp_path: Path) -> None:
    app = create_app(replace(settings, demo=True), key_set)
    site.add_pages(app, _parts(app, settings, tmp_path))
    views = {name: view for name, view in app.view_functions.items() if name.startswith("demo.")}
    assert len(views) == 5
    assert {permission_of(view) for view in views.values()} == {"public"}
    assert app.test_client().post("/demo/clock", data={"to": "next-day"}).status_code == 400


def _parts(app: Flask, settings: Settings, folder: Path) -> Demo:
    return Demo(Clock(folder / "clock"), Mailbox(app, settings, folder / "mailbox"), folder / "now", folder / "before")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(site.NotADemo):
        site.make(tmp_path, 8080)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

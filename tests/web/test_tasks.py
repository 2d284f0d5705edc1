"""The tasks of a case on its page: seen, settled with a reason, and in the way of closing while they are open."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from tests.parts.cast import add_case
from tests.parts.staff import add, sign_in, store
from tests.parts.store import NOW
from tests.parts.web import Visitor

LEFT = "ledger:00000000-0000-0000-0000-000000000000"
"""The key of a task about an entry that a newer request took over."""


@pytest.fixture
def page(app: Flask, visitor: Visitor) -> str:
    """The page of an answered case of which something is to be erased in a system itself."""
    sign_in(visitor, add(app))
    with store(app) as session:
        case = add_case(session, Right.ERASURE, status=Status.ANSWERED)
        case.rights[0].outcome, case.answered_at = "partly-fulfilled", NOW
        facts = {"tables": ["shop.counted"], "rows": 2}
        session.add(Task(key="one", case_id=case.id, kind="erase-by-hand", facts=facts, made_at=NOW))
        left = {"reasons": ["changed"], "rows": 1, "table": "shop.invoice"}
        session.add(Task(key=LEFT, case_id=case.id, kind="ledger-left", facts=left, made_at=NOW))
        return f"/staff/cases/{case.reference}"


def settle(app: Flask, visitor: Visitor, page: str, key: str, **typed: str) -> int:
    with store(app) as session:
        task = session.scalars(select(Task.id).where(Task.key == key)).one()
        version = session.scalars(select(Case.version)).one()
    return visitor.send(f"{page}/tasks/{task}", page, version=version, task=task, **typed).status_code


def test_a_task_is_shown_and_stands_in_the_way_until_it_is_settled(app: Flask, visitor: Visitor, page: str) -> None:
    shown = visitor.see(f"{page}?lang=nl").text
    assert "Wis dit in het systeem zelf; het programma kan het alleen lezen" in shown
    assert "shop.counted, 2 rijen" in shown
    assert "De gegevens zijn intussen veranderd." in shown
    assert 'href="#tasks"' in shown
    refused = visitor.send(f"{page}/close", page, version=1)
    assert refused.status_code == 422
    assert settle(app, visitor, page, "one", settled="left", task_reason="") == 422
    assert settle(app, visitor, page, "one", settled="left", task_reason="Die teller telt alleen.") == 303
    assert settle(app, visitor, page, LEFT, settled="done") == 303
    shown = visitor.see(page).text
    assert 'id="tasks"' not in shown
    assert "handelde een taak af: Wis dit in het systeem zelf" in shown
    assert visitor.send(f"{page}/close", page, version=3).status_code == 303


def test_a_task_of_another_case_or_one_that_is_settled_is_not_there(app: Flask, visitor: Visitor, page: str) -> None:
    assert settle(app, visitor, page, LEFT, settled="done") == 303
    assert settle(app, visitor, page, LEFT, settled="done") == 404

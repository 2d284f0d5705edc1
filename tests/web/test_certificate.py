"""The certificate as a page and as a file."""

from __future__ import annotations

from flask import Flask

from dsr.domain.rights import Right
from tests.parts.staff import add, case_of, sign_in
from tests.parts.web import Visitor


def test_without_a_receipt_there_is_nothing_to_certify(app: Flask, visitor: Visitor) -> None:
    sign_in(visitor, add(app))
    answer = visitor.see(f"/staff/cases/{case_of(app, Right.ERASURE)}/certificate?lang=nl")
    assert answer.status_code == 422
    assert "Er is dus niets te verklaren" in answer.text

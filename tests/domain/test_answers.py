"""What a letter says of the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dsr.domain.answers import DecidedRight, StillKept, Tenor, Without
from dsr.domain.rights import Outcome, Right
from tests.parts.letter import COMPLETE, KEPT

STILL = StillKept("Facturen", "2026-AAAA-BBBB", "AWR art. 52(4)", date(2033, 12, 31))
ERASED = (DecidedRight(Right.ERASURE, Outcome.FULFILLED),)


@pytest.mark.parametrize(
    ("changes", "tenor"),
    [
        ({"rights": COMPLETE.rights[:3]}, Tenor.DONE),
        ({"rights": COMPLETE.rights[:1], "nothing_found": True}, Tenor.DONE),
        ({"rights": COMPLETE.rights[:3], "given_up": (Without("Binder", "Zoek.", is_searched=False),)}, Tenor.PARTLY),
        ({"rights": COMPLETE.rights[:3] + COMPLETE.rights[4:], "not_erased": ()}, Tenor.KEPT),
        ({"rights": COMPLETE.rights[:3] + COMPLETE.rights[4:]}, Tenor.PARTLY),
        (
            {"rights": COMPLETE.rights[4:], "not_erased": (), "kept": (KEPT, replace(KEPT, rule="period", law=None))},
            Tenor.PARTLY,
        ),
        ({"rights": ERASED, "still_kept": (STILL,)}, Tenor.KEPT),
        ({"rights": ERASED, "still_kept": (STILL, replace(STILL, law=None))}, Tenor.PARTLY),
        ({"rights": COMPLETE.rights[:2], "still_kept": (STILL,)}, Tenor.DONE),
        ({}, Tenor.PARTLY),
        ({"rights": (DecidedRight(Right.OBJECTION, None), *COMPLETE.rights[1:])}, Tenor.UNDECIDED),
        ({"rights": COMPLETE.rights[3:4]}, Tenor.REFUSED),
        ({"rights": (DecidedRight(Right.ACCESS, Outcome.NOT_APPLICABLE),), "nothing_found": True}, Tenor.NOTHING_FOUND),
        ({"rights": (DecidedRight(Right.ACCESS, Outcome.REFUSED, "x"),), "nothing_found": True}, Tenor.REFUSED),
        ({"rights": (DecidedRight(Right.OBJECTION, Outcome.FORWARDED, "x"),)}, Tenor.PARTLY),
        ({"rights": (*COMPLETE.rights[:1], DecidedRight(Right.ACCESS, Outcome.WITHDRAWN))}, Tenor.DONE),
    ],
)
def test_the_first_lines_fit_the_whole(changes: dict[str, Any], tenor: Tenor) -> None:
    assert replace(COMPLETE, **changes).tenor is tenor


def test_backups_live_on_after_the_last_erasure() -> None:
    assert COMPLETE.backups_until == date(2026, 12, 26)
    assert replace(COMPLETE, backup_days=0).backups_until is None
    assert replace(COMPLETE, erased=()).backups_until is None


@pytest.mark.parametrize(("rule", "letter"), [("fiscal7", "b"), ("wwft5", "b"), ("claim5", "e"), ("claim20", "e")])
def test_the_exception_of_art_17_3(rule: str, letter: str) -> None:
    assert replace(KEPT, rule=rule).exception == letter

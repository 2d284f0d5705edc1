"""The trail as it is stored: nobody changes, removes or cuts it unnoticed, and writers at once never fork it."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from dsr.db.audit import AuditEntry
from dsr.services import audit
from tests.parts.store import NOW, Store


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    """The file outside the database."""
    return tmp_path / "anchors.log"


def write(store: Store, count: int, **details: Any) -> None:
    with store.transaction() as session:
        for number in range(count):
            audit.record(session, "copy-viewed", by=audit.COMMAND, now=NOW + timedelta(seconds=number), **details)


def anchor(store: Store, anchors: Path) -> None:
    with store.transaction(writes=False) as session:
        audit.anchor(session, anchors, now=NOW)


def faults(store: Store, anchors: Path) -> tuple[str, ...]:
    with store.transaction(writes=False) as session:
        return audit.verify(session, anchors).faults


def tamper(store: Store, statement: str) -> None:
    with store.transaction() as session:
        assert session.execute(text(statement)).rowcount > 0  # type: ignore[attr-defined]


def test_the_chain_holds_as_it_was_written(store: Store, anchors: Path) -> None:
    with store.transaction() as session:
        case, rows = uuid.UUID(int=2), {"erase": 2}
        audit.record(session, "plan-approved", by=uuid.UUID(int=1), now=NOW, case_id=case, counts=rows, table="ticket")
    write(store, 3, days=["2026-11-23"], rows=1.5)
    anchor(store, anchors)
    with store.transaction(writes=False) as session:
        found = audit.verify(session, anchors)
    assert (found.entries, found.anchors, found.faults) == (4, 1, ())


def test_an_empty_trail_holds_and_needs_no_anchor(store: Store, anchors: Path) -> None:
    anchor(store, anchors)
    assert not anchors.exists()
    assert faults(store, anchors) == ()


def test_an_event_of_a_transaction_that_failed_is_not_written(store: Store, anchors: Path) -> None:
    with store.transaction() as session:
        audit.record(session, "plan-approved", by=audit.COMMAND, now=NOW)
        session.rollback()
    write(store, 1)
    with store.transaction() as session:
        assert [entry.event for entry in session.scalars(select(AuditEntry))] == ["copy-viewed"]
    assert faults(store, anchors) == ()


def test_an_event_that_a_savepoint_took_back_leaves_no_gap(store: Store, anchors: Path) -> None:
    def one(event: str) -> None:
        audit.record(session, event, by=audit.COMMAND, now=NOW)

    with store.transaction() as session:
        one("before")
        taken_back = session.begin_nested()
        one("taken-back")
        taken_back.rollback()
        one("between")
        with session.begin_nested():
            one("kept")
        one("after")
    with store.transaction(writes=False) as session:
        events = session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)).all()
    assert events == ["before", "between", "kept", "after"]
    assert faults(store, anchors) == ()


@pytest.mark.parametrize(
    "change",
    [
        "event = 'plan-returned'",
        "actor = 'worker'",
        "details = '{\"rows\": 9}'",
        "case_id = '00000000000000000000000000000001'",
        "at = '2020-01-01 00:00:00'",
    ],
)
def test_an_altered_entry_is_told(store: Store, anchors: Path, change: str) -> None:
    write(store, 3, rows=1)
    tamper(store, f"UPDATE audit_entry SET {change} WHERE number = 2")  # noqa: S608 - a constant of the test
    assert faults(store, anchors) == ("entry 2 was altered",)


def test_an_entry_altered_with_its_hash_no_longer_fits_the_next(store: Store, anchors: Path) -> None:
    write(store, 3)
    with store.transaction() as session:
        entry = session.get_one(AuditEntry, 2)
        entry.event, entry.hash = "plan-returned", bytes(32)
    assert faults(store, anchors) == ("entry 2 was altered", "entry 3 does not follow the one before it")


def test_a_removed_entry_is_told(store: Store, anchors: Path) -> None:
    write(store, 3)
    tamper(store, "DELETE FROM audit_entry WHERE number = 2")
    assert faults(store, anchors) == ("entry 2 is missing", "entry 3 does not follow the one before it")


def test_the_first_entry_removed_is_told(store: Store, anchors: Path) -> None:
    write(store, 2)
    tamper(store, "DELETE FROM audit_entry WHERE number = 1")
    assert "entry 1 is missing" in faults(store, anchors)


def test_a_tail_cut_off_before_the_last_anchor_is_told(store: Store, anchors: Path) -> None:
    write(store, 3)
    anchor(store, anchors)
    write(store, 1)
    tamper(store, "DELETE FROM audit_entry WHERE number = 4")
    assert faults(store, anchors) == ()  # the stated limit: what lies after the last anchor
    tamper(store, "DELETE FROM audit_entry WHERE number = 3")
    assert faults(store, anchors) == ("entry 3 is anchored, but missing or different",)


def test_a_trail_written_anew_does_not_fit_its_anchor(store: Store, anchors: Path) -> None:
    write(store, 3)
    anchor(store, anchors)
    tamper(store, "DELETE FROM audit_entry")
    write(store, 3, rows=1)
    assert faults(store, anchors) == ("entry 3 is anchored, but missing or different",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hash": "00" * 32}, "an anchor is not ours"),
        ({"number": 2}, "an anchor is not ours"),
        ({"at": "2026-01-01T00:00:00+00:00"}, "an anchor is not ours"),
        ({"seal": "00" * 32}, "an anchor is not ours"),
    ],
)
def test_a_forged_anchor_is_told(store: Store, anchors: Path, change: dict[str, Any], told: str) -> None:
    write(store, 3)
    anchor(store, anchors)
    anchors.write_text(json.dumps({**json.loads(anchors.read_text()), **change}) + "\n")
    (fault,) = faults(store, anchors)
    assert fault.startswith(told)


@pytest.mark.parametrize("line", [b"no JSON", b"{}", b"[]", b"7", b'{"seal": 1}', b"\xff\xfe"])
def test_an_anchor_that_cannot_be_read_is_told(store: Store, anchors: Path, line: bytes) -> None:
    anchors.write_bytes(line + b"\n")
    assert faults(store, anchors) == ("an anchor is not ours: unreadable line",)


def test_the_head_is_anchored_once(store: Store, anchors: Path) -> None:
    write(store, 2)
    anchor(store, anchors)
    anchor(store, anchors)
    write(store, 1)
    anchor(store, anchors)
    assert [json.loads(line)["number"] for line in anchors.read_text().splitlines()] == [2, 3]


def test_writers_at_once_never_fork_the_chain(store: Store, anchors: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, store, 2, writer=number) for number in range(40)]:
            done.result()
    with store.transaction(writes=False) as session:
        found = audit.verify(session, anchors)
        writers = [entry.details["writer"] for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number))]
    assert (found.entries, found.faults) == (80, ())
    assert writers[::2] == writers[1::2]  # each transaction's entries stand together

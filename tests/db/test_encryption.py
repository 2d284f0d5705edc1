"""Personal data at rest: nothing of it can be read in the database file, its WAL or another row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from dsr.db.base import Base, Encrypted, keys
from dsr.db.cases import Case, DataSubject
from dsr.db.notices import Notice
from dsr.db.plans import CasePlan, LedgerEntry
from dsr.domain.fingerprints import fingerprint
from dsr.domain.plans import Plan, PlanRow, Verdict
from dsr.domain.register import Register
from dsr.domain.rights import Right
from dsr.keys import KeySetError
from dsr.services import audit, erasing, executions, intake, notices, plans
from tests.parts import cast
from tests.parts.store import NOW, Store

CANARY = "Zonnebloem"
ADDRESS = f"{CANARY.lower()}@example.org"


def written(store: Store, word: str) -> list[str]:
    """The files of the database in which a word can be read, in capitals or not, in UTF-8 or UTF-16."""
    folder = Path(str(store.engine.url.database)).parent
    spellings = [word.lower().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    files = {file.name: file.read_bytes().lower() for file in folder.glob("test.sqlite*")}
    return [name for name, content in files.items() if any(spelling in content for spelling in spellings)]


@pytest.fixture
def used(sqlite_store: Store) -> Iterator[Store]:
    """A database through which the canary went, with a connection left open so that the WAL stays."""
    with sqlite_store.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        with sqlite_store.transaction() as session:
            session.add(member := cast.add_member(session, f"{CANARY} Bakker"))
            case = cast.add_case(session, Right.ERASURE, name=CANARY, handler=member)
            _fill_case(case)
            cast.confirm(session, case, member)
            intake.save_draft(session, None, {"name": CANARY, "email": ADDRESS, "details": CANARY}, now=NOW)
            facts = {"reference": case.reference, "link": "http://localhost/x"}
            notices.enqueue(session, "answer-ready", key="k", case=case, recipient=ADDRESS, facts=facts, now=NOW)
            plan = plans.propose(session, case, {"customer": _decision()}, by=member.id, now=NOW)
            plans.record_plan(session, plan, Plan((_row(),), "0" * 64), now=NOW)
            plan.note = f"{CANARY} belde."
            _carry_out(session, case, plan)
        yield sqlite_store


def _fill_case(case: Case) -> None:
    person = case.data_subject
    person.name, person.email, person.customer_number, person.details = CANARY, ADDRESS, CANARY, f"Ik ben {CANARY}."
    case.rights[0].reason = f"Omdat {CANARY} het vroeg."


def _decision() -> dict[str, str | None]:
    return {"ground": "none", "reason": f"{CANARY} huurt nog.", "outstanding": None}


def _row() -> PlanRow:
    judgement = ("shop", "newsletter", "newsletter", Verdict.PROTECTED, None, None, None, None, CANARY, ("email",))
    return PlanRow(*judgement, (ADDRESS,), fingerprint({"email": ADDRESS, "name": CANARY}))


def _carry_out(session: Session, case: Case, plan: CasePlan) -> None:
    plan.state = plans.APPROVED
    (approved,) = executions.begin(session, case.id, Register({}, digest="0" * 64), now=NOW)
    receipt = erasing.Receipt({}, {}, {"newsletter": {ADDRESS: "print"}})
    executions.settle(session, approved, "shop", receipt, now=NOW)


def test_what_was_written_can_be_read_back(used: Store) -> None:
    with used.transaction(writes=False) as session:
        person = session.scalars(select(DataSubject)).one()
        assert (person.name, person.email) == (CANARY, ADDRESS)
        plan = session.scalars(select(CasePlan)).one()
        assert [row.key for row in plans.planned_rows(plan)] == [{"email": ADDRESS}]
        assert CANARY in str(plan.note)
        assert CANARY in str(plan.decisions)
        assert ADDRESS in str(session.scalars(select(LedgerEntry)).one().rows)
        assert session.scalars(select(Notice)).one().recipient == ADDRESS


def test_no_file_of_the_database_shows_a_person(used: Store) -> None:
    assert written(used, CANARY) == []


def test_a_planted_name_is_found(used: Store) -> None:
    with used.transaction() as session:
        audit.record(session, "planted", by=audit.COMMAND, now=NOW, name=CANARY)
    assert "test.sqlite-wal" in written(used, CANARY)
    with used.engine.connect() as connection:
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    assert "test.sqlite" in written(used, CANARY)


def _encrypted() -> list[tuple[type, str]]:
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    return [(cls, name) for cls in classes for name, value in vars(cls).items() if isinstance(value, Encrypted)]


def test_every_encrypted_attribute_has_its_column() -> None:
    assert len(_encrypted()) > 10
    assert [
        (cls.__name__, name)
        for cls, name in _encrypted()
        if f"{name}_sealed" not in cls.__table__.columns  # type: ignore[attr-defined]
    ] == []


def test_a_value_moved_to_another_row_does_not_open(used: Store) -> None:
    with used.transaction() as session:
        mine = session.scalars(select(DataSubject)).one()
        other = cast.add_case(session, Right.ACCESS, name="Bram Bos").data_subject
        other.name_sealed = mine.name_sealed
        with pytest.raises(KeySetError):
            _ = other.name


def test_a_value_moved_to_another_column_does_not_open(used: Store) -> None:
    with used.transaction() as session:
        person = session.scalars(select(DataSubject)).one()
        person.details_sealed = person.name_sealed
        with pytest.raises(KeySetError):
            _ = person.details


def test_nothing_is_nothing() -> None:
    person = DataSubject(case_id=uuid.uuid4())
    person.name = None
    assert (person.name, person.name_sealed) == (None, None)


def test_equal_values_do_not_look_equal(used: Store) -> None:
    with used.transaction() as session:
        first, second = (cast.add_case(session, Right.ACCESS).data_subject for _ in range(2))
        assert first.name == second.name
        assert first.name_sealed != second.name_sealed


def test_a_moment_without_a_time_zone_is_refused(used: Store) -> None:
    naive = update(Case).values(received_at=datetime(2026, 1, 1))  # noqa: DTZ001 - what must be refused
    with used.transaction() as session, pytest.raises(StatementError, match="a moment without a time zone"):
        session.execute(naive)


def test_sqlite_is_held_to_our_rules(sqlite_store: Store) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}
    with sqlite_store.engine.connect() as first, sqlite_store.engine.connect() as second:
        for connection in (first, second):
            found = {pragma: connection.execute(text(f"PRAGMA {pragma}")).scalar() for pragma in expected}
            assert found == expected


def test_the_index_of_an_address_says_nothing_without_the_key_set() -> None:
    digest = keys().digest("email", ADDRESS)
    assert ADDRESS.encode() not in digest
    assert len(digest) == 32

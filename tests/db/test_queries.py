"""The named reads: what the queue shows, in which order, and that more cases cost no more reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event, text

from dsr.db import queries
from dsr.db.cases import Case
from dsr.db.queries import QueueFilter
from dsr.domain.lifecycle import Status
from dsr.domain.rights import Right
from dsr.services import audit
from tests.parts.cast import add_case, add_member, references
from tests.parts.store import NOW, Store

TODAY = date(2026, 11, 23)
EVERYTHING = QueueFilter()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def _fill(store: Store, count: int, *, status: Status = Status.RECEIVED) -> None:
    with store.transaction() as session:
        for number in range(count):
            add_case(session, Right.ACCESS, status=status, next_legal_on=TODAY + timedelta(days=number // 2))


def test_pages_follow_each_other_in_the_order_of_the_next_legal_date(store: Store) -> None:
    for status in (Status.RECEIVED, Status.HANDLING, Status.IDENTIFYING):
        _fill(store, 20, status=status)
    _fill(store, 3, status=Status.ANSWERED)
    with store.transaction(writes=False) as session:
        pages, after = [], None
        while not pages or after:
            page = queries.queue(session, EVERYTHING, today=TODAY, after=after)
            pages.append(page.cases)
            after = page.following
    assert [len(page) for page in pages] == [25, 25, 10]
    shown = [(case.next_legal_on, case.id) for page in pages for case in page]
    assert len(set(shown)) == 60
    assert shown == sorted(shown, key=lambda place: (place[0], place[1].hex))


def test_a_page_of_many_cases_takes_as_few_reads_as_a_page_of_one(store: Store) -> None:
    counts = []
    for more in (1, 24):
        _fill(store, more)
        with store.transaction(writes=False) as session, counted(store.engine) as sent:
            page = queries.queue(session, EVERYTHING, today=TODAY)
            shown = [(case.data_subject.name, [right.kind for right in case.rights]) for case in page.cases]
        counts.append(len(sent))
        assert shown[0] == ("Hanna Brinkman", [Right.ACCESS])
    assert len(shown) == 25
    assert counts == [4, 4]  # the places, the cases, their rights, their data subjects


def test_the_queue_walks_the_index_and_sorts_nothing_but_its_page(sqlite_store: Store) -> None:
    with sqlite_store.transaction(writes=False) as session, counted(sqlite_store.engine) as sent:
        queries.queue(session, EVERYTHING, today=TODAY)
        queries.queue(session, QueueFilter(handler="nobody", group="late"), today=TODAY)
    for statement in (each for each in sent if "UNION ALL" in each):
        parameters = tuple(["received"] * statement.count("?"))
        with sqlite_store.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in plan]
        assert sum("USING COVERING INDEX ix_dsr_case" in step for step in steps) == 3, steps
        assert not any(step.startswith("SCAN dsr_case") for step in steps)


def test_filters(store: Store) -> None:
    with store.transaction() as session:
        noor = add_member(session)
        late = add_case(session, Right.ACCESS, handler=noor, next_legal_on=TODAY - timedelta(days=1))
        today = add_case(session, Right.ERASURE, next_legal_on=TODAY)
        sixth = add_case(session, Right.ACCESS, Right.ERASURE, next_legal_on=TODAY + timedelta(days=6))
        later = add_case(session, Right.ACCESS, handler=noor, next_legal_on=TODAY + timedelta(days=7))
    expected = {
        EVERYTHING: [late, today, sixth, later],
        QueueFilter(group="late"): [late],
        QueueFilter(group="week"): [today, sixth],
        QueueFilter(group="later"): [later],
        QueueFilter(handler=noor.id): [late, later],
        QueueFilter(handler="nobody"): [today, sixth],
        QueueFilter(right=Right.ERASURE): [today, sixth],
        QueueFilter(right=Right.ACCESS, handler="nobody", group="week"): [sixth],
        QueueFilter(right=Right.OBJECTION): [],
    }
    with store.transaction(writes=False) as session:
        for shown, cases in expected.items():
            page = queries.queue(session, shown, today=TODAY)
            assert references(page.cases) == references(cases), shown
            assert queries.count_open(session, shown, today=TODAY) == len(cases)


@pytest.mark.parametrize(("days", "group"), [(-1, "late"), (0, "week"), (6, "week"), (7, "later")])
def test_groups_agree_with_the_filter(days: int, group: str) -> None:
    assert queries.group_of(TODAY + timedelta(days=days), TODAY) == group


def test_counting_stops_at_its_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNT_LIMIT", 5)
    _fill(store, 4)
    _fill(store, 4, status=Status.HANDLING)
    with store.transaction(writes=False) as session:
        assert queries.count_open(session, EVERYTHING, today=TODAY) == 5


def test_the_timeline_of_a_case_comes_in_pages_newest_first(store: Store) -> None:
    with store.transaction() as session:
        case, other = add_case(session, Right.ACCESS), add_case(session, Right.ACCESS)
        for number in range(5):
            audit.record(session, f"event-{number}", by="worker", now=NOW, case_id=case.id)
            audit.record(session, "elsewhere", by="worker", now=NOW, case_id=other.id)
    with store.transaction(writes=False) as session:
        first = queries.timeline(session, case.id, limit=3)
        rest = queries.timeline(session, case.id, before=first[-1].number, limit=3)
        assert [entry.event for entry in [*first, *rest]] == [f"event-{number}" for number in (4, 3, 2, 1, 0)]
        assert queries.count_timeline(session, case.id) == 5


def test_a_reference_leads_to_its_case(store: Store) -> None:
    with store.transaction() as session:
        case = add_case(session, Right.ACCESS, status=Status.CLOSED)
    with store.transaction(writes=False) as session:
        found = queries.case_by_reference(session, case.reference)
        assert found is not None
        assert found.id == case.id
        assert queries.case_by_reference(session, "2026-0000-0000") is None


def test_a_page_costs_no_more_among_many_cases(sqlite_store: Store) -> None:
    """Counted in steps of the database's own machine, which do not depend on how busy this one is."""
    _fill(sqlite_store, 60)
    few = _steps(sqlite_store)
    with sqlite_store.transaction() as session:
        columns = [column for column in Case.__table__.columns if not column.unique and column.name != "id"]
        copied = ", ".join(column.name for column in columns)
        made = "lower(hex(randomblob(16))), hex(randomblob(7)), randomblob(32)"
        session.execute(
            text(
                f"INSERT INTO dsr_case (id, reference, status_token_digest, {copied})"  # noqa: S608 - column names
                f" SELECT {made}, {copied} FROM dsr_case, (WITH RECURSIVE n(i) AS"
                " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n)"
            )
        )
    assert _steps(sqlite_store) <= 1.3 * few


def _steps(store: Store) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.transaction(writes=False) as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(count, 100)
        queries.queue(session, EVERYTHING, today=TODAY)
        queries.queue(session, QueueFilter(handler="nobody", group="later"), today=TODAY)
        raw.set_progress_handler(None, 100)
    return steps

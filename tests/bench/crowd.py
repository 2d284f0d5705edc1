"""Fifty people approved together, and a worker that is killed in the middle of one large erasure."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dsr.db.cases import Case
from dsr.domain.rights import Right
from dsr.services import plans, work
from tests.bench.erasing import KEPT_FROM, MANY, add_invoices
from tests.bench.office import Office
from tests.bench.table import Row, judged, milliseconds
from tests.bench.timing import seconds

PEOPLE = 50
LIMIT = 20  # people a second
TICK = 60  # seconds
_COPIED, _ERASED, _KILLED = 91_000, 92_000, 93_000
"""The first customer of each kind of run."""


def rows(office: Office) -> Iterator[Row]:
    """Their copies, their erasures, and the one erasure that is cut short."""
    yield _together(office, "their copies", [_ask_copy(office, _COPIED + number) for number in range(PEOPLE)])
    yield _together(office, "erased", office.approve_erasures(range(_ERASED, _ERASED + PEOPLE)))
    yield _killed(office)


def _ask_copy(office: Office, customer: int) -> Case:
    case = office.case(customer, Right.ACCESS)
    with office.workplace.transaction() as session:
        work.ask(session, case.id, "copy", now=office.workplace.clock())
    return case


def _together(office: Office, what: str, cases: list[Case]) -> Row:
    rate = len(cases) / seconds(office.work)
    with office.workplace.transaction() as session:
        steps = [work.of(session, case.id) for case in cases]
    assert {step.state for known in steps for step in known.values()} == {"done"}
    limit = f">= {LIMIT} a second"
    return Row(
        f"{PEOPLE} people approved together, {what}", f"{rate:.0f} a second", "", "", limit, judged(rate >= LIMIT)
    )


def _killed(office: Office) -> Row:
    add_invoices(office, _KILLED, people=1)
    before = _invoices(office)
    case = office.approve_erasure(_KILLED)
    _work_and_die(office)
    visible = before - _invoices(office)
    with office.workplace.transaction() as session:
        work.release_all(session)
    taken = seconds(office.work)
    with office.workplace.transaction() as session:
        plan = plans.current(session, case.id)
        assert plan is not None
        assert plan.state == "executed", plan.note
    is_whole = _invoices(office) == _invoices(office, since=KEPT_FROM.isoformat())
    return Row(
        f"one person with {MANY:,} invoices, killed halfway",
        f"{visible} rows visibly gone; whole {milliseconds(taken)} after",
        limit=f"all or nothing, within {TICK} s",
        verdict=judged(visible == 0 and is_whole and taken < TICK),
    )


def _work_and_die(office: Office) -> None:
    """A worker of its own process, killed once the rows were changed and before they were committed."""
    office.let_go()
    worker = os.fork()
    if worker == 0:
        os.environ["DSR_FAULT"] = "rows-changed"
        try:
            office.work()
        finally:
            os._exit(1)
    _, status = os.waitpid(worker, 0)
    assert os.WIFSIGNALED(status), "the worker was not killed"


def _invoices(office: Office, since: str = "0001-01-01") -> int:
    counted = "SELECT count(*) FROM invoices WHERE customer_id = %s AND issued_at >= %s::date"
    row = office.bare.execute(counted, [_KILLED, since]).fetchone()
    assert row is not None
    return int(row[0])

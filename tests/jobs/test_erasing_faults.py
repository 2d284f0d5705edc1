"""A bad shop and a bad connection: nothing is erased on a guess, and nothing is left half done, on every engine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, select, text

from dsr.config import Settings
from dsr.connectors.base import RegisterDoesNotFit
from dsr.connectors.sql import SqlSystem
from dsr.connectors.sql_reading import Statement
from dsr.db.cases import Case
from dsr.db.notices import Task
from dsr.domain.plans import Verdict, register_decisions
from dsr.domain.register import Table
from dsr.jobs import erasing, replay, work
from dsr.services import drawing_up, plans
from dsr.services.work import ask
from dsr.services.work import of as work_of
from tests.parts.erasures import approved_plan, newest_plan
from tests.parts.shop import Workplace

SERVERS = pytest.mark.parametrize("shop_url", ["postgresql", "mariadb"], indirect=True)
BILL = Table("invoice", ("id",), via={"customer_id": "customer.id"}, dates={"document_date": "issued"})


@pytest.fixture
def shop_settings(shop_settings: Settings) -> Settings:
    """Patient enough for a server to see a deadlock by itself."""
    return replace(shop_settings, systems={"shop": replace(shop_settings.systems["shop"], lock_seconds=8)})


def _step_fault(workplace: Workplace, case: Case) -> str | None:
    with workplace.transaction() as session:
        return work_of(session, case.id)["erase"].error


# What is in the shop


@pytest.mark.parametrize("kind", ["DATE", "VARCHAR(20)"])
def test_without_a_readable_date_a_row_stays_and_a_row_that_points_nowhere_is_nobodys(
    workplace: Workplace, kind: str
) -> None:
    shop = workplace.shop
    shop.run(f"CREATE TABLE bill (id INTEGER PRIMARY KEY, customer_id INTEGER, issued {kind})")
    days: list[Any] = [None, date(1, 1, 1), date(2010, 1, 1), date(2024, 1, 1)]
    days += ["", "31-12-2010", "yesterday"] if kind != "DATE" else []
    for number, day in enumerate(days, 1):
        issued = day if day is None or kind == "DATE" else str(day)
        shop.run("INSERT INTO bill VALUES (:id, 1, :day)", id=number, day=issued)
    shop.run("INSERT INTO bill VALUES (99, 999, '2010-01-01'), (98, NULL, '2010-01-01')")
    before = shop.rows("bill")
    tables = {**workplace.context.settings.register.tables["shop"], "bill": BILL}
    settings = workplace.context.settings
    settings = replace(settings, register=replace(settings.register, tables={"shop": tables}))
    system = SqlSystem("shop", settings)
    decisions = register_decisions(settings.register)
    drawn = drawing_up.draw_up(
        settings, {"shop": system}, {"email": "hanna@example.org"}, decisions, on=date(2026, 11, 23)
    )
    system.close()
    judged = {row.key_values[0]: row.verdict for row in drawn.rows if row.table == "bill"}
    unreadable = dict.fromkeys([1, 2, *range(5, len(days) + 1)], Verdict.PROTECTED)
    assert judged == {**unreadable, 3: Verdict.ERASE, 4: Verdict.KEEP}
    assert shop.rows("bill") == before


@pytest.mark.parametrize(
    # Without a column of the register nothing can be decided; without another the rows are no longer those approved.
    ("column", "expected"),
    [("customer.address", plans.APPROVED), ("invoice_line.what", plans.VOID)],
)
def test_a_column_that_was_dropped_after_the_plan_stops_the_erasure(
    workplace: Workplace, approved: Case, column: str, expected: str
) -> None:
    workplace.shop.run("ALTER TABLE {} DROP COLUMN {}".format(*column.split(".")))
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    assert newest_plan(workplace, approved).state == expected
    assert _step_fault(workplace, approved)
    assert workplace.shop.everything() == before


SPREAD = "CREATE TRIGGER spread AFTER DELETE ON invoice BEGIN DELETE FROM newsletter; END"


@pytest.fixture
def minute_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Since the register was last held against the shop a minute has gone by."""
    then = time.monotonic()
    return lambda: monkeypatch.setattr("dsr.connectors.sql.monotonic", lambda: then + 120)


def test_a_cascade_that_was_made_after_the_approval_is_seen_and_the_plan_waits(
    workplace: Workplace, approved: Case, minute_later: Callable[[], None]
) -> None:
    way = "ticket_id INTEGER, FOREIGN KEY (ticket_id) REFERENCES ticket (id) ON DELETE CASCADE"
    workplace.shop.run(f"CREATE TABLE review (id INTEGER PRIMARY KEY, {way})")
    workplace.shop.run("INSERT INTO review VALUES (1, 1)")
    before = workplace.shop.everything()
    minute_later()
    work.run_all(workplace.context)
    assert workplace.shop.everything() == before
    assert len(workplace.shop.rows("review")) == 1
    assert newest_plan(workplace, approved).state == plans.APPROVED
    assert "shop.ticket: erasing would reach table review" in str(_step_fault(workplace, approved))
    workplace.shop.run("DROP TABLE review")
    with workplace.transaction() as session:
        ask(session, approved.id, "erase", now=workplace.clock())
    work.run_all(workplace.context)
    assert newest_plan(workplace, approved).state == plans.EXECUTED


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_kept_rows_wait_while_a_trigger_would_reach_further(
    workplace: Workplace, approved: Case, minute_later: Callable[[], None]
) -> None:
    work.run_all(workplace.context)
    workplace.shop.run(SPREAD)
    before = workplace.shop.everything()
    minute_later()
    workplace.clock.set(date(2027, 1, 1))
    assert erasing.erase_due(workplace.context) == 1
    assert workplace.shop.everything() == before
    with workplace.transaction() as session:
        assert session.scalars(select(Task)).all() == [], "nobody has to erase it by hand"
    workplace.shop.run("DROP TRIGGER spread")
    erasing.erase_due(workplace.context)
    assert 119 not in [row["id"] for row in workplace.shop.rows("invoice")]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_a_restore_brought_back_waits_while_a_trigger_would_reach_further(
    workplace: Workplace, approved: Case, minute_later: Callable[[], None]
) -> None:
    work.run_all(workplace.context)
    workplace.shop.run("INSERT INTO ticket VALUES (1, 1, 'help')")
    workplace.shop.run(SPREAD)
    minute_later()
    with pytest.raises(RegisterDoesNotFit, match=r"shop\.invoice: a trigger runs"):
        replay.run(workplace.context, "shop", workplace.clock().date())
    assert len(workplace.shop.rows("ticket")) == 2


# The connection


@contextmanager
def _before_each_statement(workplace: Workplace, act: Callable[[Any, str], None]) -> Iterator[None]:
    """Have something happen before each statement of the erasing account."""
    system = workplace.context.systems["shop"]
    assert isinstance(system, SqlSystem)

    def listen(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        act(connection, statement)

    plainly = Statement.run

    def run(self: Statement, connection: Any, values: Any) -> Any:
        if connection.engine is system._eraser:
            act(connection, str(self._statement))
        return plainly(self, connection, values)

    event.listen(system._eraser, "before_cursor_execute", listen)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Statement, "run", run)  # what finds rows runs past the engine
        yield
    event.remove(system._eraser, "before_cursor_execute", listen)


def _cut(workplace: Workplace, connection: Any) -> None:
    """The server ends a connection, as when it is restarted."""
    own = connection.connection.driver_connection
    number = own.info.backend_pid if hasattr(own, "info") else own.thread_id()
    end = f"SELECT pg_terminate_backend({number})" if hasattr(own, "info") else f"KILL {number}"
    with workplace.shop.engine.connect() as other:
        other.exec_driver_sql(end)
        other.commit()
    time.sleep(0.05)


@SERVERS
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_cut_off_at_any_statement_nothing_has_changed_and_the_next_run_does_all(
    workplace: Workplace, approved: Case
) -> None:
    before = workplace.shop.everything()
    cuts = 0
    while newest_plan(workplace, approved).state == plans.APPROVED:
        left = [cuts]

        def cut(connection: Any, _statement: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                _cut(workplace, connection)

        with _before_each_statement(workplace, cut):
            work.run_all(workplace.context)
        if newest_plan(workplace, approved).state == plans.APPROVED:
            assert workplace.shop.everything() == before
        cuts += 1
        workplace.clock.now += timedelta(hours=2)
        assert cuts < 60
    assert cuts > 8
    gc.collect()  # what is left of a connection that was cut: the warning belongs here
    assert newest_plan(workplace, approved).state == plans.EXECUTED
    after = workplace.shop.everything()
    assert [row["id"] for row in after["invoice"] if row["customer_id"] == 1] == list(range(119, 126))
    assert after["ticket"] == [row for row in before["ticket"] if row["customer_id"] == 2]


@pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)
def test_what_changed_after_an_attempt_that_came_to_nothing_is_not_taken_for_gone(workplace: Workplace) -> None:
    for table in ("invoice_line", "invoice", "newsletter"):
        workplace.shop.run(f"DELETE FROM {table}")  # noqa: S608 - a constant
    approved, shop = approved_plan(workplace)[0], Path(workplace.context.settings.systems["shop"].path or "")
    workplace.context.systems["shop"].close()
    away = shop.rename(shop.with_suffix(".away"))
    work.run_all(workplace.context)
    away.rename(shop)
    workplace.shop.run("UPDATE customer SET phone = '0612121212' WHERE id = 1")
    workplace.shop.run("UPDATE ticket SET body = 'still here' WHERE id = 1")
    workplace.clock.now += timedelta(hours=2)
    work.run_all(workplace.context)
    assert newest_plan(workplace, approved).state == plans.VOID
    assert [row["id"] for row in workplace.shop.rows("customer")] == [1, 2]


@SERVERS
def test_a_deadlock_is_tried_again(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    workplace.shop.run("CREATE TABLE heavy (id INTEGER PRIMARY KEY)")
    with workplace.shop.engine.connect() as other:
        if other.dialect.name == "postgresql":
            other.execute(text("SET deadlock_timeout = '30s'"))  # so that it is ours that is given up
        other.execute(text("UPDATE invoice SET total = total WHERE id = 117"))
        for number in range(50):  # who did the most is spared
            other.execute(text("INSERT INTO heavy VALUES (:number)"), {"number": number})

        def change_customer() -> None:
            time.sleep(0.3)  # by then ours has the customer, and waits for the invoice
            other.execute(text("UPDATE customer SET phone = '1' WHERE id = 1"))

        crossing = Thread(target=change_customer)

        def cross(_connection: Any, statement: str) -> None:
            if "FROM customer" in statement and not crossing.ident:
                crossing.start()

        with _before_each_statement(workplace, cross):
            work.run_all(workplace.context)
        crossing.join()
        other.rollback()
    assert newest_plan(workplace, approved).state == plans.APPROVED
    assert workplace.shop.everything() == before
    assert _step_fault(workplace, approved) is not None
    workplace.clock.now += timedelta(hours=2)
    work.run_all(workplace.context)
    assert newest_plan(workplace, approved).state == plans.EXECUTED

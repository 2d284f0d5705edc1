"""A shop of five million rows: the preview of one person, and the copy of one who has a million of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dsr.db.answers import AccessCopy
from dsr.domain.calendars import local_date
from dsr.domain.plans import register_decisions
from dsr.domain.rights import Right
from dsr.services import work
from dsr.services.drawing_up import draw_up
from tests.bench.copying import read_bare
from tests.bench.office import INVOICES, Office, address_of
from tests.bench.table import Row, compared, judged, not_measured
from tests.bench.timing import in_turn, seconds

MILLION = 1_000_000
SPREAD = 3 * MILLION
"""Invoices that go to every customer in turn: thirty more for each."""
ROUNDS = 15
ROUNDS_OF_MANY = 3
LEAST = 0.6  # of the rate at which the driver streams
FLAT = 32  # megabytes
_RICH, _PREVIEWED, _READ = 99_000, 30_000, 70_000

_ADDED = """
INSERT INTO invoices SELECT %(first)s + n, %(customer)s + n %% %(people)s, 'INV-' || n, 'Customer',
  n || ' Bill Street', 100 + n %% 90000, date '2016-01-01' + (n %% %(days)s) FROM generate_series(1, %(rows)s) n
"""


def rows(office: Office, *, quick: bool) -> Iterator[Row]:
    """The rows that need five million; a quick run leaves them out."""
    preview, export = "preview of one person in 5 million rows", "export of a million rows of one person"
    if quick:
        yield from (not_measured(work, "--quick") for work in (preview, export))
        return
    add_invoices(office, SPREAD, first=INVOICES * 10, customer=1, people=_RICH - 1)
    add_invoices(office, MILLION, first=INVOICES * 20, customer=_RICH, people=1)
    yield _preview(office, preview)
    yield _export(office, export)


def add_invoices(office: Office, rows: int, *, first: int, customer: int, people: int, days: int = 3500) -> None:
    """So many rows more, of so many days from 2016 on, dealt out to so many customers from this one on."""
    values = {"rows": rows, "first": first, "customer": customer, "people": people, "days": days}
    with office.bare.transaction():
        office.bare.execute("DROP INDEX IF EXISTS invoices_customer_id_idx")
        office.bare.execute(_ADDED, values)
        office.bare.execute("CREATE INDEX ON invoices (customer_id)")
    office.bare.execute("VACUUM ANALYZE invoices")


def _preview(office: Office, work: str) -> Row:
    """The plan as `dsr preview` draws it up, against the statements that read the same rows."""
    context = office.workplace.context
    settings, on = context.settings, local_date(context.now())
    decisions = register_decisions(settings.register)

    def ours(number: int) -> float:
        whom = {"email": address_of(_PREVIEWED + number)}
        return seconds(lambda: draw_up(settings, context.systems, whom, decisions, on=on))

    def bare(number: int) -> float:
        return seconds(lambda: read_bare(office, _READ + number))

    return compared(work, *in_turn(ROUNDS, ours, bare), named="the bare SELECTs", most=1.5)


def _export(office: Office, what: str) -> Row:
    """From approved to copy ready, against the driver that reads the same rows by a cursor and lets them go."""
    growth: list[float] = []

    def ours(number: int) -> float:
        case = office.case(_RICH, Right.ACCESS)
        with office.workplace.transaction() as session:
            work.ask(session, case.id, "copy", now=office.workplace.clock())
        with growing_memory() as megabytes:
            taken = seconds(office.work)
        growth.append(megabytes())
        with office.workplace.transaction() as session:
            assert session.get_one(AccessCopy, case.id).row_count > MILLION
        return taken

    def bare(_number: int) -> float:
        return seconds(lambda: _stream_bare(office))

    mine, theirs = in_turn(ROUNDS_OF_MANY, ours, bare)
    share, grown = sorted(base / own for own, base in zip(mine, theirs, strict=True))[len(mine) // 2], max(growth[1:])
    return Row(
        what,
        f"{MILLION / min(mine):,.0f} rows a second, {grown:+.0f} MB",
        f"{MILLION / min(theirs):,.0f} rows a second (the driver)",
        f"{share:.0%}",
        f">= {LEAST:.0%}, <= {FLAT} MB",
        judged(share >= LEAST and grown <= FLAT),
    )


def _stream_bare(office: Office) -> None:
    seen = 0
    with office.bare.transaction(), office.bare.cursor("bare") as cursor:
        cursor.execute("SELECT * FROM invoices WHERE customer_id = %s", [_RICH])
        while found := cursor.fetchmany(1000):
            seen += len(found)
    assert seen > MILLION


@contextmanager
def growing_memory() -> Iterator[Callable[[], float]]:
    """Afterwards: by how many megabytes this process was larger, at its largest, than before."""
    before, largest, is_over = _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            largest[0] = max(largest[0], _resident())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield lambda: max(largest[0], _resident()) - before
    finally:
        is_over.set()
        watching.join()


def _resident() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1000

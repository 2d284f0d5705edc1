"""One person approved -> copy ready, against the bare SELECTs and an archive of their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from zipfile import ZIP_DEFLATED, ZipFile

from dsr.db.answers import AccessCopy
from dsr.domain.rights import Right
from dsr.services import work
from tests.bench.office import Office, address_of
from tests.bench.table import Row, compared
from tests.bench.timing import in_turn, seconds

ROUNDS = 15
_OURS, _BARE = 10_000, 50_000


def rows(office: Office) -> Iterator[Row]:
    """The person of ten rows."""

    def ours(number: int) -> float:
        case = office.case(_OURS + number, Right.ACCESS)
        with office.workplace.transaction() as session:
            work.ask(session, case.id, "copy", now=office.workplace.clock())
        taken = seconds(office.work)
        with office.workplace.transaction() as session:
            assert session.get_one(AccessCopy, case.id).row_count == 10
        return taken

    def bare(number: int) -> float:
        return seconds(lambda: _copy_bare(office, _BARE + number))

    times = in_turn(ROUNDS, ours, bare)
    yield compared("one person, approved -> copy ready", *times, named="the bare SELECTs and the archive", most=1.5)


_BELONGS = {
    "orders": "SELECT * FROM orders WHERE customer_id = %s",
    "invoices": "SELECT * FROM invoices WHERE customer_id = %s",
    "support_tickets": "SELECT * FROM support_tickets WHERE customer_id = %s",
}


def _copy_bare(office: Office, customer: int) -> None:
    person = office.bare.execute("SELECT * FROM customers WHERE email = %s", [address_of(customer)]).fetchone()
    found = {"customers": [person]}
    for table, statement in _BELONGS.items():
        found[table] = office.bare.execute(statement, person[:1]).fetchall()
    file = office.workplace.context.settings.path("bare.zip")
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(found, default=str, indent=1))

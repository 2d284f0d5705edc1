"""One person approved -> copy ready, against the bare SELECTs and an archive of the same bytes.

Bare is: the four statements that read the person, and the members of the copy that was just made, as they are, packed
into an archive of the same kind, sealed with the same keys, and on the disk before it is called done. Nothing is left
out of it but what is ours: to make the members of the rows, and to note that there is a copy.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from dsr.db.answers import AccessCopy
from dsr.db.base import keys
from dsr.db.cases import Case
from dsr.domain.rights import Right
from dsr.files import FileStore, Place, open_store
from dsr.services import work
from dsr.services.copy_archive import PURPOSE
from tests.bench.byhand import by_hand
from tests.bench.office import Office, address_of
from tests.bench.table import Row, compared
from tests.bench.timing import in_turn, seconds

ROUNDS = 15
_OURS, _BARE = 10_000, 50_000
Members = dict[str, bytes]


def rows(office: Office) -> Iterator[Row]:
    """The person of ten rows."""
    store = open_store(office.workplace.context.settings, keys())
    members: Members = {}

    def ours(number: int) -> float:
        case = _ask(office, _OURS + number)
        taken = seconds(office.work)
        with office.workplace.transaction() as session:
            copy = session.get_one(AccessCopy, case.id)
            assert copy.row_count == 10
        members.update(_members(store, copy))
        return taken

    def bare(number: int) -> float:
        return seconds(lambda: _copy_bare(office, store, _BARE + number, members))

    times = in_turn(ROUNDS, ours, bare)
    yield compared("one person, approved -> copy ready", *times, named="the bare SELECTs and the archive", most=1.5)
    _ask(office, _OURS + ROUNDS + 1)
    yield by_hand(office, times[1])


def _ask(office: Office, customer: int) -> Case:
    """A case of a customer whose copy waits for the worker."""
    case = office.case(customer, Right.ACCESS)
    with office.workplace.transaction() as session:
        work.ask(session, case.id, "copy", now=office.workplace.clock())
    return case


def _members(store: FileStore, copy: AccessCopy) -> Members:
    stored = b"".join(store.read(Place(copy.file, copy.case_id, PURPOSE)))
    with ZipFile(BytesIO(stored)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_BELONGS = {
    "orders": "SELECT * FROM orders WHERE customer_id = %s",
    "invoices": "SELECT * FROM invoices WHERE customer_id = %s",
    "support_tickets": "SELECT * FROM support_tickets WHERE customer_id = %s",
}


def read_bare(office: Office, customer: int) -> int:
    """Read a person with the statements that anybody would write; returns how many rows there are."""
    person = office.bare.execute("SELECT * FROM customers WHERE email = %s", [address_of(customer)]).fetchone()
    assert person is not None
    found = [office.bare.execute(statement, person[:1]).fetchall() for statement in _BELONGS.values()]
    return 1 + sum(map(len, found))


def _copy_bare(office: Office, store: FileStore, customer: int, members: Members) -> None:
    assert read_bare(office, customer) == 10
    writer = store.writer(Place(uuid.uuid4().hex, uuid.UUID(int=customer), PURPOSE))
    with ZipFile(writer, "w", ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            archive.writestr(name, content)
    writer.finish()

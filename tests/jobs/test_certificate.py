"""The certificate of an erasure equals the difference of the two states of the shop, on every engine."""

from __future__ import annotations

from datetime import date
from typing import Any

from dsr.db.cases import Case
from dsr.domain.certificates import TableResult, rows_digest
from dsr.domain.fingerprints import fingerprint
from dsr.jobs import erasing, work
from dsr.services import certificate
from tests.parts.shop import TABLES, Workplace

KEYS = dict.fromkeys(TABLES, ("id",)) | {"invoice_line": ("invoice_id", "line"), "newsletter": ("email",)}
Rows = dict[tuple[Any, ...], dict[str, Any]]


def by_key(table: str, rows: list[dict[str, Any]]) -> Rows:
    return {tuple(row[column] for column in KEYS[table]): row for row in rows}


def certified(workplace: Workplace, case: Case) -> certificate.Certificate:
    with workplace.transaction() as session:
        return certificate.certificate(session, session.get_one(Case, case.id))


def test_it_equals_the_difference_of_the_two_states(workplace: Workplace, approved: Case) -> None:
    before = workplace.shop.everything()
    work.run_all(workplace.context)
    after = workplace.shop.everything()
    (plan,) = certified(workplace, approved).plans
    (system,) = plan.systems
    results: dict[str, TableResult] = {result.table: result for result in system.tables}
    assert results.keys() == before.keys()
    for table, result in results.items():
        was, now = by_key(table, before[table]), by_key(table, after[table])
        gone = was.keys() - now.keys()
        changed = {key for key in was.keys() & now.keys() if was[key] != now[key]}
        assert now.keys() <= was.keys()
        assert (result.erased, result.emptied, result.left) == (len(gone), len(changed), 0)
        assert result.planned == result.erased + result.emptied + result.kept + result.refused + result.waiting
        difference = [(key, fingerprint(was[key])) for key in gone | changed]
        assert result.digest == (rows_digest(difference) if difference else None)


def test_what_goes_later_stands_in_it_too(workplace: Workplace, approved: Case) -> None:
    work.run_all(workplace.context)
    assert certified(workplace, approved).later == []
    workplace.clock.set(date(2027, 1, 1))
    erasing.run_ledger(workplace.context)
    (later,) = certified(workplace, approved).later
    assert (later.details["erased"], later.details["gone"], later.details["left"]) == (3, 0, 0)

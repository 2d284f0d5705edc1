"""The access copy of somebody of whom an earlier request left rows: these are in it too, and nobody else's."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy.orm import Session

from dsr.connectors.base import Found, Identifiers
from dsr.db.answers import AccessCopy
from dsr.db.base import keys
from dsr.db.cases import Case, Identifier
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Columns
from dsr.domain.rights import Right
from dsr.domain.row_keys import Key
from dsr.files import Place, open_store
from dsr.jobs import work
from dsr.services import copies, kept
from dsr.services.copy_archive import PURPOSE, write_copy
from dsr.services.work import ask, of
from tests.parts import cast
from tests.parts.erasures import confirm
from tests.parts.shop import Workplace

KEPT = {"customer": 1, "invoice": 7, "invoice_line": 14}
on_each = pytest.mark.parametrize("shop_url", ["sqlite", "postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("shop_url", ["sqlite"], indirect=True)


def made(workplace: Workplace, case: Case) -> AccessCopy:
    confirm(workplace, case)
    with workplace.transaction() as session:
        ask(session, case.id, "copy", now=workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        assert of(session, case.id)["copy"].error is None
        return session.get_one(AccessCopy, case.id)


def tables(workplace: Workplace, copy: AccessCopy) -> list[dict[str, Any]]:
    chunks = open_store(workplace.context.settings, keys()).read(Place(copy.file, copy.case_id, PURPOSE))
    with ZipFile(BytesIO(b"".join(chunks))) as archive:
        found: list[dict[str, Any]] = json.loads(archive.read("data.json"))["tables"]
    return found


def counts(found: list[dict[str, Any]]) -> Counter[str]:
    return Counter({table["table"]: len(table["rows"]) for table in found if table.get("kept_earlier")})


@on_each
def test_what_an_earlier_erasure_left_is_in_a_later_copy(workplace: Workplace, later: Case) -> None:
    copy = made(workplace, later)
    found = tables(workplace, copy)
    assert counts(found) == KEPT
    assert (copy.row_count, copy.kept_missing) == (22, 0)
    invoices = next(table for table in found if table["table"] == "invoice")
    assert {row[invoices["columns"].index("customer_id")] for row in invoices["rows"]} == {1}
    with workplace.transaction() as session:
        case = session.get_one(Case, later.id)
        by, settings, now = case.handler_id, workplace.context.settings, workplace.clock()
        assert by is not None
        page = b"".join(copies.view_copy(session, case, by=by, settings=settings, now=now)).decode()
    assert page.count("Dit hebben wij bewaard na een eerder verzoek van u.") == len(KEPT)


@on_each
def test_a_key_given_out_anew_brings_nobody_elses_row(workplace: Workplace, later: Case) -> None:
    workplace.shop.run("DELETE FROM invoice_line WHERE invoice_id = 124")
    workplace.shop.run("UPDATE invoice SET customer_id = 2 WHERE id = 124")
    copy = made(workplace, later)
    assert counts(tables(workplace, copy)) == {"customer": 1, "invoice": 6, "invoice_line": 12}
    assert copy.kept_missing == 3


@on_sqlite
def test_what_the_search_finds_as_well_is_there_once(workplace: Workplace, later: Case) -> None:
    workplace.shop.run("INSERT INTO customer (id, email, name) VALUES (9, 'hanna@example.org', 'Hanna Brinkman')")
    workplace.shop.run("UPDATE invoice SET customer_id = 9 WHERE id = 124")
    copy = made(workplace, later)
    found = tables(workplace, copy)
    assert counts(found) == {"customer": 1, "invoice": 6, "invoice_line": 12}
    keys_found = [(table["table"], *row[:2]) for table in found for row in table["rows"]]
    assert len(keys_found) == len(set(keys_found)) == copy.row_count == 23
    assert copy.kept_missing == 0


@on_sqlite
def test_what_was_left_of_another_behind_the_same_address_is_not_in_it(
    workplace: Workplace,
    approved: Case,
    later: Case,
) -> None:
    with workplace.transaction() as session:
        chosen = Identifier(case_id=approved.id, kind="shop.customer", proof="handler", proved_at=workplace.clock())
        session.add(chosen)
        chosen.value = "[[1]]"
    assert tables(workplace, made(workplace, later)) == []


@on_sqlite
def test_who_shares_a_telephone_number_gets_nothing_of_the_other(
    workplace: Workplace,
    approved: Case,
) -> None:
    number = "31612345678"
    with workplace.transaction() as session:
        _prove(session, approved.id, number, workplace.clock())
    work.run_all(workplace.context)
    with workplace.transaction() as session:
        bram = cast.add_case(session, Right.ACCESS, name="Bram Bos", status=Status.HANDLING)
        bram.handler_id = session.get_one(Case, approved.id).handler_id
        bram.data_subject.email = "bram.bos@example.org"
        _prove(session, bram.id, number, workplace.clock())
    assert counts(tables(workplace, made(workplace, bram))) == {}
    with workplace.transaction() as session:
        case = session.get_one(Case, bram.id)
        assert kept.told(session, case, workplace.context.settings.register) == ()


def _prove(session: Session, case_id: uuid.UUID, number: str, at: datetime) -> None:
    """A handler has seen that this telephone number is theirs."""
    proved = Identifier(case_id=case_id, kind="phone", proof="handler", proved_at=at)
    session.add(proved)
    proved.value = number


class Wide:
    """A system that knows nobody, with a row of two thousand characters for every key."""

    name = "shop"
    columns: Columns = ("id", "text")

    def stream(self, identifiers: Identifiers) -> Iterator[Found]:
        return iter(())

    def read(self, table: str, keys: list[Key]) -> Iterator[Found]:
        for start in range(0, len(keys), 100):
            yield Found(table, ("id",), self.columns, [self.row(*key) for key in keys[start : start + 100]])

    def row(self, number: int) -> tuple[int, str]:
        return number, f"{number:02000}"


@on_sqlite
def test_ten_times_the_kept_rows_take_little_more_than_their_keys(workplace: Workplace, later: Case) -> None:
    confirm(workplace, later)
    settings, wide = workplace.context.settings, Wide()
    table = settings.register.tables["shop"]["ticket"]
    with workplace.transaction() as session:
        order = copies.begin_copy(session, session.get_one(Case, later.id), settings=settings)

    def peak(rows: int) -> int:
        kept = {(n,): table.fingerprint(dict(zip(wide.columns, wide.row(n), strict=True))) for n in range(rows)}
        wanted: Any = replace(order, kept={"shop": {"ticket": kept}})
        tracemalloc.start()
        try:
            systems: Any = {"shop": wide}
            written = write_copy(wanted, systems, {}, settings=settings, now=workplace.clock())
            assert (written.row_count, written.kept_missing) == (rows, 0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(12_000) < peak(1_200) + 10_800 * 300

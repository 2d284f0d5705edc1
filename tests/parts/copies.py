"""A handler's desk with a case that asks for a copy, and rows that try what a copy must stand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from dsr.connectors.manual import ManualSystem
from dsr.db.answers import AccessCopy
from dsr.db.cases import Case
from dsr.domain.errors import DomainError
from dsr.domain.lifecycle import Status
from dsr.domain.plans import Row
from dsr.domain.register import Category, LegalBasis, Period, Recipient, Register, Table, Text
from dsr.domain.rights import Right
from dsr.services import copies
from dsr.services.copy_archive import WrittenCopy, write_copy
from dsr.services.identity import receipt_code_digest
from tests.parts.cast import add_case, add_member, confirm
from tests.parts.store import NOW, Store

CODE = "7K3F-Q2XA-94WP"
HOSTILE = "</td><script>alert('x')</script><style>*{display:none}</style>&amp;"


def both(dutch: str, english: str) -> Text:
    return Text(dutch, english)


REGISTER = Register(
    categories={
        "customer": Category(
            label=both("Klantgegevens", "Customer details"),
            purpose=both("u helpen", "helping you"),
            legal_basis=LegalBasis.CONTRACT,
            source=both("van uzelf", "from you"),
            recipients=("post", "cloud"),
        ),
        "invoice": Category(
            label=both("Facturen", "Invoices"),
            purpose=both("de boekhouding", "the books"),
            legal_basis=LegalBasis.LEGAL_OBLIGATION,
            source=both("uit uw bestellingen", "from your orders"),
            retention="fiscal7",
        ),
        "recording": Category(
            label=both("Gespreksopnames", "Recordings"),
            purpose=both("scholing", "training"),
            legal_basis=LegalBasis.LEGITIMATE_INTEREST,
            source=both("uw telefoontjes", "your calls"),
            retention=Period(months=6),
        ),
        "report": Category(
            label=both("Meldingen", "Reports"),
            purpose=both("de wet", "the law"),
            legal_basis=LegalBasis.LEGAL_OBLIGATION,
            source=both("onderzoek", "research"),
            confidential="Wwft art. 23",
        ),
    },
    tables={
        "shop": {
            "customer": Table(
                "customer", ("id",), masked=("iban",), column_labels={"iban": both("rekening", "account")}
            ),
            "invoice": Table("invoice", ("id",), label=both("Facturen", "Invoices")),
            "recording": Table("recording", ("id",)),
            "report": Table("report", ("id",)),
        }
    },
    recipients={
        "post": Recipient("Mailvaart B.V.", "processor"),
        "cloud": Recipient(
            "Wolk Inc.", "processor", inside_eea=False, safeguard=both("modelcontract", "model clauses")
        ),
    },
    automated_decisions=both("Een mens beslist altijd.", "A person always decides."),
)
ROWS = [
    Row(
        "customer",
        (1,),
        {
            "id": 1,
            "name": HOSTILE,
            "iban": "NL00BANK0123456789",
            "born": date(1980, 5, 6),
            "photo": bytes(2000),
            "phone": None,
            "is_member": True,
            "credit": Decimal("12.50"),
        },
    ),
    Row("invoice", (1,), {"id": 1, "at": datetime(2026, 3, 5, 9, 30, tzinfo=UTC), "total": Decimal("99.90")}),
    Row("report", (1,), {"id": 1, "text": "ongebruikelijk"}),
]


def rows_by_column(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table in data.json, each by its columns."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


class Desk:
    """A case with its handler, and the services called as the entry points do."""

    def __init__(self, store: Store, language: str = "nl") -> None:
        self.store = store
        self.settings = replace(store.settings, register=REGISTER)
        with store.transaction() as session:
            handler = add_member(session)
            case = add_case(session, Right.ACCESS, status=Status.HANDLING, handler=handler)
            case.language, case.receipt_code_digest = language, receipt_code_digest(CODE)
            confirm(session, case, handler)
            self.case_id, self.handler = case.id, handler.id

    def make(self, rows: Iterable[Row] = ROWS, now: datetime = NOW) -> None:
        self.note(self.write(rows, now), now)

    def write(self, rows: Iterable[Row] = ROWS, now: datetime = NOW) -> WrittenCopy:
        shop = ManualSystem("shop", self.settings.register.tables["shop"], [*rows])
        with self.store.transaction() as session:
            order = copies.begin_copy(session, session.get_one(Case, self.case_id), settings=self.settings)
        return write_copy(order, {"shop": shop}, {}, settings=self.settings, now=now)

    def note(self, written: WrittenCopy, now: datetime = NOW) -> None:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            copies.record_copy(session, case, written, settings=self.settings, now=now)

    def view(self, by: uuid.UUID | None = None) -> str:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            chunks = copies.view_copy(session, case, by=by or self.handler, settings=self.settings, now=NOW)
        return b"".join(chunks).decode()

    def release(self, by: uuid.UUID | None = None) -> None:
        with self.store.transaction() as session:
            case = session.get_one(Case, self.case_id)
            copies.release_copy(session, case, by=by or self.handler, settings=self.settings, now=NOW)

    def released(self) -> None:
        self.make()
        self.view()
        self.release()

    def open(self, code: str = CODE, now: datetime = NOW) -> copies.Download:
        with self.store.transaction() as session:
            try:
                case = session.get_one(Case, self.case_id)
                return copies.open_copy(session, case, code, settings=self.settings, now=now)
            except DomainError as error:
                fault = error
        raise fault

    def archive(self) -> ZipFile:
        return ZipFile(BytesIO(b"".join(self.open().chunks)))

    def purge(self, now: datetime) -> int:
        with self.store.transaction() as session:
            return copies.purge_copies(session, self.settings, now)

    def copy(self) -> AccessCopy:
        with self.store.transaction(writes=False) as session:
            return session.get_one(AccessCopy, self.case_id)

    def all(self, column: Any) -> list[Any]:
        with self.store.transaction(writes=False) as session:
            return list(session.scalars(select(column)))

    @property
    def files(self) -> list[Path]:
        return sorted((self.settings.base / "files").iterdir())


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)

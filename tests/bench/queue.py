"""The pages of the staff with a hundred open cases and with a hundred thousand: they must cost the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert

from dsr import keys
from dsr.app import create_app
from dsr.db.base import Base, db, new_id, transaction
from dsr.db.base import keys as keys_in_use
from dsr.db.cases import Case, DataSubject, RequestedRight
from dsr.domain.calendars import local_date
from dsr.domain.lifecycle import OPEN
from dsr.domain.rights import Right
from tests.bench.table import Row, compared
from tests.bench.timing import in_turn, seconds
from tests.parts import cast
from tests.parts.store import NOW, polder_hosting
from tests.parts.web import Visitor

FEW, MANY, ROUNDS = 100, 100_000, 15
MOST = 1.3
BATCH = 5_000


@dataclass(frozen=True)
class Desk:
    """Somebody signed in at an installation with this many open cases."""

    browser: FlaskClient
    reference: str

    def open(self, path: str) -> float:
        """How long a page takes, in seconds."""
        return seconds(lambda: self._get(path.format(reference=self.reference)))

    def _get(self, path: str) -> None:
        answer = self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code)


def rows() -> Iterator[Row]:
    """The first page of the queue, and one case by its reference."""
    with ExitStack() as stack:
        key_set = _key_set(stack)
        few, many = (stack.enter_context(_desk(count, key_set)) for count in (FEW, MANY))
        for work, path in (
            (f"queue page of 25 at {MANY:,} open cases", "/staff/"),
            (f"one case by its reference at {MANY:,}", "/staff/cases/{reference}"),
        ):
            times = in_turn(ROUNDS, lambda _, path=path: many.open(path), lambda _, path=path: few.open(path))
            yield compared(work, *times, named=f"at {FEW}", most=MOST)


def _key_set(stack: ExitStack) -> keys.Keys:
    file = Path(stack.enter_context(TemporaryDirectory(prefix="dsr-bench-"))) / "keys.json"
    keys.create(file)
    return keys.load(file.read_text())


@contextmanager
def _desk(count: int, key_set: keys.Keys) -> Iterator[Desk]:
    with TemporaryDirectory(prefix="dsr-bench-") as folder:
        app = create_app(polder_hosting(Path(folder)), key_set, clock=lambda: NOW)
        with app.app_context():
            with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
                Base.metadata.create_all(connection)
            reference = _fill(count)
        browser = app.test_client()
        signed_in = Visitor(browser).send("/staff/sign-in", email="noor@polder.example", password=cast.PASSWORD)
        assert signed_in.status_code == 302
        yield Desk(browser, reference)
        with app.app_context():
            db.engine.dispose()


def _fill(count: int) -> str:
    with transaction() as session:
        cast.add_member(session)
        for start in range(0, count, BATCH):
            cases = [_case(number) for number in range(start, min(start + BATCH, count))]
            session.execute(insert(Case), cases)
            session.execute(insert(DataSubject), [_data_subject(case) for case in cases])
            session.execute(insert(RequestedRight), [_right(case) for case in cases])
    reference: str = cases[-1]["reference"]
    return reference


def _case(number: int) -> dict[str, Any]:
    day = local_date(NOW) + timedelta(days=number % 90 - 20)
    sign = f"{number:08d}"
    return {
        "id": new_id(),
        "reference": f"2026-{sign[:4]}-{sign[4:]}",
        "status": sorted(OPEN)[number % len(OPEN)].value,
        "language": "nl",
        "received_at": NOW - timedelta(days=20),
        "received_on": local_date(NOW) - timedelta(days=20),
        "due_on": day,
        "next_legal_on": day,
        "register_digest": "0" * 64,
        "status_token_digest": keys_in_use().digest("status-token", sign),
        "receipt_code_digest": keys_in_use().digest("receipt-code", sign),
    }


def _data_subject(case: dict[str, Any]) -> dict[str, Any]:
    subject = DataSubject(case_id=case["id"])
    subject.name, subject.email = "Hanna Brinkman", "hanna@example.org"
    index = keys_in_use().digest("email", str(case["id"]))
    return {
        "case_id": case["id"],
        "email_index": index,
        "name_sealed": subject.name_sealed,
        "email_sealed": subject.email_sealed,
    }


def _right(case: dict[str, Any]) -> dict[str, Any]:
    return {"id": new_id(), "case_id": case["id"], "right": Right.ACCESS.value, "position": 1}

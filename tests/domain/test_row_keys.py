"""A key comes back from JSON as the database gave it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsr.domain.row_keys import Key, from_json, key_text, to_json

VALUES = (
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates() | st.datetimes() | st.times()
    | st.uuids() | st.decimals(allow_nan=False) | st.floats(allow_nan=False) | st.datetimes(timezones=st.just(UTC))
)  # fmt: skip


def returned(key: Key) -> Key:
    return from_json(json.loads(json.dumps(to_json(key))))


@given(st.tuples(VALUES, VALUES))
def test_a_key_returns_as_it_was(key: Key) -> None:
    assert returned(key) == key
    assert [type(value) for value in returned(key)] == [type(value) for value in key]
    assert key_text(returned(key)) == key_text(key)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7, 7),
        ("a", "a"),
        (date(2019, 3, 5), {"date": "2019-03-05"}),
        (datetime(2019, 3, 5, 1, 2), {"datetime": "2019-03-05 01:02:00"}),  # noqa: DTZ001 - as a database gives it
        (time(1, 2), {"time": "01:02:00"}),
        (Decimal("1.50"), {"Decimal": "1.50"}),
        (UUID(int=1), {"UUID": "00000000-0000-0000-0000-000000000001"}),
        (b"\x00\xff", {"bytes": "00ff"}),
        (ip_address("192.0.2.1"), "192.0.2.1"),
    ],
)
def test_what_json_does_not_know_says_what_it_is(value: Any, written: Any) -> None:
    assert to_json((value,)) == [written]


def test_keys_that_differ_in_type_only_are_different_keys() -> None:
    texts = {key_text((value,)) for value in (1, "1", Decimal(1), b"1", date(1, 1, 1), None)}
    assert len(texts) == 6

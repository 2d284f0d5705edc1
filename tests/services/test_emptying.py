"""Which rows were emptied before, and which only look like it."""

from __future__ import annotations

from dsr.connectors.base import Found
from dsr.domain.register import Table
from dsr.services.emptying import yet_to_go

MEMBER = Table("member", ("id",), match={"nick": "nick"}, pseudonyms={"nick": 5}, on_erasure="empty")


def test_a_name_that_looks_like_a_pseudonym_goes_while_it_is_the_one_that_was_noted() -> None:
    found = Found("member", ("id",), ("id", "nick"), [(1, "janes"), (2, "qx7ab"), (3, "Hanna")])
    noted = {**found.fingerprints(MEMBER), (2,): MEMBER.fingerprint({"id": 2, "nick": "bram"})}
    assert yet_to_go(found, MEMBER, noted, ("id",)).keys == [(1,), (3,)]

"""What an access copy holds."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dsr.domain.copies import Listing, content, exact, mask, masked_rows, to_record
from dsr.domain.register import Category, LegalBasis, Period, Recipient, Register, Table, Text
from dsr.domain.retention import RULES, Rule


def category(name: str, **given: object) -> Category:
    words = Text(f"{name} nl", f"{name} en")
    return Category(words, words, LegalBasis.CONTRACT, words, **given)  # type: ignore[arg-type]


REGISTER = Register(
    categories={
        "customer": category("customer", recipients=("post", "unit")),
        "invoice": category("invoice", retention="fiscal7"),
        "recording": category("recording", retention=Period(months=3)),
        "report": category("report", confidential="Wwft art. 23"),
        "paper": category("paper"),
    },
    tables={
        "shop": {
            "customer": Table("customer", ("id",), masked=("iban",)),
            "invoice": Table("invoice", ("id",)),
            "recording": Table("recording", ("id",)),
            "report": Table("report", ("id",)),
        }
    },
    recipients={
        "post": Recipient("Mailvaart", "processor", inside_eea=False, safeguard=Text("modelcontract", "SCC")),
        "unit": Recipient("Meldpunt", "authority", confidential="Wwft art. 23"),
    },
)
CUSTOMER = Listing("shop", "customer", "customer", ("id", "iban"), ("iban",), ((1, "•••789"),), 1)
INVOICES = Listing("shop", "invoice", "invoice", ("id",), (), ((0,), (1,)), 3)
REPORT = Listing("shop", "report", "report", ("id", "text"), (), (), 1)
FOUND = content(REGISTER, ["shop"], [INVOICES, CUSTOMER, REPORT])


def test_rows_stand_under_their_category_in_the_order_of_the_register() -> None:
    assert [(part.name, part.row_count) for part in FOUND.parts] == [("customer", 1), ("invoice", 3)]
    assert FOUND.row_count == 4


def test_what_is_confidential_is_left_out_and_told_apart() -> None:
    assert FOUND.left_out == ("report",)
    assert "unusual" not in repr((FOUND.parts, to_record(FOUND, "en")))
    assert "report" not in repr((FOUND.nothing_found, FOUND.not_searched))
    assert "Meldpunt" not in repr((FOUND.parts, to_record(FOUND, "en")))


def test_what_was_looked_for_in_vain_is_not_what_was_not_looked_for() -> None:
    assert [found.label.en for found in FOUND.nothing_found] == ["recording en"]
    assert [found.label.en for found in FOUND.not_searched] == ["paper en"]


SENT_ON = Register(
    categories={
        "site": category("site", role="processor", on_behalf_of=Text("klant", "customer")),
        "card": category("card", refer_to="bank"),
        "mail": category("mail", role="processor", on_behalf_of=Text("klant", "customer")),
        "binder": category("binder", held_by=Text("de kast", "the cupboard")),
        "safe": category("safe", held_by=Text("de kluis", "the safe"), confidential="Wwft art. 23"),
    },
    tables={"shop": {"site": Table("site", ("id",)), "mail": Table("mail", ("id",))}},
    recipients={"bank": Recipient("Bank", "independent-controller")},
)


def test_what_is_not_ours_or_held_elsewhere_is_told_and_never_as_found() -> None:
    found = content(SENT_ON, ["shop"], [Listing("shop", "site", "site", ("id",), (), (), 1)])
    assert found.not_ours == ("site", "card")  # in "mail" nothing was found, so nobody is sent there
    assert [held.label.en for held in found.elsewhere] == ["binder en"]
    assert (found.parts, found.row_count, found.nothing_found) == ((), 0, ())
    assert "of the customer" not in repr(found)


@pytest.mark.parametrize(
    ("retention", "record"),
    [
        ("until-consent-withdrawn", {"until": "until-consent-withdrawn"}),
        (Period(until=Text("het klaar is", "it is done")), {"until": "it is done"}),
        (Period(months=6, after=Text("het einde", "the end")), {"months": 6, "after": "the end"}),
        (Period(days=90), {"days": 90}),
        ("not-stated", None),
    ],
)
def test_what_ends_a_retention_stands_in_the_record(retention: str | Period, record: object) -> None:
    register = Register({"a": category("a", retention=retention)}, {"shop": {"a": Table("a", ("id",))}})
    (told,) = to_record(content(register, ["shop"], [Listing("shop", "a", "a", ("id",), (), ((1,),), 1)]), "en")
    assert told["retention"] == record


def test_a_masked_column_shows_its_end_only() -> None:
    rows = [(1, "NL00BANK0123456789"), (2, None)]
    assert masked_rows(rows, ("id", "iban"), ("iban",)) == [(1, "•••789"), (2, None)]
    assert masked_rows(rows, ("id", "iban"), ()) is rows
    assert FOUND.has_masks


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, None), ("", "•••"), ("12345", "•••"), ("123456", "•••456"), (1234567, "•••567"), (b"secret", "•••")],
)
def test_a_mask(value: object, shown: str | None) -> None:
    assert mask(value) == shown


def test_how_long_each_part_is_kept() -> None:
    rules = {part.name: part.rule for part in content(REGISTER, ["shop"], [CUSTOMER, INVOICES]).parts}
    assert rules == {"customer": None, "invoice": RULES["fiscal7"]}
    recorded = Listing("shop", "recording", "recording", ("id",), (), ((1,),), 1)
    (recording,) = content(REGISTER, ["shop"], [recorded]).parts
    assert recording.rule == Period(months=3)
    assert isinstance(rules["invoice"], Rule)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_record_says_what_art_15_asks(language: str) -> None:
    customer, invoice = to_record(FOUND, language)
    assert customer["purpose"] == f"customer {language}"
    assert customer["retention"] is None
    assert customer["recipients"] == [
        {
            "name": "Mailvaart",
            "role": "processor",
            "inside_eea": False,
            "safeguard": "modelcontract" if language == "nl" else "SCC",
            "when": None,
        }
    ]
    assert invoice["retention"] == {"years": 7, "law": RULES["fiscal7"].law}


def test_nothing_found_is_an_empty_copy() -> None:
    empty = content(REGISTER, ["shop"], [])
    assert (empty.parts, empty.row_count, empty.left_out) == ((), 0, ())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (Decimal("12.50"), "12.50"),
        (b"\x00\xff", {"base64": "AP8="}),
        (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_values_lose_nothing_in_json(value: object, written: object) -> None:
    assert json.loads(json.dumps(value, default=exact)) == written

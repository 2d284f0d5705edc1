"""Every mistake of a register at once, also where a part of it cannot be read yet; and what a draft left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsr.register_file import gaps, read_register

HALF = """\
backup_days = "thirty"

[categories.customer]
label = { nl = "Klanten" }
purpose = { nl = "u helpen", en = "helping you" }
# GAP: legal_basis = "contract" | "consent"
source = { nl = "van uzelf", en = "from you" }

[categories.mailing]
label = { nl = "Nieuwsbrief", en = "Newsletter" }
retention = "until-consent-withdrawn"

[recipients.bank]
name = "Bank"

[tables.shop.customers]
category = "customer"
key = []
match = { email = "mail" }

[tables.shop.orders]
category = "order"
key = ["nr"]
via = { customer = "customers.nr" }
keep_columns = "all"

[tables.shop.lines]
key = ["nr"]
via = { order = "order.nr" }   # GAP: guessed
"""


def told(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "register.toml"
    file.write_text(text)
    return [str(mistake).removeprefix("register.toml:") for mistake in read_register(file)[1]]


def test_what_cannot_be_read_does_not_hide_the_rest(tmp_path: Path) -> None:
    assert told(tmp_path, HALF) == [
        "1: backup_days: must be a whole number",
        "4: categories.customer.label.en: is missing",
        "6: categories.customer.legal_basis: is missing",
        "9: categories.mailing.purpose: is missing",
        "9: categories.mailing.legal_basis: is missing",
        "9: categories.mailing.source: is missing",
        "13: recipients.bank.role: is missing",
        (
            "16: tables.shop.customers.keep_columns: is missing: which columns do kept rows of orders need"
            " ([] for the key only)"
        ),
        "18: tables.shop.customers.key: is empty: name the columns of the primary key",
        "22: tables.shop.orders.category: names order, which is not under [categories]",
        '25: tables.shop.orders.keep_columns: must be a list, such as ["a", "b"]',
        "27: tables.shop.lines.category: is missing",
        "29: tables.shop.lines.via: leads to order, which is not a table of this system",
    ]
    register, _ = read_register(tmp_path / "register.toml")
    assert register is not None
    assert register.categories["customer"].purpose.en == "helping you"


@pytest.mark.parametrize("text", ["categories = 5", "[categories]\ncustomer = 5", "[tables]\nshop = 5"])
def test_a_register_that_is_something_else_is_told(tmp_path: Path, text: str) -> None:
    assert [each for each in told(tmp_path, text) if "must be a table" in each]


def test_candidates_that_are_left_are_told_together(tmp_path: Path) -> None:
    text = 'a = "x" | "y"\n# GAP: b = 1 | 2\nc = { d = "p" | "q" }\ne = 1   # 2 | 3\n'
    *each, fault = told(tmp_path, text)
    assert each == ["1: holds several candidates; keep one", "3: holds several candidates; keep one"]
    assert "is not TOML" in fault


def test_a_text_may_have_a_bar_in_it(tmp_path: Path) -> None:
    text = '[recipients]\npost = { name = "Polder | Post", role = "processor" }'
    assert not [each for each in told(tmp_path, text) if "several candidates" in each]


def test_what_a_draft_could_not_know_is_to_be_filled_in(tmp_path: Path) -> None:
    name = 'name = "…", role = "processor"'
    assert told(tmp_path, f'[categories]\n# a = "…"\n[recipients]\nbank = {{ {name} }}   # x') == [
        '4: holds "…"; fill it in'
    ]


def test_what_is_left_to_decide_is_known_by_its_line(tmp_path: Path) -> None:
    told(tmp_path, HALF)
    assert gaps(tmp_path / "register.toml") == [6, 29]
    assert gaps(tmp_path / "absent.toml") == []

"""What is wrong with a register is told with its key; what is right is let alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsr.domain.register import Category, ErasureGround, LegalBasis, Period, Recipient, Register, Table, Text
from dsr.domain.register_check import mistakes

WORDS = Text("woorden", "words")
CUSTOMER = Table("customer", ("id",), match={"email": "email"}, keep_columns=("name",))
INVOICE = Table("invoice", ("id",), via={"customer_id": "customer.id"}, dates={"document_date": "issued_on"})
LINE = Table("invoice", ("invoice_id", "line"), via={"invoice_id": "invoice.id"})


def category(**values: Any) -> Category:
    return Category(WORDS, WORDS, LegalBasis.CONTRACT, WORDS, **values)


def register(**tables: Table) -> Register:
    """Customers with invoices of seven years; `tables` come in the place of these."""
    known = {"customer": CUSTOMER, "invoice": INVOICE, "invoice_line": LINE, **tables}
    categories = {"customer": category(), "invoice": category(retention="fiscal7")}
    return Register(categories, {"shop": known})


def with_category(name: str, **values: Any) -> Register:
    right = register()
    return replace(right, categories={**right.categories, name: category(**values)})


def test_a_register_that_is_right_has_no_mistakes() -> None:
    assert mistakes(register()) == []


@pytest.mark.parametrize(
    ("values", "key", "sentence"),
    [
        ({"recipients": ("bank",)}, "recipients", "names bank, which is not under [recipients]"),
        (
            {"erasure_ground": ErasureGround.NONE},
            "refusal_reason",
            'is missing: erasure_ground = "none" needs a reason',
        ),
        ({"retention": "fiscal70"}, "retention", "fiscal70 is not a rule; use one of fiscal7, "),
        ({"retention": "until-consent-withdrawn"}, "retention", "is until-consent-withdrawn, while legal_basis is not"),
        ({"retention": Period()}, "retention", "needs a length (years, months, weeks, days) or until"),
        ({"retention": Period(years=1, until=WORDS)}, "retention", "needs a length (years, months, weeks, days) or"),
        ({"retention": Period(days=-1)}, "retention", "is a time before its start"),
        ({"role": "processor"}, "on_behalf_of", 'is missing: role = "processor" needs the controller'),
        ({"on_behalf_of": WORDS}, "on_behalf_of", 'needs role = "processor"'),
        ({"refer_to": "bank"}, "refer_to", "names bank, which is not under [recipients]"),
    ],
)
def test_a_category(values: dict[str, Any], key: str, sentence: str) -> None:
    ((where, told),) = mistakes(with_category("other", **values))
    assert where == f"categories.other.{key}"
    assert told.startswith(sentence)


@pytest.mark.parametrize(
    "values",
    [
        {"erasure_ground": ErasureGround.NONE, "refusal_reason": WORDS},
        {"retention": Period(years=1)},
        {"retention": Period(until=WORDS)},
        {"role": "processor", "on_behalf_of": WORDS},
        {"retention": "camera_4w"},
        {"retention": "not-stated"},
    ],
)
def test_a_category_that_is_right(values: dict[str, Any]) -> None:
    assert mistakes(with_category("other", **values)) == []


def test_a_recipient_outside_the_eea_needs_a_safeguard() -> None:
    outside = Recipient("Cloud Inc.", "processor", inside_eea=False)
    wrong = replace(register(), recipients={"cloud": outside, "safe": replace(outside, safeguard=WORDS)})
    ((where, told),) = mistakes(wrong)
    assert where == "recipients.cloud.safeguard"
    assert "art. 15(2), 46" in told


@pytest.mark.parametrize(
    ("values", "key"),
    [({"email": "Duinpost"}, "email"), ({"email": ""}, "email"), ({"confidential": ""}, "confidential")],
)
def test_a_recipient_can_be_mailed_and_is_confidential_on_a_ground(values: dict[str, Any], key: str) -> None:
    right = Recipient("Duinpost", "processor", email="avg@duinpost.example", confidential="Wwft art. 23")
    assert mistakes(replace(register(), recipients={"mailing": right})) == []
    ((where, _),) = mistakes(replace(register(), recipients={"mailing": replace(right, **values)}))
    assert where == f"recipients.mailing.{key}"


def test_nobody_is_referred_to_a_confidential_recipient() -> None:
    bank = Recipient("Bank", "independent-controller", confidential="art. 4(9)")
    ((where, told),) = mistakes(replace(with_category("other", refer_to="bank"), recipients={"bank": bank}))
    assert where == "categories.other.refer_to"
    assert "nobody may hear of it" in told


def test_a_category_is_confidential_on_a_ground() -> None:
    ((where, told),) = mistakes(with_category("other", confidential=""))
    assert where == "categories.other.confidential"
    assert told.startswith("is empty")


def test_data_that_stay_in_the_eea_have_no_recipient_outside_it() -> None:
    outside = Recipient("Cloud Inc.", "processor", inside_eea=False, safeguard=WORDS)
    wrong = replace(
        register(), data_stays_in_eea=True, recipients={"cloud": outside, "post": Recipient("P", "processor")}
    )
    ((where, told),) = mistakes(wrong)
    assert where == "recipients.cloud.inside_eea"
    assert "data_stays_in_eea" in told
    assert mistakes(replace(wrong, data_stays_in_eea=False)) == []


@pytest.mark.parametrize(
    ("role", "expected"),
    [("independent-controller", 0), ("joint-controller", 0), ("processor", 1), ("authority", 1)],
)
def test_a_person_is_referred_to_a_controller_only(role: Any, expected: int) -> None:
    right = with_category("other", refer_to="bank")
    assert len(mistakes(replace(right, recipients={"bank": Recipient("Bank", role)}))) == expected


def test_a_way_must_end_at_a_table_that_knows_the_person() -> None:
    told = mistakes(register(customer=replace(CUSTOMER, match={})))
    assert [key for key, _ in told] == [
        f"tables.shop.{name}" for name in ("customer", "invoice.via", "invoice_line.via")
    ]
    assert told[2][1] == "ends at customer, which has no match: it never reaches the person"


def test_the_day_of_an_event_needs_no_column_and_may_have_one() -> None:
    right = replace(register(), categories={"customer": category(), "invoice": category(retention=Period(until=WORDS))})
    invoice = replace(INVOICE, dates={"event": "returned_on"})
    assert mistakes(replace(right, tables={"shop": {"customer": CUSTOMER, "invoice": invoice}})) == []
    invoice = replace(INVOICE, dates={"start": "returned_on"})
    ((key, sentence),) = mistakes(replace(right, tables={"shop": {"customer": CUSTOMER, "invoice": invoice}}))
    assert (key, sentence) == ("tables.shop.invoice.dates.start", "is not a date of this rule; it takes event")


IN_LINE = "tables.shop.invoice_line"
INVOICE_STAYS = ("tables.shop.invoice.keep_columns", "is missing: which columns do kept rows of invoice_line need")
NO_DATE = (f"{IN_LINE}.dates", "document_date is missing: name the column that holds this date")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"key": ()}, [(f"{IN_LINE}.key", "is empty: name the columns of the primary key")]),
        ({"via": {}}, [(IN_LINE, "needs match (columns with identifiers of the person) or via"), NO_DATE]),
        ({"via": {"a": "invoice.id", "b": "customer.id"}}, []),
        ({"via": {"a": "customer.id", "b": "invoice.id"}}, [INVOICE_STAYS]),
        (
            {"via": {"a": "invoice.id", "b": "invoice.id"}},
            [(f"{IN_LINE}.via", "leads to invoice by a and b: a row is")],
        ),
        ({"via": {"a": "invoice.id", "b": "nowhere.id"}}, [(f"{IN_LINE}.via", "leads to nowhere, which is not a")]),
        ({"via": {"a": "invoice.id", "b": "invoice_line.line"}}, [(f"{IN_LINE}.via", "goes round in a circle")]),
        ({"via": {"a": "nowhere.id"}}, [(f"{IN_LINE}.via", "leads to nowhere, which is not a table"), NO_DATE]),
        ({"via": {"a": "invoice_line.line"}}, [(f"{IN_LINE}.via", "goes round in a circle")]),
        ({"category": "lines"}, [INVOICE_STAYS, (f"{IN_LINE}.category", "names lines, which is not under")]),
        ({"dates": {"document_date": "on"}}, [INVOICE_STAYS]),
        (
            {"dates": {"document_date": "on", "dokument": "on"}},
            [INVOICE_STAYS, (f"{IN_LINE}.dates.dokument", "is not a date of this rule; it takes current_value_ended,")],
        ),
        ({"fixed": {"what": "erased-{id}"}}, [(f"{IN_LINE}.fixed.what", "names id, which is not a column of the key")]),
        ({"fixed": {"what": "erased-{line}-{invoice_id}", "size": 0}}, []),
    ],
)
def test_a_table(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    told = mistakes(register(invoice_line=replace(LINE, **values)))
    assert [key for key, _ in told] == [key for key, _ in expected]
    assert all(sentence.startswith(wanted) for (_, sentence), (_, wanted) in zip(told, expected, strict=True))


def test_a_circle_of_two_tables_never_reaches_the_person() -> None:
    first = replace(CUSTOMER, match={}, via={"invoice_id": "invoice.id"})
    assert ("tables.shop.customer.via", "goes round in a circle and never reaches the person") in mistakes(
        register(customer=first)
    )


def test_rows_that_others_need_must_say_what_stays() -> None:
    ((key, sentence),) = mistakes(register(customer=replace(CUSTOMER, keep_columns=None)))
    assert key == "tables.shop.customer.keep_columns"
    assert sentence.startswith("is missing: which columns do kept rows of invoice need")


def test_a_line_needs_no_date_and_its_invoice_no_columns_since_they_share_their_retention() -> None:
    right = register()
    assert right.followed("shop", "invoice_line") == ["invoice"]
    assert not right.followed("shop", "invoice")
    assert not right.followed("shop", "customer")


@pytest.mark.parametrize("period", [Period(years=1), Period(weeks=4)])
def test_a_period_of_our_own_needs_its_start(period: Period) -> None:
    wrong = replace(register(), categories={"customer": category(), "invoice": category(retention=period)})
    told = dict(mistakes(wrong))
    assert told["tables.shop.invoice.dates"] == "start is missing: name the column that holds this date"
    assert told["tables.shop.invoice.dates.document_date"] == "is not a date of this rule; it takes start"


def test_tables_are_searched_from_the_person_outwards() -> None:
    assert register().nearest_first("shop") == ["customer", "invoice", "invoice_line"]


def test_all_mistakes_are_told_at_once() -> None:
    wrong = register(customer=replace(CUSTOMER, key=()), invoice_line=replace(LINE, fixed={"what": "{id}"}))
    assert [key for key, _ in mistakes(wrong)] == ["tables.shop.customer.key", "tables.shop.invoice_line.fixed.what"]


@pytest.mark.parametrize("values", [{"key": ("customer_id",)}, {"key": ("id",), "keep_columns": ("customer_id",)}])
def test_a_row_that_stays_empty_points_at_none_that_goes(values: dict[str, Any]) -> None:
    profile = Table("customer", via={"customer_id": "customer.id"}, on_erasure="empty", **values)
    customer = replace(CUSTOMER, keep_columns=())
    ((where, told),) = mistakes(register(customer=customer, profile=profile))
    assert where == "tables.shop.profile.on_erasure"
    assert told == "would leave customer_id, which points at a row of customer that goes: let this row go as well"
    assert mistakes(register(customer=replace(customer, on_erasure="empty"), profile=profile)) == []


def test_what_is_emptied_is_still_found_by_rows_of_others() -> None:
    customer = Table("customer", ("id",), match={"email": "email"}, on_erasure="empty", keep_columns=())
    account = Table("customer", ("id",), via={"person": "customer.id"}, on_erasure="empty", keep_columns=())
    gift = Table("customer", ("id",), via={"buyer": "customer.id", "account": "account.person"})
    found = mistakes(register(customer=customer, account=account, gift=gift))
    sentence = "does not name person, by which rows of others point at one that is emptied"
    assert found == [("tables.shop.account.keep_columns", sentence)]
    account = replace(account, keep_columns=("person",))
    assert mistakes(register(customer=customer, account=account, gift=gift)) == []


def view(**values: Any) -> Table:
    return Table("customer", ("id",), match={"email": "email"}, **values)


@pytest.mark.parametrize(
    ("values", "key", "sentence"),
    [
        ({"view_of": "nowhere"}, ".view_of", "names nowhere, which is not a table of this system"),
        ({"view_of": "seen"}, ".view_of", "names seen, from which nothing is erased either"),
        ({"view_of": "customer", "read_only": True}, ".view_of", "and read_only: use one of the two"),
        ({"view_of": "customer", "via": {"paid": "invoice.id"}}, ".via", "leads to invoice, and customer does not"),
        ({"read_only": True, "fixed": {"email": "x"}}, "", "is never erased through, so keep_columns, fixed"),
    ],
)
def test_a_view(values: dict[str, Any], key: str, sentence: str) -> None:
    ((where, told),) = mistakes(register(seen=view(**values)))
    assert where == f"tables.shop.seen{key}"
    assert told.startswith(sentence)


def test_what_is_not_erased_here_may_point_and_needs_its_parent() -> None:
    assert mistakes(register(seen=view(view_of="customer"), counted=view(read_only=True))) == []
    due = Table("invoice", ("id",), via={"customer_id": "customer.id"}, view_of="invoice")
    assert mistakes(register(due=due)) == [], "its rows are dated where they stand"
    pointing = Table("invoice", ("id",), via={"invoice_id": "invoice.id"}, read_only=True)
    ((where, told),) = mistakes(register(pointing=pointing))
    assert (where, told[:46]) == ("tables.shop.invoice.keep_columns", "is missing: which columns do kept rows of poin")
    by_way_of_a_view = Table("invoice", ("id",), via={"customer_id": "seen.id"}, dates={"document_date": "day"})
    found = mistakes(register(seen=view(view_of="customer"), other=by_way_of_a_view))
    assert ("tables.shop.other.via", "leads to seen, a view: name customer, the table behind it") in found


@pytest.mark.parametrize(
    ("values", "key", "sentence"),
    [
        ({"pseudonyms": {"name": 11}}, "pseudonyms.name", "must be 12 to 52 characters long"),
        ({"pseudonyms": {"name": 20}, "keep_columns": ("name",)}, "pseudonyms.name", "stays as it is or has a fixed"),
        ({"pseudonyms": {"name": 20}, "kept_as": None}, "kept_as", "is missing: a pseudonym remains personal data"),
    ],
)
def test_a_pseudonym(values: dict[str, Any], key: str, sentence: str) -> None:
    right = {"pseudonyms": {"name": 20}, "on_erasure": "empty", "kept_as": WORDS}
    table = Table("customer", ("id",), match={"email": "email"}, **{**right, **values})
    ((where, told),) = mistakes(register(visitor=table))
    assert where == f"tables.shop.visitor.{key}"
    assert told.startswith(sentence)
    assert mistakes(register(visitor=replace(table, **right, keep_columns=None))) == []

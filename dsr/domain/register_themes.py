"""What tables are mostly about, by their names: so that a draft begins with few categories, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsr.domain.found_tables import FoundTable, one, parts_of
from dsr.domain.register_ways import Ways

NEVER_LAID_DOWN, WITHDRAWN = '"not-stated"', '"until-consent-withdrawn"'
PERIOD = '{ months = 6, after = { nl = "…", en = "…" } }'


@dataclass(frozen=True, slots=True)
class Theme:
    """A category that most firms have: words for the person, and the retentions that are to be weighed."""

    name: str
    beginnings: tuple[str, ...]
    label: tuple[str, str]
    purpose: tuple[str, str]
    source: tuple[str, str] = ("van uzelf", "from you")
    retentions: tuple[str, ...] = (NEVER_LAID_DOWN, PERIOD)


PERSON = Theme("person", (), ("Uw gegevens", "Your details"), ("onze diensten leveren", "providing our services"))
BOOKS = Theme(
    "books",
    (
        "invoice",
        "factu",
        "nota",
        "payment",
        "betaling",
        "incasso",
        "rekening",
        "billing",
        "receipt",
        "transact",
        "credit",
    ),
    ("Facturen en betalingen", "Invoices and payments"),
    ("onze boekhouding", "our books"),
    ("uit uw bestellingen", "from your orders"),
    ('"fiscal7"', NEVER_LAID_DOWN),
)
_THEMES = (
    BOOKS,
    Theme(
        "mailing",
        ("newsletter", "nieuwsbrief", "mailing", "emailsub", "subscriber", "abonnee"),
        ("Nieuwsbrief", "Newsletter"),
        ("nieuws en aanbiedingen sturen", "sending news and offers"),
        retentions=(WITHDRAWN, NEVER_LAID_DOWN),
    ),
    Theme(
        "agreements",
        (
            "order",
            "bestelling",
            "subscription",
            "abonnement",
            "contract",
            "quote",
            "offerte",
            "appointment",
            "afspra",
            "booking",
        ),
        ("Afspraken en bestellingen", "Agreements and orders"),
        ("doen wat wij met u afspraken", "doing what we agreed with you"),
    ),
    Theme(
        "file",
        ("episode", "treatment", "behandel", "diagnos", "medical", "medisch", "dossier", "referral", "consult"),
        ("Behandeling en dossier", "Treatment and file"),
        ("u behandelen", "treating you"),
        ("van u, en van wie u behandelde", "from you, and from who treated you"),
        ('"wgbo20"', NEVER_LAID_DOWN, PERIOD),
    ),
    Theme(
        "contacts",
        ("ticket", "message", "bericht", "chat", "note", "notitie", "call", "comment", "werkbon"),
        ("Vragen en berichten", "Questions and messages"),
        ("u helpen", "helping you"),
        ("van u, en van wie u hielp", "from you, and from who helped you"),
    ),
    Theme(
        "logs",
        ("log", "login", "inlog", "audit", "session", "sessie", "visit", "bezoek"),
        ("Inloggen en gebruik", "Sign-ins and use"),
        ("beveiligen en storingen vinden", "security and finding faults"),
        ("uit uw gebruik", "from your use"),
    ),
    Theme(
        "staff",
        ("staff", "payroll", "loon", "verlof", "salari", "applicant", "sollicita"),
        ("Personeel", "Staff"),
        ("u als medewerker begeleiden", "looking after you as an employee"),
        retentions=(NEVER_LAID_DOWN, '"applicant_4w"', '"personnel2"', '"payroll7"', '"employment_contract7"', PERIOD),
    ),
)
THEMES = (PERSON, *_THEMES)
"""In the order of a draft."""
_WHOLE = ("log", "nota", "note", "call", "order", "credit", "visit")
"""Beginnings of other words too: a logo is no log."""


def themes(tables: Mapping[str, FoundTable], ways: Ways) -> dict[str, Theme]:
    """What every table is about: as it is called itself, else as that which it belongs to."""
    return {name: _theme(name, tables, ways) for name in tables}


def _theme(name: str, tables: Mapping[str, FoundTable], ways: Ways) -> Theme:
    own = _named(name) or (BOOKS if _is_booked(tables[name], ways) else PERSON)
    if tables[name].match or name not in ways.first or own is BOOKS:
        return own
    behind = _theme(ways.first[name].key.table, tables, ways)
    return own if behind is PERSON else behind


def _is_booked(table: FoundTable, ways: Ways) -> bool:
    """Whether its rows have a day on which they were invoiced, or point at an invoice, whatever it is called."""
    named = [*table.dates, *(way.key.table for way in ways.others[table.name])]
    return not table.match and any(_named(each) is BOOKS for each in named)


def _named(name: str) -> Theme | None:
    parts = [one(part) for part in parts_of(name)]
    return next((theme for theme in _THEMES if any(_begins(part, theme.beginnings) for part in parts)), None)


def _begins(word: str, beginnings: tuple[str, ...]) -> bool:
    return any(word == each or (each not in _WHOLE and word.startswith(each)) for each in beginnings)

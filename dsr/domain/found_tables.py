"""The tables of a live database, and what the names and the values of their columns tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_WORDS_OF_A_PERSON = """
email phone telephone telefoon telefoonnummer phonenumber mobile mobiel gsm tel address addr adres street straat
postcode zip birth birthday birthdate born dob geboorte geboortedatum geboren verjaardag firstname lastname surname
voornaam achternaam geslacht gender bsn iban holder ip ipaddr ipaddress
"""
_PERSONAL = frozenset(_WORDS_OF_A_PERSON.split())
_PHONES = frozenset(
    {"phone", "telephone", "telefoon", "telefoonnummer", "phonenumber", "mobile", "mobiel", "gsm", "tel"}
)
_WORDS_OF_AN_INVOICE = """
name naam initials firstname lastname surname voornaam voorletters tussenvoegsel achternaam bedrijf bedrijfsnaam company
companyname address addr adres street straat huisnummer housenumber postcode zip city town place plaats woonplaats state
country land vat btw
"""
_NAME_AND_ADDRESS = frozenset(_WORDS_OF_AN_INVOICE.split())
_DATED = frozenset({"day", "dag", "on", "op", "at"})
_JOINED = (("e", "mail"), ("first", "name"), ("last", "name"), ("postal", "code"), ("zip", "code"), ("post", "code"))
_NUMBERS = ("customer_number", "klantnummer", "customernumber", "klant_nummer", "customer_no")
_MARKS = frozenset({"deleted_at", "deleted_on", "deleted", "is_deleted", "verwijderd", "verwijderd_op", "deletedat"})
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of a table, and those of the table they point at."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column: the kind of its type, whether it may be empty or repeat, and some of the values in it."""

    kind: str = "text"
    is_required: bool = False
    is_unique: bool = False
    values: tuple[Any, ...] = ()

    @property
    def holds_addresses(self) -> bool | None:
        """Whether its values are e-mail addresses, all but some; None where nothing is known of them."""
        given = [str(value).strip() for value in self.values if str(value).strip()]
        return sum(map(bool, map(_ADDRESS.fullmatch, given))) > len(given) * 0.8 if given else None

    @property
    def has_odd_days(self) -> bool:
        """Whether it is text, and some values are not written as 2026-11-22."""
        return self.kind == "text" and any(not _DAY.match(str(value)) for value in self.values if str(value).strip())


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table or view of a live database.

    `schema` is given where it is not the default one, `table` where its own name is another than `name`.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, FoundColumn]
    foreign_keys: tuple[ForeignKey, ...] = ()
    schema: str | None = None
    table: str | None = None
    is_view: bool = False

    @property
    def personal(self) -> list[str]:
        """The columns that look personal. A name alone does not: songs have one too."""
        named = [name for name in self.columns if words(name) & _PERSONAL and not _is_number_of(name)]
        return [name for name in self.columns if name in named or self.columns[name].holds_addresses]

    @property
    def match(self) -> dict[str, str]:
        """Identifier -> the column that holds it: what is called so, and else what is filled so."""
        emails = sorted(filter(self._is_address, self.columns), key=lambda column: "email" not in words(column))
        numbers = [column for column in self.columns if column.lower() in _NUMBERS]
        found = {"email": emails, "customer_number": numbers, "phone": self.phones} if emails else {}
        return {kind: columns[0] for kind, columns in found.items() if columns}

    @property
    def phones(self) -> list[str]:
        """The columns with telephone numbers, the fullest first."""
        phones = [name for name, column in self.columns.items() if words(name) & _PHONES and column.kind == "text"]
        return sorted(phones, key=lambda name: -len(self.columns[name].values))

    def _is_address(self, name: str) -> bool:
        column = self.columns[name]
        is_so = column.holds_addresses
        return column.kind in ("text", "other") and ("email" in words(name) if is_so is None else is_so)

    @property
    def name_and_address(self) -> list[str]:
        """The columns that an invoice needs of whom it was sent to."""
        others = {*self.key, *self.match.values()}
        texts = [name for name, column in self.columns.items() if column.kind == "text" and name not in others]
        return [name for name in texts if words(name) & _NAME_AND_ADDRESS and not _is_number_of(name)]

    @property
    def soft_deleted(self) -> str | None:
        """The column that looks like a mark of deletion."""
        return next((column for column in self.columns if column.lower() in _MARKS), None)

    @property
    def dates(self) -> list[str]:
        """The columns from which a retention may count, by their type or their name: not a birthday."""
        dated = [name for name, column in self.columns.items() if column.kind == "date" or _is_dated(name, column)]
        return [column for column in dated if column not in (*self.personal, self.soft_deleted)]


def _is_number_of(name: str) -> bool:
    """Whether it points at something, such as an address, and is not that itself."""
    return "id" in words(name)


def _is_dated(name: str, column: FoundColumn) -> bool:
    found = words(name)
    return column.kind == "text" and (bool(found & _DATED) or any(word.endswith(("date", "datum")) for word in found))


def words(name: str) -> set[str]:
    """The words of a column's name, however they are joined: e_mail, EmailAddress, e-mail."""
    parts = parts_of(name)
    pairs = {first + second for first, second in pairwise(parts) if (first, second) in _JOINED}
    mails = {"email"} if {"mail", "emailadres", "emailaddress", "mailadres"} & set(parts) else set()
    return {*parts, *pairs, *mails, *({"postcode"} if "postalcode" in pairs else ())}


def parts_of(name: str) -> list[str]:
    """The words of a name in their order, in small letters."""
    return [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.removeprefix("tbl"))]


_SAME = {
    "klant": "customer", "client": "customer", "gebruiker": "user", "lid": "member", "led": "member",
    "factuur": "invoice", "factur": "invoice", "bestelling": "order", "bericht": "message", "regel": "line",
    "medewerker": "staff", "employee": "staff", "admin": "staff", "personeel": "staff", "therapist": "staff",
    "agent": "staff", "teacher": "staff", "docent": "staff", "technician": "staff", "monteur": "staff",
    "contactpersoon": "contact", "afspraak": "appointment", "afsprak": "appointment", "patiënt": "patient",
    "contactperson": "contact", "behandeling": "treatment", "abonnement": "subscription", "betaling": "payment",
}  # fmt: skip


def one(word: str) -> str:
    """A word as if in the singular, and in English where it is one of those that name most tables."""
    word = word.lower()
    end = next((end for end in ("s", "en") if word.endswith(end) and len(word) > len(end) + 2), "")
    word = word.removesuffix(end)
    if end == "en":
        word = re.sub(r"(.)\1$", r"\1", word)  # bonnen, bon
    return _SAME.get(word, re.sub("y$", "ie", word))  # categories, category


def called(name: str) -> set[str]:
    """What a row of a table may be called: by its whole name, without the mark that all tables have, or its end."""
    bare = name.lower().removeprefix("tbl").strip("_")
    parts = re.split(r"[^a-zà-ÿ0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().removeprefix("tbl").strip("_"))
    return {one(bare), one("".join(parts)), one(parts[-1])}

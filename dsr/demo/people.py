"""The invented people of the demo: who works at the firm, who asked something, and who the visitor can be."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

PASSWORD = "sloot-molen-dijk-gras"  # noqa: S105 - it opens only this demo, on this machine
VISITOR = "Hanna Brinkman"
"""A customer who has asked nothing yet: the visitor can be her."""

ASKING = (
    "Petra Vonk",
    "Youssef Amrani",
    "Lotte van Dam",
    "Gerrit Hoekstra",
    "Aylin Kaya",
    "Bram Oosterhuis",
    "Femke Postma",
    "Daan Verhulst",
    "Ilse Kramer",
    "Ruben Schaap",
    "Mohamed Ziani",
    "Anneke de Rooij",
    "Sanne Dekker",
    "Willem Prins",
)

_NAMES = tomllib.loads((Path(__file__).parent / "names.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody at the firm who signs in."""

    name: str
    email: str
    roles: tuple[str, ...]


NOOR = Colleague("Noor Bakker", "noor@polder.example", ("handler",))
JORIS = Colleague("Joris Smit", "joris@polder.example", ("handler",))
TIM = Colleague("Tim de Graaf", "tim@polder.example", ("approver",))
YARA = Colleague("Yara El Idrissi", "yara@polder.example", ("administrator",))
COLLEAGUES = (NOOR, JORIS, TIM, YARA)


def email_of(name: str) -> str:
    """The address of a customer: "hanna.brinkman@mailbox.example"."""
    return f"{'.'.join(name.lower().split())}@mailbox.example"


def customers() -> Iterator[str]:
    """The names of all customers: the visitor's, those who asked something, and some three hundred others."""
    yield VISITOR
    yield from ASKING
    yield from (f"{first} {last}" for last, first in product(_NAMES["last"], _NAMES["first"]))


def former_customers(count: int) -> list[str]:
    """Customers whose requests were answered long ago."""
    return list(islice(customers(), len(ASKING) + 1, len(ASKING) + 1 + count))

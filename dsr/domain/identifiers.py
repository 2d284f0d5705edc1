"""What a person may be found by: an e-mail address, a customer number, a telephone number; never a name."""

from __future__ import annotations

import re

from dsr.domain.errors import DomainError
from dsr.domain.wording import N_

EMAIL, CUSTOMER_NUMBER, PHONE = "email", "customer_number", "phone"
KINDS = (EMAIL, CUSTOMER_NUMBER, PHONE)

PUNCTUATION = " -()./+\t\u00a0"
"""What people write between the digits of a telephone number."""

_COUNTRY = "31"
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15  # the most by ITU-T E.164
_LONGEST = 80


class NotAnIdentifier(DomainError):
    """What was typed cannot be searched by."""


def normalised(kind: str, typed: str) -> str:
    """An identifier as it is kept: a Dutch telephone number as 31612345678, all else as it was typed.

    Raises NotAnIdentifier.
    """
    value = typed.strip()
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise NotAnIdentifier(N_("Type the number as it stands in your administration."))
    return _phone(value) if kind == PHONE else value


def _phone(typed: str) -> str:
    digits = re.sub(r"\(0\)", "", typed)
    is_abroad = digits.lstrip().startswith(("+", "00"))
    digits = digits.translate(str.maketrans("", "", PUNCTUATION))
    if not digits.isascii() or not digits.isdigit() or not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS + 2:
        raise NotAnIdentifier(N_("This is not a telephone number. Type all its digits, such as 06 1234 5678."))
    if is_abroad:
        return digits.removeprefix("00")
    return _COUNTRY + digits[1:] if digits.startswith("0") else digits


def spellings(phone: str) -> list[str]:
    """The digits in which a kept telephone number can stand in a system, whatever stands between them."""
    found = [phone, f"00{phone}"]
    if phone.startswith(_COUNTRY):
        national = phone.removeprefix(_COUNTRY)
        found += [f"0{national}", f"{_COUNTRY}0{national}", f"00{_COUNTRY}0{national}"]
    return found

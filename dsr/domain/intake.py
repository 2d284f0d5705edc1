"""What a request needs before it can be sent: as little as finds the person and answers them (GDPR art. 5(1)(c))."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TypedDict

from dsr.domain.errors import DomainError
from dsr.domain.rights import OFFERED, Right
from dsr.domain.wording import N_

SOMETHING_ELSE = "something-else"
"""The choice of somebody who does not know which right fits: no right yet, a handler chooses."""

LIMITS = {"details": 5_000, "name": 120, "customer_number": 40, "email": 254}
"""Characters at most."""


# Marks that turn the direction of writing count too: with them a name reads otherwise than it is.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_MISTYPED = {
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gmial.com": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.co": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmal.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
    "yaho.com": "yahoo.com",
    "iclod.com": "icloud.com",
    "icloud.con": "icloud.com",
    "zigo.nl": "ziggo.nl",
    "kpnmial.nl": "kpnmail.nl",
    "planet.nll": "planet.nl",
}


class Answers(TypedDict, total=False):
    """What the form asks, so far."""

    rights: list[str]
    details: str
    name: str
    customer_number: str
    email: str
    later: bool
    """To be told when the last of what the law keeps is gone"""


class Fault(DomainError):
    """An answer that cannot stay as it is; the sentence says what to do."""


def invoked(answers: Answers) -> list[Right]:
    """The rights that were chosen, in the order of the form."""
    return [right for right in OFFERED if right in answers.get("rights", ())]


def may_be_told_later(answers: Answers) -> bool:
    """Whether something may stay after this request that is erased years later."""
    return not {Right.ERASURE, Right.CONSENT_WITHDRAWAL}.isdisjoint(answers.get("rights", ()))


def tidy(text: str, *, lines: bool = False) -> str:
    """The text without control characters, its spaces trimmed, in one Unicode form; on one line unless `lines`."""
    kept = _CONTROLS.sub("", unicodedata.normalize("NFC", text).replace("\r\n", "\n"))
    return kept.strip() if lines else " ".join(kept.split())


def faults(answers: Answers) -> dict[str, Fault]:
    """What is wrong with the answers, by field and in the order of the form; of the address only its length."""
    found = {
        "rights": _fault_of_rights(answers),
        "details": _fault_of_details(answers),
        "name": Fault(N_("Enter your name")) if not answers.get("name") else None,
        "customer_number": None,
        "email": Fault(N_("Enter your e-mail address")) if not answers.get("email") else None,
    }
    return {field: fault for field in found if (fault := found[field] or _too_long(field, answers))}


def _fault_of_rights(answers: Answers) -> Fault | None:
    chosen = set(answers.get("rights", ()))
    if not chosen:
        return Fault(N_("Choose at least one thing that you want to ask"))
    return None if chosen <= {*OFFERED, SOMETHING_ELSE} else Fault(N_("Choose from the list"))


def meant(address: str) -> str | None:
    """The address that was probably meant, where its domain looks mistyped."""
    mailbox, _, host = address.rpartition("@")
    correct = _MISTYPED.get(host.lower())
    return f"{mailbox}@{correct}" if correct else None


def details_are_needed(answers: Answers) -> bool:
    """Whether we cannot begin without details: what is wrong (art. 16), the person's situation (art. 21(1))."""
    needing = {Right.RECTIFICATION, Right.OBJECTION, SOMETHING_ELSE}
    return not needing.isdisjoint(answers.get("rights", ()))


def _fault_of_details(answers: Answers) -> Fault | None:
    if answers.get("details") or not details_are_needed(answers):
        return None
    if Right.RECTIFICATION in answers["rights"]:
        return Fault(N_("Write down what is not right, and what it should be"))
    if Right.OBJECTION in answers["rights"]:
        return Fault(N_("Write down why you want us to stop"))
    return Fault(N_("Write down what you want to ask"))


def _too_long(field: str, answers: Mapping[str, object]) -> Fault | None:
    text = answers.get(field)
    if not isinstance(text, str) or len(text) <= LIMITS[field]:
        return None
    sentence = N_("Make your text shorter: at most %(limit)s characters. You now have %(count)s.")
    return Fault(sentence, limit=LIMITS[field], count=len(text))

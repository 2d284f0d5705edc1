"""The suppression list: who objected to advertising is not mailed again (GDPR art. 21(3)). Only digests are kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from dsr.db.plans import Suppression
from dsr.services.identity import email_digest

BATCH = 500
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:|"]+@[^\s<>()\[\],;:|"']+""")
Line = list[str]
"""The fields of one line of a list of addresses."""


def may_be_mailed(session: Session, lines: Iterable[Line]) -> Iterator[Line]:
    """The lines in which no field is an address on the list; in their order, as they stream by."""
    return without(lines, email_digest, partial(_listed, session))


def without(
    lines: Iterable[Line], digest_of: Callable[[str], bytes], listed: Callable[[set[bytes]], set[bytes]]
) -> Iterator[Line]:
    """The lines in which no field is an address that is `listed` by its digest."""
    waiting = iter(lines)
    while batch := list(islice(waiting, BATCH)):
        digests = [{digest_of(address) for address in _addresses(line)} for line in batch]
        left_out = listed(set().union(*digests))
        yield from (line for line, found in zip(batch, digests, strict=True) if not found & left_out)


def _addresses(line: Line) -> Iterator[str]:
    """Every address in the fields, with whatever stands around it: one too many is harmless, one too few is not."""
    for value in line:
        if "@" in value:
            seen = "".join(letter for letter in value if letter.isprintable() or letter.isspace())
            for address in _ADDRESS.findall(seen):
                yield from {address.rstrip("."), address.strip("'.")}


def _listed(session: Session, digests: set[bytes]) -> set[bytes]:
    return set(session.scalars(select(Suppression.digest).where(Suppression.digest.in_(digests))))

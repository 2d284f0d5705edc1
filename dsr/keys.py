"""The key set: encryption (tink), blind index, tokens and the seal of the audit chain.

It is one file outside the database and outside its backup: whoever has both can read everything.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tink
from tink import aead, prf, secret_key_access, streaming_aead

_PARTS = {
    "aead": aead.aead_key_templates.AES256_GCM,
    "stream": streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB,
    "prf": prf.prf_key_templates.HMAC_SHA256,
}

_MARK = 4
"""With so many letters a pseudonym ends by which it is known."""

aead.register()
prf.register()
streaming_aead.register()


class KeySetError(Exception):
    """The key set cannot be read or is not ours; the message says what to do."""


@dataclass(frozen=True)
class Keys:
    """The opened key set."""

    handles: dict[str, Any]

    @cached_property
    def _aead(self) -> Any:
        return self.handles["aead"].primitive(aead.Aead)

    @cached_property
    def _prf(self) -> Any:
        return self.handles["prf"].primitive(prf.PrfSet).primary()

    @cached_property
    def stream(self) -> Any:
        """The primitive that encrypts and decrypts files as they stream."""
        return self.handles["stream"].primitive(streaming_aead.StreamingAead)

    def encrypt(self, text: str, context: str) -> bytes:
        """The sealed text; it opens only in the same `context` (table, column and case)."""
        return bytes(self._aead.encrypt(text.encode(), context.encode()))

    def decrypt(self, sealed: bytes, context: str) -> str:
        """The text; KeySetError if it was sealed with another key set or moved to another place."""
        try:
            return bytes(self._aead.decrypt(sealed, context.encode())).decode()
        except tink.TinkError as error:
            raise KeySetError("A stored value does not open with this key set.") from error

    def digest(self, purpose: str, value: str) -> bytes:
        """A keyed digest of 32 bytes: equal for equal values, and of no use without the key set."""
        return bytes(self._prf.compute(f"{purpose}\0{value}".encode(), 32))

    def token(self, purpose: str, value: str) -> str:
        """A secret of 160 bits for a link, derived anew whenever it is needed and never stored."""
        return base64.b32encode(self.digest(f"token:{purpose}", value)[:20]).decode().lower()

    def pseudonym(self, place: str, value: str, length: int) -> str:
        """What stands for a value in one column: 12 to 52 letters and digits, told back by nobody without the key set.

        It remains personal data as long as the key set is there (recital 26 of the GDPR).
        """
        made = self._letters(f"pseudonym:{place}", value)[: length - _MARK]
        return made + self._mark(made)

    def is_pseudonym(self, text: str) -> bool:
        """Whether this key set made it: the last letters follow from the others, of other words once in a million."""
        return text[-_MARK:] == self._mark(text[:-_MARK])

    def _mark(self, made: str) -> str:
        return self._letters("pseudonym", made)[:_MARK]

    def _letters(self, purpose: str, value: str) -> str:
        return base64.b32encode(self.digest(purpose, value)).decode().lower()


def create(file: Path) -> None:
    """A new key set in `file`, readable by its owner only; FileExistsError if there is one."""
    parts = {name: _serialised(template) for name, template in _PARTS.items()}
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(parts, out)


def _serialised(template: Any) -> Any:
    handle = tink.new_keyset_handle(template)
    return json.loads(tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def load(text: str) -> Keys:
    """The key set from its text; KeySetError if it is not one."""
    try:
        parts = json.loads(text)
        return Keys({name: _opened(parts[name]) for name in _PARTS})
    except (ValueError, KeyError, TypeError, tink.TinkError) as error:
        raise KeySetError("This is not a key set; restore the file that dsr init made.") from error


def _opened(part: Any) -> Any:
    return tink.json_proto_keyset_format.parse(json.dumps(part), secret_key_access.TOKEN)

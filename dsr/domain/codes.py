"""Numbers and codes that people read aloud and type over: Crockford's letters, which cannot be mistaken for digits."""

from __future__ import annotations

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011")


def spell(secret: bytes) -> str:
    """One letter of 5 bits for each byte, in groups of four: "K7QF-9M3X" for eight bytes."""
    letters = "".join(_LETTERS[byte % 32] for byte in secret)
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def read(typed: str) -> str:
    """What somebody meant to type: without case, spaces and hyphens, and with O, I and L read as digits."""
    return "".join(character for character in typed.upper() if character.isalnum()).translate(_MISREAD)

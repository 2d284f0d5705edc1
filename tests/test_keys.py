"""The key set: what it seals opens in its own place only, and its file is for its owner."""

from __future__ import annotations

import json
import re
import stat
from io import BytesIO
from pathlib import Path

import pytest

from dsr import keys
from dsr.keys import Keys, KeySetError


@pytest.fixture
def other(tmp_path: Path) -> Keys:
    """A second key set, of another installation."""
    keys.create(tmp_path / "other.json")
    return keys.load((tmp_path / "other.json").read_text())


def test_a_sealed_text_opens_in_its_own_place(key_set: Keys) -> None:
    sealed = key_set.encrypt("Hanna Brinkman ’t Hooft", "data_subject.name:1")
    assert b"Hanna" not in sealed
    assert key_set.decrypt(sealed, "data_subject.name:1") == "Hanna Brinkman ’t Hooft"


@pytest.mark.parametrize("context", ["data_subject.name:2", "data_subject.email:1", ""])
def test_a_sealed_text_opens_nowhere_else(key_set: Keys, context: str) -> None:
    sealed = key_set.encrypt("Hanna", "data_subject.name:1")
    with pytest.raises(KeySetError):
        key_set.decrypt(sealed, context)


def test_a_changed_byte_is_noticed(key_set: Keys) -> None:
    sealed = bytearray(key_set.encrypt("Hanna", "place"))
    sealed[-1] ^= 1
    with pytest.raises(KeySetError):
        key_set.decrypt(bytes(sealed), "place")


def test_another_key_set_opens_nothing(key_set: Keys, other: Keys) -> None:
    with pytest.raises(KeySetError, match="does not open with this key set"):
        other.decrypt(key_set.encrypt("Hanna", "place"), "place")


def test_equal_texts_are_sealed_differently_and_digested_equally(key_set: Keys, other: Keys) -> None:
    assert key_set.encrypt("Hanna", "place") != key_set.encrypt("Hanna", "place")
    digest = key_set.digest("email", "hanna@example.org")
    assert digest == key_set.digest("email", "hanna@example.org")
    assert len(digest) == 32
    others = [key_set.digest("name", "hanna@example.org"), other.digest("email", "hanna@example.org")]
    assert digest not in others


def test_purpose_and_value_of_a_digest_do_not_run_together(key_set: Keys) -> None:
    assert key_set.digest("a", "bc") != key_set.digest("ab", "c")


def test_a_token_is_derived_anew_and_fits_a_link(key_set: Keys) -> None:
    token = key_set.token("status", "7")
    assert token == key_set.token("status", "7")
    assert token != key_set.token("status", "8")
    assert len(token) == 32
    assert token.isalnum()


def test_a_stream_opens_in_its_own_place_only(key_set: Keys) -> None:
    sealed = BytesIO()
    with key_set.stream.new_encrypting_stream(_left_open(sealed), b"copy:1") as out:
        out.write(b"all of it")
    sealed.seek(0)
    assert b"all of it" not in sealed.getvalue()
    with key_set.stream.new_decrypting_stream(BytesIO(sealed.getvalue()), b"copy:1") as source:
        assert source.read() == b"all of it"


def _left_open(out: BytesIO) -> BytesIO:
    out.close = lambda: None  # type: ignore[method-assign]
    return out


def test_the_file_is_for_its_owner_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys.create(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    with pytest.raises(FileExistsError):
        keys.create(file)
    assert file.read_text() == before


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '"text"', '{"aead": {}, "prf": {}, "stream": {}}', "null"])
def test_what_is_no_key_set_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(KeySetError, match="restore the file that dsr init made"):
        keys.load(text)


def test_a_key_set_that_lost_a_part_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.json")
    parts = json.loads((tmp_path / "keys.json").read_text())
    del parts["prf"]
    with pytest.raises(KeySetError):
        keys.load(json.dumps(parts))


def test_a_pseudonym_is_the_same_for_one_value_in_one_place_only(key_set: Keys, other: Keys) -> None:
    made = key_set.pseudonym("shop.customer.name", "Hanna", 12)
    assert re.fullmatch("[a-z2-7]{12}", made)
    assert len(key_set.pseudonym("shop.customer.name", "Hanna", 52)) == 52
    assert key_set.pseudonym("shop.customer.city", "Hanna", 12) != made
    assert key_set.pseudonym("shop.customer.name", "hanna", 12) != made
    assert other.pseudonym("shop.customer.name", "Hanna", 12) != made


def test_a_key_set_knows_its_pseudonyms(key_set: Keys, other: Keys) -> None:
    made = key_set.pseudonym("shop.customer.name", "Hanna", 12)
    assert key_set.is_pseudonym(made)
    assert not other.is_pseudonym(made)
    assert not any(key_set.is_pseudonym(text) for text in ("", "Hanna", "hannabrinkma", made.upper(), made[1:]))

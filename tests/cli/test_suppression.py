"""What may still be mailed comes out; the list itself never does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dsr import keys
from dsr.db.plans import Suppression
from dsr.services.identity import email_digest
from tests.parts.installation import install, installed
from tests.parts.store import NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation in which Hanna and Bram objected to advertising."""
    install(tmp_path)
    with installed(tmp_path) as (session, _):
        for address in ("hanna@example.org", "Bram@Example.org"):
            session.add(Suppression(digest=email_digest(address), since=NOW))
    return tmp_path


def _run(folder: Path, text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dsr", "suppression", "filter", "--config", str(folder / "config.toml")],
        input=text,
        capture_output=True,
        check=False,
        timeout=60,
    )


def _filter(folder: Path, text: str) -> str:
    done = _run(folder, text.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_a_field_may_be_long(folder: Path) -> None:
    text = f"kees@example.org,{'x' * 200_000}\n"
    assert _filter(folder, text) == text


@pytest.mark.parametrize("text", ["email\nZo\xeb@example.org\n".encode("latin-1"), b'"' + b"x" * 10_000_001 + b'"\n'])
def test_a_list_that_cannot_be_read_is_told_in_a_sentence(folder: Path, text: bytes) -> None:
    done = _run(folder, text)
    assert done.returncode == 2
    assert done.stderr.startswith(b"The list is not")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("email\nHANNA@example.org\nkees@example.org\n", "email\nkees@example.org\n"),
        ("naam;adres\nB. Bos;bram@example.org\nK. Vos;kees@example.org\n", "naam;adres\nK. Vos;kees@example.org\n"),
        ('Hanna <hanna@example.org>,x\n"Vos, K.",kees@example.org\n', '"Vos, K.",kees@example.org\n'),
        ("\ufeffemail\r\nhanna@example.org\r\n", "email\n"),
        ("naam\tadres\nHanna\thanna@example.org\nVos\tkees@example.org\n", "naam\tadres\nVos\tkees@example.org\n"),
        ('"Bos; B.",bram@example.org\n"Vos; K.",kees@example.org\n', "Vos; K.,kees@example.org\n"),
        ('"kees@example.org, hanna@example.org"\n"Bos, B." <bram@example.org>\n', ""),
        ("'hanna@example.org'\nmailto:hanna@example.org.\nhanna@example.org\u200b\n[bram@example.org]\n", ""),
        ("o'hanna@example.org\nxhanna@example.org\nhanna@example.org.nl\n", None),
        ("", ""),
    ],
)
def test_listed_addresses_are_left_out(folder: Path, text: str, rest: str | None) -> None:
    assert _filter(folder, text) == (text if rest is None else rest)


def test_a_long_list_streams_in_order(folder: Path) -> None:
    lines = [f"person{number}@example.org" for number in range(3000)]
    text = "\n".join([*lines[:1500], "hanna@example.org", *lines[1500:]])
    assert _filter(folder, text).split() == lines


def test_another_key_set_knows_nobody(folder: Path) -> None:
    (folder / "keys.json").unlink()
    keys.create(folder / "keys.json")
    assert _filter(folder, "hanna@example.org\n") == "hanna@example.org\n"

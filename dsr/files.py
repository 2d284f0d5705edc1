"""The encrypted file store: sealed as it streams in, proven whole before one byte comes out, never on disk in clear."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore
from tink import TinkError

from dsr.config import Settings
from dsr.keys import Keys

CHUNK = 256 * 1024  # bytes
_VERSION = 1


class FileDamaged(Exception):
    """A stored file is not, or not wholly, what was put there, or belongs to another case."""


class FileGone(Exception):
    """There is no such file (any more)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs. All of it is bound into the encryption: a file moved to another place does not open."""

    name: str
    case_id: uuid.UUID
    purpose: str

    @property
    def associated_data(self) -> bytes:
        """The same for every reading of the same file, and for no other."""
        return "\0".join((str(self.case_id), self.name, self.purpose, str(_VERSION))).encode()


class FileStore:
    """Files in one folder, readable by nobody without the key set."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._keys, self._objects = folder, keys, LocalStore(folder)

    def writer(self, place: Place) -> Writer:
        """A file to write piece by piece: once finished it is there whole, and on the disk; before that nothing is."""
        return Writer(self, place)

    def read(self, place: Place) -> Iterator[bytes]:
        """The content, after all of it was found genuine; FileDamaged or FileGone before the first byte otherwise."""
        for _ in self._opened(place):
            pass
        return self._opened(place)

    def delete(self, name: str) -> None:
        """Remove a file; no fault where it has gone before."""
        (self._folder / name).unlink(missing_ok=True)

    def names_before(self, moment: datetime) -> Iterator[str]:
        """The files that were last written before `moment`, also what a process that was killed left unfinished."""
        for found in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if found.stat().st_mtime < moment.timestamp():
                    yield found.name

    def _opened(self, place: Place) -> Iterator[bytes]:
        try:
            source = _Source(obstore.open_reader(self._objects, place.name))
            with closing(self._keys.stream.new_decrypting_stream(source, place.associated_data)) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except FileNotFoundError as error:
            raise FileGone("The file is no longer there.") from error
        except TinkError as error:
            raise FileDamaged("The file is damaged, or is not the one it should be.") from error


def open_store(settings: Settings, keys: Keys) -> FileStore:
    """The file store that the settings point to."""
    return FileStore(settings.path(settings.storage.files), keys)


class Writer:
    """Seals what is written as it comes in; the file is there once it is finished, and not before."""

    size = 0
    """Bytes written."""

    def __init__(self, store: FileStore, place: Place) -> None:
        self._file = store._folder / place.name
        self._ciphertext = _Ciphertext()
        self._sealing = store._keys.stream.new_encrypting_stream(self._ciphertext, place.associated_data)
        self._sink = obstore.open_writer(store._objects, place.name, max_concurrency=1)

    def write(self, data: bytes) -> int:
        """Add to the file; returns how many bytes."""
        self._sealing.write(data)
        self._sink.write(self._ciphertext.take())
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: what can be sealed has been."""

    def finish(self) -> None:
        """The file is whole: it is there, and on the disk."""
        self._sealing.close()
        self._sink.write(self._ciphertext.take())
        self._sink.close()
        _sync(self._file)
        _sync(self._file.parent)


class _Ciphertext(io.RawIOBase):
    """What the encrypting stream wrote and nobody took yet."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class _Source(io.RawIOBase):
    """A stored object as the decrypting stream wants to read it."""

    def __init__(self, reader: obstore.ReadableFile) -> None:
        super().__init__()
        self._reader = reader

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(size))


def _sync(path: Path) -> None:
    """Have the disk write it now: a row will soon name this file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

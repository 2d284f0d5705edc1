"""Files in a form: each goes sealed into the file store while it comes in, and never onto the disk in clear.

A page takes files only where it says so; anywhere else what a browser sends along is thrown away unread.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import IO, Any, cast

import flask
from flask import g, request

from dsr.db.base import keys
from dsr.db.errands import Errand
from dsr.domain.errands import safe_name
from dsr.domain.errors import DomainError
from dsr.domain.wording import N_
from dsr.files import Writer, open_store
from dsr.services import errand_answers
from dsr.services.errand_answers import Upload
from dsr.web.runtime import settings

FILE_LIMIT = 20_000_000  # bytes
BODY_LIMIT = 250_000_000  # bytes: of a file that is too large the text beside it can still be kept
Open = Callable[[str], Writer]


class FileRefused(DomainError):
    """A file that we do not take in; the rest of the form is fine."""


class Request(flask.Request):
    """A request whose files go where the page said, or nowhere."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return cast("IO[bytes]", _Part(g.get("open_upload") if filename else None))


def expect(errand: Errand) -> None:
    """Take files for this errand with the body that follows."""
    request.max_content_length = BODY_LIMIT
    store = open_store(settings(), keys())
    g.open_upload = lambda name: store.writer(errand_answers.place(errand, name))


def received(field: str) -> list[Upload]:
    """The files of a field of the form. Raises FileRefused."""
    given = ((each.filename, cast("_Part", each.stream)) for each in request.files.getlist(field))
    found = [(safe_name(name) or "file", part) for name, part in given if name]
    names = [name for name, _ in found]
    if any(part.is_too_large for _, part in found):
        sentence = N_("A file may be at most %(limit)s MB. Make it smaller, or split it.")
        raise FileRefused(sentence, limit=FILE_LIMIT // 1_000_000)
    if empty := next((name for name, part in found if not part.size), None):
        raise FileRefused(N_("The file %(name)s is empty. Choose another one, or leave it out."), name=empty)
    return [
        Upload(part.stored, f"{names[:at].count(name) + 1}-{name}" if name in names[:at] else name, part.size)
        for at, (name, part) in enumerate(found)
    ]


def discard() -> None:
    """Throw away the files of this request: what they came with was refused."""
    store = open_store(settings(), keys())
    for found in [each for field in request.files for each in request.files.getlist(field)]:
        store.delete(cast("_Part", found.stream).stored)


class _Part(io.RawIOBase):
    """One file as the form is read. The reader of the form goes back to its start when it is whole."""

    def __init__(self, open_upload: Open | None) -> None:
        super().__init__()
        self.stored, self.size = uuid.uuid4().hex, 0
        self._open, self._writer = open_upload, cast("Writer | None", None)

    @property
    def is_too_large(self) -> bool:
        """Whether it was more than we take in."""
        return self.size > FILE_LIMIT

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.size += len(data)
        if self.is_too_large:
            self._open = self._writer = None
        elif self._open and data:
            self._writer = self._writer or self._open(self.stored)
            self._writer.write(bytes(data))
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self._writer:
            self._writer.finish()
            self._writer = None
        return 0

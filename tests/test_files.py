"""The encrypted file store."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsr import keys
from dsr.files import FileDamaged, FileGone, FileStore, Place

CANARY = b"Hanna Brinkman, Dijkweg 1"
CASE = uuid.UUID(int=1)
PLACE = Place("first", CASE, "copy")
SEGMENT = 1024 * 1024


@pytest.fixture
def files(tmp_path: Path, key_set: keys.Keys) -> FileStore:
    return FileStore(tmp_path / "files", key_set)


def put(files: FileStore, place: Place, chunks: Iterable[bytes]) -> int:
    """Store what `chunks` yield; returns its bytes."""
    writer = files.writer(place)
    for chunk in chunks:
        writer.write(chunk)
    writer.finish()
    return writer.size


def content(files: FileStore, place: Place = PLACE) -> bytes:
    return b"".join(files.read(place))


def test_what_is_put_comes_out(files: FileStore) -> None:
    assert put(files, PLACE, [CANARY, b"", CANARY]) == 2 * len(CANARY)
    assert content(files) == CANARY * 2


def test_an_empty_file_comes_out_empty(files: FileStore) -> None:
    assert put(files, PLACE, []) == 0
    assert content(files) == b""


def test_nothing_is_on_disk_in_clear(files: FileStore, tmp_path: Path) -> None:
    put(files, PLACE, [CANARY] * 1000)
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in stored] == ["first"]
    assert CANARY not in stored[0].read_bytes()


def test_nothing_is_on_disk_in_clear_while_it_is_written(files: FileStore, tmp_path: Path) -> None:
    seen: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(12):
            yield CANARY * (SEGMENT // len(CANARY))
        seen.extend(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    put(files, PLACE, chunks())
    assert seen
    assert not any(CANARY in data for data in seen)


def test_the_folder_is_for_its_owner_only(files: FileStore, tmp_path: Path) -> None:
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_a_source_that_fails_leaves_no_file(files: FileStore, tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(8 * SEGMENT)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        put(files, PLACE, chunks())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "elsewhere",
    [Place("second", CASE, "copy"), Place("first", uuid.UUID(int=2), "copy"), Place("first", CASE, "letter")],
)
def test_a_file_in_another_place_does_not_open(files: FileStore, tmp_path: Path, elsewhere: Place) -> None:
    put(files, PLACE, [CANARY])
    (tmp_path / "files/first").rename(tmp_path / "files" / elsewhere.name)
    with pytest.raises(FileDamaged):
        content(files, elsewhere)


def test_two_files_exchanged_do_not_open(files: FileStore, tmp_path: Path) -> None:
    other = Place("second", CASE, "copy")
    put(files, PLACE, [CANARY])
    put(files, other, [CANARY])
    first, second = tmp_path / "files/first", tmp_path / "files/second"
    mine, theirs = first.read_bytes(), second.read_bytes()
    first.write_bytes(theirs)
    second.write_bytes(mine)
    for place in (PLACE, other):
        with pytest.raises(FileDamaged):
            content(files, place)


@pytest.mark.parametrize("kept", [0, 10, 40, SEGMENT, 2 * SEGMENT, -1])
def test_a_file_cut_short_releases_nothing(files: FileStore, tmp_path: Path, kept: int) -> None:
    put(files, PLACE, [bytes(SEGMENT)] * 3)
    stored = tmp_path / "files/first"
    stored.write_bytes(stored.read_bytes()[:kept])
    with pytest.raises(FileDamaged):
        files.read(PLACE)


@pytest.mark.parametrize("part", [0.0, 0.00001, 0.25, 0.5, 0.75, 0.9999])
def test_one_changed_bit_releases_nothing(files: FileStore, tmp_path: Path, part: float) -> None:
    put(files, PLACE, [bytes(SEGMENT)] * 3)
    stored = tmp_path / "files/first"
    data = bytearray(stored.read_bytes())
    data[int(part * len(data))] ^= 1
    stored.write_bytes(data)
    with pytest.raises(FileDamaged):
        files.read(PLACE)


def test_another_key_set_does_not_open_it(files: FileStore, tmp_path: Path) -> None:
    put(files, PLACE, [CANARY])
    keys.create(tmp_path / "other.json")
    other = keys.load((tmp_path / "other.json").read_text())
    with pytest.raises(FileDamaged):
        FileStore(tmp_path / "files", other).read(PLACE)


def test_a_deleted_file_is_gone(files: FileStore) -> None:
    put(files, PLACE, [CANARY])
    files.delete("first")
    files.delete("first")
    with pytest.raises(FileGone):
        files.read(PLACE)


def test_a_name_that_leaves_the_folder_is_refused(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="first"):
        put(files, Place("../first", CASE, "copy"), [CANARY])
    assert not (tmp_path / "first").exists()


def test_files_are_listed_by_age(files: FileStore) -> None:
    put(files, PLACE, [CANARY])
    an_hour = timedelta(hours=1)
    assert list(files.names_before(datetime.now(UTC) - an_hour)) == []
    assert list(files.names_before(datetime.now(UTC) + an_hour)) == ["first"]


def test_what_a_killed_process_left_unfinished_is_listed_too(files: FileStore, tmp_path: Path) -> None:
    (tmp_path / "files/first#1").write_bytes(b"sealed")  # as the writer names a file until it is finished
    assert list(files.names_before(datetime.now(UTC) + timedelta(hours=1))) == ["first#1"]


MEMORY = """
import resource, sys, uuid
from pathlib import Path
from dsr import keys
from dsr.files import FileStore, Place
folder, megabytes = Path(sys.argv[1]), int(sys.argv[2])
keys.create(folder / "keys.json")
files = FileStore(folder / "files", keys.load((folder / "keys.json").read_text()))
place = Place("large", uuid.uuid4(), "copy")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
writer = files.writer(place)
for _ in range(megabytes):
    writer.write(bytes(1 << 20))
writer.finish()
assert writer.size == megabytes << 20
assert sum(len(chunk) for chunk in files.read(place)) == megabytes << 20
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_large_file_streams_in_little_memory(tmp_path: Path) -> None:
    """Measured in a process of its own, since the greatest use of memory never goes down."""
    command = [sys.executable, "-c", MEMORY, str(tmp_path), "50"]
    measured = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(measured.stdout) < 40  # megabytes, of a file of 50

"""A zip while it is written: whole, in order, and never all of it in memory."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator

from vov_core.archive import File
from vov_core.bundle import LOST, zip_stream
from vov_core.errors import ObjectMissingError


def lost(count: int) -> str:
    return f"{count} 장"


def content(parts: Iterator[bytes]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_same_names_are_told_apart() -> None:
    files = {str(n): File("손.jpg", "jpeg", bytes([n]) * n) for n in range(4)}
    found = content(zip_stream(files, files.__getitem__, lost))
    assert list(found) == ["손.jpg", "손 (2).jpg", "손 (3).jpg", "손 (4).jpg"]
    assert list(found.values()) == [file.data for file in files.values()]


def test_what_can_not_be_read_is_told_inside() -> None:
    def read(name: str) -> File:
        if name != "b":
            raise ObjectMissingError()
        return File(LOST, "jpeg", b"a file of that name")

    assert content(zip_stream("abc", read, lost)) == {
        "not_in_this_zip (2).txt": b"a file of that name",
        LOST: "2 장".encode(),
    }


def test_nothing_at_all() -> None:
    assert content(zip_stream([], lambda _: File("", "", b""), lost)) == {}


def test_memory_does_not_grow_with_the_number_of_files() -> None:
    one = 1_000_000

    def read(name: str) -> File:
        return File(f"{name}.jpg", "jpeg", bytes(one))

    tracemalloc.start()
    total = sum(len(part) for part in zip_stream(map(str, range(60)), read, lost))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 60 * one and peak < 8 * one

"""An upload that can be recognised anywhere, and the search for its bytes."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from tests.browser.server import Server
from tests.images.encoded import MARK, full_exif, segment, with_segments

SAMPLES = Path(__file__).parents[2] / "samples"
_WINDOW = 64
_WINDOWS = 40


def sample(number: str) -> bytes:
    return (SAMPLES / f"hand_{number}.jpg").read_bytes()


@dataclass(frozen=True)
class Traceable:
    """A photo with a marker in its metadata and random bytes behind its picture.

    It is larger than the 1 MB from which web servers like to use temporary files.
    """

    name: str
    data: bytes
    picture: range

    @classmethod
    def make(cls, number: str, name: str, seed: int, tail: int = 1_600_000) -> "Traceable":
        rng = random.Random(seed)
        body = sample(number)
        comment = segment(0xFE, MARK + b" comment " + str(seed).encode())
        data = with_segments(body, segment(0xE1, full_exif().tobytes()), comment)
        start = data.index(b"\xff\xda")
        return cls(name, data + rng.randbytes(tail), range(start + 32, len(data) - 2))

    @cached_property
    def pieces(self) -> list[bytes]:
        """What must be nowhere: marker, hash, and bytes of the picture and of what follows it."""
        rng = random.Random(1)
        everything = range(self.picture.start, len(self.data))
        starts = [
            rng.randrange(part.start, part.stop - _WINDOW)
            for part in (self.picture, everything)
            for _ in range(_WINDOWS)
        ]
        digest = sha256(self.data)
        windows = [self.data[start : start + _WINDOW] for start in starts]
        return [MARK, digest.digest(), digest.hexdigest().encode(), *windows]

    def found_in(self, content: bytes) -> int:
        """How many of the pieces some bytes hold."""
        return sum(piece in content for piece in self.pieces)


def traces(server: Server, *uploads: Traceable) -> dict[str, int]:
    """Where any piece of the uploads is: files the server may write, and its open files."""
    found = {}
    for path in server.written():
        content = path.read_bytes()
        if count := sum(upload.found_in(content) for upload in uploads):
            found[str(path)] = count
    for name, content in _open_files(server.pid):
        if count := sum(upload.found_in(content) for upload in uploads):
            found[name] = count
    return found


def _open_files(pid: int) -> Iterator[tuple[str, bytes]]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
            if descriptor.is_file() and descriptor.stat().st_size < 200_000_000:
                yield f"{descriptor} -> {target}", descriptor.read_bytes()
        except OSError:
            continue  # Closed meanwhile.


@contextmanager
def watched(server: Server) -> Iterator[set[str]]:
    """Notes every temporary file that the server holds open at any moment in between.

    Such a file may have no name at all (``O_TMPFILE``), so only the process itself tells of it.
    """
    seen: set[str] = set()
    stop = threading.Event()
    folder = Path(f"/proc/{server.pid}/fd")

    def watch() -> None:
        while not stop.wait(0.001):
            for descriptor in list(folder.iterdir()):
                try:
                    target = str(descriptor.readlink())
                except OSError:
                    continue
                if target.startswith(("/tmp", "/var/tmp", "/dev/shm")) and "(deleted)" in target:
                    seen.add(target)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()

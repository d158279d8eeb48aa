"""Many files as one zip that is written while it is read: one file in memory at a time."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

from vov_core.archive import File
from vov_core.errors import VovError
from vov_core.images import unique_name

LOST = "not_in_this_zip.txt"
"""Name of the list of what could not be read."""


class _Pipe(io.RawIOBase):
    """Takes what the zip writer writes until it is fetched."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Keeps some bytes."""
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def fetch(self) -> bytes:
        """What has come since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_stream(
    photo_ids: Iterable[str], read: Callable[[str], File], lost: Callable[[int], str]
) -> Iterator[bytes]:
    """The bytes of a zip, photo by photo.

    Args:
        photo_ids: Which, in this order.
        read: Gets one of them.
        lost: The words to put into the zip for so many files that could not be read. Nothing is
            left out in silence.
    """
    pipe, used, missing = _Pipe(), {LOST}, 0
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as bundle:
        for photo_id in photo_ids:
            try:
                file = read(photo_id)
            except VovError:
                missing += 1
                continue
            bundle.writestr(unique_name(file.name, used), file.data)
            yield pipe.fetch()
        if missing:
            bundle.writestr(LOST, lost(missing))
    yield pipe.fetch()

"""The written file's own structure: its boxes, walked strictly, and their order.

Only boxes that a picture and its sound need are allowed. Names, dates, places, comments and
thumbnails live in boxes that are not on the list.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vov_core.errors import NotCleanError

# Which boxes hold boxes, and after how many bytes of their own.
_HOLDS: Final[Mapping[bytes, int]] = MappingProxyType(
    {
        b"moov": 0,
        b"trak": 0,
        b"edts": 0,
        b"mdia": 0,
        b"minf": 0,
        b"dinf": 0,
        b"dref": 8,
        b"stbl": 0,
        b"stsd": 8,
        b"avc1": 78,
        b"mp4a": 28,
    }
)
_ALLOWED: Final = frozenset(_HOLDS) | {
    b"ftyp", b"mdat", b"mvhd", b"tkhd", b"elst", b"mdhd", b"hdlr", b"vmhd", b"smhd", b"url ",
    b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sdtp", b"sgpd", b"sbgp",
    b"avcC", b"colr", b"pasp", b"btrt", b"esds",
}  # fmt: skip
_DATED: Final = frozenset({b"mvhd", b"tkhd", b"mdhd"})
_NAMES: Final = frozenset({b"", b"VideoHandler", b"SoundHandler"})


@dataclass(frozen=True, slots=True)
class Box:
    """A box: where its content starts and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two places, not what is in them.

    Raises:
        NotCleanError: ``container``: a box reaches over the end.
    """
    end = len(data) if end is None else end
    while start < end:
        if end - start < 8:
            raise NotCleanError(reason="container")
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        if size < body - start or start + size > end:
            raise NotCleanError(reason="container")
        yield Box(kind, start, body, start + size)
        start += size


def walk(data: bytes | bytearray, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """All boxes, also those in others."""
    for box in boxes(data, start, end):
        yield box
        if box.kind in _HOLDS:
            yield from walk(data, box.body + _HOLDS[box.kind], box.end)


def check_boxes(data: bytes) -> None:
    """Refuses a file with anything that is neither picture nor sound.

    Raises:
        NotCleanError: ``container`` or ``metadata`` (``found`` names the box).
    """
    for box in walk(data):
        if box.kind not in _ALLOWED:
            raise NotCleanError(reason="metadata", found=box.kind.decode("latin-1"))
        content = data[box.body : box.end]
        if box.kind in _DATED and any(content[4:12]):
            raise NotCleanError(reason="metadata", found=box.kind.decode("latin-1"))
        if box.kind == b"hdlr" and content[24:].rstrip(b"\0") not in _NAMES:
            raise NotCleanError(reason="metadata", found="hdlr")


def index_first(data: bytes) -> bytes:
    """Puts the table of contents before the content, so that a player starts at once.

    The box for notes, which FFmpeg writes even if it has none to write, is left out.

    Raises:
        NotCleanError: The file is no whole mp4.
    """
    top = {box.kind: box for box in boxes(data)}
    if not {b"ftyp", b"moov", b"mdat"} <= top.keys():
        raise NotCleanError(reason="container")
    head, index, content = top[b"ftyp"], top[b"moov"], top[b"mdat"]
    if index.start < content.start:
        raise NotCleanError(reason="container")
    kept = [data[b.start : b.end] for b in boxes(data, index.body, index.end) if b.kind != b"udta"]
    moved = bytearray(struct.pack(">I4s", 8 + sum(map(len, kept)), b"moov") + b"".join(kept))
    shift = head.end - head.start + len(moved) - content.start
    for box in walk(moved):
        if box.kind in (b"stco", b"co64"):
            _move_offsets(moved, box, shift)
    return b"".join((data[head.start : head.end], moved, data[content.start : content.end]))


def _move_offsets(index: bytearray, box: Box, shift: int) -> None:
    (count,) = struct.unpack_from(">I", index, box.body + 4)
    layout = f">{count}{'I' if box.kind == b'stco' else 'Q'}"
    offsets = struct.unpack_from(layout, index, box.body + 8)
    struct.pack_into(layout, index, box.body + 8, *(offset + shift for offset in offsets))

"""What an EXIF block or a TIFF file's directories tell, read without trusting them.

Only tag numbers and the orientation are needed, and values are never loaded: a hostile directory
can point thousands of entries at the same megabytes, which exhausts a reader that loads values.

Source: CIPA DC-008 (Exif 3.0), TIFF 6.0, BigTIFF.
"""

import struct
from dataclasses import dataclass

EXIF_IFD, GPS_IFD, ORIENTATION = 0x8769, 0x8825, 0x0112
MAKE, MODEL, SOFTWARE, DATE_TIME, ARTIST, HOST, COPYRIGHT = (
    0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298,
)  # fmt: skip
SUBFILE_TYPE, XMP, IPTC, PHOTOSHOP, ICC, DNG_VERSION = 0x00FE, 700, 33723, 34377, 34675, 50706

CAMERA = frozenset({MAKE, MODEL, 0xC614, 0x927C, 0xA431, 0xA433, 0xA434, 0xA435})
TIME = frozenset({DATE_TIME, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012})
COMMENT = frozenset({0x010E, 0x9286, *range(0x9C9B, 0x9CA0)})
DESCRIPTIVE = frozenset({SOFTWARE, ARTIST, HOST, COPYRIGHT, EXIF_IFD, GPS_IFD}) | CAMERA | TIME

_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
               16: 8, 17: 8, 18: 8}  # fmt: skip
_HEADS = {b"II*\0": ("<", False), b"MM\0*": (">", False),
          b"II+\0": ("<", True), b"MM\0+": (">", True)}  # fmt: skip
_UNSIGNED = {1: "B", 3: "H", 4: "I"}


@dataclass(frozen=True, slots=True)
class ExifSummary:
    """What a block of EXIF carries.

    Attributes:
        tags: Tag numbers of the first directory and its EXIF directory.
        gps: Whether there is a position (a GPS directory with entries).
        thumbnail: Whether a second directory follows, which is where a thumbnail lies.
        orientation: Value of the orientation tag, valid or not; -1 where it is no plain number;
            None without the tag.
        subfile: Value of the NewSubfileType tag; 0 without.
        value_bytes: Bytes that a reader which loads every value would take.
        damaged: Whether a part could not be read.
    """

    tags: frozenset[int] = frozenset()
    gps: bool = False
    thumbnail: bool = False
    orientation: int | None = None
    subfile: int = 0
    value_bytes: int = 0
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    inline: bytes

    @property
    def size(self) -> int:
        return _TYPE_SIZES.get(self.kind, 0) * self.count


@dataclass(frozen=True, slots=True)
class _Directory:
    entries: dict[int, _Entry]
    value_bytes: int
    following: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class _Tiff:
    """The layout of one TIFF structure: byte order, and 4 or 8 byte offsets (BigTIFF)."""

    data: bytes
    order: str
    big: bool

    def first(self) -> int:
        return self.offset(self.data[8:16] if self.big else self.data[4:8])

    def directory(self, at: int) -> _Directory:
        """Reads the directory at this offset; an offset outside gives an empty, damaged one."""
        counter = struct.Struct(self.order + ("Q" if self.big else "H"))
        entry = struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))
        start = at + counter.size
        if at < 8 or start > len(self.data):
            return _Directory({}, 0, 0, True)
        (stated,) = counter.unpack_from(self.data, at)
        count = min(stated, (len(self.data) - start) // entry.size)
        raw = self.data[start : start + count * entry.size]
        entries: dict[int, _Entry] = {}
        value_bytes = 0
        for tag, kind, n, inline in entry.iter_unpack(raw):
            entries[tag] = _Entry(kind, n, inline)
            value_bytes += min(entries[tag].size, len(self.data))
        width = 8 if self.big else 4
        tail = self.data[start + len(raw) : start + len(raw) + width]
        following = self.offset(tail) if count == stated and len(tail) == width else 0
        return _Directory(entries, value_bytes, following, count < stated)

    def number(self, entry: _Entry) -> int:
        """The single unsigned number of an entry; -1 where it holds something else."""
        letter = _UNSIGNED.get(entry.kind)
        if letter is None or entry.count != 1:
            return -1
        (value,) = struct.unpack_from(self.order + letter, entry.inline)
        return int(value)

    def offset(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little" if self.order == "<" else "big")


def summarize(data: bytes) -> ExifSummary:
    """Reads the directories of an EXIF block (with or without its ``Exif`` head) or a TIFF file.

    Never raises: what can't be read is told by ``damaged``.
    """
    tiff = _layout(data)
    if tiff is None:
        return ExifSummary(damaged=True)
    main = tiff.directory(tiff.first())
    exif = _follow(tiff, main, EXIF_IFD)
    gps = _follow(tiff, main, GPS_IFD)
    thumb = tiff.directory(main.following) if main.following else _NOTHING
    orientation = main.entries.get(ORIENTATION)
    subfile = main.entries.get(SUBFILE_TYPE)
    return ExifSummary(
        tags=frozenset(main.entries) | frozenset(exif.entries),
        gps=bool(gps.entries),
        thumbnail=bool(thumb.entries),
        orientation=None if orientation is None else tiff.number(orientation),
        subfile=0 if subfile is None else max(0, tiff.number(subfile)),
        value_bytes=sum(d.value_bytes for d in (main, exif, gps)),
        damaged=any(d.damaged for d in (main, exif, gps, thumb)),
    )


def number(data: bytes, tag: int) -> int:
    """The single unsigned number of a tag of the first directory; -1 where there is none."""
    tiff = _layout(data)
    entry = tiff.directory(tiff.first()).entries.get(tag) if tiff else None
    return tiff.number(entry) if tiff and entry else -1


def _layout(data: bytes) -> _Tiff | None:
    while data.startswith(b"Exif\0\0"):
        data = data[6:]
    order, big = _HEADS.get(data[:4], ("", False))
    return _Tiff(data, order, big) if order else None


_NOTHING = _Directory({}, 0, 0, False)


def _follow(tiff: _Tiff, main: _Directory, tag: int) -> _Directory:
    entry = main.entries.get(tag)
    if entry is None:
        return _NOTHING
    width = 8 if tiff.big and entry.kind in (16, 18) else 4
    return tiff.directory(tiff.offset(entry.inline[:width]))

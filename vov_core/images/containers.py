"""The outer layers of picture files: which format, and where its parts lie.

Only the container is read here, never a pixel. Two readers need it: the photo reader, which hands a
decoder nothing but the picture's own parts, and the check of written files, which allows no other.

Sources: JPEG ITU-T T.81 annex B; PNG third edition (W3C, 2025) section 5; WebP RFC 9649 section 2;
ISO/IEC 14496-12 (the ``ftyp`` box); BMP header sizes as Windows and OS/2 wrote them.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
APP0, APP1, APP2, APP13, APP14, APP15 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF
DHT, DQT, DRI = 0xC4, 0xDB, 0xDD
SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# A file of 30 MB could hold millions of empty parts; no real one comes near these numbers.
MAX_PARTS = 20_000

_AFTER_ENTROPY = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])")
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
# Photos in the same kind of container as videos (HEIC, AVIF).
_STILLS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"miaf"})
_TIFF_HEADS = frozenset({b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"})


class ContainerError(ValueError):
    """The container breaks its format's rules."""


@dataclass(frozen=True, slots=True)
class Part:
    """One marker segment (JPEG) or chunk (PNG, WebP) of a file.

    Attributes:
        kind: Marker (``"ffe1"``) or chunk name (``"IDAT"``).
        start: Where the part begins in the file, its own head included.
        body: Where its content begins.
        end: Where its content ends; what follows (a checksum, padding, scan data) is not content.
    """

    kind: str
    start: int
    body: int
    end: int


def sniff(data: bytes) -> str | None:
    """Tells the format from the bytes alone.

    Returns:
        ``JPEG``, ``PNG``, ``WEBP``, ``HEIF``, ``AVIF``, ``BMP``, ``TIFF``, ``GIF``; None for
        anything else, other picture formats included.
    """
    head = data[:16]
    if head[4:8] == b"ftyp":
        return _sniff_boxes(data)
    if head[:2] == b"BM":
        size = int.from_bytes(data[14:18], "little")
        return "BMP" if size in _BMP_HEADER_SIZES else None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in _TIFF_HEADS:
        return "TIFF"
    for signature, kind in (
        (b"\xff\xd8\xff", "JPEG"),
        (PNG_SIGNATURE, "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
    ):
        if head.startswith(signature):
            return kind
    return None


def sniff_video(data: bytes) -> str | None:
    """FFmpeg's name of a video's container by its first bytes, or None."""
    if data[4:8] in _ATOMS and data[8:12] not in _STILLS:
        return "mov"
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "avi"
    return None


def _sniff_boxes(data: bytes) -> str | None:
    size = min(int.from_bytes(data[:4], "big"), 512)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, size - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def marker(code: int) -> str:
    """The ``Part.kind`` of a JPEG marker code."""
    return f"ff{code:02x}"


def jpeg_parts(data: bytes) -> Iterator[Part]:
    """All marker segments of a JPEG file, strictly: each begins where the one before ended.

    The data of a scan belongs to no part; the next part begins behind it. The last part is EOI,
    whatever follows it.

    Raises:
        ContainerError: The file breaks the rules or ends before EOI.
    """
    if data[:2] != b"\xff\xd8":
        raise ContainerError("no start of image")
    yield Part(marker(SOI), 0, 2, 2)
    at = 2
    while True:
        if data[at : at + 1] != b"\xff" or at + 2 > len(data):
            raise ContainerError("no marker")
        code = data[at + 1]
        if code == EOI:
            yield Part(marker(EOI), at, at + 2, at + 2)
            return
        part = _jpeg_segment(data, at, code)
        yield part
        at = _end_of_scan(data, part.end) if code == SOS else part.end


def jpeg_head(data: bytes) -> Iterator[Part]:
    """The marker segments of a JPEG file up to its first scan, tolerant of filling between them.

    Raises:
        ContainerError: No scan is found, or there are too many parts.
    """
    at, count = 2, 0
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            raise ContainerError("no scan")
        count += 1
        if count > MAX_PARTS:
            raise ContainerError("too many parts")
        code = data[at + 1]
        if code == 0xFF:
            at += 1
        elif code <= 0x01 or 0xD0 <= code <= EOI:
            at += 2
        else:
            part = _jpeg_segment(data, at, code)
            yield part
            if code == SOS:
                return
            at = part.end


def count_scans(data: bytes, at: int) -> int:
    """How many scans a JPEG has from this offset to its end of image, as a decoder would see it.

    What follows the end of image does not count: phones put a short film there.
    """
    count = 0
    while (found := _AFTER_ENTROPY.search(data, at)) and found.end() < len(data):
        code = data[found.end()]
        if code == EOI:
            break
        count += code == SOS
        at = found.end() + 1
        if code not in (SOI, 0x01):
            at += int.from_bytes(data[at : at + 2], "big")
    return count


def _jpeg_segment(data: bytes, at: int, code: int) -> Part:
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(data):
        raise ContainerError("segment reaches over the end")
    return Part(marker(code), at, at + 4, end)


def _end_of_scan(data: bytes, at: int) -> int:
    found = _AFTER_ENTROPY.search(data, at)
    if found is None:
        raise ContainerError("scan without an end")
    return found.start()


def png_parts(data: bytes) -> Iterator[Part]:
    """All chunks of a PNG file up to and including IEND.

    Checksums of critical chunks are verified; those of ancillary chunks are not, because decoders
    pass over a damaged ancillary chunk.

    Raises:
        ContainerError: A chunk is damaged or cut off, IEND is missing, or there are too many.
    """
    if data[:8] != PNG_SIGNATURE:
        raise ContainerError("no signature")
    at = 8
    for _ in range(MAX_PARTS):
        length = int.from_bytes(data[at : at + 4], "big")
        body, end = at + 8, at + 8 + length
        if body > len(data) or end + 4 > len(data):
            raise ContainerError("chunk reaches over the end")
        name = data[at + 4 : body]
        if not (name.isalpha() and name.isascii()):
            raise ContainerError("no chunk name")
        part = Part(name.decode("ascii"), at, body, end)
        if part.kind[0].isupper() and zlib.crc32(memoryview(data)[at + 4 : end]) != int.from_bytes(
            data[end : end + 4], "big"
        ):
            raise ContainerError("wrong checksum")
        yield part
        if part.kind == "IEND":
            return
        at = end + 4
    raise ContainerError("too many parts")


def webp_parts(data: bytes) -> Iterator[Part]:
    """All chunks of a WebP file within the length that its RIFF head states.

    Raises:
        ContainerError: A chunk is cut off or not padded, or there are too many.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ContainerError("no signature")
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        raise ContainerError("shorter than its head says")
    at = 12
    for _ in range(MAX_PARTS):
        if at == stop:
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        body, end = at + 8, at + 8 + length
        if end + (length & 1) > stop:
            raise ContainerError("chunk reaches over the end")
        yield Part(data[at : at + 4].decode("latin-1"), at, body, end)
        at = end + (length & 1)
    raise ContainerError("too many parts")

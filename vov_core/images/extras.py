"""What the parts of JPEG and PNG files that are no picture tell of the metadata they hold."""

import zlib

from vov_core.images import containers, exif
from vov_core.images.source import Source

MAX_ICC_BYTES = 16 * 1024 * 1024
MAX_XMP_BYTES = 16 * 1024 * 1024

_XMP_HEADS = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_ICC_HEAD = b"ICC_PROFILE\0"
_PHOTOSHOP_HEAD = b"Photoshop 3.0\0"
_IPTC_RESOURCE, _THUMBNAIL_RESOURCES = b"8BIM\x04\x04", (b"8BIM\x04\x09", b"8BIM\x04\x0c")
_IMAGE_COUNT = 0xB001
_PNG_TEXT = frozenset({"tEXt", "zTXt", "iTXt"})


def take_jpeg_extras(source: Source, extras: list[tuple[int, bytes]]) -> None:
    """Notes what the application and comment segments (marker code, content) tell."""
    exif_blocks, icc_blocks, xmp_blocks = [], [], []
    for code, body in extras:
        if code == containers.APP1 and body.startswith(b"Exif\0\0"):
            exif_blocks.append(body[6:])
        elif code == containers.APP1 and body.startswith(_XMP_HEADS):
            xmp_blocks.append(body)
        elif code == containers.APP2 and body.startswith(_ICC_HEAD):
            icc_blocks.append(body[len(_ICC_HEAD) :])
        else:
            _take_small_extra(source, code, body)
    source.take_exif(b"".join(exif_blocks))
    source.take_xmp(b"".join(xmp_blocks))
    # Each block begins with its number and their count, so sorting puts them in order.
    source.take_icc(b"".join(block[2:] for block in sorted(icc_blocks)))


def _take_small_extra(source: Source, code: int, body: bytes) -> None:
    if code == containers.COM:
        source.carried.add("comment")
    elif code == containers.APP0:
        if body.startswith(b"JFXX") or (body.startswith(b"JFIF") and any(body[12:14])):
            source.carried.add("thumbnail")
    elif code == containers.APP13 and body.startswith(_PHOTOSHOP_HEAD):
        if _IPTC_RESOURCE in body:
            source.carried.add("iptc")
        if any(resource in body for resource in _THUMBNAIL_RESOURCES):
            source.carried.add("thumbnail")
    elif code == containers.APP2 and body.startswith(b"MPF\0") and _several_pictures(body[4:]):
        source.notices.add("first_frame")


def _several_pictures(index: bytes) -> bool:
    """Whether a multi-picture index (CIPA DC-007) names more than one picture."""
    return exif.number(index, _IMAGE_COUNT) > 1


def take_png_extra(source: Source, kind: str, body: bytes) -> None:
    """Notes what an ancillary chunk tells."""
    if kind == "eXIf":
        source.take_exif(body)
    elif kind == "tIME":
        source.carried.add("time")
    elif kind == "acTL":
        if int.from_bytes(body[:4], "big") > 1:
            source.notices.add("first_frame")
    elif kind == "iCCP":
        profile = _inflated(body.partition(b"\0")[2][1:], MAX_ICC_BYTES)
        source.take_icc(profile)
        if profile is None:
            source.carried.add("icc")
            source.notices.add("metadata_unreadable")
    elif kind in _PNG_TEXT:
        _take_png_text(source, kind, body)


def _take_png_text(source: Source, kind: str, body: bytes) -> None:
    keyword, _, rest = body.partition(b"\0")
    if keyword == b"XML:com.adobe.xmp":
        packed = kind == "zTXt" or rest[:1] == b"\x01"
        # Behind the keyword: iTXt has two flags, a language and a translated keyword.
        text = rest[1:] if kind == "zTXt" else rest[2:].split(b"\0", 2)[-1]
        source.take_xmp((_inflated(text, MAX_XMP_BYTES) if packed else text) or b"?")
    elif keyword.startswith(b"Raw profile type "):
        source.carried.add("iptc" if keyword.endswith(b"iptc") else "exif")
    elif keyword == b"Creation Time" or keyword.startswith(b"date:"):
        source.carried.add("time")
    else:
        source.carried.add("comment")


def _inflated(packed: bytes, limit: int) -> bytes | None:
    """Decompressed up to a limit; None where that fails or would be more."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, limit)
    except zlib.error:
        return None
    return None if stream.unconsumed_tail else plain

"""Pictures drawn and encoded for the tests: every format, with and without metadata."""

import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, TiffImagePlugin

SAMPLES = Path(__file__).parents[2] / "samples"
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "GIF")
MARK = b"VOV-MARKER-7F3A"


def drawn(width: int = 64, height: int = 48) -> np.ndarray:
    """A smooth picture in which no two corners are alike."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / (width - 1)
    green = 255 * y / (height - 1)
    blue = 128 + 100 * np.sin(x / 9) * np.cos(y / 7)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 255).astype(np.uint8)


def saved(image: Image.Image | np.ndarray, format: str, **options: Any) -> bytes:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = BytesIO()
    if format == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, format, **options)
    return buffer.getvalue()


LOSSLESS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "HEIF": {"quality": 95, "chroma": 444},
    "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 10},
    "BMP": {},
    "TIFF": {},
    "GIF": {},
}
# Largest and mean difference to the drawn picture: lossy codecs, and GIF's 256 colours.
TOLERANCE = {"JPEG": 8, "HEIF": 14, "AVIF": 14, "GIF": 48}


@cache
def plain(format: str, width: int = 64, height: int = 48) -> bytes:
    return saved(drawn(width, height), format, **LOSSLESS[format])


def full_exif(orientation: int = 1) -> Image.Exif:
    """EXIF with camera, time, comment and position; the marker in several places."""
    text = MARK.decode()
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = text
    exif[0x0110] = "Model " + text
    exif[0x0132] = "2024:01:02 03:04:05"
    exif[0x010E] = "Description " + text
    exif.get_ifd(0x8769).update({0x9003: "2024:01:02 03:04:05", 0xA431: text})
    exif.get_ifd(0x8825).update({1: "N", 2: (37.0, 33.0, 12.0), 3: "E", 4: (126.0, 58.0, 1.0)})
    return exif


def exif_with_thumbnail(orientation: int = 1) -> bytes:
    """The same with a second directory that holds a JPEG thumbnail."""
    body = full_exif(orientation).tobytes()[6:]
    order = "<" if body[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", body, 4)
    (count,) = struct.unpack_from(order + "H", body, first)
    link = first + 2 + 12 * count
    thumb = saved(drawn(16, 12), "JPEG", comment=MARK)
    at = len(body)
    entries = struct.pack(order + "HHII", 0x0201, 4, 1, at + 2 + 24 + 4)
    entries += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumb))
    second = struct.pack(order + "H", 2) + entries + struct.pack(order + "I", 0) + thumb
    return b"Exif\0\0" + body[:link] + struct.pack(order + "I", at) + body[link + 4 :] + second


def xmp_packet() -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- ' + MARK + b" --></x:xmpmeta>"


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """A valid profile that is far from sRGB: its red and blue primaries are exchanged."""
    profile = bytearray(srgb_profile())
    count = struct.unpack_from(">I", profile, 128)[0]
    slots = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(count)}
    red, blue = slots[b"rXYZ"], slots[b"bXYZ"]
    profile[red : red + 8], profile[blue : blue + 8] = (
        profile[blue : blue + 8],
        profile[red : red + 8],
    )
    return bytes(profile)


def segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """Puts marker segments behind the start of a JPEG."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Puts chunks behind the IHDR of a PNG."""
    return png[:33] + b"".join(chunks) + png[33:]


def raw_png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG of any depth and colour type from raw rows (without their filter bytes)."""
    stride = len(rows) // height if height else 0
    lines = b"".join(b"\0" + rows[i * stride : (i + 1) * stride] for i in range(height))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
            *extra,
            chunk(b"IDAT", zlib.compress(lines)),
            chunk(b"IEND", b""),
        ]
    )


def raw_tiff(tags: dict[int, tuple[int, Any]], pixels: bytes, order: str = "<") -> bytes:
    """A TIFF of one strip from its tags (number -> type 3 or 4 or 1, value or values)."""
    letter = {1: "B", 3: "H", 4: "I"}
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(pixels))
    tags = tags | {273: (4, 8), 279: (4, len(pixels))}
    extra_at = len(head) + len(pixels) + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for tag in sorted(tags):
        kind, value = tags[tag]
        values = value if isinstance(value, tuple) else (value,)
        packed = struct.pack(order + letter[kind] * len(values), *values)
        if len(packed) > 4:
            field = struct.pack(order + "I", extra_at + len(extra))
            extra += packed
        else:
            field = packed.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + field
    directory = struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", 0)
    return head + pixels + directory + extra


def tiff_tags(**tags: Any) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        directory[int(name[1:])] = value
    return directory

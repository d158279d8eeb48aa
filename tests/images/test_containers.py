"""The walks over a file's own parts: exact on good files, strict on others."""

import struct

import pytest

from tests.images.encoded import FORMATS, chunk, drawn, plain, saved, segment
from vov_core.errors import VideoElsewhereError
from vov_core.images import read_photo
from vov_core.images.containers import (
    MAX_PARTS,
    ContainerError,
    jpeg_head,
    jpeg_parts,
    png_parts,
    sniff,
    sniff_video,
    webp_parts,
)


@pytest.mark.parametrize("format", FORMATS)
def test_sniff(format: str) -> None:
    assert sniff(plain(format)) == format


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", None),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", "HEIF"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  \0\0\0\0", None),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM" + bytes(12) + b"\x29\0\0\0", None),
    ],
)
def test_sniff_by_brand_and_head(data: bytes, kind: str | None) -> None:
    assert sniff(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x18ftypqt  \0\0\0\0qt  \0\0\0\0",
        b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
        b"\0\0\0\x20moov\0\0\0\x18mvhd",
        b"\x1a\x45\xdf\xa3\x9f",
        b"RIFF\0\0\0\0AVI LIST",
    ],
)
def test_videos_are_told_from_their_first_bytes(data: bytes) -> None:
    assert sniff_video(data) and sniff(data) is None
    with pytest.raises(VideoElsewhereError):
        read_photo(data)


@pytest.mark.parametrize("format", FORMATS)
def test_no_photo_is_a_video(format: str) -> None:
    assert not sniff_video(plain(format))


def test_jpeg_parts_tile_the_file() -> None:
    data = saved(drawn(), "JPEG", progressive=True)
    parts = list(jpeg_parts(data))
    assert [p.kind for p in (parts[0], parts[-1])] == ["ffd8", "ffd9"]
    assert parts[-1].end == len(data)
    assert all(data[p.start] == 0xFF for p in parts)
    assert sum(p.kind == "ffda" for p in parts) > 1
    head = list(jpeg_head(data))
    assert head == parts[1 : 1 + len(head)]


def test_png_and_webp_parts_tile_the_file() -> None:
    png = plain("PNG")
    assert [p.kind for p in png_parts(png)] == ["IHDR", "IDAT", "IEND"]
    webp = plain("WEBP")
    assert [p.kind for p in webp_parts(webp)] == ["VP8L"]


@pytest.mark.parametrize(
    ("walk", "data"),
    [
        (jpeg_parts, b"PNG"),
        (jpeg_parts, b"\xff\xd8"),
        (jpeg_parts, b"\xff\xd8\xff"),
        (jpeg_parts, b"\xff\xd8junk"),
        (jpeg_parts, b"\xff\xd8\xff\xe0\0\x01"),
        (jpeg_parts, b"\xff\xd8\xff\xe0\xff\xff"),
        (jpeg_parts, b"\xff\xd8\xff\xda\0\x02data\xff\0\xff\xd0more"),
        (jpeg_head, b"\xff\xd8"),
        (jpeg_head, b"\xff\xd8" + segment(0xE1, b"") * (MAX_PARTS + 1)),
        (png_parts, b"GIF89a"),
        (png_parts, plain("PNG")[:8]),
        (png_parts, plain("PNG")[:-1]),
        (png_parts, plain("PNG")[:33] + struct.pack(">I", 0) + b"I1AT" + bytes(4)),
        (png_parts, plain("PNG")[:33] + chunk(b"tEXt", b"") * (MAX_PARTS + 1)),
        (webp_parts, b"RIFF\x04\0\0\0WAVE"),
        (webp_parts, b"RIFF\xff\0\0\0WEBP"),
        (webp_parts, b"RIFF\x0c\0\0\0WEBPVP8 \x01\0\0\0"),
        (webp_parts, b"RIFF" + struct.pack("<I", 4 + 8 * (MAX_PARTS + 1)) + b"WEBP"
         + b"EXIF\0\0\0\0" * (MAX_PARTS + 1)),
    ],
)  # fmt: skip
def test_broken_containers(walk, data: bytes) -> None:
    with pytest.raises(ContainerError):
        list(walk(data))

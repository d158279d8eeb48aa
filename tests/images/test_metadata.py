"""What a photo carries is told, damage in it harms nothing, and none of it comes out again."""

import io
import struct
import warnings
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.images.encoded import (
    LOSSLESS,
    MARK,
    TOLERANCE,
    chunk,
    drawn,
    exif_with_thumbnail,
    full_exif,
    plain,
    raw_tiff,
    saved,
    segment,
    srgb_profile,
    with_chunks,
    with_segments,
    xmp_packet,
)
from vov_core.images import OutputFormat, check_clean, encode, exif, read_photo

IPTC = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", 4 + len(MARK) + 1)
IPTC += b"\x1c\x02\x78\0" + bytes([len(MARK)]) + MARK
XMP_SEGMENT = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet())


def loaded(format: str) -> bytes:
    """A picture with every kind of metadata that the format can hold."""
    block = exif_with_thumbnail()
    options = dict(LOSSLESS[format])
    if format == "JPEG":
        jpeg = saved(drawn(), "JPEG", icc_profile=srgb_profile(), comment=MARK, **options)
        return with_segments(jpeg, segment(0xE1, block), XMP_SEGMENT, segment(0xED, IPTC))
    if format == "PNG":
        return with_chunks(
            saved(drawn(), "PNG", icc_profile=srgb_profile()),
            chunk(b"eXIf", block[6:]),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet()),
            chunk(b"tEXt", b"Comment\0" + MARK),
            chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(MARK)),
            chunk(b"tIME", bytes(7)),
        )
    if format == "HEIF":
        image = Image.fromarray(drawn())
        image.info |= {"exif": block, "xmp": xmp_packet(), "icc_profile": srgb_profile()}
        return saved(image, "HEIF", **options)
    if format == "GIF":
        return saved(drawn(), "GIF", comment=MARK)
    return saved(
        drawn(), format, exif=block, xmp=xmp_packet(), icc_profile=srgb_profile(), **options
    )


EVERYTHING = ("exif", "gps", "camera", "time", "thumbnail", "xmp", "icc", "iptc", "comment")
CARRIED = {
    "JPEG": EVERYTHING,
    "PNG": EVERYTHING,
    "WEBP": tuple(k for k in EVERYTHING if k != "iptc"),
    "HEIF": tuple(k for k in EVERYTHING if k != "iptc"),
    # Pillow writes EXIF into AVIF anew and drops its second directory.
    "AVIF": tuple(k for k in EVERYTHING if k not in ("iptc", "thumbnail")),
    "GIF": ("comment",),
}


@pytest.mark.parametrize("format", CARRIED)
def test_metadata_is_told(format: str) -> None:
    photo = read_photo(loaded(format))
    assert photo.metadata == CARRIED[format]
    assert photo.notices == ()
    assert np.abs(photo.pixels.astype(int) - drawn()).max() <= TOLERANCE.get(format, 0)


@pytest.mark.parametrize("written", OutputFormat)
@pytest.mark.parametrize("format", CARRIED)
def test_no_metadata_comes_out(format: str, written: OutputFormat) -> None:
    data = loaded(format)
    assert MARK in data
    photo = read_photo(data)
    output = encode(photo.pixels, written)
    for trace in (MARK, b"Exif", b"adobe", b"ICC", b"iCCP", b"8BIM", b"GPS", b"tEXt", b"EXIF"):
        assert trace not in output
    inside = np.zeros(photo.pixels.shape[:2], bool)
    report = check_clean(output, original=photo.pixels, masked=photo.pixels, inside=inside)
    assert report.metadata_free
    assert read_photo(output).metadata == ()


def test_tiff_metadata_is_told() -> None:
    tags = {256: (3, 16), 257: (3, 12), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1),
            278: (3, 12)}  # fmt: skip
    position = struct.pack("<HHHI4sI", 1, 1, 2, 2, b"N\0\0\0", 0)
    pixels = bytes(192) + position
    assert read_photo(raw_tiff(tags, pixels)).metadata == ()
    with_position = read_photo(raw_tiff(tags | {34853: (4, 8 + 192)}, pixels))
    assert with_position.metadata == ("exif", "gps")
    described = {270: (1, tuple(MARK)), 700: (1, tuple(xmp_packet())), 33723: (1, tuple(IPTC))}
    assert read_photo(raw_tiff(tags | described, pixels)).metadata == ("xmp", "iptc", "comment")
    saved_by_pillow = saved(drawn(), "TIFF", exif=full_exif(), icc_profile=srgb_profile())
    kinds = read_photo(saved_by_pillow).metadata
    assert kinds == ("exif", "camera", "time", "icc", "comment")


@pytest.mark.parametrize(
    ("jfif", "extra"),
    [
        (b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01" + bytes(3), b""),
        (b"JFXX\0\x10" + bytes(20), b""),
        (b"", segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x0c\0\0\0\0\0\0")),
    ],
    ids=["jfif", "jfxx", "photoshop"],
)
def test_other_thumbnails_are_told(jfif: bytes, extra: bytes) -> None:
    head = segment(0xE0, jfif) if jfif else b""
    assert read_photo(with_segments(plain("JPEG"), head, extra)).metadata == ("thumbnail",)


def test_heif_thumbnail_is_told() -> None:
    file = pillow_heif.from_pillow(Image.fromarray(drawn(256, 192)))
    file[0].info["thumbnails"] = [64]
    buffer = io.BytesIO()
    file.save(buffer)
    assert read_photo(buffer.getvalue()).metadata == ("thumbnail",)


def test_position_in_xmp_is_told() -> None:
    packet = b'<x exif:GPSLatitude="37,33.2N"/>'
    body = b"http://ns.adobe.com/xap/1.0/\0" + packet
    photo = read_photo(with_segments(plain("JPEG"), segment(0xE1, body)))
    assert photo.metadata == ("gps", "xmp")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(xmp_packet())), ("xmp",)),
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"GPSLatitude")),
         ("gps", "xmp")),
        (chunk(b"tEXt", b"Raw profile type exif\0ff"), ("exif",)),
        (chunk(b"tEXt", b"Creation Time\0now"), ("time",)),
        (chunk(b"tEXt", b"date:create\0now"), ("time",)),
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0garbage"), ("xmp",)),
    ],
)  # fmt: skip
def test_png_texts(text: bytes, kinds: tuple[str, ...]) -> None:
    assert read_photo(with_chunks(plain("PNG"), text)).metadata == kinds


def test_gif_xmp_is_told() -> None:
    gif = saved(Image.fromarray(drawn()), "GIF")
    assert read_photo(gif[:-1] + b"!\xff\x0bXMP DataXMP\0;").metadata == ("xmp",)


def broken_blocks() -> dict[str, bytes]:
    good = exif_with_thumbnail()
    head = b"Exif\0\0"
    return {
        "text": head + b"this is no TIFF structure",
        "head only": head + b"II*\0",
        "offset outside": head + b"II*\0\xff\xff\xff\x7f",
        "offset on itself": head + b"II*\0\0\0\0\0",
        "cut": good[:60],
        "cut late": good[: len(good) // 2],
        "too many entries": head + b"II*\0\x08\0\0\0\xff\xff" + bytes(40),
        "position outside": head
        + b"II*\0\x08\0\0\0"
        + struct.pack("<HHHIII", 1, 0x8825, 4, 1, 99_999, 0),
        "loop": head + b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8),
        "unknown types": head + b"MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0x10F, 77, 9, 9, 0),
    }


@pytest.mark.parametrize("name", broken_blocks())
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_broken_exif_harms_no_picture(format: str, name: str) -> None:
    block = broken_blocks()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = with_exif(format, block)
    photo = read_photo(data)
    assert "exif" in photo.metadata
    if name not in ("loop", "unknown types", "cut late"):  # Their directories are whole.
        assert photo.notices == ("metadata_unreadable",)
    assert np.abs(photo.pixels.astype(int) - drawn()).max() <= TOLERANCE.get(format, 0)


def with_exif(format: str, block: bytes) -> bytes:
    if format == "JPEG":
        return with_segments(plain("JPEG"), segment(0xE1, block))
    if format == "PNG":
        return with_chunks(plain("PNG"), chunk(b"eXIf", block[6:]))
    if format == "WEBP":
        return saved(drawn(), "WEBP", exif=block, **LOSSLESS["WEBP"])
    if format == "HEIF":
        image = Image.fromarray(drawn())
        image.info["exif"] = block
        return saved(image, "HEIF", **LOSSLESS["HEIF"])
    # Pillow refuses to write broken EXIF, so a good block is overwritten in the file.
    good = b"MM\0*\0\0\0\x08" + struct.pack(">H", 0) + bytes(4_000)
    data = saved(drawn(), "AVIF", exif=b"Exif\0\0" + good, **LOSSLESS["AVIF"])
    assert data.count(good) == 1
    body = block[6:]
    return data.replace(good, body.ljust(len(good), b"\xff"))


@pytest.mark.parametrize("name", [b"tEXt", b"eXIf", b"iTXt", b"zTXt", b"gAMA", b"acTL", b"fcTL"])
def test_damaged_extra_chunk_harms_no_picture(name: bytes) -> None:
    broken = bytearray(chunk(name, b"\0\1"))
    broken[-1] ^= 0xFF
    photo = read_photo(with_chunks(plain("PNG"), bytes(broken)))
    assert (photo.pixels == drawn()).all()


@pytest.mark.parametrize("code", range(0xE1, 0xEE))
@pytest.mark.parametrize(
    "body", [b"", b"Photoshop 3.0\0" + b"8BIM\x04", b"MPF\0II*\0", b"ICC_PROFILE\0", b"Exif\0\0"]
)
def test_damaged_segment_harms_no_picture(code: int, body: bytes) -> None:
    photo = read_photo(with_segments(plain("JPEG"), segment(code, body)))
    assert np.abs(photo.pixels.astype(int) - drawn()).max() <= TOLERANCE["JPEG"]


def test_profile_in_several_segments_is_joined_in_order() -> None:
    profile = srgb_profile()
    first, second = profile[:300], profile[300:]
    blocks = [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number, 2]) + part)
        for number, part in ((2, second), (1, first))
    ]
    photo = read_photo(with_segments(plain("JPEG"), *blocks))
    assert photo.metadata == ("icc",)
    assert photo.notices == ()


def test_filling_between_segments_is_skipped() -> None:
    jpeg = plain("JPEG")
    for filling in (b"\xff\xff\xff", b"\xff\x01\xff\xd0", b"\xff\x01junk"):
        assert read_photo(jpeg[:2] + filling + jpeg[2:]).width == 64


def test_summary_of_big_tiff() -> None:
    summary = exif.summarize(saved(drawn(), "TIFF", big_tiff=True, exif=full_exif(6)))
    assert summary.orientation == 6
    assert not summary.damaged
    assert {0x010F, 0x0110, 0x0132} <= summary.tags


def test_number_of_a_missing_tag() -> None:
    assert exif.number(b"", 1) == -1
    assert exif.number(full_exif().tobytes(), 0x9999) == -1
    assert exif.number(full_exif(5).tobytes(), 0x0112) == 5

"""What people drop on the page by mistake or on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.images.encoded import drawn, full_exif, plain, raw_png, saved, segment, with_segments
from vov_core.errors import (
    BrokenPhotoError,
    EmptyFileError,
    FileTooLargeError,
    NotAPhotoError,
    PhotoError,
    TooManyPixelsError,
    TooSmallError,
)

SAMPLES = Path(__file__).parents[2] / "samples"


def sample(number: str) -> bytes:
    return (SAMPLES / f"hand_{number}.jpg").read_bytes()


def distinct(shade: int) -> bytes:
    """A small picture without a hand; each shade is another file."""
    pixels = drawn(120, 90)
    pixels[..., 0] = shade  # nothing of the colour of skin, which the detector might take for a tip
    return saved(pixels, "PNG")


@dataclass(frozen=True)
class Bad:
    """A file that can't be used, and what is said of it."""

    name: str
    make: Callable[[], bytes]
    error: PhotoError


BAD = [
    Bad("empty.jpg", bytes, EmptyFileError()),
    Bad("words.jpg", lambda: b"Dear diary, this is no picture.\n" * 40, NotAPhotoError()),
    Bad("script.png", lambda: b"<svg onload='alert(1)'/>", NotAPhotoError()),
    Bad("cut.jpg", lambda: sample("00119")[:40_000], BrokenPhotoError(format="JPEG")),
    Bad(
        "cut.png",
        lambda: plain("PNG", 640, 480)[: len(plain("PNG", 640, 480)) // 2],
        BrokenPhotoError(format="PNG"),
    ),
    Bad(
        "bomb.png",
        lambda: raw_png(60_000, 60_000, 8, 2, b""),
        TooManyPixelsError(megapixels=3600.0, limit_megapixels=80.0),
    ),
    Bad(
        "dot.png",
        lambda: saved(drawn(2, 2)[:1, :1], "PNG"),
        TooSmallError(width=1, height=1, limit=8),
    ),
    Bad(
        "huge.jpg",
        lambda: sample("00119").ljust(31 * 1024 * 1024, b"\0"),
        FileTooLargeError(size_mb=31.0, limit_mb=30.0),
    ),
]


@dataclass(frozen=True)
class Odd:
    """A file that can be used, and what the person is told about it."""

    name: str
    make: Callable[[], bytes]
    notices: tuple[str, ...] = ()


def _animated(format: str) -> bytes:
    frames = [Image.fromarray(drawn(160, 120)).rotate(turn) for turn in (0, 90, 180)]
    return saved(frames[0], format, save_all=True, append_images=frames[1:], duration=100)


ODD = [
    Odd("moving.gif", lambda: _animated("GIF"), ("first_frame",)),
    Odd("moving.webp", lambda: _animated("WEBP"), ("first_frame",)),
    Odd(
        "exif.jpg",
        lambda: with_segments(plain("JPEG"), segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7fjunk")),
        ("metadata_unreadable",),
    ),
    Odd(
        "turned.jpg",
        lambda: saved(drawn(), "JPEG", exif=full_exif(orientation=99)),
        ("orientation_ignored",),
    ),
    Odd("band.jpg", lambda: saved(drawn(20_000, 20), "JPEG")),
    Odd("band.png", lambda: saved(drawn(20, 20_000), "PNG")),
]

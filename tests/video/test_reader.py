"""What comes in: facts, frames, and what is told about files that can't be used."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from tests.images.encoded import plain
from tests.video.made import clip, picture, song, turned
from vov_core.errors import (
    BrokenVideoError,
    EmptyFileError,
    FileTooLargeError,
    NoPictureError,
    NotAVideoError,
    TooManyPixelsError,
    TooSmallError,
    VideoTooLongError,
    VovError,
)
from vov_core.video import VideoLimits, frames, probe
from vov_core.video.reader import Sound, parts


def off(pixels: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(pixels.astype(int) - other).mean())


@pytest.mark.parametrize(
    ("format", "codec", "told"),
    [
        ("mp4", "libx264", "mp4"),
        ("mov", "mjpeg", "mov"),
        ("webm", "libvpx", "webm"),
        ("matroska", "libx264", "mkv"),
        ("avi", "mpeg4", "avi"),
    ],
)
def test_every_format_is_read(format: str, codec: str, told: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    data = clip(format=format, codec=codec, pix_fmt=pix_fmt, options={"b": "4000000"})
    facts = probe(data)
    assert (facts.format, facts.width, facts.height, facts.frames) == (told, 160, 120, 12)
    assert facts.seconds == pytest.approx(1.2, abs=0.01) and facts.rate == pytest.approx(10, 0.01)
    assert facts.steady and facts.sound is None and not facts.hdr
    shown = list(frames(data, facts))
    assert [frame.index for frame in shown] == list(range(12))
    assert [round(frame.seconds, 2) for frame in shown] == [round(n / 10, 2) for n in range(12)]
    for frame in shown:
        assert off(frame.pixels, picture(frame.index)) < 12


def test_a_phone_held_upright() -> None:
    data = turned(clip(3))
    facts = probe(data)
    assert (facts.width, facts.height, facts.rotation) == (120, 160, -90)
    first = next(frames(data, facts)).pixels
    assert first.shape == (160, 120, 3)
    # What was left is on top after a quarter turn clockwise.
    assert off(first, np.rot90(picture(0), -1)) < 12


def test_odd_sides_become_even() -> None:
    data = clip(2, size=(161, 121), pix_fmt="yuv444p")
    facts = probe(data)
    assert (facts.width, facts.height) == (160, 120)
    assert next(frames(data, facts)).pixels.shape == (120, 160, 3)


def test_wide_pixels_are_shown_wide() -> None:
    data = clip(2, aspect=Fraction(2, 1))
    assert (probe(data).width, probe(data).height) == (320, 120)
    assert next(frames(data, probe(data))).pixels.shape == (120, 320, 3)


def test_uneven_times_are_kept() -> None:
    times = [0, 0.04, 0.5, 0.52, 1.7]
    data = clip(5, times=times)
    facts = probe(data)
    assert not facts.steady and facts.seconds == pytest.approx(1.7 * 5 / 4, abs=0.01)
    assert [round(f.seconds, 2) for f in frames(data, facts)] == times


@pytest.mark.parametrize(("rate", "count"), [(1, 3), (240, 24)])
def test_slow_and_fast_frames(rate: int, count: int) -> None:
    data = clip(count, rate)
    facts = probe(data)
    assert facts.rate == pytest.approx(rate, 0.01) and facts.frames == count
    times = [frame.ticks for frame in frames(data, facts)]
    assert len(times) == count and all(a < b for a, b in pairwise(times))


def test_sound_comes_in_pieces_with_times() -> None:
    data = clip(10, sound="aac")
    facts = probe(data)
    assert facts.sound == "aac"
    pieces = [part for part in parts(data, facts, sound=True) if isinstance(part, Sound)]
    length = sum(piece.samples.samples for piece in pieces) / 48_000
    assert length == pytest.approx(1.0, abs=0.1)
    assert not [part for part in parts(data, facts, sound=False) if isinstance(part, Sound)]


def test_hdr_becomes_what_a_screen_shows() -> None:
    options = {"x265-params": "log-level=none"}
    data = clip(6, codec="libx265", pix_fmt="yuv420p10le", hdr=True, options=options)
    facts = probe(data)
    assert facts.hdr
    shown = [frame.pixels for frame in frames(data, facts)]
    assert shown[0].dtype == np.uint8 and shown[0].shape == (120, 160, 3)
    # Red stays red, blue stays blue, and the order of brightness stays.
    red, blue, white = shown[0][60, 20], shown[0][60, 140], shown[0][3, 80]
    assert red.argmax() == 0 and blue.argmax() == 2 and white.min() > max(red.min(), blue.min())


def test_kinds_of_metadata_are_told_but_not_their_words() -> None:
    notes = {"title": "secret words", "location": "+37.5+127.0/", "make": "PhoneMaker"}
    told = probe(clip(2, format="mov", metadata=notes, container={"movflags": "use_metadata_tags"}))
    assert {"gps", "camera", "comment"} <= set(told.metadata)
    assert "secret" not in repr(told) and "127" not in repr(told)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


BAD: list[tuple[str, Callable[[], bytes], type[VovError]]] = [
    ("empty", bytes, EmptyFileError),
    ("words", lambda: b"Dear diary, this is no video at all.\n" * 50, NotAVideoError),
    ("picture named mp4", lambda: plain("JPEG"), NotAVideoError),
    ("heic picture named mp4", lambda: plain("HEIF"), NotAVideoError),
    ("playlist", lambda: b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n" * 9, NotAVideoError),
    ("sound only", song, NoPictureError),
    ("no frame", lambda: clip(0), VovError),
    ("cut before its index", lambda: clip(40)[:4000], BrokenVideoError),
    ("cut webm", lambda: half(clip(90, format="webm", codec="libvpx")), BrokenVideoError),
    ("cut avi", lambda: half(clip(90, format="avi", codec="mpeg4")), BrokenVideoError),
    ("zeros", lambda: b"\0\0\0\x18ftypmp42" + bytes(5000), BrokenVideoError),
    ("dot", lambda: clip(2, size=(8, 8), codec="mpeg4"), TooSmallError),
]


@pytest.mark.parametrize(("make", "error"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_cannot_be_used_is_told(make: Callable[[], bytes], error: type[VovError]) -> None:
    with pytest.raises(error):
        probe(make())


def test_8k_is_refused_by_its_header() -> None:
    data = clip(1, size=(7680, 4320), options={"preset": "ultrafast"})
    with pytest.raises(TooManyPixelsError) as caught:
        probe(data)
    assert caught.value.details == {"megapixels": 33.2, "limit_megapixels": 9.0}


def test_limits_of_length_and_size() -> None:
    data = clip(30)
    with pytest.raises(VideoTooLongError) as caught:
        probe(data, VideoLimits(max_seconds=2))
    assert caught.value.details == {"seconds": 3, "limit_seconds": 2}
    with pytest.raises(FileTooLargeError):
        probe(data, VideoLimits(max_bytes=1000))


def test_damage_in_the_middle_never_leaves_python() -> None:
    """Whatever the bytes are: frames, or an error that can be told."""
    whole = clip(30)
    rng = np.random.default_rng(5)
    for _ in range(12):
        data = bytearray(whole)
        for place in rng.integers(40, len(data), 60):
            data[place] = int(rng.integers(256))
        try:
            facts = probe(bytes(data))
            for _ in frames(bytes(data), facts):
                pass
        except VovError:
            continue

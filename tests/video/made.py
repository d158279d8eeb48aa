"""Clips made for the tests: tiny, exact, and broken in every way people's files are."""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import Actor, Pose, Scene, written
from vov_core.video.mp4 import walk

Pixels = NDArray[np.uint8]


def picture(index: int, width: int = 160, height: int = 120) -> Pixels:
    """Red left, blue right, and a white bar that moves down by a pixel per frame."""
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:, : width // 2] = (200, 40, 40)
    canvas[:, width // 2 :] = (40, 40, 200)
    top = index % max(1, height - 8)
    canvas[top : top + 8] = 235
    return canvas


def clip(
    frames: int = 12,
    rate: float = 10,
    *,
    format: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
    times: Sequence[float] | None = None,
    sound: str | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    hdr: bool = False,
    aspect: Fraction | None = None,
) -> bytes:
    """Encodes a drawn clip."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format, options=container or {}) as out:
        out.metadata.update(metadata or {})
        stream: Any = out.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.options = options or {}
        context = stream.codec_context
        if times is not None:
            context.time_base = Fraction(1, 1000)
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if hdr:
            context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        voice: Any = out.add_stream(sound, rate=48_000) if sound else None
        if voice is not None:
            voice.layout = "mono"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, *size), "rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        if frames:
            out.mux(stream.encode(None))
        if voice is not None:
            _speak(out, voice, frames / rate)
        if not frames:
            out.start_encoding()
    return buffer.getvalue()


def _speak(out: Any, voice: Any, seconds: float) -> None:
    total = round(48_000 * max(seconds, 0.2))
    wave = (9000 * np.sin(np.arange(total) / 20)).astype(np.int16)
    for start in range(0, total, 960):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 960], "s16", "mono")
        frame.rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        out.mux(voice.encode(frame))
    out.mux(voice.encode(None))


def song() -> bytes:
    """Sound without a picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        voice: Any = out.add_stream("aac", rate=48_000)
        voice.layout = "mono"
        _speak(out, voice, 1.0)
    return buffer.getvalue()


def turned(data: bytes) -> bytes:
    """The same file with the mark of a phone held upright: shown a quarter turn clockwise."""
    patched = bytearray(data)
    box = next(box for box in walk(patched) if box.kind == b"tkhd")
    one = 0x10000
    struct.pack_into(">9i", patched, box.body + 40, 0, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    return bytes(patched)


def _through(seconds: float) -> Pose | None:
    return Pose(-0.25 + 0.85 * seconds, 0.55, 0.85)


ENTERING = Scene("entering", (Actor("hand_00300", _through),), seconds=1.4)
RESTING = Scene("resting", (Actor("hand_00300", lambda _: Pose(0.5, 0.55, 0.9)),), seconds=0.6)
SMALL = (320, 240)
RATE = 20


@cache
def rendered(scene: Scene) -> bytes:
    """A rendered hand in a small clip."""
    return written(scene, *SMALL, RATE)

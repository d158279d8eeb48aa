"""Videos come in: what a file is, and its frames one after the other, from memory only.

FFmpeg (through PyAV) is told which container to read, after a look at the first bytes, and is
forbidden every protocol: a playlist or a reference inside a file can't make it open anything else.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vov_core.errors import (
    BrokenVideoError,
    EmptyFileError,
    FileTooLargeError,
    NoPictureError,
    NotAVideoError,
    TooManyPixelsError,
    TooSmallError,
    VideoTooLongError,
)
from vov_core.images.containers import sniff_video
from vov_core.video.limits import VideoLimits

Pixels = NDArray[np.uint8]

_MIB: Final = 1024**2
_PQ, _HLG = 16, 18
_UNSPECIFIED: Final = 2
_HD_LINES: Final = 720
# A file that ends earlier than its header says was cut.
_LEAST_SHARE: Final = 0.9
# Times of frames are kept in these parts of a second, which every usual frame rate divides.
TICKS: Final = 90_000
_TURNS: Final = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    -90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    -180: cv2.ROTATE_180,
}
_KINDS: Final = {
    "location": "gps",
    "make": "camera",
    "model": "camera",
    "creation": "time",
    "date": "time",
    "comment": "comment",
    "title": "comment",
    "artist": "comment",
    "description": "comment",
    "encoder": "comment",
}


@dataclass(frozen=True, slots=True)
class Clip:
    """What a video is. Its bytes are not in here.

    Attributes:
        sha256: Of the uploaded bytes, hex.
        format: ``mp4``, ``mov``, ``webm``, ``mkv`` or ``avi``.
        codec: Of the picture.
        width: Of a frame as it is shown and written: upright, square pixels, even.
        height: Likewise.
        frames: How many frames the file holds, as far as can be told without decoding.
        seconds: From the first frame's start to the last one's end.
        rate: Mean frames per second.
        steady: Whether all frames last equally long.
        sound: Codec of the sound; None without any.
        rotation: Degrees counter-clockwise by which frames are turned.
        hdr: Whether brightness and colours are converted to those of a usual screen.
        metadata: Kinds of metadata the file carries.
    """

    sha256: str
    format: str
    codec: str
    width: int
    height: int
    frames: int
    seconds: float
    rate: float
    steady: bool
    sound: str | None
    rotation: int
    hdr: bool
    metadata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video.

    Attributes:
        index: From 0, in the order in which they are shown.
        ticks: Its time in ``1 / TICKS`` seconds after the first frame.
        pixels: RGB, uint8, (H, W, 3), upright.
    """

    index: int
    ticks: int
    pixels: Pixels

    @property
    def seconds(self) -> float:
        """Its time after the first frame."""
        return self.ticks / TICKS


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of the sound.

    Attributes:
        ticks: Its time after the first frame, as of ``Frame``.
        samples: What FFmpeg decoded.
    """

    ticks: int
    samples: AudioFrame


def probe(data: bytes, limits: VideoLimits | None = None) -> Clip:
    """Looks at a video without decoding it.

    Args:
        data: The file.
        limits: What it may be.

    Raises:
        VideoError: It can't be used; see the subclasses.
        PhotoError: It is empty, too large, too small or has too many pixels.
    """
    limits = limits or VideoLimits()
    if not data:
        raise EmptyFileError()
    if len(data) > limits.max_bytes:
        raise FileTooLargeError(
            size_mb=round(len(data) / _MIB, 1), limit_mb=round(limits.max_bytes / _MIB, 1)
        )
    with _opened(data) as container:
        stream = _picture(container)
        width, height, turn = _shown_size(container, stream)
        _check_size(width, height, limits)
        ticks = _times(container, stream)
        if not ticks:
            raise NoPictureError()
        _check_whole(container, stream, ticks)
        seconds, rate = _length(ticks)
        if seconds > limits.max_seconds:
            raise VideoTooLongError(seconds=round(seconds), limit_seconds=round(limits.max_seconds))
        gaps = np.diff(ticks)
        return Clip(
            sha256=sha256(data).hexdigest(),
            format=_format(container, data),
            codec=stream.codec_context.name,
            width=width,
            height=height,
            frames=len(ticks),
            seconds=seconds,
            rate=rate,
            # Containers round times, by up to a millisecond.
            steady=not len(gaps) or int(np.ptp(gaps)) <= TICKS // 400,
            sound=_sound_codec(container),
            rotation=turn,
            hdr=int(stream.codec_context.color_trc) in (_PQ, _HLG),
            metadata=_metadata(container),
        )


def frames(data: bytes, clip: Clip) -> Iterator[Frame]:
    """All frames, one at a time.

    Raises:
        BrokenVideoError: The file can't be decoded to its end.
    """
    for part in parts(data, clip, sound=False):
        assert isinstance(part, Frame)
        yield part


def parts(data: bytes, clip: Clip, *, sound: bool) -> Iterator[Frame | Sound]:
    """All frames and, if wanted, the sound, in the order in which the file holds them.

    Args:
        data: The file.
        clip: What ``probe`` told of it.
        sound: Whether the sound is decoded, too.

    Raises:
        BrokenVideoError: The file can't be decoded to its end.
    """
    with _opened(data) as container:
        stream = _picture(container)
        stream.thread_type = "AUTO"
        wanted: list[Any] = [stream, *(container.streams.audio[:1] if sound else ())]
        painter, clock = _Painter(clip, stream), _Clock(stream)
        count = 0
        for packet in container.demux(wanted):
            if packet.stream is not stream:
                yield from _sounds(packet, clock)
                continue
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    yield Frame(count, clock.ticks(frame), painter.paint(frame))
                    count += 1
        if count < _LEAST_SHARE * clip.frames:
            raise BrokenVideoError(format=clip.format)


class _Clock:
    """Times of frames after the first one; they always grow."""

    def __init__(self, stream: VideoStream) -> None:
        self._base = Fraction(stream.time_base or Fraction(1, TICKS))
        self._step = max(1, round(TICKS / float(stream.average_rate or 25)))
        self.start: Fraction | None = None
        self._last = -self._step

    def ticks(self, frame: VideoFrame) -> int:
        """The time of the next frame."""
        if frame.pts is None:
            now = self._last + self._step
        else:
            at = frame.pts * self._base
            if self.start is None:
                self.start = at
            now = round((at - self.start) * TICKS)
        self._last = max(now, self._last + 1)
        return self._last


class _Painter:
    """Turns decoded frames into upright RGB pictures of the clip's size."""

    def __init__(self, clip: Clip, stream: VideoStream) -> None:
        turned = clip.rotation in (90, -90)
        self._size = (clip.height, clip.width) if turned else (clip.width, clip.height)
        self._turn = _TURNS.get(clip.rotation)
        self._reformatter = VideoReformatter()
        self._graph = _tone_mapper(stream, self._size) if clip.hdr else None

    def paint(self, frame: VideoFrame) -> Pixels:
        """RGB pixels of a frame."""
        width, height = self._size
        if self._graph is not None:
            self._graph.push(frame)
            shown = self._graph.pull()
            assert isinstance(shown, VideoFrame)
        else:
            # FFmpeg takes what has no mark for standard definition; HD is bt709 by all habit.
            hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD_LINES
            shown = self._reformatter.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=Colorspace.ITU709 if hd else None,
            )
        pixels = np.asarray(shown.to_ndarray(), np.uint8)
        if self._turn is not None:
            pixels = np.asarray(cv2.rotate(pixels, self._turn), np.uint8)
        return pixels


def _tone_mapper(stream: VideoStream, size: tuple[int, int]) -> Graph:
    """FFmpeg's own conversion from HDR to what a usual screen shows; it keeps highlights."""
    graph = Graph()
    source = graph.add_buffer(template=stream)
    scale = graph.add(
        "scale",
        f"w={size[0]}:h={size[1]}:intent=perceptual:out_range=tv"
        ":out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709",
    )
    rgb = graph.add("format", "pix_fmts=rgb24")
    sink = graph.add("buffersink")
    source.link_to(scale)
    scale.link_to(rgb)
    rgb.link_to(sink)
    graph.configure()
    return graph


@contextmanager
def _opened(data: bytes) -> Iterator[InputContainer]:
    """The file, open for reading; whatever FFmpeg has to say against it is a broken video."""
    kind = sniff_video(data)
    if kind is None:
        raise NotAVideoError()
    try:
        with av.open(
            io.BytesIO(data), "r", format=kind, container_options={"protocol_whitelist": ""}
        ) as container:
            yield container
    except (av.FFmpegError, IndexError, UnicodeError) as error:
        # FFmpeg's messages may quote what is in the file.
        raise BrokenVideoError(format=kind) from error


def _picture(container: InputContainer) -> VideoStream:
    """The moving picture; a cover picture of a song is none."""
    for stream in container.streams.video:
        cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
        if not cover and stream.codec_context is not None:
            return stream
    raise NoPictureError()


def _shown_size(container: InputContainer, stream: VideoStream) -> tuple[int, int, int]:
    """Width, height and turn of the frames as they are shown."""
    context = stream.codec_context
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    width, height = context.width * aspect, float(context.height)
    turn = _turn_of(container, stream)
    if turn in (90, -90):
        width, height = height, width
    # H.264 of the usual kind has half the resolution in colour, so sides are even.
    return max(2, round(width) // 2 * 2), max(2, round(height) // 2 * 2), turn


def _turn_of(container: InputContainer, stream: VideoStream) -> int:
    """By which quarter turns frames are to be shown, degrees counter-clockwise.

    Only a decoded frame tells it, so the first one is looked at.
    """
    turn = 0
    with suppress(av.FFmpegError, StopIteration):
        first = next(container.decode(stream))
        turn = round(first.rotation / 90) * 90
    container.seek(0)
    return turn if turn in _TURNS else 0


def _check_size(width: int, height: int, limits: VideoLimits) -> None:
    if min(width, height) < limits.min_side:
        raise TooSmallError(width=width, height=height, limit=limits.min_side)
    if width * height > limits.max_pixels:
        raise TooManyPixelsError(
            megapixels=round(width * height / 1e6, 1),
            limit_megapixels=round(limits.max_pixels / 1e6, 1),
        )


def _times(container: InputContainer, stream: VideoStream) -> list[int]:
    """Ticks of all frames from the file's packets, sorted, starting anywhere."""
    base = Fraction(stream.time_base or Fraction(1, TICKS))
    step = 1 / Fraction(stream.average_rate or 25) / base
    times: list[Fraction] = []
    for packet in container.demux(stream):
        if packet.size:
            at = packet.pts if packet.pts is not None else packet.dts
            times.append(Fraction(at) if at is not None else len(times) * step)
    return sorted(round(at * base * TICKS) for at in times)


def _length(ticks: list[int]) -> tuple[float, float]:
    """Seconds and mean rate."""
    if len(ticks) < 2 or ticks[-1] == ticks[0]:
        return 1 / 25, 25.0
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    return (ticks[-1] - ticks[0] + step) / TICKS, TICKS / step


def _check_whole(container: InputContainer, stream: VideoStream, ticks: list[int]) -> None:
    """Refuses a file that ends before its own table of contents does."""
    if stream.frames and len(ticks) < _LEAST_SHARE * stream.frames:
        raise BrokenVideoError(format="cut")
    if container.duration and len(ticks) > 1:
        told = container.duration / av.time_base
        has_sound = bool(container.streams.audio)
        # The container's own length may be that of a longer sound.
        if not has_sound and _length(ticks)[0] < _LEAST_SHARE * told - 1:
            raise BrokenVideoError(format="cut")


def _sound_codec(container: InputContainer) -> str | None:
    audio = container.streams.audio
    return audio[0].codec_context.name if audio and audio[0].codec_context is not None else None


def _format(container: InputContainer, data: bytes) -> str:
    name = container.format.name
    if name.startswith("mov"):
        return "mov" if data[4:8] != b"ftyp" or data[8:12] == b"qt  " else "mp4"
    if name.startswith("matroska"):
        return "webm" if b"webm" in data[:64] else "mkv"
    return "avi"


def _metadata(container: InputContainer) -> tuple[str, ...]:
    """Kinds of what the file tells beside the picture. The words themselves are not kept."""
    keys = [key.lower() for key in container.metadata]
    for stream in container.streams:
        keys += [key.lower() for key in stream.metadata]
    found = {kind for key in keys for part, kind in _KINDS.items() if part in key}
    return tuple(kind for kind in dict.fromkeys(_KINDS.values()) if kind in found)


def _sounds(packet: Any, clock: _Clock) -> Iterator[Sound]:
    """The sound of a packet. Sound before the first frame, or damaged, is left out."""
    try:
        decoded = packet.decode()
    except av.FFmpegError:
        return
    for samples in decoded:
        if samples.pts is None or samples.time_base is None:
            continue
        at = (samples.pts * samples.time_base - (clock.start or 0)) * TICKS
        if at >= 0:
            yield Sound(round(at), samples)

"""Videos go out: fresh frames as H.264 in an mp4 without any metadata, in memory only."""

import io
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.bitstream import BitStreamFilterContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from vov_core.errors import SessionFullError
from vov_core.video.mp4 import index_first
from vov_core.video.reader import TICKS

Pixels = NDArray[np.uint8]

_MIB: Final = 1024**2
_SOUND_RATE: Final = 48_000
_SOUND_FRAME: Final = 1024
_BT709: Final = 1
DEFAULT_CRF: Final = 19


class Mp4Writer:
    """Writes one mp4 into memory: H.264 (yuv420p, bt709) and, if wanted, AAC.

    Args:
        width: Of all frames; even.
        height: Likewise.
        rate: Mean frames per second, for the encoder's planning only; frames keep their times.
        sound: Whether a track of sound is written.
        crf: The encoder's quality: smaller is better, 17 to 20 look like the input.
        preset: The encoder's effort, as x264 names it.
        most_bytes: What the file may grow to.
    """

    def __init__(
        self,
        width: int,
        height: int,
        rate: float,
        *,
        sound: bool = False,
        crf: int = DEFAULT_CRF,
        preset: str = "veryfast",
        most_bytes: int = 2**31,
    ) -> None:
        self._buffer = io.BytesIO()
        self._most = most_bytes
        # "bitexact" keeps the library's name and version out of the file.
        self._container = av.open(self._buffer, "w", format="mp4", options={"fflags": "+bitexact"})
        self._picture: Any = self._container.add_stream(
            "libx264",
            rate=Fraction(max(1.0, rate)).limit_denominator(1001),
            options={"preset": preset, "crf": str(crf), "flags": "+bitexact"},
        )
        self._picture.width, self._picture.height = width, height
        self._picture.pix_fmt = "yuv420p"
        context = self._picture.codec_context
        context.time_base = Fraction(1, TICKS)
        context.color_range = ColorRange.MPEG
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        # The encoder writes its own settings as a message into the first frame: out with it.
        self._messages_out = BitStreamFilterContext("filter_units=remove_types=6", self._picture)
        self._reformatter = VideoReformatter()
        self._sound: Any = None
        if sound:
            self._sound = self._container.add_stream(
                "aac", rate=_SOUND_RATE, options={"flags": "+bitexact"}
            )
            self._sound.layout = "stereo"
            self._sound.bit_rate = 160_000
            self._resampler = AudioResampler("fltp", "stereo", _SOUND_RATE, _SOUND_FRAME)
            self._samples: int | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._buffer.tell()

    def picture(self, pixels: Pixels, ticks: int) -> None:
        """Adds a frame.

        Args:
            pixels: RGB, uint8, (H, W, 3).
            ticks: Its time; must grow from frame to frame.

        Raises:
            SessionFullError: The file got larger than it may.
        """
        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = ticks, Fraction(1, TICKS)
        self._mux(self._picture.encode(frame))

    def sound(self, samples: AudioFrame, ticks: int) -> None:
        """Adds a piece of the sound; nothing if the file has no track for it."""
        if self._sound is None:
            return
        if self._samples is None:
            self._samples = round(ticks * _SOUND_RATE / TICKS)
        samples.pts = None
        self._add(self._resampler.resample(samples))

    def _add(self, pieces: list[AudioFrame]) -> None:
        for piece in pieces:
            assert self._samples is not None
            piece.pts, piece.time_base = self._samples, Fraction(1, _SOUND_RATE)
            self._samples += piece.samples
            self._container.mux(self._sound.encode(piece))

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            for clean in self._messages_out.filter(packet):
                self._container.mux(clean)
        if self.size > self._most:
            raise SessionFullError(limit_mb=self._most // _MIB)

    def finish(self) -> bytes:
        """Ends the file and gives it back, its table of contents first."""
        self._mux(self._picture.encode(None))
        for clean in self._messages_out.filter(None):
            self._container.mux(clean)
        if self._sound is not None and self._samples is not None:
            self._add(self._resampler.resample(None))
            self._container.mux(self._sound.encode(None))
        self._container.close()
        return index_first(self._buffer.getvalue())

    def abandon(self) -> None:
        """Lets go of everything; what was written is dropped."""
        self._container.close()
        self._buffer = io.BytesIO()

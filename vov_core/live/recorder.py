"""Records covered frames as an mp4 in memory."""

from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray

_CLOCK = 90_000
_QUALITY = "23"


class Recorder:
    """One recording without sound; it ends by itself after ``limit`` seconds.

    Args:
        limit: Longest recording, seconds.
    """

    def __init__(self, limit: float = 60.0) -> None:
        self._limit = limit
        self._buffer = BytesIO()
        # "bitexact": no date, no name of a program.
        self._container = av.open(self._buffer, "w", format="mp4", options={"fflags": "+bitexact"})
        self._stream: av.VideoStream | None = None
        self._begin = 0.0
        self._last = -1
        self.seconds = 0.0
        self.size = (0, 0)

    @property
    def full(self) -> bool:
        """Whether it has reached its limit."""
        return self.seconds >= self._limit

    def add(self, pixels: NDArray[np.uint8], seconds: float) -> None:
        """Takes a covered frame; one of another size than the first, or past the limit, is left.

        Args:
            pixels: RGB, uint8, (H, W, 3).
            seconds: Its time.
        """
        height, width = (side // 2 * 2 for side in pixels.shape[:2])
        if self._stream is None:
            self._begin, self.size = seconds, (width, height)
            self._stream = self._container.add_stream("libx264", rate=30)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = {"preset": "ultrafast", "crf": _QUALITY, "tune": "zerolatency"}

            self._stream.codec_context.time_base = Fraction(1, _CLOCK)
        place = round((seconds - self._begin) * _CLOCK)
        if self.full or (width, height) != self.size or place <= self._last:
            return
        self._last, self.seconds = place, seconds - self._begin
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(pixels[:height, :width]), format="rgb24"
        )
        frame.pts, frame.time_base = place, Fraction(1, _CLOCK)
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def finish(self) -> bytes:
        """Ends the recording.

        Returns:
            An mp4 file, or nothing if no frame came.
        """
        if self._stream is None:
            return b""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._buffer.getvalue()

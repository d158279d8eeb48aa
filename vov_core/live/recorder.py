"""Records covered frames as an mp4 in memory."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from vov_core.findings import Verdict
from vov_core.live.masker import LiveFrame
from vov_core.pipeline import Look
from vov_core.video.mp4 import check_boxes
from vov_core.video.reader import TICKS
from vov_core.video.writer import Mp4Writer

_RATE: Final = 20.0
_CRF: Final = 22
# The picture is live: the encoder must not take the time that finding needs.
_PRESET: Final = "ultrafast"
MOST_BYTES: Final = 64 * 1024**2


@dataclass(frozen=True, eq=False)
class Recording:
    """A finished recording of covered frames, without sound and without metadata.

    Attributes:
        data: The mp4.
        width: Pixels across.
        height: Pixels down.
        frames: Frames in it.
        seconds: Its length.
        covered: Most finger tips that were covered in one frame.
        hands: Most hands that were seen in one frame.
        look: How the tips were covered in the last frame.
        ms: Milliseconds that finding and covering took.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    frames: int
    seconds: float
    covered: int
    hands: int
    look: Look
    ms: float

    @property
    def verdict(self) -> Verdict:
        """What the picture would have given away."""
        return Verdict.DANGER if self.covered else Verdict.NOTHING_FOUND

    @property
    def sha256(self) -> str:
        """Of the file, hex."""
        return sha256(self.data).hexdigest()


class Recorder:
    """One recording; it takes no more after ``limit`` seconds or ``most_bytes``.

    Args:
        limit: Longest recording, seconds.
        most_bytes: Largest recording.
    """

    def __init__(self, limit: float = 60.0, most_bytes: int = MOST_BYTES) -> None:
        self._limit, self._most_bytes = limit, most_bytes
        self._writer: Mp4Writer | None = None
        self._first: LiveFrame | None = None
        self._last: LiveFrame | None = None
        self._frames = self._covered = self._hands = 0
        self._ms = 0.0

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return self._last.seconds - self._first.seconds if self._last and self._first else 0.0

    @property
    def full(self) -> bool:
        """Whether it has reached its limit."""
        large = self._writer is not None and self._writer.size >= self._most_bytes
        return large or self.seconds >= self._limit

    def add(self, frame: LiveFrame) -> None:
        """Takes a covered frame; one of another size than the first, or past the limit, is left."""
        height, width = (side // 2 * 2 for side in frame.pixels.shape[:2])
        if self._first is None or self._writer is None:
            self._first = frame
            self._writer = Mp4Writer(width, height, _RATE, crf=_CRF, preset=_PRESET)
        if self.full or frame.pixels.shape != self._first.pixels.shape:
            return
        if self._last and self._ticks(frame) <= self._ticks(self._last):
            return
        self._last = frame
        self._frames += 1
        self._covered = max(self._covered, frame.covered)
        self._hands = max(self._hands, frame.hands)
        self._ms += frame.find_ms + frame.mask_ms
        self._writer.picture(frame.pixels[:height, :width], self._ticks(frame))

    def _ticks(self, frame: LiveFrame) -> int:
        assert self._first is not None
        return round((frame.seconds - self._first.seconds) * TICKS)

    def finish(self) -> Recording | None:
        """Ends the recording; None if no frame came.

        Raises:
            NotCleanError: The written file holds more than its picture.
        """
        if self._writer is None or self._last is None:
            return None
        data = self._writer.finish()
        check_boxes(data)
        height, width = (side // 2 * 2 for side in self._last.pixels.shape[:2])
        return Recording(
            data=data,
            width=width,
            height=height,
            frames=self._frames,
            seconds=self.seconds,
            covered=self._covered,
            hands=self._hands,
            look=self._last.look,
            ms=self._ms,
        )

    def abandon(self) -> None:
        """Drops what was recorded."""
        if self._writer is not None:
            self._writer.abandon()
        self._writer = self._first = self._last = None

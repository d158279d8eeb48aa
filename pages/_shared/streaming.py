"""The live picture's way through this process: camera frames in, covered frames out.

streamlit-webrtc's own processing sends the camera's frame back as long as no processed one is
there, and queues what it can't keep up with. So it is used as transport only: camera frames end in
a *sink*, covered frames come from a *source*, and between the two is one place for the newest frame
and one thread. A raw frame has no way to the source.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from vov_core.live import LiveFrame, LiveMasker, Recorder, Recording
from vov_core.pipeline import Look

log = logging.getLogger("vov.pages")

Pixels = NDArray[np.uint8]

CLOCK = 90_000
_WINDOW = 2.0
_SLOWEST = 1 / 30


@dataclass(frozen=True)
class Pace:
    """How the live picture does.

    Attributes:
        fps: Covered frames per second, over the last two seconds.
        latency_ms: From a camera frame's arrival to the covered frame's departure.
        covered: Finger tips covered in the last frame.
        dropped: Share 0..1 of the camera's frames that were left out to stay in time.
    """

    fps: float
    latency_ms: float
    covered: int
    dropped: float


class CoveredTrack(MediaStreamTrack):
    """What the browser gets: covered frames, as they are finished."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: asyncio.Queue[av.VideoFrame] = asyncio.Queue(1)

    def give(self, frame: LiveFrame) -> None:
        """Hands over a covered frame; one that nobody has fetched yet is replaced."""
        video = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        video.pts, video.time_base = round(frame.seconds * CLOCK), Fraction(1, CLOCK)
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, video)

    def _put(self, video: av.VideoFrame) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(video)

    async def recv(self) -> av.VideoFrame:
        """The next covered frame; waits for it as long as it takes."""
        self._loop = asyncio.get_running_loop()
        while self.readyState == "live":
            try:
                return await asyncio.wait_for(self._queue.get(), 1.0)
            except TimeoutError:
                continue
        raise MediaStreamError


class LiveStream:
    """One live picture of one session: a sink for the camera, a track for the browser.

    Args:
        open_masker: Makes the masker with a look; called in the stream's own thread.
        look: How finger tips are covered.
        record_seconds: Longest recording.
    """

    def __init__(
        self, open_masker: Callable[[Look], LiveMasker], look: Look, record_seconds: float = 60.0
    ) -> None:
        self.track = CoveredTrack()
        self.failed = False
        self._open_masker = open_masker
        self._look = look
        self._record_seconds = record_seconds
        self._newest: tuple[av.VideoFrame, float] | None = None
        self._arrived = threading.Condition()
        self._ended = False
        self._last: LiveFrame | None = None
        self._begin = time.monotonic()
        self._given: deque[tuple[float, float]] = deque()
        self._frames_in: deque[float] = deque()
        self._recorder: Recorder | None = None
        self._recording = threading.Lock()
        self._camera: Any = None
        self._reading: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._started: float | None = None

    # --- What streamlit-webrtc asks of a sink -----------------------------------------------------

    def addTrack(self, track: Any) -> None:  # noqa: N802
        """Takes the camera's track."""
        self._camera = track

    def hasTrack(self) -> bool:  # noqa: N802
        """Whether the camera's track is there."""
        return self._camera is not None

    def start(self) -> None:
        """Starts reading; called in the server's event loop."""
        self._started = time.monotonic()
        self._reading = asyncio.get_running_loop().create_task(self._read())
        self._thread = threading.Thread(target=self._work, name="vov-live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the stream and forgets its frames."""
        if self._reading:
            self._reading.cancel()
        with self._arrived:
            self._ended, self._newest = True, None
            self._arrived.notify_all()
        self.track.stop()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._camera.recv()
                with self._arrived:
                    if self._ended:
                        continue
                    self._newest = frame, time.monotonic() - self._begin
                    self._frames_in.append(self._newest[1])
                    self._arrived.notify()
        except MediaStreamError:
            self.stop()

    # --- What happens between the two ------------------------------------------------------------

    def _work(self) -> None:
        try:
            masker = self._open_masker(self._look)
            try:
                while (taken := self._take()) is not None:
                    masker.look = self._look
                    frame, seconds = taken
                    done = masker.add(frame.to_ndarray(format="rgb24"), seconds)
                    if done:
                        self._give(done)
                    spent = time.monotonic() - self._begin - seconds
                    if spent < _SLOWEST:
                        time.sleep(_SLOWEST - spent)
            finally:
                masker.close()
        except Exception as error:
            # What a library says may quote content; its kind is enough. No frame is shown any more.
            log.error("the live picture ended: %s", type(error).__name__)
            self.failed = True
        self._last = None
        self.stop_quietly()

    def clear(self) -> None:
        """Ends the stream and forgets its frames and its recording; from any thread.

        The camera's frames are still fetched, and dropped, until its line is closed: they would
        pile up otherwise.
        """
        with self._recording:
            recorder, self._recorder = self._recorder, None
        if recorder:
            recorder.abandon()
        self.stop_quietly()
        self._last = None

    def stop_quietly(self) -> None:
        """Ends the track from a thread that is not the server's event loop."""
        with self._arrived:
            self._ended, self._newest = True, None
            self._arrived.notify_all()
        loop = self.track._loop
        if loop and not loop.is_closed():
            loop.call_soon_threadsafe(self.track.stop)

    def _take(self) -> tuple[av.VideoFrame, float] | None:
        """The newest camera frame; older ones are dropped. None when the stream has ended."""
        with self._arrived:
            while self._newest is None and not self._ended:
                self._arrived.wait(1.0)
            taken, self._newest = self._newest, None
            return None if self._ended else taken

    def _give(self, done: LiveFrame) -> None:
        if self._ended:
            return
        now = time.monotonic() - self._begin
        self._last = done
        self.track.give(done)
        with self._arrived:
            self._given.append((now, now - done.seconds))
            for times in (self._given, self._frames_in):
                while times and _time(times[0]) < now - _WINDOW:
                    times.popleft()
        with self._recording:
            if self._recorder and not self._recorder.full:
                self._recorder.add(done)

    # --- What the page asks ----------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether it can't be used any more."""
        return self._ended

    @property
    def look(self) -> Look:
        """How finger tips are covered; counts from the next frame on."""
        return self._look

    @look.setter
    def look(self, look: Look) -> None:
        self._look = look

    @property
    def waited(self) -> float:
        """Seconds since it was asked to start; 0 before that."""
        return 0.0 if self._started is None else time.monotonic() - self._started

    def pace(self) -> Pace | None:
        """How it does now; None before the first covered frame."""
        with self._arrived:
            given, arrived, last = list(self._given), len(self._frames_in), self._last
        if not given or last is None:
            return None
        span = max(given[-1][0] - given[0][0], 1e-3)
        delays = sorted(delay for _, delay in given)
        return Pace(
            fps=(len(given) - 1) / span if len(given) > 1 else 0.0,
            latency_ms=1000 * delays[len(delays) // 2],
            covered=last.covered,
            dropped=max(0.0, 1 - len(given) / arrived) if arrived else 0.0,
        )

    def snapshot(self) -> Pixels | None:
        """The last covered frame."""
        last = self._last
        return None if last is None else last.pixels

    def record(self) -> None:
        """Begins a recording of the covered frames."""
        with self._recording:
            self._recorder = self._recorder or Recorder(self._record_seconds)

    def recorded_seconds(self) -> float | None:
        """How long the recording is so far; None where there is none."""
        recorder = self._recorder
        return None if recorder is None else recorder.seconds

    def finish_recording(self) -> Recording | None:
        """Ends the recording; None if there is none or no frame came.

        Raises:
            NotCleanError: The written file holds more than its picture.
        """
        with self._recording:
            recorder, self._recorder = self._recorder, None
        return recorder.finish() if recorder else None


def _time(entry: float | tuple[float, float]) -> float:
    return entry if isinstance(entry, float) else entry[0]

"""Between the camera and the browser: only covered frames, the newest ones, and none on a fault."""

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from pages._shared.streaming import LiveStream
from vov_core.live import LiveFrame
from vov_core.pipeline import Look

SIZE = (64, 48)
RAW, COVERED = 200, 40
PATIENCE = 20.0


class Camera(MediaStreamTrack):
    """Sends grey frames, brighter than any covered one."""

    kind = "video"

    def __init__(self, pause: float = 0.005) -> None:
        super().__init__()
        self.sent = 0
        self.pause = pause

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(self.pause)
        if self.readyState != "live":
            raise MediaStreamError
        frame = av.VideoFrame.from_ndarray(np.full((*SIZE[::-1], 3), RAW, np.uint8), format="rgb24")
        frame.pts, frame.time_base = self.sent, Fraction(1, 90_000)
        self.sent += 1
        return frame


class Masker:
    """Covers by making dark; the first frames are held back."""

    def __init__(self, look: Look, late: int = 2, pause: float = 0.0, fault: int = -1) -> None:
        self.look = look
        self.taken = 0
        self.closed = threading.Event()
        self.late, self.pause, self.fault = late, pause, fault

    def add(self, pixels: np.ndarray, seconds: float) -> LiveFrame | None:
        assert abs(int(pixels.mean()) - RAW) < 3
        self.taken += 1
        time.sleep(self.pause)
        if self.taken == self.fault:
            raise RuntimeError("with a secret in it")
        if self.taken <= self.late:
            return None
        look = self.look
        tone = round(COVERED * look.coverage)
        return LiveFrame(np.full((*SIZE[::-1], 3), tone, np.uint8), seconds, 5, 1, look, 1.0, 1.0)

    def close(self) -> None:
        self.closed.set()


def run(way: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(way(), 3 * PATIENCE)

    asyncio.run(bounded())


def opened(**options: float) -> tuple[LiveStream, list[Masker]]:
    made: list[Masker] = []

    def make(look: Look) -> Masker:
        made.append(Masker(look, **options))  # type: ignore[arg-type]
        return made[-1]

    return LiveStream(make, Look(coverage=1.0)), made  # type: ignore[arg-type,return-value]


def tone(frame: av.VideoFrame) -> int:
    return int(np.median(frame.to_ndarray(format="rgb24")))


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_only_covered_frames_come_out_and_in_order() -> None:
    async def way() -> None:
        stream, made = opened()
        assert not stream.hasTrack() and stream.pace() is None and stream.snapshot() is None
        stream.addTrack(Camera())
        assert stream.hasTrack()
        stream.start()
        frames = [await stream.track.recv() for _ in range(12)]
        assert {tone(frame) for frame in frames} == {COVERED}
        stamps = [frame.pts for frame in frames]
        assert stamps == sorted(set(stamps))
        pace = stream.pace()
        assert pace and pace.fps > 0 and pace.latency_ms >= 0 and pace.covered == 5
        snapshot = stream.snapshot()
        assert snapshot is not None and int(snapshot.max()) == COVERED
        stream.stop()
        await until(made[0].closed.is_set)
        assert stream.ended and stream.snapshot() is None
        with pytest.raises(MediaStreamError):
            await stream.track.recv()

    run(way)


def test_a_slow_masker_gets_the_newest_frames_and_the_rest_is_dropped() -> None:
    async def way() -> None:
        stream, made = opened(pause=0.05, late=0)
        camera = Camera()
        stream.addTrack(camera)
        stream.start()
        for _ in range(8):
            await stream.track.recv()
        assert camera.sent > 2 * made[0].taken
        pace = stream.pace()
        assert pace and pace.dropped > 0.3
        stream.stop()
        await until(made[0].closed.is_set)

    run(way)


def test_settings_change_without_a_restart() -> None:
    async def way() -> None:
        stream, made = opened()
        stream.addTrack(Camera())
        stream.start()
        assert tone(await stream.track.recv()) == COVERED
        stream.look = Look(coverage=2.0)
        for _ in range(200):
            if tone(await stream.track.recv()) == 2 * COVERED:
                break
        else:
            pytest.fail("the new setting never counted")
        assert len(made) == 1
        stream.stop()
        await until(made[0].closed.is_set)

    run(way)


def test_after_a_fault_nothing_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    async def way() -> None:
        stream, made = opened(fault=6)
        stream.addTrack(Camera())
        stream.start()
        tones = set()
        with pytest.raises(MediaStreamError):
            while True:
                tones.add(tone(await stream.track.recv()))
        assert tones <= {COVERED} and stream.failed and stream.ended
        assert made[0].closed.is_set() and stream.snapshot() is None
        stream.stop()

    run(way)
    assert "RuntimeError" in caplog.text and "secret" not in caplog.text


def test_the_camera_going_away_ends_it() -> None:
    async def way() -> None:
        stream, made = opened()
        camera = Camera()
        stream.addTrack(camera)
        stream.start()
        await stream.track.recv()
        camera.stop()
        await until(lambda: stream.ended and made[0].closed.is_set())
        assert not stream.failed

    run(way)


def test_a_recording_has_covered_frames_only() -> None:
    async def way() -> None:
        stream, _ = opened()
        assert stream.recorded_seconds() is None and stream.finish_recording() is None
        stream.addTrack(Camera())
        stream.start()
        await stream.track.recv()
        stream.record()
        for _ in range(10):
            await stream.track.recv()
        await until(lambda: (stream.recorded_seconds() or 0) > 0.1)
        made = stream.finish_recording()
        assert made is not None and stream.recorded_seconds() is None
        with av.open(io.BytesIO(made.data)) as container:
            tones = [tone(frame) for frame in container.decode(video=0)]
        assert len(tones) == made.frames > 2 and max(tones) < COVERED + 5
        stream.stop()

    run(way)


def test_a_recording_outlives_the_picture_until_it_is_fetched() -> None:
    async def way() -> None:
        stream, made = opened()
        stream.addTrack(Camera())
        stream.start()
        await stream.track.recv()
        stream.record()
        await until(lambda: (stream.recorded_seconds() or 0) > 0.1)
        stream.stop()
        await until(made[0].closed.is_set)
        assert stream.finish_recording() is not None

    run(way)


def test_a_cleared_picture_ends_and_holds_nothing() -> None:
    async def way() -> None:
        stream, made = opened()
        camera = Camera()
        stream.addTrack(camera)
        stream.start()
        await stream.track.recv()
        stream.record()
        await until(lambda: (stream.recorded_seconds() or 0) > 0.1)
        await asyncio.to_thread(stream.clear)
        await until(made[0].closed.is_set)
        await until(lambda: stream.track.readyState == "ended")
        assert stream.snapshot() is None and stream.finish_recording() is None
        # Frames that still come are fetched, so that they do not pile up, and dropped.
        fetched = camera.sent
        await until(lambda: camera.sent > fetched)
        assert stream._newest is None
        stream.stop()

    run(way)

"""A recording holds the covered frames and nothing else."""

import io
from hashlib import sha256

import av
import numpy as np
import pytest

from vov_core.findings import Verdict
from vov_core.live import LiveFrame, Recorder, Recording
from vov_core.pipeline import Look
from vov_core.video.mp4 import check_boxes


def frame(
    tone: int, seconds: float, size: tuple[int, int] = (64, 48), covered: int = 5
) -> LiveFrame:
    pixels = np.full((size[1], size[0], 3), tone, np.uint8)
    return LiveFrame(pixels, seconds, covered, covered // 5, Look(style="solid"), 2.0, 1.0)


def finished(recorder: Recorder) -> Recording:
    made = recorder.finish()
    assert made is not None
    return made


def read(data: bytes) -> tuple[list[float], list[int]]:
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))
        assert container.metadata.keys() <= {"major_brand", "minor_version", "compatible_brands"}
        assert not container.streams.audio
    return [float(f.time or 0) for f in frames], [
        int(np.median(f.to_ndarray(format="rgb24"))) for f in frames
    ]


def test_a_recording_can_be_played_at_the_pace_it_was_made() -> None:
    recorder = Recorder()
    for n, seconds in enumerate((5.0, 5.05, 5.2, 5.9)):
        recorder.add(frame(40 * n + 20, seconds))
    assert abs(recorder.seconds - 0.9) < 1e-9 and not recorder.full
    made = finished(recorder)
    times, tones = read(made.data)
    assert np.allclose(times, [0, 0.05, 0.2, 0.9], atol=0.001)
    assert np.allclose(tones, [20, 60, 100, 140], atol=4)
    check_boxes(made.data)


def test_it_knows_the_facts_of_a_receipt() -> None:
    recorder = Recorder()
    for n, covered in enumerate((0, 10, 5)):
        recorder.add(frame(9, n / 10, covered=covered))
    made = finished(recorder)
    assert (made.width, made.height, made.frames, made.seconds) == (64, 48, 3, 0.2)
    assert (made.covered, made.hands, made.look.style, made.ms) == (10, 2, "solid", 9.0)
    assert made.verdict is Verdict.DANGER and made.sha256 == sha256(made.data).hexdigest()
    empty = Recorder()
    empty.add(frame(9, 0.0, covered=0))
    assert finished(empty).verdict is Verdict.NOTHING_FOUND


def test_it_ends_at_its_limit() -> None:
    recorder = Recorder(limit=1.0)
    for n in range(40):
        recorder.add(frame(n, n * 0.1))
    assert recorder.full
    times, _ = read(finished(recorder).data)
    assert len(times) == 11


def test_it_never_grows_beyond_its_size() -> None:
    noise, recorder = np.random.default_rng(2), Recorder(most_bytes=60_000)
    for n in range(60):
        pixels = noise.integers(0, 255, (120, 160, 3), np.uint8)
        recorder.add(LiveFrame(pixels, n / 10, 0, 0, Look(), 0.0, 0.0))
    assert recorder.full and recorder.seconds < 5
    assert len(finished(recorder).data) < 120_000


def test_frames_of_another_size_or_time_are_left_out() -> None:
    recorder = Recorder()
    recorder.add(frame(10, 0.0, (65, 49)))
    recorder.add(frame(20, 0.0, (65, 49)))
    recorder.add(frame(30, 0.1, (80, 60)))
    made = finished(recorder)
    assert (made.width, made.height, len(read(made.data)[0])) == (64, 48, 1)


@pytest.mark.parametrize("frames", [0, 2])
def test_an_abandoned_recording_leaves_nothing(frames: int) -> None:
    recorder = Recorder()
    for n in range(frames):
        recorder.add(frame(10, n / 10))
    recorder.abandon()
    assert recorder.finish() is None and recorder.seconds == 0


def test_without_a_frame_there_is_no_file() -> None:
    assert Recorder().finish() is None

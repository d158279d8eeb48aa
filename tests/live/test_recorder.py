"""A recording holds the covered frames and nothing else."""

import io

import av
import numpy as np

from vov_core.live import Recorder


def frame(tone: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.full((size[1], size[0], 3), tone, np.uint8)


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
        recorder.add(frame(40 * n + 20), seconds)
    assert abs(recorder.seconds - 0.9) < 1e-9 and not recorder.full
    times, tones = read(recorder.finish())
    assert np.allclose(times, [0, 0.05, 0.2, 0.9], atol=0.001)
    assert np.allclose(tones, [20, 60, 100, 140], atol=4)


def test_it_ends_at_its_limit() -> None:
    recorder = Recorder(limit=1.0)
    for n in range(40):
        recorder.add(frame(n), n * 0.1)
    assert recorder.full
    times, _ = read(recorder.finish())
    assert len(times) == 11


def test_frames_of_another_size_or_time_are_left_out() -> None:
    recorder = Recorder()
    recorder.add(frame(10, (65, 49)), 0.0)
    recorder.add(frame(20), 0.0)
    recorder.add(frame(30, (80, 60)), 0.1)
    times, _ = read(recorder.finish())
    assert recorder.size == (64, 48) and len(times) == 1


def test_without_a_frame_there_is_no_file() -> None:
    assert Recorder().finish() == b""

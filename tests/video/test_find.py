"""What the fingerprint detector is asked in a video, and what becomes of its answers."""

from collections.abc import Sequence

import numpy as np

from tests.video.made import RATE, RESTING, rendered
from vov_core.finder import HAND_MODEL, Finder
from vov_core.findings import Detection, Finger, Hand
from vov_core.geometry import box_of, tip_polygon
from vov_core.hands import MediaPipeHands
from vov_core.models import model, model_bytes
from vov_core.video import Plan, Shapes, VideoFindings, find_in_video, probe, selection_at


class Detector:
    """Sees the nail of every index finger, and is not asked in vain."""

    version = "detector-1"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def detect(self, pixels: np.ndarray, hands: Sequence[Hand]) -> tuple[Detection, ...]:
        assert pixels.ndim == 3
        self.asked.append(len(hands))
        polygons = [tip_polygon(hand, Finger.INDEX) for hand in hands]
        return tuple(Detection(box_of(p), 0.0, 0.97) for p in polygons if p is not None)


class CountedHands(MediaPipeHands):
    """Counts how often a whole frame is searched."""

    searched = 0

    def find(self, pixels: np.ndarray) -> tuple[Hand, ...]:
        self.searched += 1
        return super().find(pixels)


def found(detector: Detector | None) -> tuple[VideoFindings, CountedHands]:
    hands = CountedHands(model_bytes(HAND_MODEL), model(HAND_MODEL).version)
    data = rendered(RESTING)
    return find_in_video(data, probe(data), Finder(hands, detector)), hands


def test_the_detector_is_asked_every_few_frames_about_known_hands() -> None:
    detector = Detector()
    findings, hands = found(detector)
    # 0.6 s of video: once with the first search of the whole frame, then every 0.3 s.
    assert findings.frames / RATE == 0.6 and len(detector.asked) >= 2
    assert len(detector.asked) > hands.searched and set(detector.asked) == {1}
    assert findings.detector
    (track,) = findings.tracks
    assert len(track.scores) == len(detector.asked)
    # Between two looks that both saw a nail, safe mode may leave the tip open.
    middle = sorted(track.scores)[1]
    shown = Shapes(findings).at(middle)
    assert len(shown.regions) == 5
    assert {r.id for r in selection_at(shown, Plan(), 0).open} == {f"t{track.number}-index"}


def test_without_a_detector_nobody_is_asked() -> None:
    findings, hands = found(None)
    assert not findings.detector and hands.searched >= 1
    assert not any(track.scores for track in findings.tracks)

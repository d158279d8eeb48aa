"""Two engines on the same photos: whether they agree, and what they take."""

import pytest

from tests.lab.made import entry, region
from tests.test_detector import a_hand
from tests.tiny_network import tiny_network
from vov_core.detector import OnnxEngine
from vov_core.findings import Box, Detection
from vov_core.lab import Trial, agreement, run

TIP, OTHER = (20.0, 20.0, 80.0, 100.0), (200.0, 100.0, 260.0, 180.0)


def find(box: Box, confidence: float, nail: float = 0.0) -> Detection:
    return Detection(box, confidence, nail)


def test_the_same_finds_agree() -> None:
    found = [(find(TIP, 0.9), find(OTHER, 0.0, 0.6)), ()]
    seen = agreement(found, found)
    assert (seen.finds, seen.shared, seen.pixels, seen.confidence) == (2, 2, 0, 0)
    assert seen.share == 1 == agreement([()], [()]).share


def test_a_find_of_one_alone_and_how_far_the_shared_are_apart() -> None:
    moved = (TIP[0], TIP[1] + 3, TIP[2], TIP[3])
    faint = find((100, 100, 120, 120), 0.09)
    seen = agreement([(find(TIP, 0.9), find(OTHER, 0.5), faint)], [(find(moved, 0.7),)])
    assert (seen.finds, seen.shared, seen.pixels) == (2, 1, 3)
    assert seen.confidence == pytest.approx(0.2) and seen.share == 0.5


def test_a_run_keeps_the_finds_of_every_photo_and_times_every_stage() -> None:
    engine = OnnxEngine(tiny_network()["onnx"])
    hands = (a_hand(150, 30, 100),)
    entries = [entry(region("h0-index", TIP, 0.9, 0), name=n, hands=hands) for n in "ab"]
    done: list[float] = []
    ran = run(engine, entries, Trial(), done.append)
    expected = [engine.detect(one.pixels()[0], one.findings.hands) for one in entries]
    assert list(ran.found) == expected and all(expected)
    assert set(ran.ms) == {"detector", "fuse", "mask"} and all(v > 0 for v in ran.ms.values())
    assert done == [0.5, 1.0]

"""Scores of finds and covers on cases that can be worked out by hand."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training import UNCLEAR
from training.evaluate import (
    Measured,
    by_size,
    cover_scores,
    detector_scores,
    false_finds,
    fill,
    looked_at,
    share_covered,
    whole_way,
)
from training.labels import LabelledPhoto, Shape
from vov_core.findings import Box, Detection, Hand

SHAPE = (200, 300)
PAD: Box = (20, 20, 60, 80)
NAIL: Box = (100, 20, 140, 80)
SIDE: Box = (200, 20, 240, 80)
EMPTY: Box = (20, 120, 60, 180)


def corners(box: Box) -> tuple[tuple[float, float], ...]:
    x0, y0, x1, y1 = box
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def measured(*detections: Detection, covers: tuple[Box, ...] = ()) -> Measured:
    shapes = tuple(
        Shape(number, np.array(corners(box), np.float32))
        for number, box in ((0, PAD), (1, NAIL), (UNCLEAR, SIDE))
    )
    photo = LabelledPhoto(Path("drawn.png"), "dev", "drawn", shapes)
    outlines = tuple(corners(box) for box in covers)
    looked = looked_at(photo, detections)
    return Measured(photo, looked, detections, detections, {"safe": outlines}, SHAPE)


def test_a_pad_found_and_a_nail_told_apart() -> None:
    one = measured(Detection(PAD, 0.9, 0.1), Detection(NAIL, 0.1, 0.9), Detection(SIDE, 0.8, 0))
    scores = detector_scores([one], 0.25)
    assert scores["AP50"] == pytest.approx(0.995, abs=0.006)
    assert (scores["precision"], scores["recall"], scores["pads"]) == (1.0, 1.0, 1)
    assert scores["nails_called_fingerprint"] == 0
    assert scores["pads_called_nail"] == 0


def test_pad_and_nail_mixed_up() -> None:
    one = measured(Detection(PAD, 0.1, 0.9), Detection(NAIL, 0.9, 0.1))
    scores = detector_scores([one], 0.25)
    assert (scores["precision"], scores["recall"]) == (0, 0)
    assert scores["nails_called_fingerprint"] == 1
    assert scores["pads_called_nail"] == 1


def test_the_whole_way_is_scored_by_what_landmarks_and_detector_say_together() -> None:
    one = measured(Detection(PAD, 0.1, 0.9))
    one = replace(one, joined=(Detection(PAD, 0.9, 0.1),))
    assert detector_scores([one], 0.25)["recall"] == 0
    assert detector_scores(whole_way([one]), 0.25)["recall"] == 1


def test_pads_are_told_apart_by_size() -> None:
    rows = by_size([measured(Detection(PAD, 0.9, 0.1))], 0.25)
    assert {name: row["pads"] for name, row in rows.items()} == {
        "<16": 0,
        "16-32": 0,
        "32-96": 1,
        ">96": 0,
    }
    assert rows["32-96"]["recall"] == 1


@pytest.mark.parametrize(
    ("covers", "expected"),
    [
        ((), {"covered": 0, "recall": 0, "nails": 0, "elsewhere": 0}),
        ((PAD,), {"covered": 1, "recall": 1, "nails": 0, "elsewhere": 0}),
        (((20, 20, 60, 60),), {"covered": 0, "recall": 1, "nails": 0, "elsewhere": 0}),
        ((PAD, NAIL, EMPTY), {"covered": 1, "recall": 1, "nails": 1, "elsewhere": 1}),
        ((SIDE,), {"covered": 0, "recall": 0, "nails": 0, "elsewhere": 0}),
    ],
)
def test_covers(covers: tuple[Box, ...], expected: dict[str, float]) -> None:
    assert cover_scores([measured(covers=covers)], "safe") == expected


def test_share_of_the_core() -> None:
    outline = np.array(corners(PAD), np.float32)
    assert share_covered(outline, fill([corners(PAD)], SHAPE)) == 1
    assert share_covered(outline, fill([], SHAPE)) == 0
    left = fill([corners((0, 0, 40, 200))], SHAPE)
    assert share_covered(outline, left) == pytest.approx(0.5, abs=0.03)
    # The core leaves the corners out: an ellipse's worth of cover is enough.
    inner = fill([corners((23, 25, 57, 75))], SHAPE)
    assert share_covered(outline, inner) > 0.99


def test_a_core_outside_of_the_photo_needs_no_cover() -> None:
    outline = np.array(corners((-80, -80, -20, -20)), np.float32)
    assert share_covered(outline, fill([], SHAPE)) == 1


def test_finds_on_photos_without_hands_are_false(tmp_path: Path) -> None:
    for i in range(4):
        grain = np.random.default_rng(i).integers(0, 18, (40, 60, 3))
        cv2.imwrite(str(tmp_path / f"{i}.png"), (40 * i + grain).astype(np.uint8))
    pictures = sorted(tmp_path.iterdir())
    seen = false_finds(pictures, SeesNoHands(), SeesPads(), 0.25)
    assert seen == {"detector": pytest.approx(0.5), "covered": pytest.approx(0.5)}
    nothing = false_finds(pictures, SeesNoHands(), SeesPads(), 0.95)
    assert nothing == {"detector": 0, "covered": 0}


class SeesNoHands:
    version = "none"

    def find(self, pixels: np.ndarray) -> tuple[Hand, ...]:  # noqa: ARG002
        return ()


class SeesPads:
    """Sees one pad and one nail in every bright picture."""

    version = "pads"

    def detect(self, pixels: np.ndarray, hands: object) -> tuple[Detection, ...]:  # noqa: ARG002
        if pixels.mean() < 50:
            return ()
        return Detection((1, 1, 9, 9), 0.85, 0.05), Detection((20, 1, 29, 9), 0.1, 0.9)

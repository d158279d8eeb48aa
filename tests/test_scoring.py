"""Average precision and recall on cases that can be worked out by hand."""

import numpy as np
import pytest

from vov_core.scoring import (
    Looked,
    average_precision,
    curve,
    inside,
    iou,
    match,
    precision_recall,
)

PAD, FAR, UNSURE = [0, 0, 10, 10], [50, 50, 60, 60], [100, 100, 120, 120]


def looked(boxes: list[list[float]], scores: list[float]) -> Looked:
    table = np.array(boxes, np.float32).reshape(-1, 4)
    pads, unclear = np.array([PAD], np.float32), np.array([UNSURE], np.float32)
    return Looked(table, np.array(scores, np.float32), pads, unclear)


def test_iou_and_inside() -> None:
    a, b = np.array([PAD], np.float32), np.array([[5, 0, 15, 10], FAR], np.float32)
    assert iou(a, b).ravel() == pytest.approx([1 / 3, 0])
    assert inside(a, b).ravel() == pytest.approx([0.5, 0])


def test_each_pad_is_found_once_by_the_most_confident() -> None:
    right, counts = match(looked([PAD, [0, 0, 10, 9]], [0.5, 0.9]), 0.5)
    assert right.tolist() == [False, True]
    assert counts.tolist() == [True, True]


def test_finds_on_unclear_areas_do_not_count() -> None:
    right, counts = match(looked([PAD, [102, 102, 118, 118]], [0.5, 0.9]), 0.5)
    assert right.tolist() == [True, False]
    assert counts.tolist() == [True, False]


def test_average_precision() -> None:
    assert average_precision([looked([PAD], [0.9])], 0.5) == pytest.approx(0.995, abs=0.006)
    assert average_precision([looked([], [])], 0.5) == 0
    assert average_precision([looked([FAR], [0.9])], 0.5) < 0.01
    first_wrong = average_precision([looked([PAD, FAR], [0.8, 0.9])], 0.5)
    assert first_wrong == pytest.approx(0.5, abs=0.02)
    loose = [looked([[0, 0, 10, 6]], [0.9])]
    assert average_precision(loose, 0.5) > 0.9
    assert average_precision(loose, 0.75) < 0.01


def test_precision_and_recall_at_a_confidence() -> None:
    looks = [looked([PAD, FAR], [0.3, 0.9]), looked([PAD], [0.9])]
    assert precision_recall(looks, 0.2) == (pytest.approx(2 / 3), 1.0)
    assert precision_recall(looks, 0.5) == (0.5, 0.5)


def test_a_curve_names_the_confidence_for_a_recall() -> None:
    points = curve([looked([PAD, FAR], [0.3, 0.9]), looked([PAD], [0.8])])
    assert points.confidence.tolist() == pytest.approx([0.9, 0.8, 0.3])
    assert points.recall.tolist() == pytest.approx([0, 0.5, 1])
    assert points.precision.tolist() == pytest.approx([0, 0.5, 2 / 3])
    assert points.f1.tolist() == pytest.approx([0, 0.5, 0.8])
    assert points.confidence_for(0.5) == pytest.approx(0.8)
    assert points.confidence_for(0.9) == pytest.approx(0.3)
    assert curve([looked([FAR], [0.9])]).confidence_for(0.1) is None
    assert curve([]).total == 0


def test_the_area_is_what_yolov5_computes() -> None:
    others = [looked([FAR, PAD], [0.6, 0.55]), looked([], [])]
    first = looked([PAD, FAR, [0, 0, 10, 8]], [0.9, 0.5, 0.7])
    # From yolov5.utils.metrics.compute_ap of version 7.0.14.
    assert average_precision([first, *others], 0.5) == pytest.approx(0.56732000501)
    assert average_precision(
        [looked([FAR, PAD, FAR], [0.9, 0.5, 0.7]), *others], 0.5
    ) == pytest.approx(0.33332000897)

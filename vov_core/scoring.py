"""How well boxes fit labels: matching with don't-care areas, average precision, recall."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""IoU thresholds of AP50-95, as in COCO."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the detector said about one picture and what is true.

    Attributes:
        boxes: (N, 4) found boxes, x0 y0 x1 y1.
        scores: (N,) confidence that each is a fingerprint.
        pads: (M, 4) true fingerprints.
        unclear: (K, 4) areas where any find is neither right nor wrong.
    """

    boxes: Array
    scores: Array
    pads: Array
    unclear: Array


def iou(a: Array, b: Array) -> Array:
    """Intersection over union of every box of ``a`` (N, 4) with every box of ``b`` (M, 4)."""
    both = _intersection(a, b)
    union = _area(a)[:, None] + _area(b)[None] - both
    return np.asarray(both / np.maximum(1e-9, union), np.float32)


def inside(a: Array, b: Array) -> Array:
    """The share of every box of ``a`` (N, 4) that lies in every box of ``b`` (M, 4)."""
    return np.asarray(_intersection(a, b) / np.maximum(1e-9, _area(a)[:, None]), np.float32)


def match(looked: Looked, threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Matches finds to pads, the most confident first, each pad once.

    Returns:
        Two masks (N,), in the order of ``looked.boxes``: right finds, and finds that count (all
        but those that fell on an unclear area).
    """
    right = np.zeros(len(looked.boxes), bool)
    counts = np.ones(len(looked.boxes), bool)
    fit = iou(looked.boxes, looked.pads)
    unclear = inside(looked.boxes, looked.unclear).max(1, initial=0) >= 0.5
    for i in np.argsort(-looked.scores, kind="stable"):
        best = int(fit[i].argmax()) if fit.shape[1] else -1
        if best >= 0 and fit[i, best] >= threshold:
            right[i] = True
            fit[:, best] = -1
        elif unclear[i]:
            counts[i] = False
    return right, counts


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision and recall of finds, from the most confident on.

    Attributes:
        confidence: (N,) scores, falling.
        precision: (N,) of the finds with at least this score.
        recall: (N,) likewise.
        total: How many pads there are.
    """

    confidence: Array
    precision: Array
    recall: Array
    total: int

    @property
    def f1(self) -> Array:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return np.asarray(2 * self.precision * self.recall / np.maximum(both, 1e-9), np.float32)

    def confidence_for(self, recall: float) -> float | None:
        """The highest confidence with at least this recall; None where no confidence has it."""
        enough = np.flatnonzero(self.recall >= recall)
        return float(self.confidence[enough[0]]) if len(enough) else None


def curve(looks: Sequence[Looked], threshold: float = 0.5) -> Curve:
    """Precision and recall at every score, at one IoU threshold."""
    total = sum(len(look.pads) for look in looks)
    matched = [match(look, threshold) for look in looks]
    counts = np.concatenate([c for _, c in matched]) if looks else np.zeros(0, bool)
    if not total or not counts.any():
        nothing = np.zeros(0, np.float32)
        return Curve(nothing, nothing, nothing, total)
    right = np.concatenate([r for r, _ in matched])[counts]
    scores = np.concatenate([look.scores for look in looks])[counts]
    order = np.argsort(-scores, kind="stable")
    hits = right[order].cumsum()
    return Curve(
        scores[order].astype(np.float32),
        (hits / np.arange(1, len(hits) + 1)).astype(np.float32),
        (hits / total).astype(np.float32),
        total,
    )


def average_precision(looks: Sequence[Looked], threshold: float) -> float:
    """Area under the precision-recall curve at one IoU threshold; 0 where there is no pad.

    As YOLOv5 computes it: precision made falling, then 101 points of recall as in COCO.
    """
    points = curve(looks, threshold)
    if not len(points.recall):
        return 0.0
    recall = np.concatenate([[0.0], points.recall, [1.0]])
    precision = np.concatenate([[1.0], points.precision, [0.0]])
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    levels = np.linspace(0, 1, 101)
    heights = np.interp(levels, recall, falling)
    return float(((heights[1:] + heights[:-1]) / 2 * np.diff(levels)).sum())


def precision_recall(looks: Sequence[Looked], confidence: float) -> tuple[float, float]:
    """Precision and recall at IoU 0.5 of the finds with at least this confidence."""
    right = found = total = 0
    for look in looks:
        sure = look.scores >= confidence
        part = Looked(look.boxes[sure], look.scores[sure], look.pads, look.unclear)
        hits, counts = match(part, 0.5)
        right, found, total = right + hits.sum(), found + counts.sum(), total + len(look.pads)
    return float(right / max(1, found)), float(right / max(1, total))


def _area(a: Array) -> Array:
    return (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])


def _intersection(a: Array, b: Array) -> Array:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(2), np.float32)

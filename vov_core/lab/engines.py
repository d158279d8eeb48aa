"""Two engines on the same photos: do they say the same, and how long do they take?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vov_core.findings import Detection
from vov_core.geometry import box_iou

_SAME = 0.5  # intersection over union
_NOTABLE = 0.1  # confidence from which a find must be seen by both


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two engines agree.

    Attributes:
        finds: Notable finds of either engine.
        shared: Those that both have.
        pixels: Largest distance of two box edges among the shared, in pixels.
        confidence: Largest difference of two scores among the shared.
    """

    finds: int
    shared: int
    pixels: float
    confidence: float

    @property
    def share(self) -> float:
        """Part of the finds that both have; 1 where there is none."""
        return self.shared / self.finds if self.finds else 1.0


def agreement(
    one: Sequence[Sequence[Detection]], other: Sequence[Sequence[Detection]]
) -> Agreement:
    """Compares what two engines found, photo by photo."""
    finds = shared = 0
    pixels = confidence = 0.0
    for left, right in zip(one, other, strict=True):
        mine = [d for d in left if _best(d) >= _NOTABLE]
        theirs = [d for d in right if _best(d) >= _NOTABLE]
        pairs = _pairs(mine, theirs)
        finds += len(mine) + len(theirs) - len(pairs)
        shared += len(pairs)
        for a, b in pairs:
            pixels = max(pixels, float(np.abs(np.subtract(a.box, b.box)).max()))
            confidence = max(confidence, abs(a.confidence - b.confidence))
    return Agreement(finds, shared, pixels, confidence)


def _best(detection: Detection) -> float:
    return max(detection.confidence, detection.nail_confidence)


def _pairs(
    mine: Sequence[Detection], theirs: Sequence[Detection]
) -> list[tuple[Detection, Detection]]:
    left = list(theirs)
    pairs = []
    for find in mine:
        best = max(left, key=lambda other: box_iou(find.box, other.box), default=None)
        if best is not None and box_iou(find.box, best.box) >= _SAME:
            pairs.append((find, best))
            left.remove(best)
    return pairs

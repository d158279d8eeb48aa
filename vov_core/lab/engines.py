"""Engines and versions on the same photos: do they say the same, and how long do they take?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from time import perf_counter

import numpy as np

from vov_core.detector import Detector, Overheard
from vov_core.finder import Finder
from vov_core.findings import Detection, Hand
from vov_core.geometry import box_iou
from vov_core.lab.entries import Entry, Pixels
from vov_core.lab.trials import Trial, rendered

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


@dataclass(frozen=True)
class Run:
    """One engine on some photos.

    Attributes:
        found: What the detector found, photo by photo.
        ms: Stage -> milliseconds per photo: ``detector``, ``fuse`` and ``mask``. Reading the photo
            and looking for hands do not depend on the detector.
    """

    found: tuple[tuple[Detection, ...], ...]
    ms: Mapping[str, float]


def run(
    engine: Detector, entries: Sequence[Entry], trial: Trial, told: Callable[[float], object]
) -> Run:
    """Finds and covers the finger tips of photos whose hands are known.

    Args:
        engine: The detector.
        entries: At least one photo.
        trial: How to cover.
        told: Gets the share that is done.
    """
    heard = Overheard(engine)
    finder = Finder(_HandsAreKnown(), heard)
    times: list[Mapping[str, float]] = []
    heard.detect(
        entries[0].pixels()[0], entries[0].findings.hands
    )  # an engine's first call is slow
    heard.found.clear()
    for number, entry in enumerate(entries, 1):
        findings = finder.find(entry.id, entry.pixels()[0], entry.findings.hands)
        start = perf_counter()
        rendered(replace(entry, findings=findings), trial)
        spent = (perf_counter() - start) * 1000
        times.append({**findings.ms, "mask": spent})
        told(number / len(entries))
    stages = ("detector", "fuse", "mask")
    return Run(tuple(heard.found), {stage: mean(ms[stage] for ms in times) for stage in stages})


class _HandsAreKnown:
    """Finds no hands: the photos of the lab come with theirs."""

    version = ""

    def find(self, pixels: Pixels) -> tuple[Hand, ...]:  # noqa: ARG002
        return ()


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

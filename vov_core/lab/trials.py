"""What settings do to examined photos, and how well that fits their labels. No model runs here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Findings, Polygon, Region
from vov_core.geometry import box_iou, hull
from vov_core.lab.entries import LONGEST, Entry, Pixels, scaled_region
from vov_core.lab.labels import Shape, Truth
from vov_core.masks import make_style
from vov_core.masks.regions import scale_region
from vov_core.pipeline import Look
from vov_core.scoring import Looked
from vov_core.select import Edits, Rules, Selection, select

SIZES = {"tiny": (0.0, 16.0), "small": (16.0, 32.0), "medium": (32.0, 96.0), "large": (96.0, 1e9)}
"""Pad sizes in pixels of the photo: the root of the box's area."""

_ALL = 1.0
_CORE = 0.85  # of a pad's box: the ellipse that must be covered
_HALF = 0.5  # of the core: from here a pad counts as covered
_ELSEWHERE = 0.3  # a cover of which less lies on a labelled tip covers something else
_NEAR = 1.25  # labels grow by this before a cover counts as lying beside them


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set of settings.

    Attributes:
        rules: Which findings are covered.
        look: How covered finger tips look.
        merge: Intersection over union from which two tips are one; 1 keeps all.
    """

    rules: Rules = field(default_factory=Rules)
    look: Look = field(default_factory=Look)
    merge: float = _ALL

    def select(self, findings: Findings) -> Selection:
        """What these settings cover."""
        return select(merged(findings, self.merge), self.rules, Edits())


@dataclass(frozen=True, slots=True)
class Change:
    """A finger tip that one trial covers and another leaves open."""

    entry: Entry
    region: Region
    covered: bool


@dataclass(frozen=True, eq=False)
class Outcome:
    """One labelled photo under a trial.

    Attributes:
        entry: The photo.
        covered: Pads that are covered.
        missed: Pads that are open.
        false: Covers that lie on no labelled finger tip.
        nails: Nails that are covered.
    """

    entry: Entry
    covered: tuple[Shape, ...]
    missed: tuple[Shape, ...]
    false: tuple[Region, ...]
    nails: int


def merged(findings: Findings, overlap: float) -> Findings:
    """Joins tips that overlap more than so much; fingers of one hand never join.

    The joined tip keeps the place of the first and covers both. Its confidence is the higher one.
    """
    if overlap >= _ALL:
        return findings
    kept: list[Region] = []
    for region in findings.regions:
        for index, other in enumerate(kept):
            if not _siblings(region, other) and box_iou(region.box, other.box) > overlap:
                kept[index] = _joined(other, region)
                break
        else:
            kept.append(region)
    return replace(findings, regions=tuple(kept))


def scores(entries: Iterable[Entry]) -> list[float]:
    """The detector's confidence of every tip that it saw."""
    return [r.confidence for e in entries for r in e.findings.regions if r.confidence is not None]


def changes(entries: Iterable[Entry], before: Trial, after: Trial) -> list[Change]:
    """The tips whose state differs between two trials."""
    found = []
    for entry in entries:
        one = {region.id: region for region in before.select(entry.findings).masked}
        two = {region.id: region for region in after.select(entry.findings).masked}
        found += [Change(entry, two[key], True) for key in two.keys() - one.keys()]
        found += [Change(entry, one[key], False) for key in one.keys() - two.keys()]
    return sorted(found, key=lambda change: (change.entry.name, change.region.id))


def rendered(entry: Entry, trial: Trial, longest: int = LONGEST) -> tuple[Pixels, Selection]:
    """An entry's picture as a trial shows it, at most so long, and what it covers."""
    pixels, scale = entry.pixels(longest)
    selection = trial.select(entry.findings)
    regions = [
        scale_region(scaled_region(region, scale), trial.look.coverage)
        for region in selection.masked
    ]
    look = trial.look
    style = make_style(look.style, strength=look.strength, softness=look.softness, seed=look.seed)
    return style.apply(pixels, regions), selection


def looked_at(entry: Entry) -> Looked:
    """The detector's finds set against an entry's labels, in pixels of the photo."""
    seen = [region for region in entry.findings.regions if region.confidence is not None]
    shapes = entry.shapes or ()
    return Looked(
        _boxes((region.box for region in seen), entry.scale),
        np.array([region.confidence for region in seen], np.float32),
        _boxes((s.box for s in shapes if s.truth is Truth.PAD), entry.scale),
        _boxes((s.box for s in shapes if s.truth is Truth.UNCLEAR), entry.scale),
    )


def of_size(looked: Looked, low: float, high: float) -> Looked:
    """Only pads of a size; all others count neither way."""
    size = np.sqrt((looked.pads[:, 2:] - looked.pads[:, :2]).prod(1))
    chosen = (size >= low) & (size < high)
    unclear = np.concatenate([looked.unclear, looked.pads[~chosen]])
    return Looked(looked.boxes, looked.scores, looked.pads[chosen], unclear)


def pad_size(entry: Entry, shape: Shape) -> float:
    """The root of a pad's box area in pixels of the photo."""
    x0, y0, x1, y1 = shape.box
    return float(np.sqrt((x1 - x0) * (y1 - y0)) / entry.scale)


def outcomes(entries: Sequence[Entry], trial: Trial) -> list[Outcome]:
    """What a trial covers and misses in every labelled photo."""
    return [_outcome(entry, entry.shapes, trial) for entry in entries if entry.shapes is not None]


def _outcome(entry: Entry, shapes: Sequence[Shape], trial: Trial) -> Outcome:
    size = entry.findings.height, entry.findings.width
    covers = [
        scale_region(region, trial.look.coverage) for region in trial.select(entry.findings).masked
    ]
    mask = _filled((region.polygon for region in covers), size)
    tips = _filled((_grown(shape.points) for shape in shapes), size)
    pads = [shape for shape in shapes if shape.truth is Truth.PAD]
    nails = [shape for shape in shapes if shape.truth is Truth.NAIL]
    is_covered = [_share(_core(pad.points, size), mask) >= _HALF for pad in pads]
    return Outcome(
        entry,
        tuple(pad for pad, done in zip(pads, is_covered, strict=True) if done),
        tuple(pad for pad, done in zip(pads, is_covered, strict=True) if not done),
        tuple(r for r in covers if _share(_filled([r.polygon], size), tips) < _ELSEWHERE),
        sum(_share(_core(nail.points, size), mask) >= _HALF for nail in nails),
    )


def _siblings(one: Region, other: Region) -> bool:
    return one.hand is not None and one.hand == other.hand


def _joined(first: Region, second: Region) -> Region:
    seen = [r.confidence for r in (first, second) if r.confidence is not None]
    return replace(
        first,
        polygon=hull(first.polygon, second.polygon),
        confidence=max(seen, default=None),
        width=max(first.width, second.width),
    )


def _boxes(boxes: Iterable[tuple[float, ...]], scale: float) -> NDArray[np.float32]:
    return np.array(list(boxes), np.float32).reshape(-1, 4) / np.float32(scale)


def _filled(outlines: Iterable[Polygon], size: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(size, np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.array(outline).round().astype(np.int32)], 1)
    return mask.astype(bool)


def _core(points: Polygon, size: tuple[int, int]) -> NDArray[np.bool_]:
    (x, y), (width, height), angle = cv2.minAreaRect(np.array(points, np.float32))
    core = np.zeros(size, np.uint8)
    axes = max(width * _CORE, 1.0), max(height * _CORE, 1.0)
    cv2.ellipse(core, ((x, y), axes, angle), 1, -1)
    return core.astype(bool)


def _share(part: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    """The share of some pixels that lies under a mask; 1 where there are none."""
    return float(mask[part].mean()) if part.any() else 1.0


def _grown(points: Polygon) -> Polygon:
    middle = np.array(points).mean(0)
    return tuple((float(x), float(y)) for x, y in (np.array(points) - middle) * _NEAR + middle)

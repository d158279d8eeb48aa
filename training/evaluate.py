"""Measures weights on labelled photos: ``python -m training.evaluate WEIGHTS --data DIR``.

Two questions, asked of the same photos. How well do the detector's boxes fit the labels (average
precision, recall, pads against nails)? And how much does the whole pipeline cover, compared with
landmarks alone and with the earlier service's fixed windows?

Pads must be found and nails must not be called fingerprints; side views, hidden tips and misplaced
outlines count neither way.
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training import UNCLEAR
from training.labels import LabelledPhoto, Points, Shape, read
from vov_core.detector import Engine, OnnxEngine, Overheard, TorchEngine
from vov_core.finder import Finder, place_tips
from vov_core.findings import Detection, Findings, Polygon
from vov_core.hands import HandFinder, MediaPipeHands
from vov_core.masks.regions import scale_region
from vov_core.models import model, model_bytes
from vov_core.pipeline import DEFAULT_COVERAGE
from vov_core.scoring import (
    THRESHOLDS,
    Looked,
    average_precision,
    iou,
    precision_recall,
)
from vov_core.select import Edits, Mode, Rules, select

SIZES = {"<16": (0, 16), "16-32": (16, 32), "32-96": (32, 96), ">96": (96, 1e9)}
"""Pad sizes in pixels of the photo: the root of the box's area."""

_TIPS = (4, 8, 12, 16, 20)
_OLD_WINDOW = 40  # pixels; the earlier service's square around each tip of the first hand
_CORE = 0.85  # of the outline's inscribed ellipse: what must be covered
_COVERED = 0.95  # of the core: then the pad counts as covered
_ELSEWHERE = 0.3  # a cover of which less than this lies on a finger tip covers something else


@dataclass(frozen=True, slots=True)
class Measured:
    """One photo: its labels, what the detector said, what each method covers.

    Attributes:
        photo: The labelled photo.
        looked: Finds against pads, for average precision.
        detections: The same finds with both scores.
        joined: What the whole way makes of them: finger tips that landmarks and detector agree on,
            with the scores of both, and the detector's other finds.
        covers: Method -> outlines that it covers.
        shape: Height and width.
    """

    photo: LabelledPhoto
    looked: Looked
    detections: tuple[Detection, ...]
    joined: tuple[Detection, ...]
    covers: Mapping[str, tuple[Polygon, ...]]
    shape: tuple[int, int]


def load_engine(weights: Path) -> Engine:
    """The engine for a file of weights, by its ending."""
    data = weights.read_bytes()
    return OnnxEngine(data) if weights.suffix == ".onnx" else TorchEngine(data)


def measure(photo: LabelledPhoto, hands: HandFinder, engine: Engine) -> Measured:
    """Runs the pipeline with and without the detector on one photo."""
    pixels = cv2.cvtColor(cv2.imread(str(photo.path)), cv2.COLOR_BGR2RGB)
    height, width = pixels.shape[:2]
    detector = Overheard(engine)
    found = Finder(hands, detector).find("", pixels)
    tips, _ = place_tips(found.hands, width, height)
    alone = replace(found, regions=tips, detector=False)
    covers = {
        "safe": _covers(found, Mode.SAFE),
        "precise": _covers(found, Mode.PRECISE),
        "landmarks alone": _covers(alone, Mode.SAFE),
        "earlier service": _old_windows(alone),
    }
    joined = tuple(
        Detection(region.box, region.confidence, region.nail_confidence or 0.0)
        for region in found.regions
        if region.confidence is not None
    )
    looked = looked_at(photo, detector.found[-1])
    return Measured(photo, looked, detector.found[-1], joined, covers, (height, width))


def whole_way(measured: Sequence[Measured]) -> list[Measured]:
    """The same photos with the joined finds in place of the detector's own."""
    return [
        replace(one, detections=one.joined, looked=looked_at(one.photo, one.joined))
        for one in measured
    ]


def detector_scores(measured: Sequence[Measured], confidence: float) -> dict[str, Any]:
    """Average precision, precision and recall, and how often pad and nail are mixed up."""
    looks = [one.looked for one in measured]
    precision, recall = precision_recall(looks, confidence)
    return {
        "AP50": average_precision(looks, 0.5),
        "AP50-95": float(np.mean([average_precision(looks, t) for t in THRESHOLDS])),
        "precision": precision,
        "recall": recall,
        "pads": sum(len(look.pads) for look in looks),
        **_confusion(measured, confidence),
    }


def by_size(measured: Sequence[Measured], confidence: float) -> dict[str, dict[str, Any]]:
    """The detector's scores for pads of each size; all other pads are left out."""
    result = {}
    for name, (low, high) in SIZES.items():
        looks = [_only(one.looked, low, high) for one in measured]
        result[name] = {
            "AP50": average_precision(looks, 0.5),
            "recall": precision_recall(looks, confidence)[1],
            "pads": sum(len(look.pads) for look in looks),
        }
    return result


def cover_scores(measured: Sequence[Measured], method: str) -> dict[str, float]:
    """How much of what should be covered is covered, and what else is.

    Returns:
        ``covered``: share of pads of whose core at least 95 % is covered; ``recall``: share of
        pads with half of the core covered; ``nails``: the same for nails; ``elsewhere``: covers
        per photo that lie on no labelled finger tip.
    """
    pads, nails, elsewhere = [], [], 0
    for one in measured:
        mask = fill(one.covers[method], one.shape)
        for shape in one.photo.shapes:
            part = share_covered(shape.points, mask)
            if shape.number == 0:
                pads.append(part)
            elif shape.number == 1:
                nails.append(part)
        tips = fill([_grown(shape.points) for shape in one.photo.shapes], one.shape)
        shares = [share_covered(np.array(cover), tips, 1.0) for cover in one.covers[method]]
        elsewhere += sum(share < _ELSEWHERE for share in shares)
    return {
        "covered": _mean(part >= _COVERED for part in pads),
        "recall": _mean(part >= 0.5 for part in pads),
        "nails": _mean(part >= 0.5 for part in nails),
        "elsewhere": elsewhere / max(1, len(measured)),
    }


def false_finds(
    pictures: Sequence[Path], hands: HandFinder, engine: Engine, at: float
) -> dict[str, float]:
    """What is seen in photos without hands, where nothing is to be seen.

    Returns:
        Per photo: ``detector``, fingerprints of the detector alone at this confidence; ``covered``,
        what safe mode covers at this confidence.
    """
    alone = covered = 0
    detector, rules = Overheard(engine), Rules(confidence=at)
    finder = Finder(hands, detector)
    for path in pictures:
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        found = finder.find("", pixels)
        alone += sum(d.confidence >= at for d in detector.found[-1])
        covered += len(select(found, rules, Edits()).masked)
    count = max(1, len(pictures))
    return {"detector": alone / count, "covered": covered / count}


def fill(outlines: Iterable[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels (H, W) inside any of the outlines."""
    mask = np.zeros(shape, np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.array(outline, np.float32).round().astype(np.int32)], 1)
    return mask.astype(bool)


def share_covered(outline: Points, mask: NDArray[np.bool_], size: float = _CORE) -> float:
    """The share of an outline's core that lies under a mask; 1 for a core outside of the photo.

    The core is the ellipse inscribed in the smallest rectangle around the outline, at ``size``.
    """
    (x, y), (w, h), angle = cv2.minAreaRect(outline.astype(np.float32))
    core = np.zeros(mask.shape, np.uint8)
    axes = max(w * size, 1.0), max(h * size, 1.0)
    cv2.ellipse(core, ((x, y), axes, angle), 1, -1)
    pixels = core.astype(bool)
    return float(mask[pixels].mean()) if pixels.any() else 1.0


def report(measured: Sequence[Measured], confidence: float) -> dict[str, Any]:
    """All scores, in total and per source of photos."""
    origins = sorted({one.photo.origin for one in measured})
    methods = list(measured[0].covers)
    groups = {name: [m for m in measured if m.photo.origin == name] for name in origins}
    joined = whole_way(measured)
    return {
        "confidence": confidence,
        "photos": len(measured),
        "detector": detector_scores(measured, confidence),
        "by_size": by_size(measured, confidence),
        "by_source": {n: detector_scores(group, confidence) for n, group in groups.items()},
        "whole_way": detector_scores(joined, confidence),
        "whole_way_by_size": by_size(joined, confidence),
        "whole_way_by_source": {
            n: detector_scores([m for m in joined if m.photo.origin == n], confidence)
            for n in origins
        },
        "covers": {name: cover_scores(measured, name) for name in methods},
        "covers_by_source": {
            n: {name: cover_scores(group, name) for name in methods} for n, group in groups.items()
        },
    }


def _covers(findings: Findings, mode: Mode) -> tuple[Polygon, ...]:
    chosen = select(findings, Rules(mode=mode), Edits()).masked
    return tuple(scale_region(region, DEFAULT_COVERAGE).polygon for region in chosen)


def _old_windows(findings: Findings) -> tuple[Polygon, ...]:
    half = _OLD_WINDOW / 2
    tips = [hand.landmarks[i] for hand in findings.hands[:1] for i in _TIPS]
    return tuple(
        ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
        for x, y in tips
    )


def looked_at(photo: LabelledPhoto, detections: Sequence[Detection]) -> Looked:
    """Sets detections against a photo's labels."""
    return Looked(
        np.array([d.box for d in detections], np.float32).reshape(-1, 4),
        np.array([d.confidence for d in detections], np.float32),
        _boxes(photo.shapes, 0),
        _boxes([Shape(s.number, _grown(s.points)) for s in photo.shapes], UNCLEAR),
    )


def _boxes(shapes: Sequence[Shape], number: int) -> NDArray[np.float32]:
    chosen = [shape.box for shape in shapes if shape.number == number]
    return np.array(chosen, np.float32).reshape(-1, 4)


def _grown(points: Points, by: float = 1.25) -> Points:
    """Outlines that are misplaced or hidden say little about where exactly the tip is."""
    middle = points.mean(0)
    return ((points - middle) * by + middle).astype(np.float32)


def _only(looked: Looked, low: float, high: float) -> Looked:
    sides = looked.pads[:, 2:] - looked.pads[:, :2]
    size = np.sqrt(sides.prod(1))
    chosen = (size >= low) & (size < high)
    unclear = np.concatenate([looked.unclear, looked.pads[~chosen]])
    return Looked(looked.boxes, looked.scores, looked.pads[chosen], unclear)


def _confusion(measured: Sequence[Measured], confidence: float) -> dict[str, Any]:
    """Of the tips that the detector saw, how many it took for the other side of the finger."""
    pads, nails = [], []
    for one in measured:
        sure = [d for d in one.detections if max(d.confidence, d.nail_confidence) >= confidence]
        boxes = np.array([d.box for d in sure], np.float32).reshape(-1, 4)
        for number, answers in ((0, pads), (1, nails)):
            fit = iou(_boxes(one.photo.shapes, number), boxes)
            for row in fit:
                if row.max(initial=0) < 0.5:
                    answers.append("missed")
                    continue
                seen = sure[int(row.argmax())]
                called_pad = seen.confidence >= confidence
                answers.append("fingerprint" if called_pad else "nail")
    return {
        "nails": len(nails),
        "nails_called_fingerprint": _mean(answer == "fingerprint" for answer in nails),
        "pads_called_nail": _mean(answer == "nail" for answer in pads),
    }


def _mean(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return value


def _table(title: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    columns = list(next(iter(rows.values())))
    print(f"\n{title:18}" + "".join(f"{column:>16}" for column in columns))
    for name, row in rows.items():
        print(f"{name:18}" + "".join(f"{row[column]:16.3f}" for column in columns))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("weights", type=Path, help=".onnx or .pt")
    parser.add_argument("--data", type=Path, required=True, help="labelled photos")
    parser.add_argument("--set", default="dev", help="split to measure on")
    parser.add_argument("--confidence", type=float, default=Rules().confidence)
    parser.add_argument("--json", type=Path, help="where to write the scores")
    parser.add_argument("--empty", type=Path, help="folder of photos without hands")
    options = parser.parse_args()
    entry = model("hand_landmarker")
    hands = MediaPipeHands(model_bytes(entry.name), entry.version)
    engine = load_engine(options.weights)
    photos = [photo for photo in read(options.data) if photo.split == options.set]
    scores = _rounded(report([measure(p, hands, engine) for p in photos], options.confidence))
    _table("detector", {"all": scores["detector"], **scores["by_source"]})
    _table("pad size, pixels", scores["by_size"])
    _table("with landmarks", {"all": scores["whole_way"], **scores["whole_way_by_source"]})
    _table("pad size, pixels", scores["whole_way_by_size"])
    _table("covers", scores["covers"])
    for source, rows in scores["covers_by_source"].items():
        _table(source, rows)
    if options.empty:
        pictures = sorted(options.empty.iterdir())
        rate = false_finds(pictures, hands, engine, options.confidence)
        scores["without_hands"] = {"photos": len(pictures), **_rounded(rate)}
        _table("without hands", {f"{len(pictures)} photos": rate})
    if options.json:
        options.json.write_text(json.dumps(scores, indent=1), "utf-8")


if __name__ == "__main__":
    main()

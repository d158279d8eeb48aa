"""Joins what the hand landmarks say and what the fingerprint detector says about a photo."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vov_core.detector import FLOOR, ONNX_MODEL, Detector, load_detector
from vov_core.findings import (
    Box,
    Detection,
    Findings,
    Finger,
    Hand,
    Kind,
    Region,
    Source,
    Unplaced,
    Why,
)
from vov_core.geometry import (
    area,
    box_intersection,
    box_iou,
    box_of,
    box_polygon,
    finger_width,
    hull,
    intersection_area,
    kind_by_geometry,
    last_joint,
    pad_chance,
    tip_polygon,
)
from vov_core.hands import HandFinder, MediaPipeHands
from vov_core.models import model, model_bytes

T = TypeVar("T")
Pixels = NDArray[np.uint8]

HAND_MODEL = "hand_landmarker"

SAME_TIP = 0.2
AGREE = 0.5
FIND = 0.25
SURE_KIND = 0.5
SURE_PLACE = 0.5
SEEN_AGAIN = 0.5
# Odds that a find is a finger tip, relative to its score's, measured on labelled photos with hands
# that trained nothing: where landmarks put a tip, 90 % of scores from 0.3 to 0.5 were one (median
# ratio 7); elsewhere none of 26 scores from 0.3 to 0.9 was one: less than one in twelve is assumed.
# Close-ups without a hand keep theirs: the landmarker is blind there.
AT_A_TIP = 7.0
ELSEWHERE = 0.08
CLOSE_UP = 0.4
FLAT = 2.0
_SAMPLED = 64


class Finder:
    """Finds every finger tip of a photo. One instance serves all threads; it keeps no photo.

    Args:
        hands: Finds hands.
        detector: Finds fingerprints; None where no weights are there.
    """

    def __init__(self, hands: HandFinder, detector: Detector | None = None) -> None:
        self._hands = hands
        self._detector = detector

    @property
    def has_detector(self) -> bool:
        """Whether a fingerprint detector looks at the photos."""
        return self._detector is not None

    def find(
        self, photo_sha256: str, pixels: Pixels, known: Sequence[Hand] | None = None
    ) -> Findings:
        """Runs the models once over a photo.

        Args:
            photo_sha256: SHA-256 of the uploaded bytes, hex.
            pixels: RGB, uint8, (H, W, 3).
            known: Its hands, where somebody has found them already; None looks for them.

        Returns:
            Everything found. ``ms`` has the stages ``hands``, ``detector`` (with a detector only)
            and ``fuse``.
        """
        height, width = pixels.shape[:2]
        models, ms = {HAND_MODEL: self._hands.version}, {}
        hands, ms["hands"] = _timed(
            lambda: self._hands.find(pixels) if known is None else tuple(known)
        )
        detections: tuple[Detection, ...] = ()
        if detector := self._detector:
            models[ONNX_MODEL] = detector.version
            seen, ms["detector"] = _timed(lambda: detector.detect(pixels, hands))
            detections = tuple(one for one in seen if not is_flat(pixels, one.box))
        (tips, unplaced), place_ms = _timed(lambda: place_tips(hands, width, height))
        regions, fuse_ms = _timed(
            lambda: fuse(tips, detections, max(width, height) if hands else None)
        )
        ms["fuse"] = place_ms + fuse_ms
        return Findings(
            photo_sha256=photo_sha256,
            width=width,
            height=height,
            hands=hands,
            regions=regions,
            unplaced=unplaced,
            detector=self.has_detector,
            models=models,
            ms=ms,
        )


def open_finder() -> Finder:
    """The finder with the models that the manifest lists.

    Without listed detector weights it works on landmarks alone. Weights that are listed but
    missing or altered are an error: protection must not become weaker unnoticed.

    Raises:
        ModelMissingError: A listed file is not there.
        ModelAlteredError: A file's SHA-256 is not the manifest's.
    """
    hands = MediaPipeHands(model_bytes(HAND_MODEL), model(HAND_MODEL).version)
    return Finder(hands, load_detector())


def place_tips(
    hands: Sequence[Hand], width: int, height: int
) -> tuple[tuple[Region, ...], tuple[Unplaced, ...]]:
    """One region per finger tip, or the reason why there is none.

    Args:
        hands: All hands.
        width: Of the photo, pixels.
        height: Likewise.
    """
    regions: list[Region] = []
    unplaced: list[Unplaced] = []
    for index, hand in enumerate(hands):
        for finger in Finger:
            polygon = tip_polygon(hand, finger)
            if polygon is None:
                unplaced.append(Unplaced(index, finger, Why.DEGENERATE))
            # By the box, which errs on the side of covering.
            elif not box_intersection(box_of(polygon), (0, 0, width, height)):
                unplaced.append(Unplaced(index, finger, Why.OUTSIDE))
            else:
                regions.append(
                    Region(
                        id=f"h{index}-{finger}",
                        polygon=polygon,
                        width=finger_width(hand, finger),
                        source=Source.LANDMARKS,
                        kind=kind_by_geometry(hand, finger),
                        pad_chance=pad_chance(hand, finger),
                        finger=finger,
                        hand=index,
                        base=last_joint(hand, finger),
                    )
                )
    return tuple(regions), tuple(unplaced)


def fuse(
    tips: Sequence[Region], detections: Sequence[Detection], longest: float | None = 0
) -> tuple[Region, ...]:
    """Joins tips and detections that are the same finger tip.

    Pairs are taken by falling intersection over union of their boxes, each tip and each detection
    once. A further detection that mostly lies on a tip is that tip seen again. A tip without a
    detection keeps ``confidence`` None: the detector, if there was one, gave it less than its
    floor. A detection without a tip becomes a region of its own, if what :func:`elsewhere` leaves
    of its scores still is above the floor. Hands whose tips all lie in one detection are made up
    and take no part in this.

    Args:
        tips: Regions from landmarks.
        detections: Of the same photo; may be empty.
        longest: The photo's longer side, pixels; None where no hand was seen, so that the detector
            has looked twice and its scores stay.

    Returns:
        The tips in their order, then the lone detections in theirs (``d0``, ``d1``, ...).
    """
    made_up = _made_up_hands(tips, detections)
    real = [number for number, tip in enumerate(tips) if tip.hand not in made_up]
    matched = match([tips[number] for number in real], detections)
    pairs = {real[tip]: detection for tip, detection in matched.items()}
    joined = [
        _confirmed(tip, detections[pairs[number]]) if number in pairs else tip
        for number, tip in enumerate(tips)
    ]
    taken = set(pairs.values())
    side = 0 if real else longest
    lone: list[Region] = []
    for number, detection in enumerate(detections):
        if number in taken:
            continue
        tip = next((i for i in real if _lies_on(detection, tips[i])), None)
        if tip is not None:
            joined[tip] = _seen_again(joined[tip], detection)
            continue
        region = _lone(len(lone), detection if side is None else elsewhere(detection, side))
        if max(region.confidence or 0.0, region.nail_confidence or 0.0) >= FLOOR:
            lone.append(region)
    return (*joined, *lone)


def match(tips: Sequence[Region], detections: Sequence[Detection]) -> dict[int, int]:
    """Which detection (index) belongs to which tip (index)."""
    overlaps = [
        (box_iou(tip.box, detection.box), t, d)
        for t, tip in enumerate(tips)
        for d, detection in enumerate(detections)
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, t, d in sorted(overlaps, key=lambda entry: -entry[0]):
        if overlap < SAME_TIP:
            break
        if t not in pairs and d not in taken:
            pairs[t] = d
            taken.add(d)
    return pairs


def _confirmed(tip: Region, detection: Detection) -> Region:
    """A tip with the scores of detector and landmarks together.

    Where the two disagree about the place, and the detector is sure of its own, the region covers
    both.
    """
    polygon = tip.polygon
    if box_iou(tip.box, detection.box) < AGREE and detection.confidence >= SURE_PLACE:
        polygon = hull(polygon, box_polygon(detection.box))
    return replace(_with_scores(tip, _joint(detection, tip)), polygon=polygon)


def is_flat(pixels: Pixels, box: Box) -> bool:
    """Whether a part of a photo (RGB, uint8) is of one colour: it can't give a fingerprint away."""
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in box)
    step = max(1, min(x1 - x0, y1 - y0) // _SAMPLED)
    part = pixels[y0 : max(y1, y0 + 1) : step, x0 : max(x1, x0 + 1) : step]
    return part.size == 0 or float(part.std(axis=(0, 1)).max()) < FLAT


def weigh(detection: Detection, pad_chance: float) -> Detection:
    """Joins what the detector and the landmarks say about pad or nail.

    The detector looks at the skin, the landmarks at how the hand is turned: independent witnesses,
    so their odds multiply (naive Bayes). So do those that a finger tip shows at all: the detector
    finds one where landmarks put one, which is no chance hit.

    Args:
        detection: A finger tip.
        pad_chance: See :func:`vov_core.geometry.pad_chance`.
    """
    pad = detection.confidence * pad_chance
    nail = detection.nail_confidence * (1 - pad_chance)
    if pad + nail == 0:
        return detection
    shown = _at_odds(min(1.0, detection.confidence + detection.nail_confidence), AT_A_TIP)
    share = pad / (pad + nail)
    return replace(detection, confidence=shown * share, nail_confidence=shown * (1 - share))


def _made_up_hands(tips: Sequence[Region], detections: Sequence[Detection]) -> set[int | None]:
    """Hands that the landmarker made up from a finger's folds, as it does in close-ups.

    All their tips lie in one tip that the detector finds. They stay covered, but that find is not
    one of their tips, and they are no reason to doubt the others.
    """
    hands: dict[int | None, list[Box]] = {}
    for tip in tips:
        hands.setdefault(tip.hand, []).append(tip.box)
    finds = [d.box for d in detections if d.confidence + d.nail_confidence >= FIND]
    return {hand for hand, boxes in hands.items() if any(_holds(find, boxes) for find in finds)}


def _holds(box: Box, others: Sequence[Box]) -> bool:
    """Whether the middles of all other boxes lie in a box."""
    x0, y0, x1, y1 = box
    return all(x0 < (a + c) / 2 < x1 and y0 < (b + d) / 2 < y1 for a, b, c, d in others)


def _lies_on(detection: Detection, tip: Region) -> bool:
    outline = box_polygon(detection.box)
    smaller = min(area(outline), area(tip.polygon))
    return intersection_area(outline, tip.polygon) > SEEN_AGAIN * smaller


def _seen_again(tip: Region, detection: Detection) -> Region:
    """The tip with the better of both scores; its place stays."""
    again = _joint(detection, tip)
    return tip if again.confidence <= (tip.confidence or 0.0) else _with_scores(tip, again)


def _joint(detection: Detection, tip: Region) -> Detection:
    return detection if tip.pad_chance is None else weigh(detection, tip.pad_chance)


def _with_scores(tip: Region, scores: Detection) -> Region:
    seen = _kind(scores)
    return replace(
        tip,
        source=Source.BOTH,
        kind=tip.kind if seen is Kind.UNKNOWN else seen,
        confidence=scores.confidence,
        nail_confidence=scores.nail_confidence,
    )


def _lone(number: int, detection: Detection) -> Region:
    x0, y0, x1, y1 = detection.box
    return Region(
        id=f"d{number}",
        polygon=box_polygon(detection.box),
        width=min(x1 - x0, y1 - y0),
        source=Source.DETECTOR,
        kind=_kind(detection),
        confidence=detection.confidence,
        nail_confidence=detection.nail_confidence,
    )


def elsewhere(detection: Detection, longest: float) -> Detection:
    """What a detection's scores are worth where landmarks stand behind others, not behind it.

    Where all hands are made up, the photo may be a close-up, which the landmarker is blind for; a
    finger tip that is small in the photo speaks against that. The doubt falls with the tip's size.

    Args:
        detection: A finger tip.
        longest: The photo's longer side, pixels; 0 where hands were seen, so that nothing in the
            photo is taken for a close-up.
    """
    x0, y0, x1, y1 = detection.box
    share = min(1.0, max(x1 - x0, y1 - y0) / longest / CLOSE_UP) if longest else 0.0
    seen = detection.confidence + detection.nail_confidence
    if seen == 0:
        return detection
    worth = _at_odds(min(1.0, seen), ELSEWHERE ** (1 - share)) / seen
    return replace(
        detection,
        confidence=detection.confidence * worth,
        nail_confidence=detection.nail_confidence * worth,
    )


def _at_odds(chance: float, factor: float) -> float:
    """A chance 0..1 after its odds were multiplied."""
    return chance * factor / (1 - chance + chance * factor)


def _kind(detection: Detection) -> Kind:
    """What the detector is sure of."""
    if max(detection.confidence, detection.nail_confidence) < SURE_KIND:
        return Kind.UNKNOWN
    if detection.nail_confidence > detection.confidence:
        return Kind.NAIL
    return Kind.FINGERPRINT


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    result = call()
    return result, (perf_counter() - start) * 1000

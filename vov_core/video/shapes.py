"""From what was followed to the regions that get covered in each frame.

A region holds the finger tip where it was found in the frame and where it was half-way to the
frames before and after (a blurred finger is in all of these places); where it may be as well has
regions of its own. So no smoothing ever uncovers what was found. While a hand rests, its outlines
stand still.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vov_core.finder import place_tips
from vov_core.findings import Findings, Finger, Region, Source
from vov_core.geometry import FINGER_LANDMARKS, box_polygon, finger_width, hull
from vov_core.masks.regions import scale_region
from vov_core.video.tracks import Place, Score, Subject, Track, VideoFindings

Points = NDArray[np.float32]

_SMOOTHING: Final = (1, 2, 3, 2, 1)
_REST: Final = 0.07
_SPEED_MARGIN: Final = 0.2
_MOST_SPEED_MARGIN: Final = 0.35
_ELSEWHERE: Final = 0.1
_BESIDE: Final = 0.35


class Shapes:
    """The regions of each frame of a video. Frames are asked for in their order.

    Args:
        findings: Of the video.
    """

    def __init__(self, findings: VideoFindings) -> None:
        self._findings = findings
        self._resting: dict[int, Points] = {}
        self._of_frame: dict[int, list[Track]] = {}
        for track in findings.tracks:
            for index in track.places:
                self._of_frame.setdefault(index, []).append(track)

    def at(self, index: int) -> Findings:
        """What is in one frame, in the words of a photo's findings."""
        found = self._findings
        regions: list[Region] = []
        for track in self._of_frame.get(index, ()):
            shapes = self._hand if track.subject is Subject.HAND else self._tip
            regions += shapes(track, index)
        return Findings(
            photo_sha256="",
            width=found.width,
            height=found.height,
            regions=tuple(regions),
            detector=found.detector,
        )

    def _tip(self, track: Track, index: int) -> Iterator[Region]:
        place = track.places[index]
        x0, y0 = place.points.min(0).tolist()
        x1, y1 = place.points.max(0).tolist()
        width = min(x1 - x0, y1 - y0)
        score = _score(track, index, None)
        region = Region(
            id=f"t{track.number}",
            polygon=box_polygon((x0, y0, x1, y1)),
            width=width,
            source=Source.DETECTOR,
            confidence=score.confidence,
            nail_confidence=score.nail_confidence,
        )
        yield _grown(region, place.doubt + _speed(track, index, width))

    def _hand(self, track: Track, index: int) -> Iterator[Region]:
        place = track.places[index]
        hand = track.hand(place.points)
        width = finger_width(hand, Finger.INDEX)
        resting = self._rest(track, index, _REST * width)
        paths = [resting] if resting is not None else list(_swept(track, index))
        tips, _ = place_tips([hand], self._findings.width, self._findings.height)
        others = [_tips_of(track, path) for path in paths]
        margin = place.doubt + _speed(track, index, width)
        for tip in tips:
            assert tip.finger is not None
            more = [shapes[tip.finger] for shapes in others if tip.finger in shapes]
            region = tip
            if resting is not None and more:
                # Slightly larger than what rests, so that it holds what trembles about it.
                still = replace(tip, polygon=more[0].polygon, base=more[0].base)
                more = [_grown(still, 2 * _REST), *more[1:]]
                region = replace(tip, base=more[0].base, width=more[0].width)
            outlines = [tip.polygon, *(shape.polygon for shape in more)]
            region = replace(region, polygon=hull(*outlines))
            yield _named(track, index, _grown(region, margin))
        if place.also:
            yield from self._elsewhere(track, index, margin + _ELSEWHERE)

    def _elsewhere(self, track: Track, index: int, margin: float) -> Iterator[Region]:
        """The tips of a hand where they may be as well: regions of the same names."""
        width, height = self._findings.width, self._findings.height
        place = track.places[index]
        shown = [place.points[FINGER_LANDMARKS[finger][-1]] for finger in Finger]
        for points in place.also:
            for tip in place_tips([track.hand(points)], width, height)[0]:
                assert tip.finger is not None
                end = points[FINGER_LANDMARKS[tip.finger][-1]]
                near = min(float(np.linalg.norm(end - other)) for other in shown)
                if near > _BESIDE * tip.width:
                    shown.append(end)
                    yield _named(track, index, _grown(tip, margin))

    def _rest(self, track: Track, index: int, limit: float) -> Points | None:
        """Where a hand rests, if it does: the same points from frame to frame."""
        smooth, here = _smooth(track, index), track.places[index].points
        known = self._resting.get(track.number)
        near = (smooth, here)
        if known is not None and all(_off(known, points) <= limit for points in near):
            return known
        self._resting[track.number] = smooth
        return smooth if _off(smooth, here) <= limit and _still(track, index, limit) else None


def _named(track: Track, index: int, region: Region) -> Region:
    """A finger tip of a track, with what the detector said about it."""
    score = _score(track, index, region.finger)
    return replace(
        region,
        id=f"t{track.number}-{region.finger}",
        hand=track.number,
        confidence=score.confidence,
        nail_confidence=score.nail_confidence,
    )


def _tips_of(track: Track, points: Points) -> dict[Finger, Region]:
    """The finger tips of a hand, wherever they are."""
    far = 2**20
    shifted = points + np.float32(far // 2)
    tips, _ = place_tips([track.hand(shifted)], far, far)
    back = -float(far // 2)
    return {
        tip.finger: replace(
            tip,
            polygon=tuple((x + back, y + back) for x, y in tip.polygon),
            base=tip.base and (tip.base[0] + back, tip.base[1] + back),
        )
        for tip in tips
        if tip.finger is not None
    }


def _off(one: Points, other: Points) -> float:
    return float(np.abs(one - other).max())


def _still(track: Track, index: int, limit: float) -> bool:
    here = track.places[index].points
    beside = (track.places.get(index - 1), track.places.get(index + 1))
    return all(place is None or _off(place.points, here) <= limit for place in beside)


def _swept(track: Track, index: int) -> Iterator[Points]:
    """Half-way to both neighbours."""
    here = track.places[index].points
    before, after = track.places.get(index - 1), track.places.get(index + 1)
    for one, other in ((before, after), (after, before)):
        if one is not None:
            yield np.asarray((here + one.points) / 2, np.float32)
        elif other is not None:
            yield np.asarray(here + (here - other.points) / 2, np.float32)


def _smooth(track: Track, index: int) -> Points:
    """The weighted mean of the places around; less of them at the ends."""
    reach = len(_SMOOTHING) // 2
    around: list[tuple[int, Place]] = [
        (weight, place)
        for weight, offset in zip(_SMOOTHING, range(-reach, reach + 1), strict=True)
        if (place := track.places.get(index + offset)) is not None
    ]
    total = sum(weight for weight, _ in around)
    mean = sum(place.points * np.float32(weight / total) for weight, place in around)
    return np.asarray(mean, np.float32)


def _speed(track: Track, index: int, width: float) -> float:
    """A margin for moving fingers, in finger widths."""
    here = track.places[index].points
    beside = (track.places.get(index - 1), track.places.get(index + 1))
    moved = max((_off(place.points, here) for place in beside if place is not None), default=0.0)
    return min(_MOST_SPEED_MARGIN, _SPEED_MARGIN * moved / max(width, 1.0))


def _grown(region: Region, margin: float) -> Region:
    """A region that reaches further by a share of the finger's width on all sides."""
    if margin <= 0:
        return region
    x0, y0, x1, y1 = region.box
    shortest = max(1.0, min(x1 - x0, y1 - y0))
    return scale_region(region, 1 + 2 * margin * min(region.width, shortest) / shortest)


def _score(track: Track, index: int, finger: Finger | None) -> Score:
    """What the detector's nearest looks say: only if both saw a nail, it is one.

    Between two looks a finger may turn. Its pad may show if either look says so.
    """
    said = [at for at, fingers in track.scores.items() if finger in fingers]
    before = max((at for at in said if at <= index), default=None)
    after = min((at for at in said if at >= index), default=None)
    near = [track.scores[at][finger] for at in (before, after) if at is not None]
    if not near:
        return Score(None, None)
    pads = [score.confidence for score in near if score.confidence is not None]
    nails = [score.nail_confidence or 0.0 for score in near]
    return Score(max(pads, default=None), min(nails) if len(near) == 2 else 0.0)

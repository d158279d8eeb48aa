"""Where finger tips were a moment ago, carried on: the landmarker errs for some frames in a row.

It takes one finger for another, or shrinks a whole hand, and comes back to what is right, without
losing the hand. So where tips leap away from where the movement of the picture takes them, their
old places stay covered for a while, too, until they are covered anyway. Whoever follows forwards
does this step by step; backwards, the new places are carried into the frames before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vov_core.geometry import hand_size
from vov_core.video.flow import carried
from vov_core.video.tracks import Place, Subject, Track

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

SECONDS: Final = 0.5
"""How long an old place outlives the last look that saw it."""

_TIPS: Final = [4, 8, 12, 16, 20]
# In hand sizes, about half a finger's width: a tip this near to another is covered with it.
_NEAR: Final = 0.11
_MOST: Final = 3


@dataclass(slots=True)
class _Echo:
    """An old place of a hand in the present frame."""

    points: Points
    age: int


class Echoes:
    """The echoes of all hands of one video, frame after frame.

    Args:
        rate: Looks per second.
    """

    def __init__(self, rate: float) -> None:
        self.life = max(2, round(rate * SECONDS))
        self._of: dict[int, list[_Echo]] = {}
        self._before: tuple[int, Pixels, float] | None = None

    def step(self, tracks: Sequence[Track], index: int, grey: Pixels, scale: float) -> list[Track]:
        """Adds to each hand's place in a frame where it was before; returns those that leapt.

        Args:
            tracks: All that is followed; a hand has a place in the frame if it was seen there.
            index: Of the frame.
            grey: The frame, reduced.
            scale: Frame pixels per reduced pixel.
        """
        last, self._before = self._before, (index, grey, scale)
        leapt: list[Track] = []
        if last is None:
            return leapt
        alive: dict[int, list[_Echo]] = {}
        for track in tracks:
            if track.subject is not Subject.HAND:
                continue
            here, there = track.places.get(index), track.places.get(last[0])
            echoes = [
                _Echo(self._carry(echo.points, last, grey), echo.age + 1)
                for echo in self._of.get(track.number, ())
            ]
            if there is not None and (here is None or not agree(there.points, here.points)):
                echoes.insert(0, _Echo(self._carry(there.points, last, grey), 0))
            if here is not None:
                # The newest echo is of the frame before, or of the last one that had the hand.
                changed = there is None or not agree(there.points, here.points)
                if changed and echoes and not agree(echoes[0].points, here.points):
                    leapt.append(track)
                echoes = self._noted(track, index, echoes)
            alive[track.number] = [echo for echo in echoes if echo.age <= self.life][:_MOST]
        self._of = alive
        return leapt

    def tell(self, track: Track, index: int, points: Points) -> bool:
        """Another opinion on where a hand is in the present frame; whether it is news."""
        if agree(points, *_all(track.places[index])):
            return False
        echoes = [_Echo(points, 0), *self._of.get(track.number, ())]
        track.places[index] = track.places[index]._replace(also=())
        self._of[track.number] = self._noted(track, index, echoes)
        return True

    def _noted(self, track: Track, index: int, echoes: list[_Echo]) -> list[_Echo]:
        """Keeps what says something new, and notes it in the track."""
        kept: list[_Echo] = []
        place = track.places[index]
        for echo in echoes:
            known = (place.points, *(other.points for other in kept))
            if echo.age <= self.life and not agree(echo.points, *known):
                kept.append(echo)
        kept = kept[:_MOST]
        if kept:
            also = (*place.also, *(echo.points for echo in kept))
            track.places[index] = place._replace(also=also)
        return kept

    def _carry(self, points: Points, last: tuple[int, Pixels, float], grey: Pixels) -> Points:
        """Where the picture's movement takes points; where they were if that can't be told."""
        _, before, scale = last
        if before.shape != grey.shape:
            return points
        moved = next(carried(points / np.float32(scale), before, [grey]), None)
        return points if moved is None else (moved * np.float32(scale)).astype(np.float32)


def carry_into(track: Track, moved: Iterator[tuple[int, Points]], life: int) -> None:
    """Carries an opinion on one frame into those beside it, until they have it, too.

    Args:
        track: Whose.
        moved: The frames before or after it, and where the picture's movement takes the points.
        life: Through how many of them.
    """
    for at, there in islice(moved, life):
        place = track.places.get(at)
        if place is None or agree(there, *_all(place)):
            return
        track.places[at] = place._replace(also=(*place.also, there))


def agree(points: Points, *others: Points) -> bool:
    """Whether all finger tips of a hand lie about where there is some tip of the others."""
    near = _NEAR * max(1.0, hand_size(points.astype(np.float64)))
    tips = points[_TIPS]
    known = np.concatenate([other[_TIPS] for other in others])
    apart = np.linalg.norm(tips[:, None] - known[None], axis=2).min(1)
    return bool(apart.max() <= near)


def _all(place: Place) -> tuple[Points, ...]:
    return (place.points, *place.also)

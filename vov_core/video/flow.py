"""Carries points from frame to frame by the movement of the picture, where no model sees them."""

from collections.abc import Iterable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

_FEWEST: Final = 7
_BACK_AND_FORTH: Final = 2.0
_WINDOW: Final = (21, 21)
_LEVELS: Final = 3
_GROWTH: Final = (0.8, 1.25)


def carried(points: Points, start: Pixels, pictures: Iterable[Pixels]) -> Iterator[Points]:
    """Follows a group of points that move as one.

    Args:
        points: (N, 2), pixels of the pictures.
        start: The grey picture in which they lie.
        pictures: Grey pictures that follow (or precede) it, in this order.

    Yields:
        The points in each picture, as long as they can be followed.
    """
    here = points.astype(np.float32)
    for picture in pictures:
        move = _movement(here, start, picture)
        if move is None:
            return
        here = (here @ move[:, :2].T + move[:, 2]).astype(np.float32)
        height, width = picture.shape[:2]
        x, y = here.mean(0)
        if not (0 <= x < width and 0 <= y < height):
            return
        yield here
        start = picture


def _movement(points: Points, start: Pixels, end: Pixels) -> NDArray[np.float64] | None:
    """The turn, growth and shift (2, 3) that most points agree on."""
    height, width = start.shape[:2]
    inside = (points >= 0).all(1) & (points[:, 0] < width) & (points[:, 1] < height)
    sources = _denser(points[inside])
    if len(sources) < _FEWEST:
        return None
    options = {"winSize": _WINDOW, "maxLevel": _LEVELS}
    there, found, _ = cv2.calcOpticalFlowPyrLK(start, end, sources, None, **options)  # type: ignore[call-overload]
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(end, start, there, None, **options)  # type: ignore[call-overload]
    sure = (found[:, 0] > 0) & (found_back[:, 0] > 0)
    sure &= np.linalg.norm(back - sources, axis=1) < _BACK_AND_FORTH
    if sure.sum() < _FEWEST:
        return None
    move, agree = cv2.estimateAffinePartial2D(
        sources[sure], there[sure], ransacReprojThreshold=_BACK_AND_FORTH
    )
    if move is None or agree.sum() < _FEWEST:
        return None
    growth = float(np.hypot(move[0, 0], move[1, 0]))
    return np.asarray(move, np.float64) if _GROWTH[0] <= growth <= _GROWTH[1] else None


def _denser(points: Points) -> Points:
    """The points and those half-way between neighbours."""
    if len(points) < 2:
        return points
    return np.concatenate([points, (points[1:] + points[:-1]) / 2]).astype(np.float32)

"""Finds hands and their 21 landmarks with MediaPipe.

MediaPipe looks for palms in a picture of 192 x 192 pixels, so one look at a photo misses hands that
are small in it, and hands that fill it. The finder therefore looks several times (*views*) and
merges what it saw:

1. the whole photo, letterboxed to a square (MediaPipe's landmark projection is exact on squares
   only),
2. the whole photo with a quarter of its size as black border around it and upside down: finds
   hands that fill the frame or are cut by it, and hands in turns that the first view missed,
3. for photos of more than ``TILES_FROM`` pixels, overlapping square tiles of 0.45 of the longer
   side.

Measured on rendered hands and on labelled photos: hands from 0.10 to 0.6 of a view's side are found
about equally well; at 0.08 a quarter of them is lost, at 0.06 most. So tiles reach down to hands of
about 0.045 of the photo's longer side. Smaller hands are missed; at 12 megapixels their fingers are
under 20 px wide, which is about 0.5 px per ridge.
"""

import os
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from math import ceil
from queue import SimpleQueue
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Hand, Handedness
from vov_core.geometry import Points, box_of, hand_size

Pixels = NDArray[np.uint8]

VIEW_SIDE = 1024
BORDER = 0.25
TILES_FROM = 900
TILE_SIDE = 0.45
TILE_OVERLAP = 0.25
HANDS_PER_VIEW = 10
MOST_AT_ONCE = 4

DETECTION_FLOOR = 0.2
PRESENCE_FLOOR = 0.3

SAME_HAND = 0.35
ENOUGH_PIXELS = 224.0
FEW_PIXELS = 64.0
FITS_TILE = 0.5
EDGE = 0.03


class HandFinder(Protocol):
    """Anything that finds hands in a photo. Safe to call from several threads."""

    version: str

    def find(self, pixels: Pixels) -> tuple[Hand, ...]:
        """Finds all hands.

        Args:
            pixels: RGB, uint8, (H, W, 3).

        Returns:
            The hands, largest first, landmarks in pixels of ``pixels``.
        """
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A square picture that shows a part of a photo.

    Attributes:
        pixels: RGB, uint8, (S, S, 3).
        left: Photo x of the view's left edge (before it is turned); may be negative.
        top: Photo y of the view's top edge; may be negative.
        scale: Photo pixels per view pixel.
        turned: Whether the view shows its part upside down (turned by 180 degrees).
        tile: Whether the view is a tile and not the whole photo.
    """

    pixels: Pixels
    left: float
    top: float
    scale: float
    turned: bool = False
    tile: bool = False

    @property
    def side(self) -> float:
        """Length of an edge in photo pixels."""
        return len(self.pixels) * self.scale

    def to_photo(self, points: Points) -> Points:
        """Maps points (N, 2) from pixels of the view to pixels of the photo."""
        upright = self.pixels.shape[0] - points if self.turned else points
        return np.asarray(upright * self.scale + (self.left, self.top), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One hand as one view showed it.

    Attributes:
        hand: In photo pixels.
        view: Which view.
        cut: Whether a tile's edge touches or cuts the hand where the photo goes on.
    """

    hand: Hand
    view: View
    cut: bool

    @property
    def pixels(self) -> float:
        """Size of the hand in the view's pixels, as far as the landmark model can use them."""
        return min(_size(self.hand) / self.view.scale, ENOUGH_PIXELS)


def views(pixels: Pixels) -> Iterator[View]:
    """The pictures in which hands are looked for, one at a time. See the module's text.

    Args:
        pixels: RGB, uint8, (H, W, 3).

    Yields:
        Two views of the whole photo, then at most nine tiles, whatever the photo's size.
    """
    height, width = pixels.shape[:2]
    longer = max(height, width)
    factor = -(-longer // VIEW_SIDE)
    small = _reduced(pixels, factor)
    yield _framed(small, factor)
    yield _turned(_framed(small, factor, border=BORDER))
    if longer < TILES_FROM:
        return
    side = round(TILE_SIDE * longer)
    factor = -(-side // VIEW_SIDE)
    for top in _starts(height, side):
        for left in _starts(width, side):
            small = _reduced(pixels[top : top + side, left : left + side], factor)
            tile = _framed(small, factor)
            yield replace(tile, left=tile.left + left, top=tile.top + top, tile=True)


def merge(sightings: Sequence[Sighting]) -> tuple[Hand, ...]:
    """Keeps the best sighting of each hand.

    Better is: not cut by a tile's edge, then more pixels, then the earlier view. Where a view shows
    a hand in part only or very small, MediaPipe makes up hands from fingers and folds; such
    sightings are dropped where the hand itself was seen better.

    Args:
        sightings: In the order of the views.

    Returns:
        One hand per group of like sightings, largest first.
    """
    whole = [sighting.hand for sighting in sightings if not sighting.view.tile]
    kept: list[Hand] = []
    for sighting in sorted(sightings, key=lambda s: (s.cut, -s.pixels)):
        known = any(_is_same(sighting.hand, hand) for hand in kept)
        if not (known or _is_doubtful(sighting, kept) or _is_fragment(sighting, whole)):
            kept.append(sighting.hand)
    return tuple(sorted(kept, key=_size, reverse=True))


class MediaPipeHands:
    """MediaPipe's HandLandmarker over several views of a photo.

    One instance serves all threads. A landmarker is not thread safe and uses one core, so there are
    several, and the views of a photo are looked at side by side. MediaPipe writes a few lines to
    stderr when it starts; its library offers no switch for them.

    Args:
        model: Content of ``hand_landmarker.task``.
        version: What is written into ``Findings.models``.
        at_once: Views that are looked at side by side; as many as there are cores, up to
            ``MOST_AT_ONCE``, if None.
    """

    def __init__(self, model: bytes, version: str, at_once: int | None = None) -> None:
        self.version = version
        count = at_once or min(MOST_AT_ONCE, os.cpu_count() or 1)
        landmarkers = [_landmarker(model) for _ in range(count)]
        self._free: SimpleQueue[Any] = SimpleQueue()
        for landmarker in landmarkers:
            self._free.put(landmarker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="hands")
        self._closer = weakref.finalize(self, _close, landmarkers)

    def find(self, pixels: Pixels) -> tuple[Hand, ...]:
        """Finds all hands.

        Args:
            pixels: RGB, uint8, (H, W, 3).

        Returns:
            The hands, largest first, landmarks in pixels of ``pixels``; they may lie outside of
            it. MediaPipe's handedness is that of the hand's owner in a photo that is not mirrored
            (checked on rendered hands).
        """
        height, width = pixels.shape[:2]
        look = partial(self.look, width=width, height=height)
        return merge([*chain.from_iterable(self._threads.map(look, views(pixels)))])

    def look(self, view: View, width: int, height: int) -> list[Sighting]:
        """The hands in one view of a photo of this size."""
        import mediapipe as mp

        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(view.pixels))
        landmarker = self._free.get()
        try:
            result = landmarker.detect(image)
        finally:
            self._free.put(landmarker)
        return [
            _sighting(view, points, handedness[0], (width, height))
            for points, handedness in zip(result.hand_landmarks, result.handedness, strict=True)
        ]

    def close(self) -> None:
        """Frees the landmarkers; further calls of ``find`` fail. Called by itself at exit."""
        self._threads.shutdown()
        self._closer()


def _landmarker(model: bytes) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    return vision.HandLandmarker.create_from_options(
        vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model),
            num_hands=HANDS_PER_VIEW,
            min_hand_detection_confidence=DETECTION_FLOOR,
            min_hand_presence_confidence=PRESENCE_FLOOR,
        )
    )


def _close(landmarkers: Sequence[Any]) -> None:
    for landmarker in landmarkers:
        try:
            landmarker.close()
        except RuntimeError:
            # The interpreter is going down and MediaPipe's worker thread is gone already. Without
            # its handle, MediaPipe's own __del__ stays quiet; the memory goes with the process.
            landmarker._handle = None


def _sighting(
    view: View, landmarks: Sequence[Any], handedness: Any, photo_size: tuple[int, int]
) -> Sighting:
    side = len(view.pixels)
    points = view.to_photo(np.array([(point.x * side, point.y * side) for point in landmarks]))
    hand = Hand(
        landmarks=tuple((float(x), float(y)) for x, y in points),
        depths=tuple(float(point.z * view.side) for point in landmarks),
        handedness=Handedness(handedness.category_name.lower()),
        score=min(float(handedness.score), 1.0),
    )
    return Sighting(hand, view, view.tile and _touches_edge(hand, view, photo_size))


def _touches_edge(hand: Hand, view: View, photo_size: tuple[int, int]) -> bool:
    """Whether a hand reaches to an edge of the view behind which the photo goes on."""
    x0, y0, x1, y1 = box_of(hand.landmarks)
    width, height = photo_size
    margin = EDGE * view.side
    right, bottom = view.left + view.side, view.top + view.side
    return (
        (view.left > 0 and x0 < view.left + margin)
        or (view.top > 0 and y0 < view.top + margin)
        or (right < width and x1 > right - margin)
        or (bottom < height and y1 > bottom - margin)
    )


def _size(hand: Hand) -> float:
    return hand_size(np.array(hand.landmarks))


def _is_same(one: Hand, other: Hand) -> bool:
    apart = np.linalg.norm(np.array(one.landmarks) - np.array(other.landmarks), axis=1).mean()
    return bool(apart < SAME_HAND * max(_size(one), _size(other)))


def _is_doubtful(sighting: Sighting, better: Sequence[Hand]) -> bool:
    """Whether a cut or very small sighting lies in a hand that was seen better."""
    poor = sighting.cut or sighting.pixels < FEW_PIXELS
    return poor and any(_is_inside(sighting.hand, hand) for hand in better)


def _is_fragment(sighting: Sighting, whole: Sequence[Hand]) -> bool:
    """Whether a tile's sighting lies in a hand that is too large for the tile."""
    if not sighting.view.tile:
        return False
    too_large = (hand for hand in whole if _extent(hand) > FITS_TILE * sighting.view.side)
    return any(_is_inside(sighting.hand, hand) for hand in too_large)


def _is_inside(hand: Hand, other: Hand) -> bool:
    x0, y0, x1, y1 = box_of(other.landmarks)
    x, y = np.array(hand.landmarks).mean(axis=0)
    return bool(x0 < x < x1 and y0 < y < y1)


def _extent(hand: Hand) -> float:
    x0, y0, x1, y1 = box_of(hand.landmarks)
    return max(x1 - x0, y1 - y0)


def _reduced(pixels: Pixels, factor: int) -> Pixels:
    """Averages blocks of factor x factor pixels: OpenCV's fast way, and without aliasing."""
    if factor == 1:
        return pixels
    height, width = (max(1, side // factor) for side in pixels.shape[:2])
    whole = pixels[: height * factor, : width * factor]
    return np.asarray(
        cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _framed(small: Pixels, factor: int, border: float = 0.0) -> View:
    height, width = small.shape[:2]
    side = round(max(height, width) * (1 + 2 * border))
    top, left = (side - height) // 2, (side - width) // 2
    canvas = np.zeros((side, side, 3), dtype=np.uint8)
    canvas[top : top + height, left : left + width] = small
    return View(canvas, -left * float(factor), -top * float(factor), float(factor))


def _turned(view: View) -> View:
    return replace(view, pixels=view.pixels[::-1, ::-1], turned=True)


def _starts(length: int, side: int) -> list[int]:
    """Evenly spread starts of tiles that overlap by at least TILE_OVERLAP."""
    beyond = max(length - side, 0)
    count = 1 + ceil(beyond / (side * (1 - TILE_OVERLAP)))
    return [round(start) for start in np.linspace(0, beyond, count)]

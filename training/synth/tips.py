"""What of each finger tip a camera sees: outlines and letters of the labels.

A label surrounds the last finger segment. Its letter is one of those of our annotations: ``P`` (the
pad looks at the camera), ``S`` (from the side), ``N`` (from the back), ``X`` (mostly hidden).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synth.hand import FINGERS, Hand, Numbers

# Cosines of the angle between a pad and the way to the camera. Chosen by looking at rendered tips:
# at 70 degrees about half of a pad can be seen, from 105 degrees on nothing of it.
_PAD_FROM = 0.35
_NAIL_UNTIL = -0.25
_SEEN = 0.4  # a tip of which less is seen is hidden
_HINT = 0.1  # a tip of which less is in the picture has no label
_SENSOR = 36.0
_SUBPIXELS = 4


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera at the origin that looks along -z, y upwards.

    Attributes:
        width: Pixels.
        height: Pixels.
        lens: Focal length in millimetres for a 36 mm wide sensor (along the longer side).
    """

    width: int
    height: int
    lens: float

    def project(self, points: Numbers) -> Numbers:
        """Pixels (n, 2) of points (n, 3)."""
        scale = self.lens / _SENSOR * max(self.width, self.height) / -points[:, 2]
        return np.column_stack(
            (self.width / 2 + scale * points[:, 0], self.height / 2 - scale * points[:, 1])
        )


@dataclass(frozen=True, slots=True)
class Tip:
    """A finger tip in a picture.

    Attributes:
        finger: Its name.
        letter: ``P``, ``S``, ``N`` or ``X``.
        outline: (n, 2), pixels, inside of the picture.
    """

    finger: str
    letter: str
    outline: NDArray[np.float32]

    def mirrored(self, width: int) -> "Tip":
        """The same tip in the mirrored picture."""
        flipped = self.outline[::-1] * (-1, 1) + (width, 0)
        return Tip(self.finger, self.letter, flipped.astype(np.float32))

    def annotation(self) -> dict[str, Any]:
        """As an entry of ``boxes`` in our annotations."""
        box = [*self.outline.min(0), *self.outline.max(0)]
        return {
            "label": self.letter,
            "finger": self.finger,
            "box": [round(float(value), 1) for value in box],
            "polygon": [[round(float(x), 1), round(float(y), 1)] for x, y in self.outline],
        }


def seen_tips(hand: Hand, vertices: Numbers, camera: Camera) -> tuple[list[Tip], NDArray[np.bool_]]:
    """Labels the tips of a posed hand.

    Args:
        hand: The model.
        vertices: Of the posed hand, in the camera's coordinates.
        camera: The camera.

    Returns:
        The tips in the picture, and which pixels show the hand.
    """
    places = camera.project(vertices)
    segments = np.zeros(len(hand.faces), np.uint8)
    for number, finger in enumerate(FINGERS, 2):
        segments[hand.last_segment(finger)[hand.faces].all(1)] = number
    order = np.argsort(vertices[hand.faces, 2].mean(1))  # the nearest are painted last
    numbers = np.maximum(segments, 1)
    picture = _painted(places[hand.faces[order]], numbers[order], camera)
    tips = []
    for number, finger in enumerate(FINGERS, 2):
        own = hand.faces[segments == number]
        outline, inside = _inside(places[np.unique(own)], camera)
        if inside < _HINT:
            continue
        front = places[own[_looking(places[own])]]  # not through the open end into the finger
        alone = _painted(front, np.ones(len(front), np.uint8), camera)
        seen = (picture == number).sum() / max(int((alone > 0).sum()), 1)
        letter = _letter(hand.facing(vertices, finger)) if min(inside, seen) >= _SEEN else "X"
        tips.append(Tip(finger, letter, outline))
    return tips, picture > 0


def _letter(facing: float) -> str:
    if facing > _PAD_FROM:
        return "P"
    return "N" if facing < _NAIL_UNTIL else "S"


def _looking(triangles: Numbers) -> NDArray[np.bool_]:
    """Which triangles (n, 3, 2) show their outer side."""
    first, second = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    # Counter-clockwise from outside, but rows of a picture go downwards.
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0)


def _painted(triangles: Numbers, values: NDArray[np.uint8], camera: Camera) -> NDArray[np.uint8]:
    """Paints triangles (n, 3, 2) in their order."""
    picture = np.zeros((camera.height, camera.width), np.uint8)
    far = 4.0 * max(camera.width, camera.height)
    near_enough = np.clip(triangles, -far, far)
    # OpenCV's pixel centres are at whole numbers.
    corners = np.rint((near_enough - 0.5) * (1 << _SUBPIXELS)).astype(np.int32)
    for triangle, value in zip(corners, values.tolist(), strict=True):
        cv2.fillConvexPoly(picture, triangle, value, shift=_SUBPIXELS)
    return picture


def _inside(points: Numbers, camera: Camera) -> tuple[NDArray[np.float32], float]:
    """The part of an outline that is in the picture, and how much of it that is."""
    hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2)
    width, height = camera.width, camera.height
    if (hull >= 0).all() and (hull <= (width, height)).all():
        return np.asarray(hull, np.float32), 1.0
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    part: Any
    area, part = cv2.intersectConvexConvex(hull, frame)
    if part is None:
        return np.zeros((0, 2), np.float32), 0.0
    share = float(area / max(cv2.contourArea(hull), 1e-6))
    return np.asarray(part.reshape(-1, 2).clip(0, (width, height)), np.float32), share

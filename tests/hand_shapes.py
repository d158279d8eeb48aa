"""A drawn right hand, flat, its palm to the camera, and what can be done to it."""

from dataclasses import replace
from math import cos, sin

from vov_core.findings import Hand, Handedness

# Unit: wrist to middle knuckle. Seen from the palm a right hand's thumb points to the right.
_FLAT = (
    *((0.0, 0.0), (0.35, -0.2), (0.6, -0.45), (0.8, -0.68), (0.98, -0.9)),
    *((0.28, -0.95), (0.34, -1.3), (0.37, -1.52), (0.4, -1.72)),
    *((0.06, -1.0), (0.08, -1.4), (0.09, -1.65), (0.1, -1.88)),
    *((-0.14, -0.95), (-0.17, -1.3), (-0.19, -1.53), (-0.2, -1.74)),
    *((-0.33, -0.85), (-0.4, -1.1), (-0.44, -1.27), (-0.48, -1.42)),
)


def open_hand(x: float = 500.0, y: float = 800.0, size: float = 300.0, turn: float = 0.0) -> Hand:
    """A right palm.

    Args:
        x: The wrist's, pixels.
        y: Likewise.
        size: Wrist to middle knuckle, pixels.
        turn: Radians, clockwise in the picture.
    """
    c, s = cos(turn) * size, sin(turn) * size
    points = tuple((x + c * px - s * py, y + s * px + c * py) for px, py in _FLAT)
    return Hand(points, (0.0,) * 21, Handedness.RIGHT, 0.97)


def mirrored(hand: Hand, about: float = 500.0) -> Hand:
    """The hand in a mirror: left becomes right."""
    other = Handedness.LEFT if hand.handedness is Handedness.RIGHT else Handedness.RIGHT
    points = tuple((2 * about - x, y) for x, y in hand.landmarks)
    return replace(hand, landmarks=points, handedness=other)


def moved(hand: Hand, landmark: int, to: tuple[float, float]) -> Hand:
    """The hand with one landmark elsewhere."""
    points = list(hand.landmarks)
    points[landmark] = to
    return replace(hand, landmarks=tuple(points))

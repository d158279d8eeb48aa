"""Named poses of a hand, with chance."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from training.synth.hand import FINGERS, Build, Hand, Numbers

_LEAST_CLEARANCE = 0.55  # skin gives way where fingers press on each other
_TRIES = 40
_STEPS = np.linspace(0, 1, 8)


class _Bend(NamedTuple):
    """Degrees at the three joints, and how far a finger is spread towards the little finger."""

    knuckle: float
    middle: float
    last: float
    spread: float


# A thumb's are relative to the model's own pose. Closed fists are left out: the model's fingers
# pass through each other.
POSES = {
    "open_palm": {
        "index": _Bend(0, 4, 3, -7),
        "middle": _Bend(0, 3, 2, 0),
        "ring": _Bend(0, 4, 3, 5),
        "little": _Bend(0, 6, 4, 12),
        "thumb": _Bend(-16, -4, -10, 24),
    },
    "relaxed": {
        "index": _Bend(12, 26, 14, -2),
        "middle": _Bend(16, 30, 16, 0),
        "ring": _Bend(20, 33, 18, 1),
        "little": _Bend(20, 34, 18, 4),
        "thumb": _Bend(-4, 0, -2, 8),
    },
    "v_sign": {
        "index": _Bend(0, 3, 3, -11),
        "middle": _Bend(0, 3, 2, 9),
        "ring": _Bend(75, 92, 50, 0),
        "little": _Bend(75, 90, 50, 0),
        "thumb": _Bend(20, 22, 32, -16),
    },
    "pointing": {
        "index": _Bend(0, 4, 3, 0),
        "middle": _Bend(78, 96, 55, 0),
        "ring": _Bend(80, 96, 55, 0),
        "little": _Bend(78, 92, 50, 0),
        "thumb": _Bend(20, 20, 28, -14),
    },
    "thumb_up": {
        "index": _Bend(76, 96, 56, 0),
        "middle": _Bend(79, 98, 56, 0),
        "ring": _Bend(80, 98, 56, 0),
        "little": _Bend(78, 94, 52, 0),
        "thumb": _Bend(-10, -10, -14, 26),
    },
    "pads_up": {
        "index": _Bend(18, 10, 2, -3),
        "middle": _Bend(18, 10, 2, 0),
        "ring": _Bend(20, 12, 2, 2),
        "little": _Bend(20, 12, 4, 6),
        "thumb": _Bend(2, -2, -4, 12),
    },
}
_SHARES = {
    "open_palm": 0.27,
    "relaxed": 0.2,
    "v_sign": 0.13,
    "pointing": 0.12,
    "thumb_up": 0.08,
    "pads_up": 0.2,
}


def random_pose(
    hand: Hand, build: dict[str, Build], rng: np.random.Generator
) -> tuple[str, Numbers]:
    """A pose in which no finger is inside another.

    Returns:
        The pose's name and the hand's vertices.

    Raises:
        RuntimeError: If none was found, which takes a very strange hand.
    """
    for _ in range(_TRIES):
        name = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
        for _ in range(_TRIES):
            vertices, bones = hand.pose(_angles(hand, name, rng), build)
            if clearance(hand, bones) > _LEAST_CLEARANCE:
                return name, vertices
    raise RuntimeError("in every pose a finger passes through another")


def clearance(hand: Hand, bones: Numbers) -> float:
    """The least distance between two fingers' axes, relative to the sum of their radii.

    Knuckles that are neighbours don't count.
    """
    least = np.inf
    axes = {finger: _sampled(hand.axis(finger, bones)) for finger in FINGERS}
    for i, first in enumerate(FINGERS):
        for second in FINGERS[:i]:
            away = axes[first][:, None, :, None] - axes[second][None, :, None, :]
            distances = np.linalg.norm(away, axis=-1).min((-1, -2))
            distances[0, 0] = np.inf
            wide = hand.radius(first) + hand.radius(second)
            least = min(least, float(distances.min()) / wide)
    return least


def _sampled(points: Numbers) -> Numbers:
    """Points along each part of a line: (parts, steps, 3)."""
    part = _STEPS[None, :, None]
    return np.asarray(points[:-1, None] * (1 - part) + points[1:, None] * part)


def _angles(
    hand: Hand, name: str, rng: np.random.Generator
) -> dict[int, tuple[float, float, float]]:
    angles = {}
    shared = rng.normal(0, 3)
    for finger in FINGERS[1:]:
        bend = POSES[name][finger]
        own = _bind_bend(hand, finger)
        # Folded fingers open a little, straight ones bend a little.
        curl = abs(rng.normal(0, 4)) * (-1 if bend.middle > 60 else 1)
        knuckle = bend.knuckle - own.knuckle + shared + rng.normal(0, 4)
        side = own.spread - bend.spread + rng.normal(0, 2)
        middle = bend.middle - own.middle + curl + rng.normal(0, 2)
        last = bend.last - own.last + 0.6 * curl + rng.normal(0, 2)
        angles[hand.bone(finger, 1)] = (knuckle, side, 0.0)
        angles[hand.bone(finger, 2)] = (middle, 0.0, 0.0)
        angles[hand.bone(finger, 3)] = (last, 0.0, 0.0)
    thumb = POSES[name]["thumb"]
    root = thumb.knuckle + rng.normal(0, 3), thumb.spread + rng.normal(0, 3), rng.normal(0, 2)
    angles[hand.bone("thumb", 1)] = root
    angles[hand.bone("thumb", 2)] = (thumb.middle + rng.normal(0, 4), 0.0, 0.0)
    angles[hand.bone("thumb", 3)] = (thumb.last + rng.normal(0, 5), 0.0, 0.0)
    return angles


def _bind_bend(hand: Hand, finger: str) -> _Bend:
    """How a finger is bent in the bind pose already."""
    palm = hand.bind[hand.numbers["metacarpals"]]
    bones = [palm, *(hand.bind[hand.bone(finger, joint)] for joint in (1, 2, 3))]
    bends = []
    for parent, child in pairwise(bones):
        along = child[:3, :3].T @ parent[:3, 1]  # the parent's axis as the child sees it
        bends.append(float(np.degrees(np.arctan2(along[2], along[1]))))
    along = bones[1][:3, 1]
    spread = float(np.degrees(np.arctan2(along @ palm[:3, 0], along @ palm[:3, 1])))
    return _Bend(bends[0], bends[1], bends[2], spread)

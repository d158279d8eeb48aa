"""Chooses who is photographed how: pose, shape of the hand, point of view and frame."""

from dataclasses import dataclass

import numpy as np

from training.synth.hand import FINGERS, Build, Hand, Numbers, rotation
from training.synth.poses import random_pose
from training.synth.tips import Camera

_FOREARM = 62.0  # what lies further back on the hand's x axis needs no place in the frame
_FACING_CLOSE_UP = 0.45
_NEAREST = 40.0
_WIDTHS = (512, 576, 640)
PALM = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
"""Camera axes in hand coordinates: the palm to the camera, fingers up."""
_FROM_BEHIND = 0.3  # parts of the whole hands
_ASKEW = 0.2


@dataclass(frozen=True, slots=True)
class Shot:
    """Where everything is.

    Attributes:
        pose: Name.
        identity: Whose hand.
        left: If the finished picture is to be mirrored.
        target: The finger of a close-up.
        vertices: The hand's, in the camera's coordinates.
        turn: From hand to camera coordinates.
        shift: Added after the turn.
        camera: Picture size and lens.
        focus: Distance of what is sharp.
        aperture: Its diameter; 0 keeps everything sharp.
    """

    pose: str
    identity: int
    left: bool
    target: str | None
    vertices: Numbers
    turn: Numbers
    shift: Numbers
    camera: Camera
    focus: float
    aperture: float

    def placed(self, points: Numbers) -> Numbers:
        """Moves points from hand to camera coordinates."""
        return np.asarray(points @ self.turn.T + self.shift)


def random_shot(hand: Hand, rng: np.random.Generator, close: float, identities: int) -> Shot:
    """Chooses a shot.

    Args:
        hand: The model.
        rng: All chance.
        close: Part of the shots that are close-ups of some finger.
        identities: How many people there are.
    """
    identity = int(rng.integers(identities))
    pose, bent = random_pose(hand, random_build(identity), rng)
    wanted_close = bool(rng.random() < close)
    turn = _point_of_view(rng, pose, behind=not wanted_close)
    turned = bent @ turn.T
    target = _target(hand, turned, rng) if wanted_close else None
    width, height = int(rng.choice(_WIDTHS)), 0
    width, height = (width, width * 3 // 4) if rng.random() < 0.6 else (width * 3 // 4, width)
    if target:
        camera, shift = _close_frame(turned[hand.pads[target].middle], (width, height), rng)
        focus = -(turned[hand.pads[target].middle] + shift)[2]
        if (turned + shift)[:, 2].max() > -_NEAREST:  # an arm that points at the camera
            target = None
    if not target:
        hand_only = turned[bent[:, 0] < _FOREARM]
        camera, shift = _whole_frame(hand_only, (width, height), rng)
        focus = -float(np.median(hand_only[:, 2]) + shift[2]) - 15
    return Shot(
        pose,
        identity,
        left=bool(rng.random() < 0.5),
        target=target,
        vertices=turned + shift,
        turn=turn,
        shift=shift,
        camera=camera,
        focus=float(focus),
        aperture=float(rng.uniform(1.0, 3.4)) if rng.random() < 0.7 else 0.0,
    )


def random_build(identity: int) -> dict[str, Build]:
    """How an identity's fingers differ from the model's."""
    rng = np.random.default_rng([11, identity])
    length, girth = rng.uniform(0.92, 1.08), rng.uniform(0.88, 1.12)
    return {
        finger: Build(length * rng.uniform(0.97, 1.03), girth * rng.uniform(0.97, 1.03))
        for finger in FINGERS
    }


def _point_of_view(rng: np.random.Generator, pose: str, behind: bool) -> Numbers:
    yaw, pitch = rng.normal(0, 17), rng.normal(0, 14)
    roll = rng.normal(0, 25) if rng.random() < 0.8 else rng.uniform(-180, 180)
    if pose == "thumb_up":
        yaw, pitch = yaw + rng.choice((0, -35)), pitch + rng.uniform(0, 20)
        roll += 75 if rng.random() < 0.8 else 0  # the thumb is at the palm's right: it turns up
    elif pose == "pointing" and rng.random() < 0.35:
        pitch -= rng.uniform(25, 50)  # the tip towards the camera
    elif pose == "relaxed":
        pitch -= rng.uniform(0, 15)
    chance = rng.random()
    if behind and chance < _FROM_BEHIND:
        yaw += 180
    elif behind and chance < _FROM_BEHIND + _ASKEW:
        yaw += rng.normal(0, 40)
    turn = rotation("z", roll) @ rotation("x", pitch) @ rotation("y", yaw)
    return np.asarray(turn @ PALM)


def _target(hand: Hand, turned: Numbers, rng: np.random.Generator) -> str | None:
    """A finger whose pad looks at the camera."""
    far = turned - (0, 0, 1000)
    looking = [finger for finger in FINGERS if hand.facing(far, finger) > _FACING_CLOSE_UP]
    return str(rng.choice(looking)) if looking else None


def _close_frame(
    middle: Numbers, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Camera, Numbers]:
    field = rng.uniform(34, 95)  # millimetres across the shorter side
    sensor = min(size) / max(size) * 36
    distance = max(90.0, field * rng.uniform(34, 62) / sensor)
    aside = np.array([*rng.normal(0, 4, 2), 0])
    return Camera(*size, distance * sensor / field), np.array([0, 0, -distance]) - middle - aside


def _whole_frame(
    turned: Numbers, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Camera, Numbers]:
    lens = rng.uniform(24, 45)
    low, high = turned.min(0), turned.max(0)
    middle = (low + high) / 2
    extent = max((high[0] - low[0]) / size[0], (high[1] - low[1]) / size[1]) * max(size)
    distance = extent / rng.uniform(0.55, 0.95) * lens / 36 + (high[2] - middle[2]) * 0.5
    aside = np.array([*rng.normal(0, 0.05, 2) * extent, 0])
    return Camera(*size, lens), np.array([0, 0, -distance]) - middle + aside

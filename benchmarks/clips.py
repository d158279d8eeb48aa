"""Rendered clips with exact labels: the samples' hands, cut out and moved over made-up backgrounds.

Each frame comes with the outlines of the finger pads that show in it. Nothing here is of a person.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.video.reader import TICKS
from vov_core.video.writer import Mp4Writer

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SAMPLES = Path(__file__).parents[1] / "samples"
_CUT_SIDE = 700
_SHUTTER = 0.5


@dataclass(frozen=True, slots=True)
class Cutout:
    """A hand of a sample without its background."""

    pixels: Pixels
    alpha: Pixels
    pads: tuple[NDArray[np.float64], ...]
    centre: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a hand is: centre and size as shares of the frame's height, turn in degrees."""

    x: float
    y: float
    size: float
    turn: float = 0.0


Motion = Callable[[float], Pose | None]
"""Seconds -> where the hand is; None where it is not there."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A hand and how it moves."""

    sample: str
    motion: Motion


@dataclass(frozen=True)
class Scene:
    """A clip to be.

    Attributes:
        name: What happens.
        actors: Later ones pass before earlier ones.
        seconds: Length.
        blur: Whether the shutter is open for half of each frame.
    """

    name: str
    actors: Sequence[Actor] = field(default_factory=tuple)
    seconds: float = 3.0
    blur: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """A frame and the pads that show in it, each as a mask."""

    pixels: Pixels
    pads: tuple[Mask, ...]


@cache
def cutout(sample: str) -> Cutout:
    """Cuts a sample's hand out of its plain background."""
    facts: dict[str, Any] = json.loads((_SAMPLES / f"{sample}.json").read_text(encoding="utf-8"))
    bgr = cv2.imread(str(_SAMPLES / f"{sample}.jpg"))
    assert bgr is not None
    scale = _CUT_SIDE / max(bgr.shape[:2])
    small = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = (round(v * scale) for v in facts["hand_bbox_xyxy"])
    mask = np.zeros(small.shape[:2], np.uint8)
    cv2.setRNGSeed(1)
    box = (max(1, x0 - 6), max(1, y0 - 6), x1 - x0 + 12, y1 - y0 + 12)
    cv2.grabCut(small, mask, box, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_RECT)
    solid = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8) * 255
    alpha = cv2.GaussianBlur(solid, (0, 0), 1.0)
    pads = tuple(
        np.array(polygon, np.float64) * scale
        for pad in facts["pads"]
        if pad["visible"] and pad["visible_fraction"] >= 0.5
        for polygon in pad["pad_polygons"]
        if cv2.contourArea(np.array(polygon, np.float32)) > 200
    )
    rgb = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
    return Cutout(rgb, np.asarray(alpha, np.uint8), pads, ((x0 + x1) / 2, (y0 + y1) / 2))


def background(width: int, height: int, seed: int) -> Pixels:
    """Soft random colours with some texture."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((3, 70.0), (8, 26.0), (40, 7.0), (160, 4.0)):
        grid = rng.uniform(-1, 1, (max(2, cells * height // width), cells, 3)).astype(np.float32)
        # Mostly grey: rooms and streets have few colours.
        grid = np.float32(0.8) * grid[..., :1] + np.float32(0.2) * grid
        canvas += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas + np.float32(112), 0, 255).astype(np.uint8)


def _placed(cut: Cutout, pose: Pose, width: int, height: int) -> NDArray[np.float64]:
    """The matrix (2, 3) that puts a cutout into a frame."""
    scale = pose.size * height / _CUT_SIDE
    c, s = cos(radians(pose.turn)) * scale, sin(radians(pose.turn)) * scale
    x, y = cut.centre
    return np.array(
        [
            [c, -s, pose.x * width - c * x + s * y],
            [s, c, pose.y * height - s * x - c * y],
        ]
    )


def frame_of(scene: Scene, seconds: float, rate: float, backdrop: Pixels) -> Labelled:
    """One frame of a scene."""
    height, width = backdrop.shape[:2]
    moments = np.linspace(-0.5, 0.5, 7) * _SHUTTER / rate if scene.blur else np.zeros(1)
    total = np.zeros((height, width, 3), np.float32)
    for moment in moments:
        total += _paint(scene, seconds + moment, backdrop)
    return Labelled(np.rint(total / len(moments)).astype(np.uint8), _pads(scene, seconds, backdrop))


def _paint(scene: Scene, seconds: float, backdrop: Pixels) -> NDArray[np.float32]:
    height, width = backdrop.shape[:2]
    canvas = backdrop.astype(np.float32)
    for actor in scene.actors:
        pose = actor.motion(seconds)
        if pose is None:
            continue
        cut = cutout(actor.sample)
        matrix = _placed(cut, pose, width, height)
        hand = cv2.warpAffine(cut.pixels, matrix, (width, height), flags=cv2.INTER_AREA)
        alpha = cv2.warpAffine(cut.alpha, matrix, (width, height))[..., None] / np.float32(255)
        canvas += (hand - canvas) * alpha
    return canvas


def _pads(scene: Scene, seconds: float, backdrop: Pixels) -> tuple[Mask, ...]:
    """The pads that show: not those outside of the frame or behind another hand."""
    height, width = backdrop.shape[:2]
    shown: list[Mask] = []
    for actor in scene.actors:
        pose = actor.motion(seconds)
        if pose is None:
            continue
        cut = cutout(actor.sample)
        matrix = _placed(cut, pose, width, height)
        over = cv2.warpAffine(cut.alpha, matrix, (width, height)) > 127
        shown = [mask & ~over for mask in shown]
        for pad in cut.pads:
            moved = pad @ matrix[:, :2].T + matrix[:, 2]
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [np.rint(moved).astype(np.int32)], 1)
            if mask.sum() >= max(30.0, 0.4 * cv2.contourArea(moved.astype(np.float32))):
                shown.append(mask.astype(bool))
    return tuple(mask for mask in shown if mask.sum() >= 30)


def labelled(
    scene: Scene, width: int, height: int, rate: float, seed: int = 3
) -> Iterator[Labelled]:
    """All frames of a scene."""
    backdrop = background(width, height, seed)
    for index in range(round(scene.seconds * rate)):
        yield frame_of(scene, index / rate, rate, backdrop)


def written(scene: Scene, width: int, height: int, rate: float) -> bytes:
    """A scene as an mp4."""
    writer = Mp4Writer(width, height, rate, crf=18)
    for index, frame in enumerate(labelled(scene, width, height, rate)):
        writer.picture(frame.pixels, round(index * TICKS / rate))
    return writer.finish()


def _still(seconds: float) -> Pose:
    return Pose(0.5, 0.55, 0.8 + 0 * seconds)


def _wave(seconds: float) -> Pose:
    return Pose(0.5 + 0.14 * sin(2 * pi * seconds * 0.9), 0.58, 0.75, 18 * sin(2 * pi * seconds))


def _enter(seconds: float) -> Pose:
    return Pose(-0.35 + 0.5 * seconds, 0.55, 0.75)


def _leave(seconds: float) -> Pose:
    return Pose(0.45 + 0.42 * max(0.0, seconds - 0.6), 0.55, 0.75)


def _rise(seconds: float) -> Pose:
    return Pose(0.5, max(0.55, 1.35 - 0.55 * seconds), 0.8)


def _cross(offset: float, way: float) -> Motion:
    return lambda seconds: Pose(offset + way * 0.26 * seconds, 0.55 + 0.04 * way, 0.6, 8 * way)


def _fast(seconds: float) -> Pose:
    return Pose(0.5 + 0.28 * sin(2 * pi * seconds * 1.1), 0.55 + 0.1 * cos(5 * seconds), 0.7)


def _turn(seconds: float) -> Pose:
    return Pose(0.5, 0.52, 0.7, 70 * seconds - 60)


def _grow(seconds: float) -> Pose:
    return Pose(0.5, 0.55, 0.25 + 0.25 * seconds)


SCENES: tuple[Scene, ...] = (
    Scene("resting", (Actor("hand_00300", _still),)),
    Scene("waving", (Actor("hand_00301", _wave),)),
    Scene("entering from the side", (Actor("hand_00300", _enter),)),
    Scene("leaving", (Actor("hand_00301", _leave),)),
    Scene("rising into the picture", (Actor("hand_00302", _rise),)),
    Scene(
        "two hands crossing",
        (Actor("hand_00300", _cross(0.2, 1)), Actor("hand_00301", _cross(0.8, -1))),
    ),
    Scene("fast and blurred", (Actor("hand_00300", _fast),), blur=True),
    Scene("turning", (Actor("hand_00301", _turn),)),
    Scene("coming nearer", (Actor("hand_00302", _grow),)),
)

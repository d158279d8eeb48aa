"""Touches of fingers that belong to nobody, flat and photographed, each a little different.

A touch turns, shifts, stretches and presses the print of ``benchmarks.prints`` anew, as no finger
ever lies twice in the same way. A photo shows it on the tip of a finger.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from benchmarks.prints import FINGER_MM, HEIGHT, PX_PER_MM, WIDTH, Plane, Print
from vov_core.findings import Findings, Finger, Region, Source
from vov_core.geometry import rounded
from vov_core.images import OutputFormat, Photo, encode, read_photo

PAD_MM = (15.0, 20.0)
"""Width and height of the part of a finger tip that matchers look at."""
MARGIN_MM = 1.0
"""Around it; what an attack does at its picture's border stays outside of the pad."""
TIP_MM = 1.35 * FINGER_MM
"""Length of a finger's last segment."""

_SIDE_MM, _ABOVE_MM, _SHAFT_MM = 6.0, 6.0, 18.0
# Red, green, blue of skin, and of what lies behind it.
_SKIN, _BEHIND = np.array([1.15, 0.95, 0.8]), np.array([0.8, 0.95, 1.05])


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How a finger is photographed.

    Attributes:
        per_ridge: Pixels from ridge to ridge.
        contrast: Of the ridges, relative to the skin's brightness.
        blur: Sigma in ridge periods.
        noise: Sigma in steps of 8 bits.
        seed: Of skin, light and noise.
    """

    per_ridge: float
    contrast: float
    blur: float
    noise: float
    seed: int


@dataclass(frozen=True, eq=False)
class Scene:
    """A photographed finger tip.

    Attributes:
        photo: As the app reads it, from a JPEG of quality 95.
        findings: The finger tip, its width known to some 8 %, as landmarks tell it.
        middle: Of the pad, pixels.
        scale: Pixels per millimetre.
        per_ridge: Pixels from ridge to ridge.
    """

    photo: Photo
    findings: Findings
    middle: tuple[float, float]
    scale: float
    per_ridge: float


def touch(print_: Print, seed: int) -> Print:
    """One touch: turned by up to 15 degrees, shifted, stretched, pressed harder or less."""
    rng = np.random.default_rng([31, seed])
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), float(rng.uniform(-15, 15)), 1.0)
    turn[:, 2] += rng.uniform(-1.2, 1.2, 2) * PX_PER_MM
    grid = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    across = turn[0, 0] * grid[1] + turn[0, 1] * grid[0] + turn[0, 2] + _stretch(rng)
    down = turn[1, 0] * grid[1] + turn[1, 1] * grid[0] + turn[1, 2] + _stretch(rng)
    ridge = cv2.remap(
        print_.ridge,
        across.astype(np.float32),
        down.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    pressed = np.tanh(1.5 * (ridge + rng.uniform(-0.35, 0.35)))
    return Print(pressed.astype(np.float32), print_.period_mm)


def _stretch(rng: np.random.Generator) -> Plane:
    """How skin gives way: a quarter of a millimetre, smooth over some five."""
    coarse = rng.standard_normal((HEIGHT // 20, WIDTH // 20)).astype(np.float32)
    soft = cv2.GaussianBlur(coarse, (0, 0), 6)
    soft *= 0.25 * PX_PER_MM / (soft.std() + 1e-9)
    return np.asarray(cv2.resize(soft, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def random_shot(per_ridge: float, seed: int) -> Shot:
    """A good photo: what would give a print away if nothing covered it."""
    rng = np.random.default_rng([37, seed])
    return Shot(
        per_ridge=per_ridge,
        contrast=float(rng.uniform(0.08, 0.15)),
        blur=float(rng.uniform(0.08, 0.16)),
        noise=float(rng.uniform(0.5, 2.0)),
        seed=seed,
    )


def photograph(print_: Print, shot: Shot) -> Scene:
    """A finger that comes up into the picture, with the print on its tip."""
    rng = np.random.default_rng([41, shot.seed])
    scale = shot.per_ridge / print_.period_mm
    width = round((FINGER_MM + 2 * _SIDE_MM) * scale)
    height = round((_ABOVE_MM + TIP_MM + _SHAFT_MM) * scale)
    middle = width / 2, (_ABOVE_MM + TIP_MM / 2) * scale
    shape = (height, width)
    inside, light = _finger(shape, middle, scale)
    skin = 1 + shot.contrast * _laid(print_, shape, middle, scale) + _texture(rng, shape, scale)
    finger = rng.uniform(110, 190) * skin * light * inside
    behind = rng.uniform(40, 190) * (1 + _texture(rng, shape, 3 * scale)) * (1 - inside)
    picture = finger[:, :, None] * _SKIN + behind[:, :, None] * _BEHIND
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.3, shot.blur * shot.per_ridge))
    picture += rng.normal(0, shot.noise, picture.shape)
    data = encode(np.clip(picture, 0, 255).astype(np.uint8), OutputFormat.JPEG, 95)
    return Scene(read_photo(data), _found(rng, shape, middle, scale), middle, scale, shot.per_ridge)


def _finger(
    shape: tuple[int, int], middle: tuple[float, float], scale: float
) -> tuple[Plane, Plane]:
    """Where the finger is, 0..1, and how light falls on it."""
    down, across = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    side = (across - middle[0]) / (FINGER_MM / 2 * scale)
    end = np.minimum((down - middle[1]) / (TIP_MM / 2 * scale), 0)
    away = (np.abs(side) ** 2.4 + np.abs(end) ** 2.4) ** (1 / 2.4)
    inside = np.clip((1 - away) * FINGER_MM / 2 * scale + 0.5, 0, 1)
    return inside.astype(np.float32), (1 - 0.35 * away**2).astype(np.float32)


def _laid(
    print_: Print, shape: tuple[int, int], middle: tuple[float, float], scale: float
) -> Plane:
    """The print as it lies in the picture; it fades out towards the joint."""
    size = round(WIDTH / PX_PER_MM * scale), round(HEIGHT / PX_PER_MM * scale)
    ridge = cv2.resize(print_.ridge, size, interpolation=cv2.INTER_AREA)
    place = np.array([[1, 0, middle[0] - size[0] / 2], [0, 1, middle[1] - size[1] / 2]])
    laid = cv2.warpAffine(ridge, place, shape[::-1])
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    fade = np.clip((middle[1] + 0.62 * TIP_MM * scale - rows) / (2 * scale), 0, 1)
    return np.asarray(laid * fade, np.float32)


def _texture(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Plane:
    """What skin shows beside ridges: blotches and fine creases."""
    blotches = cv2.GaussianBlur(_noise(rng, shape), (0, 0), 2.0 * scale)
    fine = cv2.GaussianBlur(_noise(rng, shape), (0, 0), 0.15 * scale)
    total = 0.02 * blotches / (blotches.std() + 1e-6) + 0.008 * fine / (fine.std() + 1e-6)
    return np.asarray(total, np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, int]) -> Plane:
    return rng.standard_normal(shape).astype(np.float32)


def _found(
    rng: np.random.Generator, shape: tuple[int, int], middle: tuple[float, float], scale: float
) -> Findings:
    """The finger tip as the finder tells it."""
    half = TIP_MM / 2 * scale
    region = Region(
        id="h0-index",
        polygon=rounded(middle, (half, FINGER_MM / 2 * scale), (0.0, -1.0)),
        width=FINGER_MM * scale * float(np.clip(rng.normal(1, 0.08), 0.8, 1.2)),
        source=Source.LANDMARKS,
        finger=Finger.INDEX,
        base=(middle[0], middle[1] + half),
    )
    return Findings(photo_sha256="", width=shape[1], height=shape[0], regions=(region,))


def cut_pad(plane: Any, middle: tuple[float, float], scale: float, wanted: float) -> Plane:
    """The pad of a finger with its margin, cut out at another scale.

    Args:
        plane: Brightness, (h, w).
        middle: Of the pad, pixels.
        scale: Pixels per millimetre of the plane.
        wanted: Pixels per millimetre of the result.
    """
    width, height = (round((side + 2 * MARGIN_MM) * wanted) for side in PAD_MM)
    factor = scale / wanted
    if factor > 1:  # reduce by averaging first: a warp alone would alias
        size = round(plane.shape[1] / factor), round(plane.shape[0] / factor)
        middle = middle[0] * size[0] / plane.shape[1], middle[1] * size[1] / plane.shape[0]
        plane = cv2.resize(np.asarray(plane, np.float32), size, interpolation=cv2.INTER_AREA)
        factor = 1.0
    place = np.array(
        [
            [factor, 0, middle[0] - 0.5 - factor * (width / 2 - 0.5)],
            [0, factor, middle[1] - 0.5 - factor * (height / 2 - 0.5)],
        ]
    )
    cut = cv2.warpAffine(
        np.asarray(plane, np.float32),
        place,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.float32)


def flat_pad(print_: Print, wanted: float) -> Plane:
    """The pad of a touch itself with its margin, ridges positive: what a scanner would have."""
    return cut_pad(print_.ridge, (WIDTH / 2, HEIGHT / 2), PX_PER_MM, wanted)

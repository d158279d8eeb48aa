"""What is true of a photographed print: how much of it an enhancement brings back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.prints import Plane, enhance
from vov_core.exposure import RESOLVED, Exposure, Level, Pixels
from vov_core.findings import Polygon

READ, PARTLY_READ = 0.5, 0.15
"""Shares of the pad whose ridges come back, from which a print is readable or partly so."""
AGREEMENT = 0.85
"""Ridges of a place came back where so much of it is ridge where ridge is true (chance: 0.5)."""
INNER = 0.85
"""Of the pad: beyond it the finger bends away."""

FEWEST = 1.5
"""Pixels per ridge of the smallest pictures: less than any picture can hold ridges with."""
BLUR = 0.45
"""Of the most blurred pictures, sigma in ridges."""
NOISES = (0, 1.5, 3, 6, 10)
QUALITIES = (30, 50, 70, 85, 95)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How a finger is photographed.

    Attributes:
        per_ridge: Pixels from ridge to ridge.
        blur: Sigma in pixels.
        noise: Sigma in steps of 8 bits.
        quality: Of the JPEG.
        seed: Of noise, skin and light.
    """

    per_ridge: float
    blur: float
    noise: float
    quality: int
    seed: int


@dataclass(frozen=True)
class Case:
    """One photographed finger: its true pixels per ridge, what is true, what was measured."""

    per_ridge: float
    share: float
    seen: Exposure

    @property
    def true(self) -> Level:
        """What the known print says."""
        return true_level(self.share)


def true_level(share: float) -> Level:
    """The level that the known print says."""
    if share >= READ:
        return Level.READABLE
    return Level.PARTLY if share >= PARTLY_READ else Level.UNREADABLE


def share_read(pixels: Pixels, pad: NDArray[np.bool_], true: Plane, per_ridge: float) -> float:
    """The share of the pad whose ridges a blind enhancement brings back, 0..1.

    Args:
        pixels: The photo.
        pad: Which pixels show the pad.
        true: The print as it lies in the photo: above 0 on ridges.
        per_ridge: Pixels from ridge to ridge.
    """
    # A picture that can't hold ridges and its print have the same moire, which is no ridge.
    if per_ridge < RESOLVED:
        return 0.0
    enhanced = enhance(pixels[:, :, 1].astype(np.float32), per_ridge)
    same = ((enhanced > 0) == (true > 0)).astype(np.float32)
    local = cv2.GaussianBlur(same, (0, 0), 1.5 * per_ridge)
    return float((local[pad] >= AGREEMENT).mean()) if pad.any() else 0.0


def inner(outline: Polygon, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels inside an outline but for its rim."""
    mask = np.zeros(shape[:2], np.uint8)
    points = np.array(outline)
    points = (points - points.mean(0)) * INNER + points.mean(0)
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    return mask.astype(bool)


def taken(picture: NDArray[np.floating], shot: Shot, rng: np.random.Generator) -> Pixels:
    """A picture (RGB, 0..255) with the noise and the compression of a shot."""
    noisy = picture + rng.normal(0, shot.noise, picture.shape)
    clipped = np.clip(noisy, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", clipped[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, shot.quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)

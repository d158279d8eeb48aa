"""Mask style: coarse noise in the tone of the skin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import EDGE, Plane, Spot, seed_of
from vov_core.masks.tips import tones_of

# Standard deviations of the grains' lightness (common to all channels) and colour.
_LIGHT, _COLOUR = 30.0, 9.0


@dataclass(frozen=True, kw_only=True)
class Noise(MaskStyle):
    """Random grains in the tone of the skin around.

    Strength sets the grain's side: from 1/24 of the finger's width at 0 to 1/4 of it at 1, never
    below 1 pixel.
    """

    name: ClassVar[str] = "noise"
    irreversible: ClassVar[bool] = True

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:
        """Grains counted from the region's corner; see ``MaskStyle.covers``."""
        for spot, tone in zip(spots, tones_of(pixels, spots), strict=True):
            side = max(1.0, spot.width * (1 + 5 * self.strength) / 24)
            yield _grains(spot, tone, side, pixels.shape, self.seed)


def _grains(spot: Spot, tone: Plane, side: float, shape: Sequence[int], seed: int) -> Pixels:
    """Square grains of a given side around a tone."""
    # Counted from the region's corner, so that a larger photo of the same scene looks the same.
    x0, y0, x1, y1 = spot.region.box
    left, top = max(x0, 0) - EDGE * spot.width, max(y0, 0) - EDGE * spot.width
    rows = ceil((min(y1, shape[0]) + EDGE * spot.width - top) / side)
    columns = ceil((min(x1, shape[1]) + EDGE * spot.width - left) / side)
    rng = np.random.default_rng(seed_of(spot.region, seed))
    grains = tone + rng.normal(0, _LIGHT, (max(1, rows), max(1, columns), 1))
    grains += rng.normal(0, _COLOUR, grains.shape)
    to_grain = np.array(
        (
            (1 / side, 0, (spot.x + 0.5 - left) / side - 0.5),
            (0, 1 / side, (spot.y + 0.5 - top) / side - 0.5),
        )
    )
    laid = cv2.warpAffine(
        np.clip(np.rint(grains), 0, 255).astype(np.uint8),
        to_grain,
        spot.core.shape[::-1],
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(laid, np.uint8)

"""Mask style: Gaussian blur."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import Spot

# Wide blurs are computed on a reduced picture in which sigma is about this many pixels.
_SIGMA = 3.0


@dataclass(frozen=True, kw_only=True)
class Blur(MaskStyle):
    """Gaussian blur. Cosmetic: a blur of known width can in part be undone.

    Strength sets sigma: from 1/16 of the finger's width (about two ridge periods) at 0 to 1/4 of
    it at 1, never below 2 pixels.
    """

    name: ClassVar[str] = "blur"
    irreversible: ClassVar[bool] = False

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:
        """The photo blurred around each spot; see ``MaskStyle.covers``."""
        for spot in spots:
            yield _blurred(pixels, spot, self.sigma(spot.width))

    def sigma(self, width: float) -> float:
        """Of the Gaussian over a finger of a width, both in pixels."""
        return max(2.0, width * (1 + 3 * self.strength) / 16)


def _blurred(pixels: Pixels, spot: Spot, sigma: float) -> Pixels:
    """Blurs the spot's box; reads three sigmas around it, so that its edges match the photo's."""
    margin = ceil(3 * sigma)
    rows, cols = spot.window
    top, left = max(0, rows.start - margin), max(0, cols.start - margin)
    area = pixels[top : rows.stop + margin, left : cols.stop + margin]
    height, width = area.shape[:2]
    reduction = max(1.0, sigma / _SIGMA)
    small = cv2.resize(
        area,
        (max(1, round(width / reduction)), max(1, round(height / reduction))),
        interpolation=cv2.INTER_AREA,
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma / reduction, borderType=cv2.BORDER_REFLECT_101)
    full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    y, x = rows.start - top, cols.start - left
    h, w = spot.core.shape
    return np.ascontiguousarray(full[y : y + h, x : x + w])

"""Mask style: large square pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import Spot


@dataclass(frozen=True, kw_only=True)
class Pixelate(MaskStyle):
    """Averages square blocks of the photo. Cosmetic: the blocks still tell about what is below.

    Strength sets the block's side: from 1/8 of the finger's width (about four ridge periods) at 0
    to 1/2 of it at 1, never below 3 pixels.
    """

    name: ClassVar[str] = "pixelate"
    irreversible: ClassVar[bool] = False

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:
        """Blocks counted from the region's corner; see ``MaskStyle.covers``."""
        for spot in spots:
            side = self.side(spot.width)
            view = pixels[spot.window]
            height, width = spot.core.shape
            blocks = max(1, round(width / side)), max(1, round(height / side))
            means = cv2.resize(view, blocks, interpolation=cv2.INTER_AREA)
            yield np.asarray(
                cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
            )

    def side(self, width: float) -> float:
        """Of a block over a finger of a width, both in pixels."""
        return max(3.0, width * (0.125 + 0.375 * self.strength))

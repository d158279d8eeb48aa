"""Mask style: one plain colour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import Spot

# Two corners of a rectangle that holds any picture.
_ALL = (0, 0), (2**20, 2**20)


@dataclass(frozen=True, kw_only=True)
class Solid(MaskStyle):
    """One plain, opaque colour. Strength has no meaning: anything less than opaque would leak.

    Attributes:
        colour: Red, green, blue, 0..255 each.
    """

    name: ClassVar[str] = "solid"
    irreversible: ClassVar[bool] = True
    uses_strength: ClassVar[bool] = False

    colour: tuple[int, int, int] = (0, 0, 0)

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:  # noqa: ARG002
        """One plain cover per spot; see ``MaskStyle.covers``."""
        for spot in spots:
            cover = np.empty((*spot.core.shape, 3), np.uint8)
            yield np.asarray(cv2.rectangle(cover, *_ALL, self.colour, cv2.FILLED), np.uint8)

"""Mask style: drawn stickers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.figures import FIGURES, Figure, draw_figure
from vov_core.masks.regions import SHIFT, Spot, fixed_outline, seed_of

# Width of the white border, in finger widths.
_BORDER = 0.07
# The widest line that OpenCV draws.
_WIDEST = 32767


@dataclass(frozen=True, kw_only=True)
class Sticker(MaskStyle):
    """A sticker cut to the region's shape: white border, coloured paper, a drawn figure on it.

    Strength sets the figure's size: from 0.55 of the region's shorter side at 0 to 0.95 of it at 1.
    The paper is opaque always.
    """

    name: ClassVar[str] = "sticker"
    irreversible: ClassVar[bool] = True

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:  # noqa: ARG002
        """A sticker per spot; see ``MaskStyle.covers``."""
        for spot in spots:
            rng = np.random.default_rng(seed_of(spot.region, self.seed))
            figure = FIGURES[int(rng.integers(len(FIGURES)))]
            sheet = _paper(spot, figure)
            size = _shorter_side(spot) * (0.55 + 0.4 * self.strength)
            _stick(sheet, spot, figure, size, float(rng.uniform(-18, 18)))
            yield sheet


def _shorter_side(spot: Spot) -> float:
    """Of the smallest rectangle around the region in any direction, pixels, at least 1."""
    _, sides, _ = cv2.minAreaRect(np.asarray(spot.region.polygon, np.float32))
    return max(1.0, min(sides))


def _paper(spot: Spot, figure: Figure) -> Pixels:
    """The figure's paper with a white border along the region's outline."""
    sheet = np.full((*spot.core.shape, 3), 255, np.uint8)
    outline = [fixed_outline(spot.region, spot.x, spot.y)]
    cv2.fillPoly(sheet, outline, figure.paper, shift=SHIFT)
    border = min(_WIDEST, max(1, round(2 * _BORDER * spot.width)))
    cv2.polylines(sheet, outline, True, (255, 255, 255), border, cv2.LINE_AA, SHIFT)
    return sheet


def _stick(sheet: Pixels, spot: Spot, figure: Figure, size: float, tilt: float) -> None:
    """Draws the figure over the middle of the region, a little tilted."""
    picture = draw_figure(figure.name)
    # Reduce by averaging first: a warp alone would alias.
    side = max(8, min(len(picture), round(size)))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    cx, cy = spot.region.centre[0] - spot.x, spot.region.centre[1] - spot.y
    height, width = spot.core.shape
    left, right = _span(cx, size, width)
    top, bottom = _span(cy, size, height)
    if left >= right or top >= bottom:
        return
    place = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), tilt, size / side)
    place[0, 2] += cx - left - side / 2
    place[1, 2] += cy - top - side / 2
    laid = cv2.warpAffine(small, place, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    alpha = laid[..., 3].astype(np.float32) / 255
    view = sheet[top:bottom, left:right]
    view[:] = cv2.blendLinear(laid[..., :3].copy(), view, alpha, 1 - alpha)


def _span(centre: float, size: float, limit: int) -> tuple[int, int]:
    """From where to where a tilted figure reaches within the box."""
    return max(0, floor(centre - 0.7 * size)), min(limit, ceil(centre + 0.7 * size))

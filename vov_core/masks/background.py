"""What lies behind a covered finger tip: the surroundings, carried in smoothly.

Everything here reads only pixels outside of all regions.
"""

from dataclasses import dataclass
from math import ceil
from typing import Self

import cv2
import numpy as np
from cv2.typing import MatLike

from vov_core.masks.regions import Mask, Pixels, Plane, Spot, Window

# How far around a spot's box the surroundings count, in finger widths, and at most in cells.
_REACH = 0.3
_FARTHEST = 24
# A smooth filling needs no full resolution: at most so many cells per side of a spot's box.
_MOST = 44
# Cells of which less is to be seen tell nothing.
_SEEN = 0.3
# How far colours are carried, from coarse to fine, cells; then rounds of relaxing.
_SIZES = (41, 17, 7)
_ROUNDS = 4
# So little of known cells around a cell is as good as none.
_TRACE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A reduced view of a spot and what is around it.

    Attributes:
        spot: The spot.
        left: First column of the view in the photo; may be negative.
        top: First row, likewise.
        cell: Pixels per side of a square cell.
        rgb: (h, w, 3) float32; each cell's mean of all that may be seen, 0 where nothing may.
        seen: (h, w) float32; the share of each cell that may be seen, 0 where it is too little.
    """

    spot: Spot
    left: int
    top: int
    cell: int
    rgb: Plane
    seen: Plane

    @classmethod
    def take(cls, pixels: Pixels, hidden: Mask, spot: Spot) -> Self:
        """Reduces the photo around a spot.

        Args:
            pixels: The photo, RGB; black where hidden.
            hidden: (H, W); pixels that are never used.
            spot: Where.
        """
        height, width = spot.core.shape
        cell = ceil(max(height, width) / _MOST)
        # Even, so that every second row of a large cell makes the same cell.
        cell += cell % 2 if cell >= 4 else 0
        margin = min(_FARTHEST, ceil(_REACH * spot.width / cell))
        rows, columns = ceil(height / cell) + 2 * margin, ceil(width / cell) + 2 * margin
        left, top = spot.x - margin * cell, spot.y - margin * cell
        box = left, top, left + columns * cell, top + rows * cell
        size = columns, rows
        seen = 1 - _reduce(hidden, box, size, 255) * np.float32(1 / 255)
        rgb = _reduce(pixels, box, size, 0).astype(np.float32)
        seen[seen < _SEEN] = 0
        # The mean over a cell counts hidden pixels as black: only what is seen counts.
        rgb *= np.divide(1, seen, out=np.zeros_like(seen), where=seen > 0)[..., None]
        return cls(
            spot=spot, left=left, top=top, cell=cell, rgb=rgb, seen=np.asarray(seen, np.float32)
        )

    def centres(self) -> tuple[Plane, Plane]:
        """The cells' centres in pixels of the photo: x (1, w) and y (h, 1), float32."""
        rows, columns = self.seen.shape
        x = self.left + (np.arange(columns, dtype=np.float32) + np.float32(0.5)) * self.cell
        y = self.top + (np.arange(rows, dtype=np.float32) + np.float32(0.5)) * self.cell
        return x[None, :], y[:, None]

    @property
    def window(self) -> Window:
        """The view as rows and columns of the photo; may reach over its border."""
        rows, columns = self.seen.shape
        return (
            slice(self.top, self.top + rows * self.cell),
            slice(self.left, self.left + columns * self.cell),
        )

    def enlarge(self, grid: Plane, window: Window) -> Pixels:
        """Enlarges a part of a grid of cells smoothly.

        Args:
            grid: Levels of 0..255, of the view's cells.
            window: Which part, rows and columns of the photo.

        Returns:
            (h, w) or (h, w, 3) uint8, of the window.
        """
        parts, offsets, sizes = [], [], []
        for place, origin in zip(window, (self.top, self.left), strict=True):
            # A cell more on either side, so that the edges are interpolated like the rest.
            first = max(0, (place.start - origin) // self.cell - 1)
            parts.append(slice(first, -(-(place.stop - origin) // self.cell) + 1))
            offsets.append(place.start - origin - first * self.cell)
            sizes.append(place.stop - place.start)
        levels = cv2.convertScaleAbs(np.maximum(grid[parts[0], parts[1]], 0))
        full = cv2.resize(levels, None, fx=self.cell, fy=self.cell)
        y, x = offsets
        return np.asarray(full[y : y + sizes[0], x : x + sizes[1]], np.uint8)


def _reduce(
    picture: Pixels | Mask, box: tuple[int, int, int, int], size: tuple[int, int], beyond: int
) -> Pixels:
    """Reduces a box of a picture to a size; all that lies beyond the picture has one value."""
    left, top, right, bottom = box
    height, width = picture.shape[:2]
    part = picture[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    levels: MatLike = part.view(np.uint8)
    if part.dtype == np.bool_:
        levels = levels * np.uint8(255)
    borders = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    if any(borders):
        value = (beyond,) * 4
        levels = cv2.copyMakeBorder(levels, *borders, cv2.BORDER_CONSTANT, value=value)
    if len(levels) >= 4 * size[1]:
        # Every second row of large cells is enough.
        levels = levels[::2]
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), np.uint8)


def fill_in(values: Plane, weight: Plane) -> Plane:
    """Carries known values smoothly over the rest.

    Normalised convolution (Knutsson and Westin, CVPR 1993), the nearer the finer, then relaxed
    towards a membrane.

    Args:
        values: (h, w, c) float32.
        weight: (h, w) float32; 1 where a value is known, 0 where it is not. Not all 0.

    Returns:
        (h, w, c) float32, the known values among it.
    """
    known = weight[..., None]
    fixed, free = values * known, 1 - known
    filled: Plane = np.asarray(fixed.sum((0, 1)) / weight.sum(), np.float32)
    for size in _SIZES:
        mass = _blur(weight, size)[..., None] + np.float32(_TRACE)
        filled = filled * (_TRACE / mass) + _blur(fixed, size).reshape(fixed.shape) / mass
    for _ in range(_ROUNDS):
        filled = fixed + free * _blur(filled, 5).reshape(fixed.shape)
    return filled


def _blur(values: Plane, size: int) -> Plane:
    blurred = cv2.blur(values, (size, size), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


def ease(values: Plane) -> Plane:
    """A smooth step from 0 at 0 to 1 at 1."""
    t = np.clip(values, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)

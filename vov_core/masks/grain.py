"""A photo's noise: how strong it is, and paint that has as much of it."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.masks.regions import Mask, Pixels, Spot

# Where the photo's noise can't be measured, levels of 0..255.
UNKNOWN = 1.0
# Stronger noise is not painted: ridges beyond a region's edge would be taken for it.
_MOST = 3.0
# Tiles are kept per so many parts of a level.
_PARTS = 4
# Side of a tile, and among how many rows and columns of it a piece starts.
_SIDE, _STARTS = 768, 256


def measure_grain(
    pixels: Pixels, hidden: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> float:
    """Standard deviation of the noise at some pixels, from the second differences along rows.

    Args:
        pixels: The photo, RGB.
        hidden: (H, W); pixels that are never used.
        rows: Rows of the pixels, all within the photo.
        columns: Their columns.

    Returns:
        Levels of 0..255.
    """
    fits = (columns > 0) & (columns < pixels.shape[1] - 1)
    rows, columns = rows[fits], columns[fits]
    free = ~(hidden[rows, columns - 1] | hidden[rows, columns] | hidden[rows, columns + 1])
    rows, columns = rows[free], columns[free]
    if not rows.size:
        return UNKNOWN
    left, mid, right = (pixels[rows, columns + step, 1].astype(np.float32) for step in (-1, 0, 1))
    # Median absolute deviation; a second difference has sqrt(6) times the pixels' deviation.
    return min(_MOST, float(np.median(np.abs(left - 2 * mid + right))) / 0.6745 / 6**0.5)


def grained(picture: Pixels, spot: Spot, sigma: float, seed: int) -> Pixels:
    """Adds noise like the photo's own.

    Args:
        picture: (h, w, 3) of the spot's box.
        spot: Where; each place gets its own piece of noise.
        sigma: Standard deviation in levels.
        seed: The same seed gives the same noise.
    """
    height, width = spot.core.shape
    y, x = spot.y % _STARTS, spot.x % _STARTS
    lighter, darker = (
        _cut(tile, y, x, height, width) for tile in _tiles(seed, round(sigma * _PARTS))
    )
    sum_ = cv2.add(picture, lighter)
    return np.asarray(cv2.subtract(sum_, darker, dst=sum_), np.uint8)


def _cut(tile: Pixels, y: int, x: int, height: int, width: int) -> Pixels:
    """A piece of the endlessly repeated tile."""
    if y + height > _SIDE or x + width > _SIDE:
        below, beside = max(0, y + height - _SIDE), max(0, x + width - _SIDE)
        tile = np.asarray(cv2.copyMakeBorder(tile, 0, below, 0, beside, cv2.BORDER_WRAP), np.uint8)
    return tile[y : y + height, x : x + width]


@lru_cache(maxsize=8)
def _tiles(seed: int, parts: int) -> tuple[Pixels, Pixels]:
    """What a wrap-around square of noise adds, and what it takes away; (n, n, 3) each.

    The noise is slightly soft like a camera's and has no colour. Two pictures of 8 bits are laid
    on much faster than one with signs.
    """
    noise = np.random.default_rng([seed, 1]).standard_normal((_SIDE, _SIDE)).astype(np.float32)
    soft = cv2.GaussianBlur(np.pad(noise, 4, mode="wrap"), (0, 0), 0.6)[4:-4, 4:-4]
    levels = soft * np.float32(parts / _PARTS / soft.std())
    both = []
    for part in (levels, -levels):
        plane = np.clip(np.rint(part), 0, 255).astype(np.uint8)
        tile = np.asarray(cv2.merge((plane, plane, plane)), np.uint8)
        tile.setflags(write=False)
        both.append(tile)
    return both[0], both[1]

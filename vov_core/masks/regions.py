"""Geometry of masks: which pixels belong to a region, and how a cover is laid over them.

All work happens in small boxes around the regions, never on the whole photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Self
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Region

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]
"""Rows and columns of a photo."""

# How far softness 1 reaches out of a region, in finger widths.
EDGE = 0.5
# Binary digits behind the point of ``fixed_outline``.
SHIFT = 4
# The soft edge from its start (255: opaque) to its end; only the end itself is 0.
_FALL = np.linspace(1, 0, 256)
_RAMP = np.rint(1 + 254 * _FALL**2 * (3 - 2 * _FALL)).astype(np.uint8)
_RAMP[-1] = 0
# Farther than any picture; keeps fixed-point coordinates far from overflow.
_FAR = float(2**20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A region's place in a photo: the box around it and its soft edge, cut at the photo's border.

    Attributes:
        region: The region.
        x: First column of the box, pixels.
        y: First row of the box, pixels.
        core: (h, w) uint8; 255 for every pixel that the region's outline encloses or touches.
        alpha: (h, w) uint8; 255 in the core, falling to 0 across the soft edge outside of it.
        width: The finger's width in pixels, at least 1 and no more than the region's diameter.
    """

    region: Region
    x: int
    y: int
    core: Pixels
    alpha: Pixels
    width: float

    @property
    def window(self) -> Window:
        """The box as rows and columns of the photo."""
        height, width = self.core.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)

    @classmethod
    def place(cls, region: Region, shape: Sequence[int], softness: float) -> Self | None:
        """Places a region in a photo.

        Args:
            region: What to place; may reach over the border.
            shape: (H, W) or (H, W, channels) of the photo.
            softness: 0..1, width of the soft edge; 1 stands for half the finger's width.

        Returns:
            The spot, or None where no pixel of the photo belongs to the region.
        """
        width = finger_width(region)
        reach = 2 + EDGE * softness * width
        left, top, right, bottom = _window(region, shape, reach + 3)
        if left >= right or top >= bottom:
            return None
        core = _rasterise(region, left, top, right - left, bottom - top)
        if not core.any():
            return None
        distance = cv2.distanceTransform(255 - core, cv2.DIST_L2, cv2.DIST_MASK_3)
        steps = cv2.convertScaleAbs(distance, alpha=255 / reach)
        alpha = np.asarray(cv2.LUT(steps, _RAMP), np.uint8)
        return cls(region=region, x=left, y=top, core=core, alpha=alpha, width=width)


def finger_width(region: Region) -> float:
    """The finger's width in pixels, kept sane for drawn and degenerate regions."""
    return max(1.0, min(region.width, region.diameter))


def scale_region(region: Region, factor: float) -> Region:
    """Grows or shrinks a region's outline about its centre (the *coverage* setting).

    Args:
        region: The region.
        factor: Factor of the outline's size; 1 changes nothing.

    Returns:
        The same region with another outline. The finger's width and base stay: covering more of a
        finger does not change the finger.
    """
    cx, cy = region.centre
    polygon = tuple((cx + (x - cx) * factor, cy + (y - cy) * factor) for x, y in region.polygon)
    return replace(region, polygon=polygon)


def place_all(regions: Sequence[Region], shape: Sequence[int], softness: float) -> list[Spot]:
    """Places all regions; those wholly outside of the photo are left out."""
    spots = (Spot.place(region, shape, softness) for region in regions)
    return [spot for spot in spots if spot is not None]


def inside(regions: Sequence[Region], shape: Sequence[int]) -> Mask:
    """Which pixels belong to the regions themselves: all that an outline encloses or touches.

    Args:
        regions: The regions.
        shape: (H, W) or (H, W, channels) of the photo.

    Returns:
        Bool, (H, W).
    """
    return hidden_by(place_all(regions, shape, 0.0), shape)


def hidden_by(spots: Sequence[Spot], shape: Sequence[int]) -> Mask:
    """Like ``inside``, for regions that are already placed."""
    mask = np.zeros(shape[:2], np.bool_)
    for spot in spots:
        mask[spot.window] |= spot.core > 0
    return mask


def footprint(regions: Sequence[Region], shape: Sequence[int], softness: float) -> Mask:
    """Every pixel that a style may touch: the regions and their soft edges.

    Args:
        regions: The regions.
        shape: (H, W) or (H, W, channels) of the photo.
        softness: 0..1, as of the style.

    Returns:
        Bool, (H, W).
    """
    mask = np.zeros(shape[:2], np.bool_)
    for spot in place_all(regions, shape, softness):
        mask[spot.window] |= spot.alpha > 0
    return mask


def lay(canvas: Pixels, spot: Spot, cover: Pixels) -> None:
    """Lays a cover over a spot of the canvas: opaque in the core, fading across the soft edge.

    Args:
        canvas: (H, W, 3); written to.
        spot: Where.
        cover: (h, w, 3) of the spot's box.
    """
    view = canvas[spot.window]
    view[:] = blend(cover, view, spot.alpha)


def blend(upper: Pixels, lower: Pixels, alpha: Pixels) -> Pixels:
    """Lays one picture over another.

    Args:
        upper: (h, w, 3).
        lower: Likewise.
        alpha: (h, w) uint8; where it is 255 the result is ``upper``, where it is 0 ``lower``.
    """
    # Memory is reused: fetching fresh memory would take longer than the arithmetic.
    share = cv2.merge((alpha, alpha, alpha))
    above = cv2.multiply(upper, share, scale=1 / 255)
    share = cv2.bitwise_not(share, dst=share)
    below = cv2.multiply(lower, share, dst=share, scale=1 / 255)
    return np.asarray(cv2.add(above, below, dst=above), np.uint8)


def overlap(one: Window, other: Window) -> Window | None:
    """What two windows share, or None."""
    shared = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    rows, columns = shared
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def within(window: Window, frame: Window) -> Window:
    """A window's place in a frame that holds it."""
    rows, columns = (
        slice(w.start - f.start, w.stop - f.start) for w, f in zip(window, frame, strict=True)
    )
    return rows, columns


def fixed_outline(region: Region, left: int, top: int) -> NDArray[np.int32]:
    """The outline as OpenCV draws it in a box: (n, 2) fixed-point numbers with ``SHIFT`` digits."""
    outline = np.clip(np.asarray(region.polygon, np.float64), -_FAR, _FAR)
    # OpenCV puts the centre of the first pixel at (0, 0), the project at (0.5, 0.5).
    fixed = (outline - (left + 0.5, top + 0.5)) * 2**SHIFT
    return np.asarray(np.rint(fixed), np.int32)


def _window(region: Region, shape: Sequence[int], reach: float) -> tuple[int, int, int, int]:
    """The region's box within the photo, grown by the soft edge: left, top, right, bottom."""
    height, width = shape[:2]
    x0, y0, x1, y1 = (min(max(value, -_FAR), _FAR) for value in region.box)
    if x1 < 0 or y1 < 0 or x0 > width or y0 > height:
        return 0, 0, 0, 0
    left, top = max(0, floor(max(x0, 0) - reach)), max(0, floor(max(y0, 0) - reach))
    right, bottom = min(width, ceil(x1 + reach)), min(height, ceil(y1 + reach))
    return left, top, right, bottom


def _rasterise(region: Region, left: int, top: int, width: int, height: int) -> Pixels:
    """Draws the region's pixels into a box: 255 where the outline encloses or touches the pixel."""
    core = np.zeros((height, width), np.uint8)
    cv2.fillPoly(core, [fixed_outline(region, left, top)], 255, shift=SHIFT)
    # An outline that crosses itself (drawn by hand) would leave holes: fill them too.
    contours, _ = cv2.findContours(core, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(core, contours, -1, 255, cv2.FILLED)
    # One pixel more, since fillPoly rounds: whatever the outline touches belongs to the region.
    return np.asarray(cv2.dilate(core, np.ones((3, 3), np.uint8)), np.uint8)


def seed_of(region: Region, seed: int) -> list[int]:
    """A seed for one region's own chance, whichever other regions are covered with it."""
    return [seed, crc32(region.id.encode())]

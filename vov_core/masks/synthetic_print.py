"""Mask style: a generated fingerprint that belongs to nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from vov_core.masks.base import MaskStyle, Pixels
from vov_core.masks.regions import Plane, Spot, Window, seed_of
from vov_core.masks.ridges import HEIGHT, PERIOD, WIDTH, grow_print
from vov_core.masks.tips import Direction, paint_tips

# So many prints are grown per seed; turns, shifts and mirroring make every use of one unique.
_PRINTS = 8
# Prints are mirrored at their edges for so many pixels.
_MARGIN = 96
_LEVELS = np.arange(256)
# Valleys are darker, and a little redder, than ridges: red varies less.
_RED = np.rint(128 + 0.78 * (_LEVELS - 128)).astype(np.uint8)
# What is missing of 128 where a pad of some level fades out.
_EVEN = (128 - np.rint(128 * _LEVELS / 255)).astype(np.uint8)


@dataclass(frozen=True, kw_only=True)
class SyntheticPrint(MaskStyle):
    """Paints smooth skin with a generated ridge pattern, never derived from the photo.

    Strength sets how clearly the ridges stand out: hardly at 0, like an inked finger at 1.
    """

    name: ClassVar[str] = "synthetic_print"
    irreversible: ClassVar[bool] = True

    def covers(self, pixels: Pixels, spots: Sequence[Spot]) -> Iterator[Pixels]:
        """Skin with ridges; see ``MaskStyle.covers``."""
        yield from paint_tips(pixels, spots, self.seed, self._relief)

    def _relief(self, spot: Spot, window: Window, pad: Pixels, base: Direction) -> Pixels:
        """How the ridges change the skin; see ``tips.Relief``."""
        contrast = 0.03 + 0.17 * self.strength
        ridges = _ridges(spot, window, base, contrast, self.seed)
        # Where the pad ends, the relief fades to even skin.
        even = cv2.LUT(pad, _EVEN)
        faded = cv2.add(cv2.multiply(ridges, pad, scale=1 / 255), even, dst=even)
        return np.asarray(cv2.merge((cv2.LUT(faded, _RED), faded, faded)), np.uint8)


def _ridges(spot: Spot, window: Window, base: Direction, contrast: float, seed: int) -> Pixels:
    """A print laid over a spot, seen in a window; (h, w) uint8, 128 where the skin is even."""
    rng = np.random.default_rng(seed_of(spot.region, seed))
    pattern = grow_print(seed, int(rng.integers(_PRINTS)))
    levels = np.rint(128 + 128 * contrast * pattern).astype(np.uint8)
    rows, columns = window
    laid = cv2.warpAffine(
        cv2.copyMakeBorder(levels, *(_MARGIN,) * 4, cv2.BORDER_REFLECT),
        _placement(spot, window, base, rng),
        (columns.stop - columns.start, rows.stop - rows.start),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=128,
    )
    return np.asarray(laid, np.uint8)


def _placement(spot: Spot, window: Window, base: Direction, rng: np.random.Generator) -> Plane:
    """The affine map from the window's pixels to the print's, tip side up."""
    across = float(np.clip(spot.width / 4.5, 9, 20))
    scale = across * PERIOD / spot.width
    # In the print the hand lies below.
    turn = np.arctan2(base[1], base[0]) - np.pi / 2 if any(base) else 0.0
    turn += rng.uniform(-0.25, 0.25)
    mirror = rng.choice((-1, 1))
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array(((mirror * cos, mirror * sin), (-sin, cos)))
    rows, columns = window
    cx, cy = spot.region.centre
    middle = np.array((WIDTH, HEIGHT)) / 2 + _MARGIN + rng.uniform(-0.06, 0.06, 2) * WIDTH
    # Pixel centres are at half pixels in photo and print alike.
    shift = middle - 0.5 - linear @ (cx - columns.start - 0.5, cy - rows.start - 0.5)
    return np.column_stack((linear, shift)).astype(np.float32)

"""Attempts to get a covered print back, each with all that an attacker could wish to know.

The attacker knows where the pad lies, its scale, the style, its strength and so the true kernel.
All work at a reduced scale of some pixels per ridge, which loses nothing that a ridge needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from skimage.restoration import richardson_lucy, wiener

from benchmarks.prints import Plane, enhance

PERIOD = 6.0
"""Pixels per ridge that the attacks work at."""


@dataclass(frozen=True, eq=False)
class Target:
    """A covered pad under attack.

    Attributes:
        plane: Brightness 0..255, (h, w), around and including the pad.
        period: Pixels from ridge to ridge.
        kernel: What the photo was convolved with, sum 1; None where the style has none.
        width: That kernel's width (sigma or side) in ridge periods; 0 where there is none.
    """

    plane: Plane
    period: float
    kernel: Plane | None = None
    width: float = 0.0


Attack = Callable[[Target], Plane]
"""Returns what may be ridges, of the target's shape; ridges are positive or brighter."""


def as_it_is(target: Target) -> Plane:
    """No attack: the picture as it was shared."""
    return target.plane


def sharpened(target: Target) -> Plane:
    """Strong unsharp masking at the scale of ridges."""
    soft = cv2.GaussianBlur(target.plane, (0, 0), target.period / 2)
    return np.asarray(target.plane + 4 * (target.plane - soft), np.float32)


def wiener_filtered(target: Target) -> Plane:
    """Wiener's deconvolution with the true kernel."""
    if target.kernel is None:
        return target.plane
    margin = max(target.kernel.shape) // 2
    padded = np.pad(target.plane, margin, mode="reflect") / 255
    undone = wiener(padded, target.kernel, balance=2e-4, clip=False)
    height, width = target.plane.shape
    return np.asarray(undone[margin : margin + height, margin : margin + width] * 255, np.float32)


def richardson_lucy_undone(target: Target) -> Plane:
    """Richardson's and Lucy's deconvolution with the true kernel."""
    if target.kernel is None:
        return target.plane
    scaled = np.clip(target.plane / 255, 1e-3, None)
    margin = min(max(target.kernel.shape) // 2, 40)
    padded = np.pad(scaled, margin, mode="reflect")
    undone = richardson_lucy(padded, target.kernel, num_iter=15, clip=False, filter_epsilon=1e-6)
    height, width = target.plane.shape
    return np.asarray(undone[margin : margin + height, margin : margin + width] * 255, np.float32)


def enhanced(target: Target) -> Plane:
    """Oriented ridge filters, as fingerprint laboratories use them on latent prints."""
    return np.asarray(enhance(target.plane, target.period), np.float32)


CLASSIC: Mapping[str, Attack] = MappingProxyType(
    {
        "none": as_it_is,
        "sharpen": sharpened,
        "enhance": enhanced,
        "wiener": wiener_filtered,
        "richardson_lucy": richardson_lucy_undone,
    }
)
"""All attacks but the learned one, by their names in the data file."""
NEEDS_KERNEL = ("wiener", "richardson_lucy")
LEARNED = "learned"


def gaussian_kernel(sigma: float) -> Plane:
    """A Gaussian of a width in pixels, sum 1."""
    reach = max(1, int(np.ceil(3 * sigma)))
    line = cv2.getGaussianKernel(2 * reach + 1, sigma).astype(np.float32)
    return np.asarray(line @ line.T, np.float32)


def block_kernel(side: float) -> Plane:
    """The mean over a square of a side in pixels, sum 1; the side may have a fraction."""
    reach = max(1, int(np.ceil(side / 2)))
    offset = np.abs(np.arange(-reach, reach + 1))
    line = np.clip(side / 2 + 0.5 - offset, 0, 1).astype(np.float32)
    line /= line.sum()
    return np.asarray(np.outer(line, line), np.float32)

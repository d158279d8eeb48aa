"""Friction ridges of finger tips that never existed.

Orientation follows a zero-pole field (Sherlock and Monro, Pattern Recognition 26, 1993), ridges
grow from seeded noise by repeated oriented Gabor filtering (Cappelli et al., SFinGe, ICPR 2000).
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.masks.regions import Plane

# A print is this many pixels wide and high; ridges are PERIOD pixels apart.
WIDTH, HEIGHT, PERIOD = 160, 208, 6.0
_ORIENTATIONS = 12
_ROUNDS = 6
_GAIN = 6.0


@lru_cache(maxsize=32)
def grow_print(seed: int, number: int) -> Plane:
    """Grows one print.

    Args:
        seed: Same seed and number, same print.
        number: Which print of this seed.

    Returns:
        (HEIGHT, WIDTH) float32, read-only: -1 in valleys, 1 on ridges; the finger tip is at row 0.
    """
    rng = np.random.default_rng([seed, number])
    shares = _kernel_shares(_orientation_field(rng))
    print_ = rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    for _ in range(_ROUNDS):
        print_ = np.tanh(_GAIN * _along_ridges(print_, shares))
    # Ridges of real skin are broken and uneven here and there.
    uneven = cv2.GaussianBlur(rng.standard_normal(print_.shape).astype(np.float32), (0, 0), 2.5)
    print_ = np.tanh(1.5 * (print_ + 0.25 * uneven / uneven.std()))
    print_ = np.asarray(cv2.GaussianBlur(print_, (0, 0), 0.7), np.float32)
    print_.setflags(write=False)
    return print_


def _orientation_field(rng: np.random.Generator) -> NDArray[np.float64]:
    """Ridge orientation in radians (x right, y up), (HEIGHT, WIDTH)."""
    x = (np.arange(WIDTH) + 0.5 - WIDTH / 2) / WIDTH
    y = (HEIGHT / 2 - 0.5 - np.arange(HEIGHT)) / WIDTH
    plane = x[None, :] + 1j * y[:, None]
    cores, deltas = _singular_points(rng)
    field = np.zeros(plane.shape)
    for points, sign in ((cores, 0.5), (deltas, -0.5)):
        for point in points:
            # The branch cut points straight down.
            field += sign * (np.angle((plane - point) * -1j) + np.pi / 2)
    # Ridges follow the rounded finger tip.
    field -= plane.real * 1.3 * np.clip((plane.imag - 0.1) / 0.35, 0, 1)
    wobble = cv2.GaussianBlur(rng.standard_normal(field.shape), (0, 0), WIDTH / 8)
    return np.asarray(field + wobble * (0.09 / wobble.std()), np.float64)


def _singular_points(rng: np.random.Generator) -> tuple[list[complex], list[complex]]:
    """Cores and deltas of a loop (two of three prints) or a whorl, in print widths."""
    core = complex(rng.uniform(-0.04, 0.04), rng.uniform(-0.02, 0.1))
    if rng.random() < 0.65:
        side = rng.choice((-1, 1))
        return [core], [core + complex(side * rng.uniform(0.24, 0.36), rng.uniform(-0.42, -0.3))]
    half = complex(rng.uniform(-0.03, 0.03), rng.uniform(0.03, 0.08))
    left = core + complex(-rng.uniform(0.28, 0.4), rng.uniform(-0.42, -0.3))
    right = core + complex(rng.uniform(0.28, 0.4), rng.uniform(-0.42, -0.3))
    return [core + half, core - half], [left, right]


def _along_ridges(picture: Plane, shares: Sequence[Plane]) -> Plane:
    """Filters each pixel along its own orientation."""
    result = np.zeros_like(picture)
    for kernel, share in zip(_kernels(), shares, strict=True):
        filtered = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT)
        result += share * filtered
    return result


def _kernel_shares(orientation: NDArray[np.float64]) -> list[Plane]:
    """How much each kernel counts at each pixel: linear between the two nearest orientations."""
    position = np.mod(orientation, np.pi) * (_ORIENTATIONS / np.pi)
    shares = []
    for index in range(_ORIENTATIONS):
        distance = np.abs(
            (position - index + _ORIENTATIONS / 2) % _ORIENTATIONS - _ORIENTATIONS / 2
        )
        shares.append(np.clip(1 - distance, 0, 1).astype(np.float32))
    return shares


@lru_cache(maxsize=1)
def _kernels() -> tuple[Plane, ...]:
    """Even Gabor kernels without a mean, one per orientation."""
    sigma = 0.55 * PERIOD
    radius = int(2.2 * sigma)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    kernels = []
    for turn in np.arange(_ORIENTATIONS) * np.pi / _ORIENTATIONS:
        across = -x * np.sin(turn) - y * np.cos(turn)
        kernel = np.exp(-(x**2 + y**2) / (2 * sigma**2)) * np.cos(2 * np.pi * across / PERIOD)
        kernel -= kernel.mean()
        kernels.append((kernel / np.abs(kernel).sum()).astype(np.float32))
    return tuple(kernels)

"""Master prints that belong to nobody, grown from seeds, and photos of them.

Orientation follows a zero-pole field (Sherlock and Monro, Pattern Recognition 26, 1993) with an
angular correction after Vizcaya and Gerhardt; ridges grow from noise by repeated oriented Gabor
filtering (Cappelli et al., SFinGe, ICPR 2000).
"""

from dataclasses import dataclass
from math import pi
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

PX_PER_MM = 25.0
WIDTH, HEIGHT = 600, 800
"""A print is 24 x 32 mm: a whole rolled pad."""
FINGER_MM = 16.0

_PATTERNS = ("arch", "tented", "left_loop", "right_loop", "whorl", "double_loop")
_SHARES = (0.05, 0.03, 0.32, 0.32, 0.21, 0.07)
_ORIENTATIONS = 36
_ROUNDS = 14
_GAIN = 6.0


@dataclass(frozen=True, eq=False)
class Print:
    """A master print.

    Attributes:
        ridge: (HEIGHT, WIDTH), -1 in valleys, 1 on ridges; the finger tip is at row 0.
        period_mm: Distance from ridge to ridge.
    """

    ridge: Plane
    period_mm: float


def make_print(seed: int) -> Print:
    """Grows the print of one identity."""
    rng = np.random.default_rng([20240, seed])
    pattern = str(rng.choice(_PATTERNS, p=_SHARES))
    period = float(rng.uniform(0.43, 0.52))
    angles = _orientations(pattern, rng, WIDTH // 2, HEIGHT // 2, PX_PER_MM / 2)
    low = grow(angles, period * PX_PER_MM / 2, rng)
    ridge = cv2.resize(low, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    # The period varies by some per cent over a pad.
    dx, dy = (smooth(rng, (HEIGHT, WIDTH), 90, 4.0) for _ in range(2))
    across, down = np.meshgrid(
        np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)
    )
    ridge = cv2.remap(ridge, across + dx, down + dy, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    ridge = ridge + smooth(rng, ridge.shape, 5, 0.22) - 1.6 * _creases(rng)
    return Print(np.tanh(1.7 * ridge / (ridge.std() + 1e-6)).astype(np.float32), period)


def _creases(rng: np.random.Generator) -> Plane:
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        middle = rng.uniform([0.2 * WIDTH, 0.2 * HEIGHT], [0.8 * WIDTH, 0.8 * HEIGHT])
        angle, length = rng.uniform(-0.5, 0.5), rng.uniform(40, 160)
        half = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        start, end = (tuple((middle + sign * half).astype(int).tolist()) for sign in (-1, 1))
        cv2.line(canvas, start, end, float(rng.uniform(0.5, 1)), 2)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.8), np.float32)


def smooth(rng: np.random.Generator, shape: Any, sigma: float, amplitude: float) -> Plane:
    """Soft noise of a standard deviation (``amplitude``)."""
    noise = rng.standard_normal(shape).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.asarray(soft * (amplitude / (soft.std() + 1e-9)), np.float32)


def _orientations(
    pattern: str, rng: np.random.Generator, width: int, height: int, scale: float
) -> Plane:
    """Ridge orientation in radians, y upwards."""
    x = (np.arange(width) - width / 2 + 0.5) / scale
    y = (height / 2 - 0.5 - np.arange(height)) / scale
    across, up = np.meshgrid(x, y)
    if pattern == "arch":
        steep = np.clip(rng.uniform(0.9, 1.5) - np.abs(up + rng.uniform(1, 3)) / 8, 0, None)
        angles = np.arctan(steep * -np.sin(np.clip(across / 9, -1, 1) * pi))
    else:
        angles = _zero_pole(pattern, rng, across + 1j * up)
        angles -= across / rng.uniform(16, 24) * np.clip((up - 2) / 6, 0, 1)
    return angles.astype(np.float32) + smooth(rng, angles.shape, 3.0 * scale, np.deg2rad(5))


def _zero_pole(pattern: str, rng: np.random.Generator, plane: Any) -> Any:
    core = complex(rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 1))
    if pattern == "tented":
        cores, deltas = [core], [core + complex(rng.uniform(-0.3, 0.3), rng.uniform(-6, -4))]
    elif pattern.endswith("_loop") and pattern != "double_loop":
        side = 1 if pattern == "left_loop" else -1
        off = complex(side * rng.uniform(5, 7.5), rng.uniform(-8.5, -6))
        cores, deltas = [core], [core + off]
    else:
        gap = complex(rng.uniform(-0.3, 0.3), rng.uniform(0.7, 1.6))
        if pattern == "double_loop":
            turn = np.deg2rad(rng.choice([-1, 1]) * rng.uniform(35, 55) + 90)
            gap = rng.uniform(1.8, 2.6) * np.exp(1j * turn)
        cores = [core + gap, core - gap]
        offs = [complex(side * rng.uniform(6, 8), rng.uniform(-8.5, -6)) for side in (-1, 1)]
        deltas = [core + off for off in offs]
    angles = np.zeros(plane.shape)
    for points, sign in ((cores, 1), (deltas, -1)):
        for point in points:
            turn = np.angle((plane - point) * np.exp(-0.5j * pi)) + pi / 2
            turn = turn + rng.uniform(-0.12, 0.12) * np.sin(2 * turn)
            angles += sign * 0.5 * (turn + rng.uniform(-0.08, 0.08) * np.sin(turn))
    return angles


def gabor(angle: float, period: float, sigma: float) -> Plane:
    """A ridge filter: waves of a period across an orientation (radians, y upwards)."""
    reach = int(np.ceil(2.6 * sigma))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    along = -across * np.sin(angle) - down * np.cos(angle)
    kernel = np.exp(-(across**2 + down**2) / (2 * sigma**2)) * np.cos(2 * pi * along / period)
    kernel -= kernel.mean()
    return np.asarray(kernel / np.abs(kernel).sum(), np.float32)


def grow(angles: Plane, period: float, rng: np.random.Generator, rounds: int = _ROUNDS) -> Plane:
    """Grows ridges from noise along orientations (radians, y upwards), ``period`` pixels apart."""
    bank = [gabor(pi * i / _ORIENTATIONS, period, period * 0.62) for i in range(_ORIENTATIONS)]
    place = np.mod(angles, pi) / pi * _ORIENTATIONS
    lower = np.floor(place).astype(int) % _ORIENTATIONS
    part = (place - np.floor(place)).astype(np.float32)
    ridge = rng.standard_normal(angles.shape).astype(np.float32) * 0.3
    for _ in range(rounds):
        filtered = np.zeros_like(ridge)
        for i, kernel in enumerate(bank):
            share = np.where(lower == i, 1 - part, 0)
            share = np.where((lower + 1) % _ORIENTATIONS == i, part, share).astype(np.float32)
            if share.any():
                reply = cv2.filter2D(ridge, -1, kernel, borderType=cv2.BORDER_REFLECT)
                filtered += share * reply
        ridge = np.tanh(_GAIN * filtered)
    return ridge


def enhance(skin: Plane, period: float) -> Plane:
    """What a ridge enhancement makes of a picture without knowing the print: ridges > 0.

    The reply of the strongest of 16 orientations at each place, as Hong, Wan and Jain (1998) do
    it with an estimated orientation.
    """
    flat = skin - cv2.GaussianBlur(skin, (0, 0), period)
    best = np.zeros_like(skin)
    strongest = np.full_like(skin, -1)
    for i in range(16):
        reply = cv2.filter2D(flat, -1, gabor(pi * i / 16, period, period * 0.8))
        energy = cv2.GaussianBlur(reply**2, (0, 0), period)
        best = np.where(energy > strongest, reply, best)
        strongest = np.maximum(energy, strongest)
    return best

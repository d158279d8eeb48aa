"""What is behind a hand and around it: linear pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_PHOTOS = 0.8  # part of the backdrops, where there are photos
_SIZE = 1024


def backdrop(rng: np.random.Generator, photos: Sequence[Path] = (), size: int = _SIZE) -> Plane:
    """A backdrop (size, size, 3): one of the photos, or something painted."""
    if photos and rng.random() < _PHOTOS:
        picture = _square(cv2.imread(str(photos[int(rng.integers(len(photos)))])), size)
    else:
        picture = _PAINTERS[int(rng.integers(len(_PAINTERS)))](rng, size)
    return linear(np.clip(picture, 0.01, 1))


def environment(rng: np.random.Generator, height: int = 128) -> Plane:
    """Dim coloured surroundings (height, 2 height, 3); the light comes from lamps."""
    down = np.linspace(0, 1, height)[:, None, None]
    sky, ground = colour(rng, 0.25, (0.4, 0.9)), colour(rng, 0.3, (0.1, 0.5))
    uneven = np.exp(0.35 * noise(rng, height, 2 * height, 14))[..., None]
    return np.asarray((sky * (1 - down) + ground * down) * uneven, np.float32)


def colour(
    rng: np.random.Generator, saturation: float = 0.5, value: tuple[float, float] = (0.1, 0.9)
) -> Plane:
    """A random colour (3,), sRGB."""
    drawn = rng.integers(0, 180), rng.uniform(0, saturation) * 255, rng.uniform(*value) * 255
    pixel = np.array([[drawn]]).astype(np.uint8)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0] / 255, np.float32)


def noise(rng: np.random.Generator, height: int, width: int, sigma: float) -> Plane:
    """Soft noise with mean 0 and deviation 1."""
    step = max(1, int(sigma / 4))
    small = rng.standard_normal((height // step + 2, width // step + 2)).astype(np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), max(sigma / step, 0.6))
    full: Any = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray((full - full.mean()) / (full.std() + 1e-6), np.float32)


def linear(picture: Any) -> Plane:
    """From sRGB to linear light."""
    low = picture / 12.92
    high = ((picture + 0.055) / 1.055) ** 2.4
    return np.asarray(np.where(picture <= 0.04045, low, high), np.float32)


def _square(photo: Any, size: int) -> Plane:
    """The middle of a photo, RGB."""
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = photo[top : top + side, left : left + side, ::-1]
    return np.asarray(cv2.resize(middle, (size, size), interpolation=cv2.INTER_CUBIC) / 255.0)


def _gradient(rng: np.random.Generator, size: int) -> Plane:
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    part = np.clip(x * np.cos(angle) + y * np.sin(angle) + 0.5, 0, 1)[..., None]
    return np.asarray(colour(rng, 0.45) * (1 - part) + colour(rng, 0.45) * part)


def _blurred(rng: np.random.Generator, size: int) -> Plane:
    picture = np.ones((size, size, 3)) * colour(rng, 0.45)
    for sigma in (200, 90, 40):
        part = 1 / (1 + np.exp(-2.5 * noise(rng, size, size, sigma)))[..., None]
        picture = picture * (1 - part) + colour(rng, 0.6) * part
    return np.asarray(picture)


def _cards(rng: np.random.Generator, size: int) -> Plane:
    picture = np.ones((size, size, 3), np.float32) * colour(rng, 0.2, (0.5, 0.9))
    for _ in range(int(rng.integers(3, 9))):
        middle, sides = rng.uniform(0, size, 2), rng.uniform(0.09, 0.41, 2) * size
        card = cv2.boxPoints((middle.tolist(), sides.tolist(), float(rng.uniform(0, 90))))
        cv2.fillPoly(picture, [card.astype(np.int32)], colour(rng, 0.9).tolist(), cv2.LINE_AA)
    return picture


def _wood(rng: np.random.Generator, size: int) -> Plane:
    x = np.arange(size) / size
    rings = noise(rng, size, size, 60) * 3 + x * rng.uniform(20, 40)
    rings = 0.5 + 0.5 * np.sin(rings * 3 + 0.4 * noise(rng, size, size, 8))
    fibres = cv2.resize(noise(rng, 64, size, 2), (size, size))
    wood = np.array([0.55, 0.38, 0.24]) * rng.uniform(0.5, 1.4)
    return np.asarray(wood * (1 - 0.28 * rings - 0.05 * fibres)[..., None])


def _cloth(rng: np.random.Generator, size: int) -> Plane:
    y, x = np.mgrid[0:size, 0:size] / size * 2 * np.pi * rng.uniform(90, 160)
    threads = 0.5 + 0.25 * np.sin(x) * np.sign(np.sin(y)) + 0.06 * noise(rng, size, size, 2)
    folds = 1 + 0.05 * noise(rng, size, size, 120)
    return np.asarray(colour(rng, 0.45) * ((0.75 + 0.35 * threads) * folds)[..., None])


def _plaster(rng: np.random.Generator, size: int) -> Plane:
    grain = 1 + 0.04 * noise(rng, size, size, 3) + 0.05 * noise(rng, size, size, 60)
    return np.asarray(colour(rng, 0.15, (0.6, 0.95)) * grain[..., None])


def _lights(rng: np.random.Generator, size: int) -> Plane:
    """Lights of a town, out of focus."""
    picture = np.ones((size, size, 3), np.float32) * colour(rng, 0.45) * 0.4
    for _ in range(90):
        lit = picture.copy()
        middle = rng.uniform(0, size, 2).astype(int).tolist()
        radius = int(rng.uniform(0.014, 0.06) * size)
        cv2.circle(lit, middle, radius, colour(rng, 0.7, (0.5, 1)).tolist(), -1, cv2.LINE_AA)
        picture = picture * 0.6 + lit * 0.4
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3))


_PAINTERS = (_gradient, _blurred, _cards, _wood, _cloth, _plaster, _lights)

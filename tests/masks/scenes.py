"""Photos and regions for the tests of masks."""

import json
from math import cos, pi, sin
from pathlib import Path

import cv2
import numpy as np

from vov_core.findings import Region, Source
from vov_core.masks.base import Pixels
from vov_core.masks.regions import scale_region

SAMPLES = Path(__file__).parents[2] / "samples"


def ellipse(
    x: float, y: float, width: float, length: float, turn: float = 0.0, name: str = "p0"
) -> Region:
    points = []
    for i in range(24):
        u, v = length / 2 * cos(i * pi / 12), width / 2 * sin(i * pi / 12)
        points.append((x + u * cos(turn) - v * sin(turn), y + u * sin(turn) + v * cos(turn)))
    return Region(name, tuple(points), width, Source.PERSON)


def sample(number: str) -> tuple[Pixels, list[Region]]:
    """A rendered hand and its pads."""
    photo = cv2.cvtColor(cv2.imread(str(SAMPLES / f"hand_{number}.jpg")), cv2.COLOR_BGR2RGB)
    regions = []
    for pad in json.loads((SAMPLES / f"hand_{number}.json").read_text())["pads"]:
        if pad["visible_fraction"] < 0.1:
            continue
        points = np.concatenate([np.reshape(p, (-1, 2)) for p in pad["pad_polygons"]])
        hull = cv2.convexHull(points.astype(np.float32))
        width = min(cv2.minAreaRect(hull)[1])
        outline = tuple((float(x), float(y)) for x, y in hull[:, 0])
        region = Region(f"h0-{pad['finger']}", outline, width, Source.LANDMARKS, hand=0)
        regions.append(scale_region(region, 1.3))
    return photo, regions


def noisy(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)

"""Drawn pictures with labels."""

import cv2
import numpy as np

WIDTH, HEIGHT = 200, 160


def draw(seed: int) -> tuple[np.ndarray, list[tuple[str, tuple[int, int, int, int]]]]:
    """A picture with a bright ellipse (pad), a dark one (nail) and a grey one (unclear)."""
    rng = np.random.default_rng(seed)
    pixels = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    labels = []
    for letter, value, left in (("P", 240, 10), ("N", 20, 75), ("S", 160, 140)):
        w, h = (int(v) for v in rng.integers(24, 40, 2))
        x, y = left + int(rng.integers(0, 15)), int(rng.integers(20, 90))
        cv2.ellipse(pixels, ((x + w / 2, y + h / 2), (w, h), 0), (value,) * 3, -1)
        labels.append((letter, (x, y, x + w, y + h)))
    return pixels, labels

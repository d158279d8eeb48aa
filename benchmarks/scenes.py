"""Photos of a wanted size with a wanted number of hands, composed of the rendered samples."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SAMPLES = Path(__file__).parents[1] / "samples"
_HANDS = ("00119", "00105", "00118", "00120", "00128", "00107")


def _background(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """A soft, noisy background: a smooth field plus sensor noise, as a camera would deliver it."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(70, 190, (6, 8, 3)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    rows = generator.normal(0, 4, (257, width, 1)).astype(np.float32)
    noise = rows[np.arange(height) % 257]
    return np.clip(field + noise, 0, 255).astype(np.uint8)


def scene(megapixels: float, hands: int, seed: int = 1) -> NDArray[np.uint8]:
    """RGB pixels of about so many megapixels (4:3) with so many hands."""
    height = round((megapixels * 1e6 / (4 / 3)) ** 0.5)
    width = round(height * 4 / 3)
    picture = _background(width, height, seed)
    if not hands:
        return picture
    columns = min(3, hands)
    rows = -(-hands // columns)
    cell_w, cell_h = width // columns, height // rows
    for index in range(hands):
        name = _HANDS[index % len(_HANDS)]
        with Image.open(_SAMPLES / f"hand_{name}.jpg") as file:
            hand = np.asarray(file.convert("RGB"))
        scale = min(cell_w / hand.shape[1], cell_h / hand.shape[0])
        size = (int(hand.shape[1] * scale), int(hand.shape[0] * scale))
        small = cv2.resize(
            hand, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        y = (index // columns) * cell_h + (cell_h - size[1]) // 2
        x = (index % columns) * cell_w + (cell_w - size[0]) // 2
        picture[y : y + size[1], x : x + size[0]] = small
    return picture

"""A rendered hand that moves over a picture, with where its pads are in each frame."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIZE = (640, 480)


def shifts(count: int) -> list[tuple[float, float]]:
    """To and fro, and back to where it began."""
    turns = [2 * np.pi * n / count for n in range(count)]
    return [(24 * float(np.sin(turn)), 14 * float(np.sin(2 * turn))) for turn in turns]


def moved(picture: Pixels, shift: tuple[float, float]) -> Pixels:
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    size = picture.shape[1], picture.shape[0]
    result = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(result, np.uint8)


def still(data: bytes) -> Pixels:
    """A sample as RGB at the clip's size."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def pads(truth: dict[str, Any]) -> list[tuple[float, float]]:
    """Centres of the visible pads in the still picture."""
    scale = SIZE[0] / truth["width"]
    found = [pad["pad_centre_px"] for pad in truth["pads"] if pad["visible"]]
    return [(x * scale, y * scale) for x, y in found]

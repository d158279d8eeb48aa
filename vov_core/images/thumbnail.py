"""Small pictures of approved outputs, for the gallery."""

from typing import Final

import cv2
import numpy as np

LONGEST: Final = 440
FORMAT: Final = "webp"
_QUALITY: Final = 78
_EIGHTH: Final = 8 * LONGEST


def thumbnail(output: bytes, width: int, height: int) -> bytes | None:
    """A WebP of at most 440 pixels a side; None if the bytes are no picture.

    Args:
        output: An approved output.
        width: Of the output, pixels.
        height: Likewise.
    """
    # An eighth is decoded many times faster, and is enough unless the picture is small itself.
    small = max(width, height) < _EIGHTH
    flag = cv2.IMREAD_COLOR if small else cv2.IMREAD_REDUCED_COLOR_8
    try:
        pixels = cv2.imdecode(np.frombuffer(output, np.uint8), flag)
    except cv2.error:
        return None
    if pixels is None:
        return None
    scale = LONGEST / max(pixels.shape[:2])
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(f".{FORMAT}", pixels, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    return data.tobytes()

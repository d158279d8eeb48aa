"""Pictures on their way to the browser: small, in the session's own messages, never in a file.

Data URLs travel over the person's WebSocket only. Streamlit's media files would get an address
that others could ask for.
"""

from base64 import b64encode

import cv2
import numpy as np
from numpy.typing import NDArray

from vov_core.findings import Box

Pixels = NDArray[np.uint8]


def fit(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most ``longest`` pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def jpeg(pixels: Pixels, quality: int = 88) -> bytes:
    """RGB pixels as JPEG bytes for the screen (the saved file is written by ``vov_core``)."""
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return data.tobytes()


def data_url(data: bytes, kind: str = "image/jpeg") -> str:
    """Bytes as a ``data:`` address."""
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"


def preview(pixels: Pixels, longest: int = 1440, quality: int = 88) -> str:
    """The whole picture, screen-sized, as a data address."""
    return data_url(jpeg(fit(pixels, longest), quality))


def square_around(box: Box, width: int, height: int, margin: float = 0.45) -> Box:
    """A square around a box with a margin, moved into the picture where it fits."""
    x0, y0, x1, y1 = box
    side = min(max(x1 - x0, y1 - y0, 8) * (1 + 2 * margin), width, height)
    left = min(max((x0 + x1 - side) / 2, 0), width - side)
    top = min(max((y0 + y1 - side) / 2, 0), height - side)
    left, top, side = round(left), round(top), max(1, round(side))
    return left, top, min(left + side, width), min(top + side, height)


def crop(pixels: Pixels, box: Box) -> Pixels:
    """The part of a picture inside a box of whole pixels."""
    x0, y0, x1, y1 = (int(edge) for edge in box)
    return pixels[y0:y1, x0:x1]

"""The writer: fresh pixels into a file that holds nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from io import BytesIO
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


class OutputFormat(StrEnum):
    """What a covered photo can be written as."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


# Longest side in pixels: libjpeg's limit, PNG's as far as OpenCV reads it back, WebP's 14 bits.
MAX_SIDE: Mapping[OutputFormat, int] = MappingProxyType(
    {OutputFormat.JPEG: 65_500, OutputFormat.PNG: 1_000_000, OutputFormat.WEBP: 16_383}
)

_BY_PHOTO_FORMAT = {
    "PNG": OutputFormat.PNG,
    "BMP": OutputFormat.PNG,
    "TIFF": OutputFormat.PNG,
    "GIF": OutputFormat.PNG,
    "WEBP": OutputFormat.WEBP,
}


def output_format_for(photo_format: str) -> OutputFormat:
    """The format that suits a photo: lossless stays lossless, the rest becomes JPEG.

    Args:
        photo_format: ``Photo.format``; letter case does not matter.
    """
    return _BY_PHOTO_FORMAT.get(photo_format.upper(), OutputFormat.JPEG)


def formats_for(width: int, height: int) -> tuple[OutputFormat, ...]:
    """The formats whose longest side this size (pixels) does not exceed."""
    return tuple(f for f in OutputFormat if max(width, height) <= MAX_SIDE[f])


def encode(pixels: NDArray[np.uint8], format: OutputFormat, quality: int = 95) -> bytes:
    """Writes pixels, and nothing but pixels.

    JPEG is written without chroma subsampling (4:4:4) and with the standard JFIF head only. WebP
    from quality 100 on and PNG at any quality are lossless.

    Args:
        pixels: RGB, uint8, (H, W, 3); taken as sRGB.
        format: What to write.
        quality: 1..100; larger values count as 100. PNG ignores it.

    Returns:
        The file: no EXIF, XMP, ICC profile, thumbnail or comment.

    Raises:
        ValueError: The array is no such picture, quality is below 1, or a side is longer than the
            format allows (``formats_for``).
    """
    check_pixels(pixels)
    height, width = pixels.shape[:2]
    if quality < 1:
        raise ValueError("quality must be at least 1")
    if format not in formats_for(width, height):
        raise ValueError(f"{format} holds no side of {max(width, height)} pixels")
    if format is OutputFormat.PNG:
        return _png(pixels)
    if format is OutputFormat.WEBP:
        return _webp(pixels, quality)
    return _saved(pixels, "JPEG", quality=min(quality, 100), subsampling=0)


def check_pixels(pixels: NDArray[np.uint8]) -> None:
    """Raises ValueError unless this is RGB, uint8, (H, W, 3), not empty."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError("pixels must be RGB uint8 (H, W, 3)")


def _png(pixels: NDArray[np.uint8]) -> bytes:
    # OpenCV's run-length strategy: on photos smaller than zlib's level 6 and seven times faster.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, _RUN_LENGTHS]
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()


def _webp(pixels: NDArray[np.uint8], quality: int) -> bytes:
    if quality >= 100:
        # The fastest lossless mode is 12 % larger than the slowest and four times faster.
        return _saved(pixels, "WEBP", lossless=True, quality=20, method=0)
    return _saved(pixels, "WEBP", quality=quality, method=2)


def _saved(pixels: NDArray[np.uint8], format: str, **options: int) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, format, **options)
    return buffer.getvalue()


_RUN_LENGTHS = cv2.IMWRITE_PNG_STRATEGY_RLE
